"""The arguments of the call that sent a request, and whether they are such as the tool takes.

    >>> from mocktools.exchanges.matching import canonical
    >>> from mocktools.tools import Tool
    >>> schema = {"type": "object", "properties": {"days": {"type": "integer", "maximum": 7}}}
    >>> tool = Tool("forecast", "Weather.", schema, url="https://api.example/{days}")
    >>> wrong(tool, canonical("GET", tool.url), canonical("GET", "https://api.example/9"))
    ["Parameter 'days' must be an integer of at most 7; got '9'"]

What travels as a text, in the path or the query, is read as the type that the schema asks for; a body is JSON already.
Not covered: arguments in headers, of which nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mocktools.exchanges import misfits
from mocktools.exchanges.matching import Canonical, placeholder
from mocktools.made import fits
from mocktools.made.joined import Flat, flat, pointed, types
from mocktools.tools import ListStyle, Tool

_WORDS = {"true": True, "false": False}


def arguments(tool: Tool, address: Canonical, asked: Canonical) -> dict[str, Any]:
    """The arguments of the call of `tool`, whose url is `address`, that sent a request, as well as it shows them."""
    named = {name: asked.path[at] for at, segment in enumerate(address.path) if (name := placeholder(segment))}
    places = {name: place.where for name, place in tool.places.items()}
    content = next((name for name, where in places.items() if where == "content"), None)
    found: dict[str, Any] = {}
    if asked.form != "none" and content is not None:
        found[content] = asked.value
    elif isinstance(asked.value, dict):
        found |= {name: value for name, value in asked.value.items() if places.get(name, "body") == "body"}
    for name, texts in asked.query:
        place = tool.places.get(name)
        if name not in found and (place is None or place.where == "query"):
            found[name] = _read(tool.parameters, name, texts, place.lists if place else "json")
    # An empty segment is what a tool sends where the argument is missing.
    found |= {name: _read(tool.parameters, name, (text,), "json") for name, text in named.items() if text}
    return found


def wrong(tool: Tool, address: Canonical, asked: Canonical) -> list[str]:
    """What of a request does not fit the tool's parameters, in sentences; empty if it is a call of the tool."""
    unseen = {name for name, place in tool.places.items() if place.where == "header"}
    return misfits.problems(tool.parameters, arguments(tool, address, asked), unseen)


def _read(parameters: Mapping[str, Any], name: str, texts: Sequence[str], lists: ListStyle) -> Any:
    """The value that was written as these texts: the first reading that fits the schema, else the likeliest."""
    properties = parameters.get("properties", {})
    own = _flat(properties.get(name, True), parameters)
    kinds = {kind for part in (own, *_options(own, parameters)) for kind in types(part)}
    readings: list[Any] = [texts[0]]
    if types(own) != ["string"]:
        readings.insert(0 if kinds - {"string"} else 1, _json(texts[0]))
    if "boolean" in kinds:
        readings.append(_WORDS.get(texts[0].lower(), texts[0]))
    if "array" in kinds:
        split = texts if lists == "repeat" else texts[0].split(",")
        own_items = _flat(own.get("items", True), parameters)
        listed = [_element(own_items, text, parameters) for text in split if text or lists == "repeat"]
        readings.insert(0 if lists != "json" else len(readings), listed)
    follow = _pointing(parameters)
    return next((reading for reading in readings if fits(own, reading, follow)), readings[0])


def _element(own: Flat, text: str, root: Mapping[str, Any]) -> Any:
    follow = _pointing(root)
    readings = (text, _json(text), _WORDS.get(text.lower(), text))
    return next((reading for reading in readings if fits(own, reading, follow)), text)


def _pointing(root: Mapping[str, Any]) -> Any:
    return lambda reference: pointed(root, reference)


def _options(own: Flat, root: Mapping[str, Any]) -> list[Flat]:
    return [_flat(option, root) for word in ("anyOf", "oneOf") for option in own.get(word, [])[:20]]


def _flat(schema: Any, root: Mapping[str, Any]) -> Flat:
    try:
        return flat(schema, root)
    except LookupError:
        return {}


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> Any:
    raise ValueError(name)
