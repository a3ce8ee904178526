"""Hold the arguments of a call against the right ones, each by its own rule.

    >>> right = RightCall("convert", {"to": "Zürich", "amount": 3}, {"to": "folded"})
    >>> compare(right, {"to": "zurich", "amount": 3.0, "why": "?"})
    Difference(missing=(), wrong=(), extra=('why',))

The rules:

| rule | the argument must be |
|---|---|
| `"exact"` (unless told) | the same JSON value; 3 is 3.0, "3" is not 3 |
| `"folded"` | the same words without regard to case, accents and punctuation |
| `{"within": 0.5}` | a number so near |
| `"date"` | the same calendar day, as YYYY-MM-DD |
| `"moment"` | the same instant; without an offset it is UTC |
| `{"any_of": ["NYC"]}` | the right value or one of these, folded |
| `{"words": ["milk", ["buy", "get"]]}` | a text that holds all these words (of a list one), folded |
| `"free"` | any text that is not blank |
| `{"list": RULE}` | a list with the same elements by this rule, in any order |
| `{"members": {"a": RULE}}` | an object with the same members, each by its rule or else exactly |

Not covered: whether two different calls have the same result, which takes making them.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mocktools.errors import MockToolsError
from mocktools.params import Param
from mocktools.refusals import ApiError
from mocktools.text import fold
from mocktools.values import read

Rule = str | Mapping[str, Any]
_PLAIN = ("exact", "folded", "date", "moment", "free")
_WITH_VALUE: dict[str, tuple[type, ...]] = {
    "within": (int, float), "any_of": (list,), "words": (list,), "list": (str, dict), "members": (dict,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RightCall:
    """A call that answers a query: the tool, its arguments, and how each argument is compared.

    `may` are further arguments that mean the same as leaving them out: name → {"value": ..., "rule": ...}.
    """

    tool: str
    arguments: Mapping[str, Any] = field(hash=False)
    rules: Mapping[str, Rule] = field(default_factory=dict, hash=False)
    may: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """The names of the arguments that a call lacks, has wrong, or has beyond the right ones."""

    missing: tuple[str, ...]
    wrong: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def none(self) -> bool:
        """Whether the arguments are right, with none beyond."""
        return not (self.missing or self.wrong or self.extra)


def compare(right: RightCall, arguments: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> Difference:
    """How `arguments` differ from the right ones.

    An argument that is null counts as left out. One beyond the right ones is no difference if it has the value that
    `right.may` allows, or the default that `parameters` (the tool's JSON Schema) names.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    wanted = right.arguments
    schemas = (parameters or {}).get("properties", {})
    return Difference(
        missing=tuple(name for name in wanted if name not in given and not _is_default(schemas, name, wanted[name])),
        wrong=tuple(
            name for name in wanted
            if name in given and not matches(right.rules.get(name, "exact"), wanted[name], given[name])
        ),
        extra=tuple(
            name for name, value in given.items()
            if name not in wanted and not _is_default(schemas, name, value) and not _allowed(right, name, value)
        ),
    )  # fmt: skip


def _is_default(schemas: Mapping[str, Any], name: str, value: Any) -> bool:
    schema = schemas.get(name, {})
    return "default" in schema and _same(schema["default"], value)


def _allowed(right: RightCall, name: str, value: Any) -> bool:
    known = right.may.get(name)
    return known is not None and matches(known.get("rule", "exact"), known["value"], value)


def matches(rule: Rule, wanted: Any, given: Any) -> bool:
    """Whether a value is as good as the wanted one; raises `MockToolsError` for a rule that there is not."""
    name, value = _checked(rule)
    match name:
        case "exact":
            return _same(wanted, given)
        case "folded":
            return isinstance(given, str) and fold(given) == fold(str(wanted))
        case "within":
            return _is_number(given) and abs(given - wanted) <= value
        case "date" | "moment":
            kind: Literal["date", "datetime"] = "date" if name == "date" else "datetime"
            return _time(kind, given) is not None and _time(kind, given) == _time(kind, wanted)
        case "any_of":
            return isinstance(given, str) and fold(given) in {fold(str(other)) for other in [wanted, *value]}
        case "words":
            return isinstance(given, str) and all(_holds(fold(given), word) for word in value)
        case "free":
            return isinstance(given, str) and bool(given.strip())
        case "list":
            return isinstance(given, list) and _same_elements(value, wanted, given)
        case _:
            return isinstance(given, dict) and _same_members(value, wanted, given)


def check_rule(rule: Any) -> None:
    """Raise `MockToolsError` unless this is a rule; nested ones are looked at, too."""
    name, value = _checked(rule)
    if name == "list":
        check_rule(value)
    for inner in value.values() if name == "members" else ():
        check_rule(inner)


def _checked(rule: Any) -> tuple[str, Any]:
    if isinstance(rule, str) and rule in _PLAIN:
        return rule, None
    if isinstance(rule, Mapping) and len(rule) == 1:
        name, value = next(iter(rule.items()))
        fits = name in _WITH_VALUE and isinstance(value, _WITH_VALUE[name]) and not isinstance(value, bool)
        if fits and (name not in ("words", "any_of") or all(_is_text(inner, name == "words") for inner in value)):
            return name, value
    known = ", ".join([*_PLAIN, *_WITH_VALUE])
    raise MockToolsError(f"{str(rule)[:60]!r} is no rule of comparison; there are: {known}")


def check_value(rule: Rule, wanted: Any) -> None:
    """Raise `MockToolsError` unless a right value is of the kind that its rule compares."""
    name, value = _checked(rule)
    kinds: dict[str, type | tuple[type, ...]] = {"within": (int, float), "list": list, "members": dict}
    kinds |= dict.fromkeys(("folded", "date", "moment", "any_of", "words", "free"), str)
    if name in kinds and (not isinstance(wanted, kinds[name]) or isinstance(wanted, bool)):
        raise MockToolsError(f"the rule {name} does not go with the value {str(wanted)[:60]!r}")
    for element in wanted if name == "list" else ():
        check_value(value, element)
    for member, inner in value.items() if name == "members" else ():
        if member in wanted:
            check_value(inner, wanted[member])


def _is_text(value: Any, choices: bool) -> bool:
    """Whether a word or a variant is a text that says something; a word may be a list of choices."""
    if choices and isinstance(value, list) and value:
        return all(_is_text(inner, False) for inner in value)
    return isinstance(value, str) and bool(fold(value))


def _same(wanted: Any, given: Any) -> bool:
    """Equality of JSON values; True is not 1."""
    if isinstance(wanted, bool) or isinstance(given, bool):
        return wanted is given
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return wanted.keys() == given.keys() and all(_same(wanted[name], given[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(given, list):
        return len(wanted) == len(given) and all(map(_same, wanted, given))
    return bool(wanted == given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(kind: Literal["date", "datetime"], value: Any) -> datetime.date | None:
    """A date or a moment as the mock APIs read them, or None."""
    text = value.strip() if isinstance(value, str) else value
    try:
        found: datetime.date = read(Param("value", "", "", kind=kind), text, "value", wire=False)
    except ApiError:
        return None
    return found


def _holds(text: str, words: str | list[str]) -> bool:
    """Whether a folded text has these words in a row, or those of one in a list."""
    choices = [words] if isinstance(words, str) else words
    return any(f" {fold(choice)} " in f" {text} " for choice in choices)


def _same_elements(rule: Rule, wanted: list[Any], given: list[Any]) -> bool:
    """Each element has a partner; `given` is used up."""
    left = list(given)
    for element in wanted:
        partner = next((index for index, other in enumerate(left) if matches(rule, element, other)), None)
        if partner is None:
            return False
        del left[partner]
    return not left


def _same_members(rules: Mapping[str, Rule], wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return wanted.keys() == given.keys() and all(
        matches(rules.get(name, "exact"), wanted[name], given[name]) for name in wanted
    )
