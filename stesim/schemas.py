"""What a tool's JSON Schema has to say of the arguments of a call.

    >>> days = {"type": "object", "properties": {"days": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}
    >>> invalid_arguments(Tool("forecast", "", days), {"days": "two"})
    "days: 'two' is not valid under any of the given schemas"
    >>> without_null(days["properties"]["days"])
    {'type': 'integer'}

Not covered: schemas in other documents, and how a schema becomes a grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stesim.records import Tool


def invalid_arguments(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """What the tool's schema has against the arguments, in one line; empty if nothing.

    One that is null counts as left out. A name that the schema does not have is an error unless it allows others.
    """
    from jsonschema.exceptions import SchemaError, UnknownType, best_match
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    schema = dict(tool.parameters)
    given = {name: value for name, value in arguments.items() if value is not None}
    if "properties" in schema and not schema.keys() & {"additionalProperties", "patternProperties"}:
        unknown = [name for name in given if name not in schema["properties"]]
        if unknown:
            return f"the tool has no argument {', '.join(unknown)}"
    kind: Any = validator_for(schema, default=Draft202012Validator)
    try:
        # An empty registry: a reference to another document is not followed into the network.
        error = best_match(kind(schema, registry=Registry()).iter_errors(given))
    except (
        SchemaError,
        UnknownType,
        Unresolvable,
        re.error,
        RecursionError,
        LookupError,
        TypeError,
        ValueError,
    ) as fault:
        return f"the tool's schema cannot be used: {' '.join(str(fault).split())}"
    if error is None:
        return ""
    return f"{error.json_path.removeprefix('$').removeprefix('.') or 'arguments'}: {error.message}"


def without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an argument's value where it is there: of the kinds it may have, the first that is not null."""
    for name in ("anyOf", "oneOf"):
        branches = schema.get(name)
        if isinstance(branches, list):
            kinds = [each for each in branches if isinstance(each, Mapping) and each.get("type") != "null"]
            rest = {key: value for key, value in schema.items() if key != name}
            return {**rest, **kinds[0]} if kinds else rest
    kinds_of = schema.get("type")
    if isinstance(kinds_of, list):
        return {**schema, "type": next((kind for kind in kinds_of if kind != "null"), "null")}
    return schema
