"""The entries of a `tools.json` as tools: our own form, and the functions that OpenAI's API takes.

    >>> pet = {"name": "get_pet", "description": "A pet.", "parameters": {}, "url": "https://a.example/pet"}
    >>> found, problems = read([pet], "tools.json", "pets")
    >>> found.name, found.tools[0].url, problems
    ('pets', 'https://a.example/pet', [])

Parameters that name nothing mean that a tool takes no arguments. Several tools may share a method and a URL: they ask
the same server, which cannot tell them apart. Only one of them may have a `reply`. Not covered: `oneOf` between whole
entries, files that an entry refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mocktools.exchanges import schemas
from mocktools.exchanges.files import FileError, place_of, shown
from mocktools.exchanges.matching import canonical, placeholder
from mocktools.exchanges.routes import Made
from mocktools.exchanges.rules import url_problem
from mocktools.params import WITH_BODY
from mocktools.sources import parameters
from mocktools.sources.parameters import header_problem, normalised
from mocktools.tools import Placement, Secret, Tool

LONGEST_NAME = 100  # characters
_NAME = re.compile(r"\w+", re.ASCII)
# Words of a JSON Schema that allow and demand nothing.
_SAY_NOTHING = frozenset({"type", "properties", "required", "title", "description", "$schema", "$defs", "definitions"})
_ODD = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class Entries:
    """The tools of a file, and what their servers reply when no exchange answers; by name."""

    name: str
    tools: tuple[Tool, ...]
    made: Mapping[str, Made]


def read(content: Any, file: Path | str, name: str) -> tuple[Entries, list[FileError]]:
    """The tools in the JSON of a tools.json, and all that is wrong with it; `name` is for a toolset that tells none."""
    bare = isinstance(content, list)
    whole = {"tools": content} if bare else content
    wrong = [(place, words) for place, words in schemas.problems("toolset", whole)]
    if not wrong:
        name = str(whole.get("toolset", _ODD.sub("-", name).strip("-_")[:62] or "tools"))
        tools = [_tool(entry, name) for entry in whole["tools"]]
        made = {_core(entry)["name"]: _made(entry["reply"]) for entry in whole["tools"] if "reply" in entry}
        for index, (entry, tool) in enumerate(zip(whole["tools"], tools, strict=True)):
            own = _problems(entry, tool)
            steps: list[str | int] = ["tools", index, *(["function"] if "function" in entry else [])]
            wrong += [(f"{place_of(steps)}.{place}", words) for place, words in own]
        wrong = wrong or list(_together(tools, made))
        if not wrong:
            sound = {one: Made(reply.schema and normalised(reply.schema), reply.status) for one, reply in made.items()}
            return Entries(name, tuple(replace(one, parameters=normalised(one.parameters)) for one in tools), sound), []
    problems = [FileError(file, place.removeprefix("tools") if bare else place, words) for place, words in wrong]
    return Entries(name, (), {}), problems


def _core(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of an entry that has the name."""
    core: Mapping[str, Any] = entry.get("function", entry)
    return core


def _tool(entry: Mapping[str, Any], toolset: str) -> Tool:
    core = _core(entry)
    schema = _parameters(core.get("parameters", {}))
    tags, example = (core.get(name, entry.get(name, empty)) for name, empty in (("tags", ()), ("example", {})))
    if "url" not in core:
        host = toolset.lower().replace("_", "-").strip("-")
        url = f"https://{host}.functions.example/{quote(core['name'], safe='')}"
        said = core.get("description", "")
        return Tool(core["name"], said, schema, toolset, tuple(tags), url, example, method="POST")
    places = {
        name: Placement(place["in"], place.get("lists", "json")) for name, place in core.get("places", {}).items()
    }
    return Tool(
        name=core["name"],
        description=core["description"],
        parameters=schema,
        provider=core.get("provider", toolset),
        tags=tuple(tags),
        url=core["url"],
        example=example,
        method=core.get("method", "GET"),
        places=places,
        secrets=tuple(Secret(one["in"], one["name"], one["value"]) for one in core.get("secrets", ())),
    )


