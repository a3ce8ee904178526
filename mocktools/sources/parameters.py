"""Whether the parameters of a tool are a JSON Schema that everything here can work with.

    >>> problems({"type": "object", "properties": {"city": {"type": "text"}}})
    [('properties.city.type', 'is no JSON Schema: "text" is not a type')]

References must point into the schema itself and lead to something; a schema may contain itself by way of a member or
an element, but must not become endless where its references are written out. Not covered: schemas in other files, and
the words of `$dynamicRef`, `$anchor` and a nested `$id`, which are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
from jsonschema.exceptions import best_match

from mocktools.exchanges.files import place_of, shown
from mocktools.exchanges.rules import HEADER_NAME
from mocktools.exchanges.schemas import worded
from mocktools.sources.sound import LIST, NAMED, ONE, TYPES, well_formed, written_out

Problem = tuple[str, str]
LARGEST = 2**63  # of a bound: no JSON library in use carries an integer beyond it
MOST_PARTS = 50_000  # of a schema with its references written out
DEEPEST = 100  # parts within one another, references written out
_LONGEST_PATTERN = 1000  # characters
# They name places, or where a schema is to be had, in ways that are not followed here.
_NOT_FOLLOWED = frozenset({"$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"})
_AT_THE_TOP = frozenset({"$id", "$schema", "$vocabulary"})
_BOUNDS = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "minContains", "maxContains", "minProperties", "maxProperties",
})  # fmt: skip
# Headers of a request that the client writes itself, that say how bytes travel, or that hold a session.
_OWN_HEADERS = frozenset({
    "connection", "content-encoding", "content-length", "content-type", "cookie", "expect", "host", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


def problems(schema: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the parameters of a tool: places within them and words; empty if nothing is."""
    if schema.get("type") != "object":
        return [("type", f'must be "object", not {shown(schema.get("type"))}')]
    return schema_problems(schema)


def schema_problems(schema: Mapping[str, Any]) -> list[Problem]:
    """The same for a JSON Schema of any type."""
    for place, part in _parts(schema):
        kinds = part.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if not isinstance(kind, str) or kind not in TYPES:
                return [(_within(place, "type"), f"is no JSON Schema: {shown(kind)} is not a type")]
    if not well_formed(schema):
        try:
            rules = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
            error = best_match(rules.iter_errors(schema))
        except RecursionError:
            return [("", "is nested too deep")]
        if error is not None:
            return [(place_of(error.absolute_path), f"is no JSON Schema: {worded(error)}")]
    targets: dict[str, Any] = {}
    wrong = [*_not_followed(schema), *_references(schema, targets), *_patterns(schema)]
    return wrong or list(_endless(schema, targets))


