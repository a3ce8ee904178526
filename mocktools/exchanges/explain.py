"""Why nothing answers a request: the fixtures that come nearest, and what keeps each from matching.

    >>> from mocktools.exchanges.matching import canonical
    >>> asked = canonical("GET", "https://api.example/v1/forecast?days=3")
    >>> fixture = canonical("GET", "https://api.example/v1/forecast?days=2")
    >>> print(miss(asked, [Candidate("fixtures/weather.json: exchanges[0]", fixture, False)]))
    no fixture answers GET https://api.example/v1/forecast?days=3; the nearest are:
    1. fixtures/weather.json: exchanges[0] - query "days" is "3", not "2"

Not covered: requests to an address that no tool and no fixture has; `router.py` explains these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from mocktools.exchanges.files import printable
from mocktools.exchanges.matching import Canonical, differences

_NEAREST = 3
_REASONS = 4  # told of each fixture
_COMPARED = 2000  # fixtures; more would make a miss slow
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fixture that might have answered: where it stands and what it wants, as a pattern (`wild`) or exactly."""

    place: str
    wanted: Canonical
    wild: bool


def miss(asked: Canonical, candidates: Sequence[Candidate]) -> str:
    """One text: the request, and up to three fixtures with the reasons why each does not match."""
    opening = f"no fixture answers {printable(str(asked), _SHOWN)}"
    if not candidates:
        return f"{opening}: no fixture is for this address"
    reasons = [
        (candidate, differences(candidate.wanted, asked, candidate.wild)) for candidate in _near(asked, candidates)
    ]
    ranked = sorted(reasons, key=lambda pair: _distance(pair[1]))[:_NEAREST]
    lines = [
        f"{number}. {printable(candidate.place, _SHOWN)} - {_joined(why)}"
        for number, (candidate, why) in enumerate(ranked, start=1)
    ]
    return "\n".join([f"{opening}; the nearest are:", *lines])


def _near(asked: Canonical, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those worth a comparison: of the same host and path length first, in their own order."""
    alike = (candidate for candidate in candidates if _alike(asked, candidate.wanted))
    chosen = list(islice(alike, _COMPARED))
    return chosen or list(islice(candidates, _COMPARED))


def _alike(asked: Canonical, wanted: Canonical) -> bool:
    return (asked.method, asked.host, len(asked.path)) == (wanted.method, wanted.host, len(wanted.path))


def _distance(reasons: Sequence[str]) -> int:
    """How far a fixture is from the request: another host or path is worse than another value."""
    heavy = ("method ", "scheme ", "host ", "path ")
    return sum(10 if reason.startswith(heavy) else 1 for reason in reasons)


def _joined(reasons: Sequence[str]) -> str:
    more = len(reasons) - _REASONS
    return "; ".join([*reasons[:_REASONS], *([f"and {more} more"] if more > 0 else [])])