def _parameters(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a tool's arguments. One that names none means that there are none, as in OpenAI's API: to JSON
    Schema it would mean that anything goes, and a model that is held to it invents arguments.
    """
    whole = {"type": "object", "properties": {}, **schema}
    silent = not whole["properties"] and not whole.get("required") and whole.keys() <= _SAY_NOTHING
    return {**whole, "additionalProperties": False} if silent else whole


def _made(reply: Mapping[str, Any]) -> Made:
    return Made(reply["schema"], int(reply.get("status", 200)))


def _problems(entry: Mapping[str, Any], tool: Tool) -> Iterator[tuple[str, str]]:
    """What is wrong with one entry, beyond its schema."""
    name = tool.name
    if not name.isprintable() or name != name.strip() or not name.strip(".") or len(name) > LONGEST_NAME:
        yield "name", f"must be 1 to {LONGEST_NAME} printable characters without spaces around them, not {shown(name)}"
    own = parameters.problems(_core(entry).get("parameters") or tool.parameters)
    for place, words in own:
        yield f"parameters.{place}" if place else "parameters", words
    if "url" in entry and not own:
        about_url = list(_url_problems(tool))
        yield from about_url or _place_problems(tool)
    if "reply" in entry:
        for place, words in parameters.schema_problems(entry["reply"]["schema"]):
            yield f"reply.schema.{place}" if place else "reply.schema", words


def _url_problems(tool: Tool) -> Iterator[tuple[str, str]]:
    wrong = url_problem(tool.url, pattern=True)
    if wrong:
        yield "url", wrong
        return
    address = urlsplit(tool.url)
    if "?" in tool.url or "#" in tool.url:
        yield "url", "must end before ? and #; arguments that are no part of the path go into the query by themselves"
    if "{" in address.netloc:
        yield "url", "has a {name} in its host"
    for name in filter(None, map(placeholder, address.path.split("/"))):
        if not _NAME.fullmatch(name):
            yield "url", f"has a name with other signs than letters, digits and _: {shown(name)}"
        elif name not in tool.parameters["properties"]:
            yield "url", f"names {shown(name)}, which is no parameter"


def _place_problems(tool: Tool) -> Iterator[tuple[str, str]]:
    names = {placeholder(segment) for segment in urlsplit(tool.url).path.split("/")}
    for name, place in tool.places.items():
        at = place_of(["places", name])
        if name not in tool.parameters["properties"]:
            yield at, "is no parameter"
        elif place.where == "header" and (wrong := header_problem(name)):
            yield at, wrong
        elif (place.where == "path") != (name in names):
            yield at, f"says {place.where}, but the url {'names' if name in names else 'does not name'} it"
    wheres = [place.where for place in tool.places.values()]
    if wheres.count("content") > 1:
        yield "places", "has two parameters that are the whole body"
    if ("content" in wheres or "body" in wheres) and tool.method not in (*WITH_BODY, "DELETE"):
        yield "places", f"puts a parameter into the body; a {tool.method} request has none"


def _together(tools: list[Tool], made: Mapping[str, Made]) -> Iterator[tuple[str, str]]:
    """What is wrong between tools: names that are there twice, and two values for the same request."""
    names: dict[str, int] = {}
    replies: dict[Any, int] = {}
    for index, tool in enumerate(tools):
        first = names.setdefault(tool.name, index)
        if first != index:
            yield f"tools[{index}].name", f"{shown(tool.name)} is the name of tools[{first}] too"
        if tool.name in made:
            address = canonical(tool.method, tool.url)
            path = tuple("{}" if placeholder(segment) else segment for segment in address.path)
            first = replies.setdefault((address.method, address.scheme, address.host, path), index)
            if first != index:
                yield f"tools[{index}].reply", f"answers the same requests as that of tools[{first}]"
