"""The schemas of a document as a tool needs them: for a caller's arguments, and for the values of a reply.

    from mocktools.openapi import document, shapes
    print(shapes.Shapes(document.read(Path("petstore.yaml"))).argument({"$ref": "#/components/schemas/Pet"}))

Both come without references, so that a prompt shows what is within them. Of arguments, what contains itself and what is
nested too deep is left open ("object"). Of replies, only what is made from them is kept: the first choice that works,
optional members near the top; a value that fits what is kept fits the document's schema too (but for `not`, and where
another choice of a `oneOf` fits as well). Not covered: XML, `patternProperties` and conditions of arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mocktools.made import fits, plausible
from mocktools.made.joined import Flat, both, flat, types
from mocktools.openapi.document import Document, SkippedError
from mocktools.openapi.wording import sentence
from mocktools.params import shown
from mocktools.sources.parameters import normalised

LARGEST_REPLY = 8_000  # characters of a reply's schema as JSON
_MOST_PARTS = 250  # of one tool's arguments
_MOST_STEPS = 3_000
_MOST_JOINED = 30_000  # parts of schemas that are read for one schema
_DEEPEST = 20
_MOST_CHOICES = 100  # of an enum
_CHOICES = ("anyOf", "oneOf")
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
           "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "format", "const")  # fmt: skip
# What bounds the same from below and from above; of numbers the second word of each side leaves the bound itself out.
_RANGES = (
    (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")),
    *(((f"min{what}",), (f"max{what}",)) for what in ("Length", "Items", "Properties")),
)
_NOT_SAID = frozenset({"required", "title", "description"})


class _EndlessError(Exception):
    """A schema that no small value fits, or that is too large."""


class _InvolvedError(SkippedError):
    """Too many parts speak of one place, or of one tool."""


class _TooManyError(_InvolvedError, LookupError):
    """The same, found out while the parts of one place are joined."""


class Shapes:
    """Makes the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._steps = self._joined = 0
        # What was found out of places that are nothing but a reference; documents use the same ones again and again.
        self._flats: dict[str, tuple[Flat, frozenset[str], int]] = {}
        self._arguments: dict[tuple[str, frozenset[str], int], tuple[Flat, int, int]] = {}
        self._replies: dict[str, Flat | None] = {}
        self._endless: set[tuple[str, int]] = set()

    def flat(self, schema: Any) -> Flat:
        """All that is said of a place, without references; raises `SkippedError` and `MockToolsError`."""
        self._joined = 0
        return self._flat(schema, frozenset())[0]

    def argument(self, schema: Any) -> Flat:
        """The schema of an argument: as deep as a prompt can bear. It still has the document's examples, which
        `without_examples` takes out.
        """
        found: Flat = {}
        for depth in (5, 3, 2, 1, 0):
            self._steps = self._joined = 0
            found = self._argument(schema, frozenset(), depth)
            if self._steps <= _MOST_PARTS:
                break
        return found

    def reply(self, schema: Any) -> Flat | None:
        """The schema that a reply is made from, or None if no small value fits it."""
        reference = _reference(schema)
        if not reference:
            return self._small_reply(schema)
        if reference not in self._replies:
            self._replies[reference] = self._small_reply(schema)
        return self._replies[reference]

    def _small_reply(self, schema: Any) -> Flat | None:
        for generous in (4, 3, 2, 1, 0):
            self._steps = self._joined = 0
            self._endless = set()
            try:
                found = self._reply(schema, 0, generous)
            except (_EndlessError, _InvolvedError):
                continue
            if len(json.dumps(found)) <= LARGEST_REPLY:
                return found
        return None

    def _flat(self, schema: Any, above: frozenset[str]) -> tuple[Flat, frozenset[str], bool]:
        """What is said of a place, the references above and here, and whether one of them is followed again."""
        whole = _reference(schema)
        if whole in self._flats:
            found, names, spent = self._flats[whole]
            self._spend(spent)
            return found, above | names, bool(above & names)
        self._document.resolved(schema)
        before = self._joined
        seen: list[str] = []

        def follow(reference: str) -> Any:
            seen.append(reference)
            return self._document.follow(reference)

        try:
            found = flat(schema, None, follow, self._spend)
        except LookupError:
            raise _InvolvedError("a schema is too involved") from None
        names = frozenset(seen)
        if whole:
            self._flats[whole] = found, names, self._joined - before
        return found, above | names, bool(above & names)

    def _spend(self, parts: int = 1) -> None:
        self._joined += parts
        if self._joined > _MOST_JOINED:
            raise _TooManyError("a schema is too involved")

    def _argument(self, schema: Any, above: frozenset[str], depth: int) -> Flat:
        """An argument, or a part of one, in as many steps and parts as the first time that it was asked for."""
        reference = _reference(schema)
        if not reference:
            return self._new_argument(schema, above, depth)
        key, steps, joined = (reference, above, depth), self._steps, self._joined
        if key in self._arguments:
            found, steps, joined = self._arguments[key]
            self._steps += steps
            self._spend(joined)
            return found
        found = self._new_argument(schema, above, depth)
        if self._steps <= 4 * _MOST_PARTS:
            self._arguments[key] = found, self._steps - steps, self._joined - joined
        return found

    def _new_argument(self, schema: Any, above: frozenset[str], depth: int) -> Flat:
        self._steps += 1
        own, above, again = self._one_choice(schema, above)
        kinds = types(own) or (["object"] if "properties" in own else ["array"] if "items" in own else [])
        found: Flat = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
        told = described(own)
        found |= {"description": told} if told else {}
        found |= _limits(own) | _example(own, 500)
        if again or depth <= 0 or self._steps > 4 * _MOST_PARTS:
            return found
        if own.get("properties"):
            found["properties"] = {
                name: self._argument(inner, above, depth - 1) for name, inner in self._writable(own, above)
            }
            required = [name for name in dict.fromkeys(_names(own)) if name in found["properties"]]
            found |= {"required": required} if required else {}
        more = own.get("additionalProperties")
        if more is False or isinstance(more, Mapping):
            found["additionalProperties"] = more and self._argument(more, above, depth - 1)
        if "items" in own:
            found["items"] = self._argument(own["items"], above, depth - 1)
        for word in _CHOICES:
            if word in own:
                found[word] = [self._argument(option, above, depth - 1) for option in own[word]]
        return found

    def _one_choice(self, schema: Any, above: frozenset[str]) -> tuple[Flat, frozenset[str], bool]:
        """As `_flat`, without choices that are none: one that may also be null, or which only says what is required."""
        own, above, again = self._flat(schema, above)
        for word in _CHOICES:
            if word not in own:
                continue
            rest = {key: said for key, said in own.items() if key != word}
            options = [option for option in own[word] if not (_is(option) and types(option) == ["null"])]
            if all(_is(option) and set(option) <= _NOT_SAID for option in own[word]):
                return rest, above, again
            if len(options) == 1:
                joined, above, more = self._flat(both(rest, options[0]), above)
                joined, kinds = dict(joined), types(joined)
                if len(options) < len(own[word]) and kinds:
                    joined["type"] = list(dict.fromkeys([*kinds, "null"]))
                return joined, above, again or more
        return own, above, again

    def _writable(self, own: Flat, above: frozenset[str]) -> Iterator[tuple[str, Any]]:
        """The members that a caller may send."""
        for name, inner in own["properties"].items():
            if inner is not False and self._flat(inner, above)[0].get("readOnly") is not True:
                yield name, inner

    def _reply(self, schema: Any, depth: int, generous: int) -> Flat:
        """A reply, or a part of one; what a reference leads to is not tried again at a depth where it was endless."""
        place = _reference(schema), depth
        if place in self._endless:
            raise _EndlessError
        try:
            return self._new_reply(schema, depth, generous)
        except _EndlessError:
            self._endless |= {place} if place[0] else set()
            raise

    def _new_reply(self, schema: Any, depth: int, generous: int) -> Flat:
        self._steps += 1
        if self._steps > _MOST_STEPS or depth > _DEEPEST:
            raise _EndlessError
        own, names, _ = self._flat(schema, frozenset())
        word = next((word for word in _CHOICES if word in own), None)
        if word is not None and "const" not in own and "enum" not in own:
            return self._chosen(own, word, depth, generous)
        if own.get("enum") == []:
            raise _EndlessError
        kinds = types(own)
        found: Flat = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
        found |= _limits(own) | _example(own, 2_000 if depth < 2 else 200)
        if "properties" in own or "required" in own:
            found |= self._members(own, names, depth, generous)
        more = own.get("additionalProperties")
        if isinstance(more, Mapping) and "properties" not in own and depth < generous:
            found["additionalProperties"] = self._reply(more, depth + 1, generous)
        if "items" in own:
            found |= self._elements(own, depth, generous)
        return found

    def _chosen(self, own: Flat, word: str, depth: int, generous: int) -> Flat:
        """The first choice of which a small value can be made."""
        rest = {key: said for key, said in own.items() if key not in (word, "discriminator")}
        for option in sorted(own[word], key=lambda option: types(option) == ["null"] if _is(option) else False):
            try:
                chosen = self._reply(both(rest, option), depth + 1, generous)
            except _EndlessError:
                continue
            _mark(chosen, own, option)
            return chosen
        raise _EndlessError

    def _members(self, own: Flat, names: frozenset[str], depth: int, generous: int) -> Flat:
        members: Flat = {}
        known = own.get("properties", {})
        required = list(dict.fromkeys(_names(own)))
        for name in dict.fromkeys((*known, *required)):
            try:
                if name in required:
                    members[name] = self._reply(known.get(name, True), depth + 1, generous)
                elif depth < generous and self._flat(known[name], frozenset())[0].get("writeOnly") is not True:
                    members[name] = self._reply(known[name], depth + 1, generous)
            except _EndlessError:
                if name in required:
                    raise
        about = {"title": told} if (told := _person(own, names)) else {}
        return {**about, "properties": members, **({"required": required} if required else {})}

    def _elements(self, own: Flat, depth: int, generous: int) -> Flat:
        try:
            if depth < generous or own.get("minItems"):
                return {"items": self._reply(own["items"], depth + 1, generous)}
        except _EndlessError:
            if own.get("minItems"):
                raise
        return {"maxItems": 0}


