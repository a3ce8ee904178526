"""What is wrong with the arguments that a function's tool was sent, in the words of the bundled tools.

    >>> from pydantic import TypeAdapter, ValidationError
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_json('{"days": "x"}')
    ... except ValidationError as error:
    ...     print(refusal(error, {"days": "x"}, {"type": "object"}).message)
    Parameter 'days' must be an integer; got 'x'

pydantic finds the mistakes; its own words stand only where there are none here. Not covered: what the validators of a
function's author say; that is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mocktools.params import shown
from mocktools.refusals import ApiError, missing

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # in memory: another one with each start
_MOST_MISTAKES = 10  # of one call that its refusal names
_LONGEST_VALUE = 40  # characters of a wrong value that a refusal shows
_SHOULD = re.compile(r"(?:Input|[A-Z][a-z]+(?: input)?) should ")
_PREFIX = "#/$defs/"
_MUST_BE = "must be "
# What a parameter must be, and the kinds of pydantic's mistakes that mean that it is not.
_KINDS = {
    "an integer": "int_type int_parsing int_from_float",
    "an integer of reasonable size": "int_parsing_size",
    "a number": "float_type float_parsing decimal_type decimal_parsing",
    "a finite number": "finite_number",
    "true or false": "bool_type bool_parsing",
    "a string": "string_type string_unicode bytes_type",
    "a list": "list_type tuple_type set_type frozen_set_type named_tuple_type",
    "an object": "dict_type model_type model_attributes_type dataclass_type",
    "null": "none_required",
    "a valid date in the form YYYY-MM-DD": (
        "date_type date_parsing date_from_datetime_parsing date_from_datetime_inexact"
    ),
    "a valid date and time in the form YYYY-MM-DDTHH:MM:SSZ": (
        "datetime_type datetime_parsing datetime_object_invalid datetime_from_date_parsing"
    ),
    "a date and time with an offset, in the form YYYY-MM-DDTHH:MM:SSZ": "timezone_aware timezone_offset",
    "a date and time without an offset, in the form YYYY-MM-DDTHH:MM:SS": "timezone_naive",
    "a valid time in the form HH:MM:SS": "time_type time_parsing",
    "a valid duration in the form P3DT12H30M": "time_delta_type time_delta_parsing",
    "a valid UUID in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx": "uuid_type uuid_parsing",
    "a valid URL, e.g. https://example.org/": "url_type url_parsing url_syntax_violation",
    "in the past": "date_past datetime_past",
    "in the future": "date_future datetime_future",
}
_WORDS = {kind: words for words, kinds in _KINDS.items() for kind in kinds.split()}
# The same for mistakes that say what was expected.
_TEMPLATES = {
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "bytes_too_short": "at least {min_length} bytes long",
    "bytes_too_long": "at most {max_length} bytes long",
    "decimal_max_digits": "a number of at most {max_digits} digits",
    "decimal_max_places": "a number with at most {decimal_places} digits after the point",
    "decimal_whole_digits": "a number with at most {whole_digits} digits before the point",
    "uuid_version": "a UUID of version {expected_version}",
    "url_scheme": "a URL that begins with {expected_schemes}",
    "union_tag_invalid": "an object whose {discriminator} is {expected_tags}",
    "union_tag_not_found": "an object that has {discriminator}",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least {}", "{} or later"),
    "greater_than": ("gt", "greater than {}", "after {}"),
    "less_than_equal": ("le", "at most {}", "{} or earlier"),
    "less_than": ("lt", "less than {}", "before {}"),
}


def refusal(error: ValidationError, sent: Mapping[str, Any], schema: Mapping[str, Any]) -> ApiError:
    """A 400 that names each parameter at fault once; `schema` says what the members of the object `sent` should be."""
    absent: list[str] = []
    wrong: dict[str, tuple[list[str], str]] = {}
    for mistake in error.errors(include_url=False):
        if mistake["type"] == "json_invalid" and not mistake["loc"]:
            return ApiError(400, "invalid_body", "The request body is not valid JSON")
        name, inner = _place(sent, schema, mistake)
        if mistake["type"] == "missing" and not _is_element(mistake):
            absent.append(name)
            continue
        reasons, _ = wrong.setdefault(name, ([], _shown(mistake["input"])))
        reasons.append(one_line(_reason(mistake, inner)))
    sentences = [missing(*absent).message] if absent else []
    for name, (reasons, value) in wrong.items():
        sentences.append(f"Parameter '{name}' {_joined(reasons)}; got '{value}'")
    more = len(sentences) - _MOST_MISTAKES
    if more > 0:
        sentences[_MOST_MISTAKES:] = [f"{more} more parameters are wrong"]
    return ApiError(400, "invalid_parameter", ". ".join(sentences), (*absent, *wrong))


def _is_element(mistake: ErrorDetails) -> bool:
    """Whether an element of a list is meant: one that is missing makes the list too short."""
    return bool(mistake["loc"]) and isinstance(mistake["loc"][-1], int)


def _joined(reasons: list[str]) -> str:
    """The reasons of the members of a union: "must be an integer or an object"."""
    different = list(dict.fromkeys(reasons))
    if all(reason.startswith(_MUST_BE) for reason in different):
        different[1:] = [reason.removeprefix(_MUST_BE) for reason in different[1:]]
    return " or ".join(different)


def _reason(mistake: ErrorDetails, schema: Mapping[str, Any]) -> str:
    """What follows "Parameter 'x'"."""
    kind, told = mistake["type"], mistake.get("ctx", {})
    if kind in _WORDS:
        return _MUST_BE + _WORDS[kind]
    if kind in _TEMPLATES:
        return _MUST_BE + _TEMPLATES[kind].format_map(told)
    if kind in _BOUNDS:
        return _MUST_BE + _bounded(kind, told, schema)
    if kind in ("enum", "literal_error"):
        choices = [shown(choice) for choice in schema.get("enum", ())]
        return _MUST_BE + (f"one of {', '.join(choices)}" if len(choices) > 1 else str(told["expected"]))
    if kind in ("missing", "too_short", "too_long"):
        return _MUST_BE + _long(told, schema)
    if kind == "string_pattern_mismatch":
        return f"must match the pattern {told['pattern']}"
    if kind == "extra_forbidden":
        return "is not known"
    if kind in ("value_error", "assertion_error"):
        return f"is refused: {mistake['msg'].removeprefix('Value error, ').removeprefix('Assertion failed, ')}"
    message = one_line(mistake["msg"])
    return _SHOULD.sub("must ", message, count=1) if _SHOULD.match(message) else f"is refused: {message}"


def _bounded(kind: str, told: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        noun = "an integer" if schema.get("type") == "integer" else "a number"
        return f"{noun} between {_number(low)} and {_number(high)}"
    key, of_number, of_time = _BOUNDS[kind]
    return (of_time if schema.get("format") in ("date", "date-time", "time") else of_number).format(_number(told[key]))


def _number(bound: Any) -> str:
    """7.0 is 7."""
    return str(int(bound)) if isinstance(bound, float) and bound.is_integer() and abs(bound) < 1e15 else str(bound)


def _long(told: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """How long a list should be, or an object, by the schema, or else by what was broken."""
    of_members = told.get("field_type") == "Dictionary"
    noun, unit, suffix = ("an object", "member", "Properties") if of_members else ("a list", "element", "Items")
    low, high = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
    if low is None and high is None:
        low, high = told.get("min_length"), told.get("max_length")
    if low is None and high is None:
        return f"{noun} with more {unit}s"
    size = f"{low} to {high}" if low and high is not None else f"at least {low}" if high is None else f"at most {high}"
    size = str(high) if low == high else size
    return f"{noun} of {size} {unit}{'' if (low if high is None else high) == 1 else 's'}"


def _place(sent: Mapping[str, Any], schema: Mapping[str, Any], mistake: ErrorDetails) -> tuple[str, Mapping[str, Any]]:
    """ "place.city" or "labels[0]", without the names that pydantic gives to the members of a union; and the schema."""
    name, inner = "", schema
    for step, inner in _steps(sent, schema, mistake):  # noqa: B007
        name += step
    return name.removeprefix(".") or "body", inner


def _steps(value: Any, schema: Mapping[str, Any], mistake: ErrorDetails) -> Iterator[tuple[str, Mapping[str, Any]]]:
    where, root = mistake["loc"], schema
    for index, step in enumerate(where):
        absent = index == len(where) - 1 and mistake["type"] == "missing"
        if isinstance(value, Mapping) and (step in value or absent):
            value = value.get(step)
            members = schema.get("properties", {})
            schema = _schema(members.get(step, schema.get("additionalProperties")), root)
            yield f".{step}", schema
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            first = schema.get("prefixItems", [])
            schema = _schema(first[step] if step < len(first) else schema.get("items"), root)
            yield f"[{step}]", schema


def _schema(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or what it refers to; empty if there is none."""
    schema = schema if isinstance(schema, Mapping) else {}
    name = str(schema.get("$ref", "")).removeprefix(_PREFIX)
    found: Mapping[str, Any] = root.get("$defs", {}).get(name, {}) if name else schema
    return found


def _shown(value: Any) -> str:
    try:
        text = shown(value)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def text_of(value: object, longest: int = 2000) -> str:
    """`str(value)`, or how it begins; "(no text)" where a class cannot do so much, whatever it raises instead."""
    try:
        return str.__getitem__(str(value), slice(longest))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "(no text)"


def said(error: BaseException, longest: int = 200) -> str:
    """ "ValueError: message" as one printable line of bounded length, whatever the class of the exception does."""
    return one_line(f"{type(error).__name__}: {ADDRESS.sub('', text_of(error))}", longest).removesuffix(":")


def one_line(text: str, longest: int = 200) -> str:
    """The first paragraph of `text` as one printable line of bounded length."""
    text = text[: 4 * longest].strip().split("\n\n")[0]
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= longest else text[:longest] + "..."
