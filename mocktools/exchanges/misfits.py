"""What of some arguments does not fit the parameters of a tool, in the words of the bundled tools.

    >>> hotels = {"type": "object", "required": ["city"],
    ...           "properties": {"city": {"type": "string"}, "stars": {"enum": [3, 4, 5]}}}
    >>> problems(hotels, {"stars": 9})
    ['Missing required parameter: city', "Parameter 'stars' must be one of 3, 4, 5; got '9'"]

The time is bounded, whatever the schema and the arguments are: no regular expression is run, and where holding one
against the other takes too many steps, nothing is said. Not covered: `pattern`, `patternProperties` and `format` (any
text fits), `unevaluated*`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from mocktools.exchanges.files import printable, shown
from mocktools.made.fitting import DEEPEST, Fitting, TooLong, fits_itself, is_type, repeated
from mocktools.made.joined import Flat, flat, pointed, same, types
from mocktools.refusals import invalid, missing

MOST = 8  # that are told
_MOST_NAMES = 20
_MOST_PARTS = 5_000  # of schemas, read for one set of arguments
_LONGEST_NAME = 80
_SHOWN = 40
_KINDS = {
    "null": "null", "boolean": "true or false", "integer": "an integer", "number": "a number", "string": "a string",
    "array": "a list", "object": "an object",
}  # fmt: skip
_DESCRIBED = "as the tool's schema describes it"
# What speaks of several parameters together.
_TOGETHER = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
             "minProperties", "maxProperties", "propertyNames", "const", "enum")  # fmt: skip


def problems(
    schema: Mapping[str, Any], arguments: Mapping[str, Any], unseen: Collection[str] = (), closed: bool = False
) -> list[str]:
    """What is wrong with `arguments`, at most eight sentences that each name a parameter; empty if they fit.

    `unseen` are parameters of which nothing is known, so that nothing is said of them. `closed` also refuses names that
    the schema neither has nor expressly allows.
    """
    return _Holder(schema).told(arguments, unseen, closed)


class _Holder:
    """Holds values against the parts of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._fitting = Fitting(lambda reference: pointed(root, reference))
        self._left = _MOST_PARTS

    def told(self, arguments: Mapping[str, Any], unseen: Collection[str], closed: bool) -> list[str]:
        try:
            own = self._flat(self._root)
            if unseen:
                own["required"] = [name for name in own.get("required", []) if name not in unseen]
            if closed and not {"additionalProperties", "patternProperties", *_TOGETHER[:3]} & own.keys():
                own["additionalProperties"] = False
            found = list(islice(self._members(own, arguments, "", 0), MOST))
            return found or ([] if unseen else list(self._together(own, arguments)))
        except (TooLong, LookupError):
            return []

    def _flat(self, schema: Any) -> Flat:
        return flat(schema, self._root, spend=self._spend)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLong

    def _members(self, own: Flat, value: Mapping[str, Any], within: str, depth: int) -> Iterator[str]:
        """What is wrong with the members of an object, or the parameters themselves."""
        needed = [name for name in own.get("required", []) if isinstance(name, str) and name not in value]
        if needed:
            more = [f"{len(needed) - _MOST_NAMES} more"] if len(needed) > _MOST_NAMES else []
            yield missing(*(_name(within + name) for name in needed[:_MOST_NAMES]), *more).message
        known = own.get("properties", {})
        rest = True if "patternProperties" in own else own.get("additionalProperties", True)
        for name, inner in value.items():
            if name not in known and rest is False:
                yield _unknown(within, name, known)
            else:
                yield from self._value(known.get(name, rest), inner, within + name, depth + 1)

    def _value(self, schema: Any, value: Any, name: str, depth: int) -> Iterator[str]:
        if depth > DEEPEST:
            raise TooLong
        if self._fitting.fits(schema, value):
            return
        if schema is False:
            yield f"Parameter '{_name(name)}' must be left out"
            return
        own = self._flat(schema)
        inner: Iterator[str] = iter(())
        if isinstance(value, Mapping) and _of_its_type(own, value):
            inner = self._members(own, value, f"{name}.", depth)
        elif isinstance(value, list) and _of_its_type(own, value):
            inner = self._elements(own, value, name, depth)
        first = next(inner, None)
        if first is None:
            yield invalid(_name(name), _text(value), self._expected(own, value) + _example(own)).message
        else:
            yield first
            yield from inner

    def _elements(self, own: Flat, value: list[Any], name: str, depth: int) -> Iterator[str]:
        first, rest = own.get("prefixItems", []), own.get("items", True)
        for at, inner in enumerate(value):
            yield from self._value(first[at] if at < len(first) else rest, inner, f"{name}[{at}]", depth + 1)

    def _together(self, own: Flat, arguments: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with the parameters as a whole, where each for itself is right."""
        whole = {word: own[word] for word in _TOGETHER if word in own}
        if not whole or self._fitting.fits(whole, arguments):
            return
        options: list[Any] = own.get("anyOf") or own.get("oneOf") or []
        needed = [option.get("required") for option in options if isinstance(option, Mapping)]
        which = [str(one[0]) for one in needed if isinstance(one, list) and len(one) == 1]
        if len(which) == len(options) > 0 and not any(name in arguments for name in which):
            yield f"Missing required parameter: one of {', '.join(map(_name, which[:_MOST_NAMES]))}"
            return
        yield "The parameters do not go together as the tool's schema asks"

    def _expected(self, own: Flat, value: Any) -> str:
        """What a value should have been, in words that follow "must be"."""
        if "const" in own and not same(own["const"], value):
            return _text(own["const"])
        if "enum" in own and not any(same(one, value) for one in own["enum"]):
            return _listed(own["enum"])
        if not _of_its_type(own, value):
            return " or ".join(_KINDS[kind] for kind in types(own))
        if not fits_itself(own, value):
            return _bounded(own, value)
        for word in ("anyOf", "oneOf"):
            options = [self._flat(option) for option in own.get(word, [])[:_MOST_NAMES]]
            alike = [option for option in options if _of_its_type(option, value)] or options
            if alike:
                return " or ".join(dict.fromkeys(self._option(option, value) for option in alike[:4]))
        return _DESCRIBED

    def _option(self, option: Flat, value: Any) -> str:
        return _DESCRIBED if {"anyOf", "oneOf"} & option.keys() else self._expected(option, value)


def _of_its_type(own: Flat, value: Any) -> bool:
    kinds = types(own)
    return not kinds or any(is_type(kind, value) for kind in kinds)


def _bounded(own: Flat, value: Any) -> str:
    """The bounds that a value of the right type has to keep to."""
    if isinstance(value, str):
        return f"{_count(own, 'Length')} characters long"
    if isinstance(value, list):
        once = "a list without the same element twice"
        return (
            once if own.get("uniqueItems") is True and repeated(value) else f"a list of {_count(own, 'Items')} elements"
        )
    if isinstance(value, Mapping):
        return f"an object with {_count(own, 'Properties')} members"
    low, high = own.get("minimum"), own.get("maximum")
    what = "an integer" if types(own) == ["integer"] else "a number"
    if low is not None and high is not None:
        what = f"{what} between {_text(low)} and {_text(high)}"
    said = [
        f"{words} {_text(own[word])}"
        for word, words in _LIMITS.items()
        if word in own and not (word in ("minimum", "maximum") and low is not None and high is not None)
    ]
    return f"{what} {' and '.join(said)}".rstrip()


_LIMITS = {
    "minimum": "of at least",
    "maximum": "of at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
    "multipleOf": "that is a multiple of",
}


def _count(own: Flat, what: str) -> str:
    low, high = own.get(f"min{what}"), own.get(f"max{what}")
    if low is not None and high is not None:
        return f"{_text(low)} to {_text(high)}"
    return f"at least {_text(low)}" if low is not None else f"at most {_text(high)}"


def _listed(values: list[Any]) -> str:
    more = f" (and {len(values) - _MOST_NAMES} more)" if len(values) > _MOST_NAMES else ""
    return "one of " + ", ".join(map(_text, values[:_MOST_NAMES])) + more


def _example(own: Flat) -> str:
    """An example of the schema's own, as the bundled tools show one."""
    several = own.get("examples")
    example = own.get("example", several[0] if isinstance(several, list) and several else None)
    return f", e.g. {_text(example)}" if isinstance(example, str | int | float) and example != "" else ""


def _unknown(within: str, name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name[:60], [one[:60] for one in islice(known, 200)], n=1)
    if near:
        hint = f"did you mean {_name(near[0])}?"
    else:
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        hint = f"known are: {', '.join(map(_name, islice(known, _MOST_NAMES)))}{more}" if known else "there are none"
    return f"Unknown parameter: {_name(within + name)}; {hint}"


def _name(name: str) -> str:
    return printable(name, _LONGEST_NAME)


def _text(value: Any) -> str:
    """A value as a person would type it: text as it is, all else as JSON."""
    return printable(value, _SHOWN) if isinstance(value, str) else shown(value, _SHOWN)