def described(own: Flat) -> str:
    """What a caller is told of an argument, with the first example that the document has."""
    told = sentence(own.get("description") or own.get("title"), 160)
    several = own.get("examples")
    example = own.get("example", several[0] if isinstance(several, list) and several else None)
    if isinstance(example, str | int | float) and not isinstance(example, bool) and "enum" not in own:
        text = shown(example)
        if 0 < len(text) <= 40 and text.isprintable() and text not in told:
            return f"{told.rstrip('.')}, e.g. {text}." if told else f"E.g. {text}."
    return told


def without_examples(schema: Flat) -> Flat:
    """The schema of an argument as a prompt shows it: examples are told in the descriptions."""
    found = {key: said for key, said in schema.items() if key != "example"}
    if "properties" in found:
        found["properties"] = {name: without_examples(inner) for name, inner in found["properties"].items()}
    for word in ("items", "additionalProperties"):
        if isinstance(found.get(word), Mapping):
            found[word] = without_examples(found[word])
    for word in _CHOICES:
        if word in found:
            found[word] = [without_examples(option) for option in found[word]]
    return found


def _person(own: Flat, references: frozenset[str]) -> str:
    """What a schema of people is called, by its title or by a reference to it; empty if it is of something else."""
    title = own.get("title")
    told = [title] if isinstance(title, str) else sorted(reference.rpartition("/")[2] for reference in references)
    return next((name[:60] for name in told if plausible.is_person(name)), "")


