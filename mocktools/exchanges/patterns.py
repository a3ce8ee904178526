"""How patterns of requests relate: which is the more special, which two answer the same request.

    >>> from mocktools.exchanges.matching import canonical
    >>> one, other = canonical("GET", "https://api.example/{what}/a"), canonical("GET", "https://api.example/b/*")
    >>> wildcards(one), overlap(one, other), covers(one, other)
    (1, True, False)

To compare each of a thousand patterns with each takes seconds; `rivals` finds those that are worth comparing. Not
covered: a pattern that only several others hide together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mocktools.exchanges.matching import ANY, REST, Canonical, canonical_json, fits, glob, placeholder


def wildcards(pattern: Canonical) -> int:
    """How many places of a pattern are open: a placeholder, a star, and "any others" count one each."""
    in_path = sum(1 if placeholder(segment) else segment.count(ANY) for segment in pattern.path)
    in_query = sum((name == REST) or sum(value.count(ANY) for value in values) for name, values in pattern.query)
    return in_path + in_query + (_stars(pattern.value) if pattern.form != "none" else 0)


def covers(general: Canonical, special: Canonical) -> bool:
    """Whether every request that fits the pattern `special` fits `general` too."""
    # What stands for any text in `special` is there as a star, and only a star of `general` takes up a star.
    return fits(general, special)


def overlap(one: Canonical, other: Canonical) -> bool:
    """Whether some request fits both patterns."""
    if (one.method, one.scheme, one.host, len(one.path)) != (other.method, other.scheme, other.host, len(other.path)):
        return False
    if not all(mine == theirs or _segments(mine, theirs) for mine, theirs in zip(one.path, other.path, strict=True)):
        return False
    return _names(dict(one.query), dict(other.query), _value_lists, (ANY,)) and _bodies(one, other)


def rivals(patterns: Sequence[Canonical]) -> Iterator[list[int]]:
    """For each pattern in turn the positions of earlier ones: of all that it overlaps, and of few others.

    They are told apart by how their texts begin or end at the place where that differs most.
    """
    places = [_beginnings(pattern) for pattern in patterns]
    kinds: dict[Any, set[str]] = {}
    for found in places:
        for place, start in found.items():
            kinds.setdefault(place, set()).add(start)
    best = max(kinds, key=lambda place: len(kinds[place]), default=None)
    ended: dict[str, list[int]] = {}
    passed: dict[str, list[int]] = {}
    for at, found in enumerate(places):
        own = found.get(best, "")
        shorter = [one for length in range(len(own)) for one in ended.get(own[:length], ())]
        yield sorted([*shorter, *passed.get(own, ())])
        ended.setdefault(own, []).append(at)
        for length in range(len(own) + 1):
            passed.setdefault(own[:length], []).append(at)


_LONGEST_START = 32  # characters
_MOST_PLACES = 50
_END = "\0"  # after a text without a star, which only the same text continues


def _beginnings(pattern: Canonical) -> dict[Any, str]:
    """What texts at places of a pattern must begin with, and, read backwards, end with. Of two patterns that overlap,
    what one has at a place continues what the other has; a place where anything may stand has none.
    """
    texts: list[tuple[Any, str]] = [
        (at, ANY if segment.startswith("{") else segment) for at, segment in enumerate(pattern.path)
    ]
    texts += [(name, values[0]) for name, values in pattern.query if len(values) == 1 and name != REST]
    waiting: deque[tuple[tuple[Any, ...], Any]] = deque([((), pattern.value)] if pattern.form == "json" else [])
    while waiting and len(texts) < _MOST_PLACES:
        steps, value = waiting.popleft()
        if isinstance(value, dict):
            waiting += [((*steps, name), inner) for name, inner in value.items() if name != REST]
        elif isinstance(value, list):
            waiting += [((*steps, at), inner) for at, inner in enumerate(value[:_MOST_PLACES])]
        else:
            texts.append((steps, value if isinstance(value, str) else canonical_json(value)))
    found = {}
    for place, text in texts:
        first, star, _ = text.partition(ANY)
        last = text.rpartition(ANY)[2]
        found[place, "begins"] = (first if star else text + _END)[:_LONGEST_START]
        found[place, "ends"] = (last[::-1] if star else text[::-1] + _END)[:_LONGEST_START]
    return found


def _stars(value: Any) -> int:
    if isinstance(value, str):
        return value.count(ANY)
    if isinstance(value, dict):
        return sum(1 if name == REST else _stars(inner) for name, inner in value.items())
    return sum(map(_stars, value)) if isinstance(value, list) else 0


def _segments(one: str, other: str) -> bool:
    mine, theirs = (ANY if placeholder(segment) else segment for segment in (one, other))
    if (mine == ANY and not theirs) or (theirs == ANY and not mine):
        return False
    return _texts(mine, theirs)


def _texts(one: str, other: str) -> bool:
    """Whether some text fits both: of two with stars, if one beginning continues the other, and one end too."""
    if one[:1] != other[:1] and ANY not in (one[:1], other[:1]):
        return False
    if ANY not in other:
        return glob(one, other)
    if ANY not in one:
        return glob(other, one)
    (first, *_, last), (their_first, *_, their_last) = one.split(ANY), other.split(ANY)
    begins = first.startswith(their_first) or their_first.startswith(first)
    return begins and (last.endswith(their_last) or their_last.endswith(last))


def _value_lists(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if (ANY,) in (one, other):
        return True
    return len(one) == len(other) and all(_texts(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _names(one: Mapping[str, Any], other: Mapping[str, Any], same: Callable[[Any, Any], bool], rest: Any) -> bool:
    """The same for two sets of names with values; `rest` is the value of "..." that allows any others."""
    mine_open, theirs_open = one.get(REST) == rest, other.get(REST) == rest
    mine = {name: value for name, value in one.items() if not (mine_open and name == REST)}
    theirs = {name: value for name, value in other.items() if not (theirs_open and name == REST)}
    if (mine.keys() - theirs and not theirs_open) or (theirs.keys() - mine and not mine_open):
        return False
    return all(same(mine[name], theirs[name]) for name in mine.keys() & theirs)


def _bodies(one: Canonical, other: Canonical) -> bool:
    if "none" in (one.form, other.form):
        return one.form == other.form
    if ANY in (one.value, other.value):
        return True
    if one.form != other.form:
        return False
    return _texts(one.body, other.body) if one.form == "text" else _values(one.value, other.value)


def _values(one: Any, other: Any) -> bool:
    if ANY in (one, other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return _names(one, other, _values, ANY)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_values, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return _texts(one, other)
    scalars = not isinstance(one, list | dict) and not isinstance(other, list | dict)
    return scalars and canonical_json(one) == canonical_json(other)
