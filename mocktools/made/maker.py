"""Make a value of a JSON Schema: `value(schema, seed_text, arguments)`.

    >>> value({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True}, "seed", {}) in (
    ...     ["a", "b"], ["b", "a"])
    True

What a place becomes, the first of these that fits: the argument of the same name; `const`; one of `enum`; `example`,
`examples`, `default`; the first of `anyOf` or `oneOf` that works; what its type asks for. Every choice is a SHA-256 of
the seed and the place's path, so nothing else counts. Sizes are bounded: about 3,000 parts, 24 levels, 64 elements of a
list, texts of 2,000 characters. Not covered: `if` and `dependentSchemas` are kept only by chance, names for
`patternProperties` and `propertyNames` only where their patterns are simple.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mocktools.made import patterns, plausible, scalars
from mocktools.made.fitting import MOST_STEPS, Fitting, TooLong, fits_itself, is_type, repeated
from mocktools.made.joined import TYPES, Flat, both, flat, pointed, same, types

MOST_PARTS = 3_000
_MOST_JOINED = 15_000  # parts of schemas that are read for them
DEEPEST = 24
_GENEROUS = 4  # levels on which what is optional is made as well
_MOST_MEMBERS = 40
_MOST_ELEMENTS = 64
_LONGEST_ECHO = 300  # characters of an argument that is taken over
_CHOICES = ("anyOf", "oneOf")
# What may be wrong with a value that was made member by member.
_UNSURE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "propertyNames", "contains", "enum",
                     "const", "maxProperties", "minProperties", "dependentRequired"})  # fmt: skip
# Names that mean another thing in another object: a pet's `id` is not that of its owner.
_OWN = frozenset({"id", "uid", "uuid", "guid", "key", "slug", "name", "title"})
_HINTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("object", frozenset({"properties", "required", "additionalProperties", "patternProperties", "minProperties"})),
    ("array", frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"})),
    ("number", frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})),
)


def value(schema: Mapping[str, Any], seed_text: str, arguments: Mapping[str, Any]) -> Any:
    """A value that fits `schema`: the same for the same schema, `seed_text` and `arguments`, on every machine.

    A member whose name is that of an argument ("petId", "pet_id" and "pet-id" are one name) has the argument's value if
    that fits; an `id` that of the only argument whose name ends so. Names such as `id` and `name` count near the top
    only, and where no object around has such a member too. If no value fits, or none that is small enough is found, the
    nearest thing to one: see `fits`. Never raises for an odd schema.
    """
    best: Any = None
    for generous in (_GENEROUS, 2, 1, 0):
        try:
            return _Maker(schema, seed_text, arguments, generous).make(schema, _Place())
        except _CannotError as cannot:
            best = cannot.best if best is None else best
    return best


class _CannotError(Exception):
    """No value can be made for a place; `best` comes nearest."""

    def __init__(self, best: Any = None) -> None:
        super().__init__()
        self.best = best


@dataclass(frozen=True)
class _Place:
    """Where a value stands: its `path`, the `name` it goes by, how deep, and whether within a list.

    `turns` counts the choices on the way as well. `above` are the names of members of the objects around the one that
    it is a member of, `level` those of that one too. `of` is what has this name, if it is a person's.
    """

    path: str = ""
    name: str = ""
    depth: int = 0
    listed: bool = False
    turns: int = 0
    above: frozenset[str] = frozenset()
    level: frozenset[str] = frozenset()
    of: str = ""

    def member(self, name: str, beside: frozenset[str] = frozenset(), title: Any = None) -> _Place:
        path = f"{self.path}/{name}"
        holders = [one for one in (title, self.name) if isinstance(one, str) and plausible.is_person(one)]
        of = "person" if holders and _folded(name) == "name" else ""
        return _Place(path, name, self.depth + 1, self.listed, self.turns + 1, self.level, self.level | beside, of)

    def element(self, at: int, attempt: int = 0) -> _Place:
        again = f"~{attempt}" if attempt else ""
        path = f"{self.path}/{at}{again}"
        return _Place(path, self.name, self.depth + 1, True, self.turns + 1, self.above, self.level)

    def choice(self, at: int) -> _Place:
        return replace(self, path=f"{self.path}|{at}", turns=self.turns + 1)


# How far a value is held against its schema before it is taken: not at all (it is known not to fit), by itself, or with
# all that is in it.
_Check = Literal["misfit", "itself", "whole"]
_Offer = tuple[Any, _Check]


class _Maker:
    """Makes one value. `generous` is on how many levels what is optional is made as well."""

    def __init__(self, root: Any, seed: str, arguments: Mapping[str, Any], generous: int) -> None:
        self._root = root
        self._seed = seed.encode("utf-8", "replace")
        self._generous = generous
        self._parts = self._joined = 0
        self._fitting = Fitting(lambda reference: pointed(root, reference), 2 * MOST_STEPS)
        self._echoes = {_folded(name): given for name, given in sorted(arguments.items()) if _small(given)}
        ids = [
            given for name, given in arguments.items() if plausible.words(str(name))[-1:] == ["id"] and _small(given)
        ]
        self._id = ids[0] if len(ids) == 1 else None

    def make(self, schema: Any, place: _Place) -> Any:
        """A value for `schema`; raises `_CannotError`."""
        self._parts += 1
        if self._parts > MOST_PARTS or place.depth > DEEPEST or place.turns > 2 * DEEPEST:
            raise _CannotError
        try:
            own = flat(schema, self._root, spend=self._spend)
        except LookupError:
            raise _CannotError from None
        best = None
        for found, check in self._offers(own, place):
            if self._right(own, found, check):
                return found
            best = found if best is None else best
        raise _CannotError(best)

    def _spend(self) -> None:
        self._joined += 1
        if self._joined > _MOST_JOINED:
            raise LookupError("too many parts")

    def _right(self, own: Flat, found: Any, check: _Check) -> bool:
        if check != "whole":
            return check == "itself" and fits_itself(own, found)
        try:
            return self._fitting.fits(own, found)
        except TooLong:
            return False

    def _offers(self, own: Flat, place: _Place) -> Iterator[_Offer]:
        """What a place could become, best first."""
        for echo in self._echo(own, place):
            yield echo, "whole"
        if "const" in own:
            yield own["const"], "whole"
        elif "enum" in own:
            start = self._draw(place, "enum")(len(own["enum"]))
            for one in sorted([*own["enum"][start:], *own["enum"][:start]], key=lambda one: one is None):
                yield one, "whole"
        else:
            for one in self._given(own):
                yield self._with_echoes(own, one, place), "whole"
            word = next((word for word in _CHOICES if word in own), None)
            if word is not None:
                yield from self._chosen(own, word, place)
            elif "allOf" in own:
                yield from self._left_over(own, place)
            yield from self._typed(own, place)

    def _given(self, own: Flat) -> Iterator[Any]:
        """The schema's own examples."""
        if "example" in own:
            yield own["example"]
        if isinstance(own.get("examples"), list):
            yield from own["examples"]
        if own.get("default") is not None:
            yield own["default"]

    def _chosen(self, own: Flat, word: str, place: _Place) -> Iterator[_Offer]:
        """Values of the first choice that works, then of the next ..."""
        rest = {key: said for key, said in own.items() if key != word}
        for at, option in enumerate(sorted(own[word], key=_is_null)):
            try:
                yield self.make(both(rest, option), place.choice(at)), "whole"
            except _CannotError as cannot:
                if cannot.best is not None:
                    yield cannot.best, "misfit"

    def _left_over(self, own: Flat, place: _Place) -> Iterator[_Offer]:
        """Values where several choices stand beside one another: one after the other is joined."""
        first, *others = own["allOf"]
        rest = {key: said for key, said in own.items() if key != "allOf"} | ({"allOf": others} if others else {})
        word = next((word for word in _CHOICES if word in first), None)
        if word is not None:
            yield from self._chosen(rest | {word: first[word]}, word, place)

    def _typed(self, own: Flat, place: _Place) -> Iterator[_Offer]:
        """Values of the types that the schema allows; all types are tried where it does not say."""
        kinds = types(own) or [kind for kind, words in _HINTS if words & own.keys()] or ["string"]
        more = [] if types(own) else [kind for kind in TYPES if kind not in kinds]
        check: _Check = "whole" if _UNSURE & own.keys() else "itself"
        for kind in (*sorted(kinds, key=lambda kind: kind == "null"), *more):
            how = check
            try:
                found = self._of_type(kind, own, place)
            except _CannotError as cannot:
                found, how = cannot.best, "misfit"
            if found is not None or kind == "null":
                yield found, how

    def _of_type(self, kind: str, own: Flat, place: _Place) -> Any:
        if kind == "object":
            return self._object(own, place)
        if kind == "array":
            return self._array(own, place)
        if kind == "string":
            return scalars.string(own, f"{place.of} {place.name}".lstrip(), self._draw(place, "text"))
        if kind == "boolean":
            return self._draw(place, "boolean")(2) == 1
        if kind == "null":
            return None
        return scalars.number(own, place.name, self._draw(place, "number"), kind == "integer")

    def _object(self, own: Flat, place: _Place) -> dict[str, Any]:
        known = own.get("properties", {})
        required = [name for name in own.get("required", []) if isinstance(name, str)]
        most = min(own.get("maxProperties", _MOST_MEMBERS), max(_MOST_MEMBERS, len(required)))
        beside = frozenset(_folded(name) for name in (*known, *required))
        found: dict[str, Any] = {}
        cannot = False
        for name in dict.fromkeys((*known, *required)):
            needed = name in required
            if not needed and (place.depth >= self._generous or len(found) + len(required) >= most):
                continue
            try:
                found[name] = self.make(known.get(name, _further(own)), place.member(name, beside, own.get("title")))
            except _CannotError as error:
                if needed:
                    cannot, found[name] = True, error.best
        if cannot:
            raise _CannotError(found)
        self._depending(own, found, place)
        self._more_members(own, found, place)
        return found

    def _depending(self, own: Flat, found: dict[str, Any], place: _Place) -> None:
        """Add what other members ask for."""
        depending = own.get("dependentRequired", {})
        waiting = list(found)
        while waiting:
            others = depending.get(waiting.pop())
            for name in others if isinstance(others, list) else []:
                if isinstance(name, str) and name not in found:
                    schema = own.get("properties", {}).get(name, _further(own))
                    found[name] = self.make(schema, place.member(name))
                    waiting.append(name)

    def _more_members(self, own: Flat, found: dict[str, Any], place: _Place) -> None:
        """Members that no name is given for: as many as the schema asks for, or one or two of a free map."""
        schema = _further(own)
        free = isinstance(own.get("additionalProperties"), Mapping) or "patternProperties" in own
        wanted = 2 if free and not own.get("properties") and place.depth < self._generous else 0
        wanted = min(max(own.get("minProperties", 0), min(wanted, own.get("maxProperties", wanted))), _MOST_MEMBERS)
        for at in range(4 * _MOST_MEMBERS):
            if len(found) >= wanted or schema is False:
                return
            name = self._key(own, place, at)
            if name is not None and name not in found and name not in own.get("properties", {}):
                try:
                    found[name] = self.make(schema, place.member(name))
                except _CannotError:
                    return

    def _key(self, own: Flat, place: _Place, at: int) -> str | None:
        """A name for a member that has none."""
        draw = self._draw(place, f"key {at}")
        named = own.get("propertyNames")
        if isinstance(named, Mapping):
            try:
                key = self.make(named, replace(place, path=f"{place.path}/key {at}", name="key", turns=place.turns + 1))
            except _CannotError:
                return None
            return key if isinstance(key, str) else None
        if "patternProperties" in own:
            return patterns.sample(next(iter(own["patternProperties"]), ""), draw, at // 20)
        return plausible.word(draw) + (f"_{at}" if at > 8 else "")

    def _array(self, own: Flat, place: _Place) -> list[Any]:
        first, rest = own.get("prefixItems", []), own.get("items", True)
        least = own.get("minItems", 0)
        usual = 1 + self._draw(place, "length")(3) if place.depth < self._generous else 0
        if rest is True and not first:
            usual = min(usual, 1)
        most = min(own.get("maxItems", _MOST_ELEMENTS), _MOST_ELEMENTS)
        wanted = min(max(least, usual, min(len(first), most)), max(most, 0))
        found: list[Any] = []
        if "contains" in own and not first:
            rest = both(own["contains"], rest)
        for at in range(int(wanted)):
            try:
                found.append(self._element(first[at] if at < len(first) else rest, place, at, found, own))
            except _CannotError as cannot:
                if len(found) < least:
                    raise _CannotError([*found, cannot.best]) from None
                break
        return found

    def _element(self, schema: Any, place: _Place, at: int, before: list[Any], own: Flat) -> Any:
        """The next element of a list, unlike the others if it has to be or can be."""
        different = own.get("uniqueItems") is True
        found: Any = None
        for attempt in range(12 if different else 3):
            found = self.make(schema, place.element(at, attempt))
            if not any(same(found, one) for one in before):
                return found
        if not different and len(before) < max(own.get("minItems", 0), 1):
            return found
        choices = schema.get("enum") if different and isinstance(schema, Mapping) else None
        for one in choices if isinstance(choices, list) else []:
            if not repeated([*before, one]):
                return one
        raise _CannotError

    def _echo(self, own: Flat, place: _Place) -> Iterator[Any]:
        """The argument that has the name of this place, in the type that is wanted."""
        folded = _folded(place.name)
        if not folded or (folded in _OWN and (place.listed or place.depth > 2 or folded in place.above)):
            return
        given = self._echoes.get(folded, self._id if folded == "id" else None)
        if given is None or ("pattern" in own and "enum" not in own):
            return
        if not isinstance(given, str) or "enum" in own or scalars.in_form(str(own.get("format", "")), given):
            yield given
        kinds = types(own)
        if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 16 and "integer" in kinds:
            yield int(given)
        elif isinstance(given, int) and not isinstance(given, bool) and "string" in kinds and "format" not in own:
            yield str(given)

    def _with_echoes(self, own: Flat, example: Any, place: _Place) -> Any:
        """An example object with the arguments of the call in it."""
        if not isinstance(example, dict) or place.depth > 1 or place.listed:
            return example
        found = dict(example)
        for name in example:
            schema = own.get("properties", {}).get(name)
            if schema is None:
                continue
            try:
                member = flat(schema, self._root)
            except LookupError:
                continue
            found[name] = next(
                (given for given in self._echo(member, place.member(name)) if self._right(member, given, "whole")),
                example[name],
            )
        return found

    def _draw(self, place: _Place, what: str) -> Callable[[int], int]:
        """A source of numbers from 0 to below a limit, which is this place's own."""
        count = 0

        def draw(limit: int) -> int:
            nonlocal count
            count += 1
            text = f"\n{place.path}\n{what}\n{count}".encode("utf-8", "replace")
            return int.from_bytes(hashlib.sha256(self._seed + text).digest()[:8], "big") % max(limit, 1)

        return draw


def _further(own: Flat) -> Any:
    """The schema of a member that no name is given for."""
    if own.get("patternProperties"):
        return next(iter(own["patternProperties"].values()))
    return own.get("additionalProperties", True)


def _is_null(option: Any) -> bool:
    return isinstance(option, Mapping) and types(option) == ["null"]


def _folded(name: str) -> str:
    return "".join(plausible.words(str(name)))


def _small(given: Any) -> bool:
    """Whether an argument may be taken over into a reply."""
    if isinstance(given, str):
        return len(given) <= _LONGEST_ECHO
    if isinstance(given, list):
        return len(given) <= 20 and all(_small(one) and not isinstance(one, list | dict) for one in given)
    return given is not None and not isinstance(given, dict) and (is_type("boolean", given) or abs(given) < 2**53)