def _names(own: Flat) -> list[str]:
    return [name for name in own.get("required", []) if isinstance(name, str)]


def _reference(schema: Any) -> str:
    """The reference that is all there is of a schema; empty if there is more, or none."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) and len(schema) == 1 else None
    return reference if isinstance(reference, str) else ""


def _is(option: Any) -> bool:
    return isinstance(option, Mapping)


def _limits(own: Flat) -> Flat:
    """What is said of a value itself, as far as it is sound."""
    kept = normalised({word: own[word] for word in _BOUNDS if word in own})
    found = {word: said for word, said in kept.items() if not (word == "uniqueItems" and said is not True)}
    for word in found:
        if word.startswith(("min", "max")) and word not in ("minimum", "maximum"):
            found[word] = int(found[word])
    found = _without_contradictions(found)
    pattern = own.get("pattern")
    if isinstance(pattern, str) and len(pattern) <= 300 and _compiles(pattern):
        found["pattern"] = pattern
    if own.get("enum") and len(own["enum"]) <= _MOST_CHOICES:
        found["enum"] = own["enum"]
    if "default" in own and own["default"] is not None and len(json.dumps(own["default"])) <= 200:
        checked = {**found, "type": types(own)} if types(own) else found
        found |= {"default": own["default"]} if fits(checked, own["default"]) else {}
    return found


def _without_contradictions(found: Flat) -> Flat:
    """Without bounds between which there is nothing: the API must have others."""
    for low, high in _RANGES:
        least = max((found[word] for word in low if word in found), default=None)
        most = min((found[word] for word in high if word in found), default=None)
        if least is None or most is None or least < most:
            continue
        if least > most or any(found.get(word) == least for word in (*low[1:], *high[1:])):
            found = {word: said for word, said in found.items() if word not in (*low, *high)}
    return found


def _example(own: Flat, longest: int) -> Flat:
    several = own.get("examples")
    example = own.get("example", several[0] if isinstance(several, list) and several else None)
    return {"example": example} if example is not None and len(json.dumps(example)) <= longest else {}


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _mark(chosen: Flat, own: Flat, option: Any) -> None:
    """Let the member that tells choices apart say which it is."""
    told = own.get("discriminator")
    name = told.get("propertyName") if isinstance(told, Mapping) else None
    reference = option.get("$ref") if _is(option) else None
    member = chosen.get("properties", {}).get(name) if isinstance(name, str) else None
    if not isinstance(reference, str) or not isinstance(member, dict) or {"enum", "const"} & member.keys():
        return
    mapping = told.get("mapping") if isinstance(told, Mapping) else None
    keys = [key for key, target in mapping.items() if target == reference] if isinstance(mapping, Mapping) else []
    member["const"] = keys[0] if keys else reference.rpartition("/")[2]
