"""A JSON Schema as pydantic writes it, made as plain as those of the bundled tools.

    >>> tidy({"title": "A", "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}}})
    {'properties': {'n': {'type': 'integer'}}}

No titles; what `$defs` holds stands where it is used, unless it contains itself; an optional member does not say that
it may be null; examples are told in the description. Not covered: schemas by other means than pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocktools.params import shown

# Keywords whose value maps names of the user's own to schemas, and those whose value is data.
_NAMED = frozenset({"properties", "patternProperties", "$defs"})
_DATA = frozenset({"enum", "const", "default", "required", "examples"})
_FIRST = ("type", "description", "properties", "required")
_PREFIX = "#/$defs/"


def tidy(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without what a caller need not read."""
    defs: Mapping[str, Any] = schema.get("$defs", {})
    endless = frozenset(name for name in defs if name in _reached(defs[name], defs))
    plain: dict[str, Any] = _plain({key: value for key, value in schema.items() if key != "$defs"}, defs, endless)
    kept = {name for name in endless if name in _reached(plain, defs)}
    if kept:
        plain["$defs"] = {name: _plain(defs[name], defs, endless) for name in sorted(kept)}
    return plain


def _reached(schema: Any, defs: Mapping[str, Any]) -> set[str]:
    """The definitions that a schema refers to, and those that these refer to."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            waiting += part.values()
            name = _name(part)
            if name in defs and name not in found:
                found.add(name)
                waiting.append(defs[name])
    return found


def _name(schema: Mapping[str, Any]) -> str:
    """The definition that stands here, or an empty text."""
    reference = schema.get("$ref")
    return reference.removeprefix(_PREFIX) if isinstance(reference, str) else ""


def _plain(schema: Any, defs: Mapping[str, Any], endless: frozenset[str]) -> Any:
    if isinstance(schema, list):
        return [_plain(part, defs, endless) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    name = _name(schema)
    if name in defs and name not in endless:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _plain({**defs[name], **beside}, defs, endless)
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED:
            plain[key] = {member: _plain(inner, defs, endless) for member, inner in value.items()}
        elif key not in ("title", "discriminator"):
            plain[key] = value if key in _DATA else _plain(value, defs, endless)
    _without_nulls(plain)
    return _told(_one_type(plain))


def _without_nulls(schema: dict[str, Any]) -> None:
    """A member that may be left out need not say that it may be null."""
    properties = schema.get("properties", {})
    for name, inner in properties.items():
        if name not in schema.get("required", []):
            properties[name] = _told(_not_null(inner))


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "type")}
    if rest.get("default", ...) is None:
        del rest["default"]
    kinds, choices = schema.get("type"), schema.get("anyOf", [])
    if isinstance(kinds, list) and "null" in kinds:
        left = [kind for kind in kinds if kind != "null"]
        return {"type": left[0] if len(left) == 1 else left, **rest}
    if {"type": "null"} in choices:
        left = [choice for choice in choices if choice != {"type": "null"}]
        return {**left[0], **rest} if len(left) == 1 else _one_type({"anyOf": left, **rest})
    return schema


def _one_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Alternatives that differ in their type alone become a list of types, a constant a list of one."""
    choices = schema.get("anyOf", [])
    if choices and all(set(choice) == {"type"} and isinstance(choice["type"], str) for choice in choices):
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        kinds = list(dict.fromkeys(choice["type"] for choice in choices))
        return {"type": kinds[0] if len(kinds) == 1 else kinds, **rest}
    if "const" in schema:
        value = schema["const"]
        # Older releases of pydantic leave the type of a text out.
        rest = ({"type": "string"} if isinstance(value, str) else {}) | schema
        return {"enum" if key == "const" else key: [value] if key == "const" else inner for key, inner in rest.items()}
    return schema


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """The first example in the description, and the keywords in the order of the bundled tools."""
    examples = schema.pop("examples", None)
    if isinstance(schema.get("description"), str):
        schema["description"] = " ".join(schema["description"].split())
    if examples:
        said = schema.get("description", "").rstrip(".")
        schema["description"] = f"{said}, e.g. {shown(examples[0])}." if said else f"E.g. {shown(examples[0])}."
    order = [key for key in _FIRST if key in schema]
    return {key: schema[key] for key in [*order, *(key for key in schema if key not in order)]}