def normalised(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A sound schema without bounds beyond 64 bits, such as the 2**256 - 1 of a `uint256`: no value that arrives as
    JSON comes near them, and grammars and fingerprints cannot hold them. All else stays as it is.
    """
    found = dict(schema)
    if any(_is_beyond(word, said) for _, part in _parts(found) for word, said in part.items()):
        found = _bounded(found)
    return found


def _bounded(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    found = {}
    for word, said in schema.items():
        if _is_beyond(word, said):
            continue
        if word in NAMED and isinstance(said, dict):
            said = {name: _bounded(inner) for name, inner in said.items()}
        elif word in LIST and isinstance(said, list):
            said = [_bounded(inner) for inner in said]
        elif word in ONE:
            said = _bounded(said)
        found[word] = said
    return found


def _is_beyond(word: str, said: Any) -> bool:
    number = isinstance(said, int | float) and not isinstance(said, bool)
    return number and word in _BOUNDS and not -LARGEST <= said < LARGEST


def header_problem(name: str) -> str | None:
    """Why a parameter of this name cannot travel in a header, in words; None if it can."""
    if not HEADER_NAME.fullmatch(name):
        return f"{shown(name, 60)} is no name of a header: those have letters, digits and hyphens"
    if name.lower() in _OWN_HEADERS:
        return f"the header {name} is written by the client itself; leave it out"
    return None


def _parts(schema: Any, follow: bool = True) -> Iterator[tuple[list[str | int], Mapping[str, Any]]]:
    """Every schema within a schema, itself too, with its place; with `follow` also what references lead to that stands
    elsewhere in it.
    """
    waiting: list[tuple[list[str | int], Any]] = [([], schema)]
    referred: list[str] = []
    seen: set[int] = set()
    while waiting or referred:
        if not waiting:
            reference = referred.pop()
            waiting.append((_steps(reference), _target(schema, reference)))
        place, part = waiting.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield place, part
        for name, inner in part.items():
            if name in NAMED and isinstance(inner, dict):
                waiting += [([*place, name, key], one) for key, one in inner.items()]
            elif name in LIST and isinstance(inner, list):
                waiting += [([*place, name, at], one) for at, one in enumerate(inner)]
            elif name in ONE:
                waiting.append(([*place, name], inner))
            elif name == "$ref" and isinstance(inner, str) and follow:
                referred.append(inner)


def _not_followed(schema: Mapping[str, Any]) -> Iterator[Problem]:
    """Words that move the places which references lead to, or that change how all else is read."""
    for place, part in _parts(schema):
        for word in part:
            if word in _NOT_FOLLOWED or (word in _AT_THE_TOP and place):
                where = "only at the top of a schema" if word in _AT_THE_TOP else "not"
                yield _within(place, word), f"{word} is {where} understood here; write {_INSTEAD}"
    dialect = schema.get("$schema")
    if isinstance(dialect, str) and not _is_known(dialect):
        yield "$schema", f"{shown(dialect)} is no version of JSON Schema that is known here; leave it out"


_INSTEAD = '"$ref": "#/$defs/..."'


def _is_known(dialect: str) -> bool:
    """Whether this is a version of JSON Schema proper; the common words mean the same in all of them."""
    try:
        address = urlsplit(dialect)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and address.netloc == "json-schema.org"


def _references(schema: Mapping[str, Any], targets: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with references; `targets` gets what each leads to."""
    proper = {id(part) for _, part in _parts(schema, follow=False)}
    known: dict[str, str] = {}
    for place, part in _parts(schema):
        target: Any = part
        seen: dict[str, None] = {}
        wrong = ""
        while not wrong and isinstance(target, dict) and isinstance(reference := target.get("$ref"), str):
            if reference in known:
                wrong = known[reference]
                break
            if reference in seen:
                wrong = f"{shown(reference)} leads back to itself"
                break
            seen[reference] = None
            target = targets[reference] = targets[reference] if reference in targets else _target(schema, reference)
            if target is None:
                wrong = "leads nowhere" if reference.startswith("#") else "must begin with #/ and stay in this schema"
            elif id(target) not in proper and not well_formed(target):
                wrong = "leads to what is no JSON Schema"
            wrong = wrong and f"{shown(reference)} {wrong}"
        known.update(dict.fromkeys(seen, wrong))
        if wrong:
            yield _within(place, "$ref"), wrong


def _endless(schema: Mapping[str, Any], targets: Mapping[str, Any]) -> Iterator[Problem]:
    """What comes of references that lead to many others each: a short text that stands for millions of parts."""
    size, depth = written_out(schema, targets, MOST_PARTS)
    if size > MOST_PARTS:
        yield "", f"has more than {MOST_PARTS:,} parts where its references are written out; make it simpler"
    elif depth > DEEPEST:
        yield "", f"is nested more than {DEEPEST} levels deep where its references are written out"


def _target(schema: Mapping[str, Any], reference: str) -> Any:
    """What a reference points to, or None."""
    target: Any = schema
    if reference in ("#", "#/"):
        return target
    if not reference.startswith("#/"):
        return None
    for name in _steps(reference):
        if isinstance(target, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(target):
            target = target[int(name[:9])]
        else:
            target = target.get(name) if isinstance(target, dict) else None
    return target


def _steps(reference: str) -> list[Any]:
    """The names on the way that a reference such as "#/$defs/pet" leads."""
    return [step.replace("~1", "/").replace("~0", "~") for step in unquote(reference[2:]).split("/")]


def _patterns(schema: Mapping[str, Any]) -> Iterator[Problem]:
    for place, part in _parts(schema):
        pattern = part.get("pattern")
        if not isinstance(pattern, str):
            continue
        if len(pattern) > _LONGEST_PATTERN:
            yield _within(place, "pattern"), f"has more than {_LONGEST_PATTERN} characters"
            continue
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            yield _within(place, "pattern"), f"is no regular expression: {shown(pattern)}"


def _within(place: list[str | int], name: str) -> str:
    return place_of([*place, name])
