"""What a document tells, without the secrets that stand in its examples and descriptions.

    >>> schema({"properties": {"password": {"type": "string", "example": "hunter2hunter2"}}})["properties"]["password"]
    {'type': 'string', 'example': 'REMOVED'}

Names and rules stay as they are: only what is told or shown is looked at. Not covered: secrets without a form under a
harmless name; one in the address of a server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mocktools import made
from mocktools.exchanges.format import ABSENT, Response
from mocktools.exchanges.secrets import scrub
from mocktools.sources.sound import LIST, NAMED, ONE

_EXAMPLE = re.compile(r"(?:^E|, e)\.g\. (.{1,80})\.$")  # as `shapes.described` writes it
_TOLD = frozenset({"title", "$comment"})
_SHOWN = frozenset({"example", "examples", "default", "const", "enum"})


def entry(told: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a tools.json; its example still fits its parameters."""
    parameters = schema(told["parameters"])
    found = {**told, "description": scrub(told["description"]), "parameters": parameters}
    found["example"] = {name: _argument(parameters, name, value) for name, value in told["example"].items()}
    if "reply" in told:
        found["reply"] = {**told["reply"], "schema": schema(told["reply"]["schema"])}
    return found


def response(told: Response) -> Response:
    """An example of a reply."""
    json = told.json if told.json is ABSENT else scrub(told.json)
    return replace(told, json=json, text=told.text and scrub(told.text))


def schema(told: Any, name: str = "") -> Any:
    """A schema of what is called `name`."""
    if not isinstance(told, dict):
        return told
    found = {word: _said(word, said, name) for word, said in told.items()}
    if isinstance(told.get("description"), str):
        found["description"] = scrub(_without_example(told["description"], name))
    return {word: said for word, said in found.items() if word != "description" or said}


def _without_example(description: str, name: str) -> str:
    """What a caller is told of `name`, without an example that is a secret."""
    shown = _EXAMPLE.search(description)
    if shown is None or _under(name, shown[1]) == shown[1]:
        return description
    return description[: shown.start()] and f"{description[: shown.start()]}."


def _said(word: str, said: Any, name: str) -> Any:
    if word in _TOLD:
        return scrub(said)
    if word in _SHOWN:
        return _under(name, said)
    if word in NAMED and isinstance(said, dict):
        return {inner: schema(one, inner) for inner, one in said.items()}
    if word in LIST and isinstance(said, list):
        return [schema(one, name) for one in said]
    return schema(said, name) if word in ONE else said


def _argument(parameters: Mapping[str, Any], name: str, value: Any) -> Any:
    """An argument of an example: one that is made if it does not fit any more."""
    found = _under(name, value)
    if found == value:
        return value
    own = parameters["properties"].get(name, True)
    return found if made.fits(own, found) else made.value(own, name, {})


def _under(name: str, value: Any) -> Any:
    """A value without secrets, of which some are known by its name."""
    found: Any = next(iter(scrub({name: value}).values()))
    return found
