"""Learning tools in rounds without forgetting: what each round trains on, and what is left of the rounds before it.

    >>> split(["a", "b", "c", "d", "e"], 2)
    (('a', 'b', 'c'), ('d', 'e'))
    >>> first, second = {"a": [True, True]}, {"a": [True, False], "b": [True, True]}
    >>> learned = measure([("a",), ("b",)], [first, second])
    >>> [share.value for share in learned.cells[1]], learned.pooled[1].value
    ([50.0, 100.0], 75.0)
    >>> [share.value for share in learned.backward], learned.forgetting
    ([-50.0], (50.0,))

The tools come in rounds. Each round goes on with the adapter of the round before, on the demonstrations of its own
tools and, with rehearsal, a share of those of each earlier tool (paper: continual tool learning, 10 %). After a round
all tools so far are asked about: row r, column b of the matrix is the share of right answers for the tools of round b
after round r. Not covered: training and asking, which are the commands' business; tools that come again in a
later round.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stesim import bootstrap
from stesim.errors import UserError
from stesim.records import Demonstration

Arm = Literal["without", "with", "together"]
Rounds = Sequence[Sequence[str]]  # the tools of each round
Value = bool | None  # whether a query was answered rightly; None if it does not count
ByTool = Mapping[str, Sequence[Value]]  # the queries of each tool

# The paper's correctness in percent after the last of its 4 rounds: for the tools of each round, then for all.
# Trained on all 50 tools at once there is one figure.
PAPER: Mapping[Arm, tuple[float, ...]] = {
    "without": (0.0, 38.5, 25.0, 71.8, 34.7),
    "with": (65.0, 88.7, 66.1, 70.3, 72.8),
    "together": (74.1,),
}
_EXACT = 9  # decimals after which a product of a share is taken for a whole number


@dataclass(frozen=True, slots=True)
class Share:
    """A share in percent, or a difference of two in percentage points; None of nothing. `low` and `high` bound its 95 %
    interval (bootstrap over the queries), `of` is how many queries it is of.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    of: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """What was known after each round.

    `cells[r][b]` is for the tools of round b after round r (both from 0, b at most r), `pooled[r]` for the queries of
    all tools so far. `backward[b]` is what the rounds after b changed: the last figure minus the one right after
    learning, of the same queries (backward transfer, below 0 where tools were forgotten). `forgetting[b]` is the best
    figure before the last round minus the last one. Both lack the last round, which nothing follows.
    """

    cells: tuple[tuple[Share, ...], ...]
    pooled: tuple[Share, ...]
    backward: tuple[Share, ...]
    forgetting: tuple[float | None, ...]

    @property
    def backward_transfer(self) -> float | None:
        """The mean of `backward` in percentage points; None where there is none."""
        return _mean([share.value for share in self.backward])

    @property
    def mean_forgetting(self) -> float | None:
        """The mean of `forgetting` in percentage points; None where there is none."""
        return _mean(self.forgetting)


def split(tools: Sequence[str], rounds: int) -> tuple[tuple[str, ...], ...]:
    """The tools in so many rounds, in their order; the first rounds have one more where it does not come out even.

    Raises `UserError` for fewer tools than rounds, and for less than one round.
    """
    if rounds < 1 or len(tools) < rounds:
        said = f"{_number(len(tools), 'tool')} cannot be split into {_number(rounds, 'round')}, each with one at least"
        few = "the fewest are --rounds 2, of two tools"
        raise UserError(f"{said}; {f'try --rounds {len(tools)}' if len(tools) > 1 else few}")
    size, larger = divmod(len(tools), rounds)
    starts = [number * size + min(number, larger) for number in range(rounds + 1)]
    return tuple(tuple(tools[start:end]) for start, end in itertools.pairwise(starts))


def mixed(
    demonstrations: Sequence[Demonstration], rounds: Rounds, number: int, share: float, seed: int
) -> list[Demonstration]:
    """What the round of this number (from 0) trains on: all demonstrations of its tools in their order, then of each
    earlier tool a share, rounded up.

    Which ones are rehearsed depends on the seed, the round and the tool alone. Raises `ValueError` for a share outside
    0..1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is not a share")
    own = [each for each in demonstrations if each.tool in rounds[number]]
    for tool in (tool for earlier in rounds[:number] for tool in earlier):
        known = [each for each in demonstrations if each.tool == tool]
        wanted = math.ceil(round(share * len(known), _EXACT))
        chosen = random.Random(f"{seed}|rehearse|{number}|{tool}").sample(range(len(known)), wanted)
        own += [known[at] for at in sorted(chosen)]
    return own


def measure(rounds: Rounds, answered: Sequence[ByTool], seed: int = 0) -> Learned:
    """The matrix from the answers after each round, as far as rounds are finished; `seed` decides the intervals.

    `answered[r]` holds, for each tool of the rounds up to r, whether its queries were answered rightly. A tool that is
    not there had no queries. Raises `ValueError` for more answers than rounds.
    """
    if len(answered) > len(rounds):
        raise ValueError(f"answers after {len(answered)} rounds, but there are {len(rounds)}")
    table = [[_of(rounds[b], answers) for b in range(number + 1)] for number, answers in enumerate(answered)]
    cells = tuple(tuple(_share(values, seed) for values in row) for row in table)
    pooled = tuple(_share([value for values in row for value in values], seed) for row in table)
    earlier = range(len(table) - 1)
    backward = tuple(difference(table[-1][b], table[b][b], seed) for b in earlier)
    forgetting = tuple(_fallen([row[b].value for row in cells[b:-1]], cells[-1][b].value) for b in earlier)
    return Learned(cells, pooled, backward, forgetting)


def gains(rounds: Rounds, answered: ByTool, other: ByTool, seed: int = 0) -> tuple[Share, ...]:
    """`answered` minus `other`, which answer the same queries: for the tools of each round, then for all of them."""
    sides = [[_of(tools, answers) for tools in rounds] for answers in (answered, other)]
    each = [difference(one, two, seed) for one, two in zip(*sides, strict=True)]
    whole = [[value for values in side for value in values] for side in sides]
    return (*each, difference(whole[0], whole[1], seed))


def difference(after: Sequence[Value], before: Sequence[Value], seed: int = 0) -> Share:
    """`after` minus `before` of the same queries in points, with the interval of the paired difference.

    Nothing where no query counts on one of the sides. Raises `ValueError` if they differ in length.
    """
    if len(after) != len(before):
        raise ValueError(f"{len(after)} answers cannot be paired with {len(before)}")
    of = sum(pair != (None, None) for pair in zip(after, before, strict=True))
    first, last = _percent(before), _percent(after)
    if first is None or last is None:
        return Share(of=of)
    low, high = bootstrap.difference(after, before, seed=seed)
    return Share(round(last - first, 3), round(100 * low, 3), round(100 * high, 3), of)


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _of(tools: Sequence[str], answers: ByTool) -> list[Value]:
    return [value for tool in tools for value in answers.get(tool, ())]


def _share(values: Sequence[Value], seed: int) -> Share:
    value, of = _percent(values), sum(each is not None for each in values)
    if value is None:
        return Share()
    low, high = bootstrap.interval(values, seed=seed)
    return Share(round(value, 3), round(100 * low, 3), round(100 * high, 3), of)


def _percent(values: Sequence[Value]) -> float | None:
    counted = [value for value in values if value is not None]
    return 100 * sum(counted) / len(counted) if counted else None


def _fallen(before: Sequence[float | None], last: float | None) -> float | None:
    """How far the last figure lies below the best one before it."""
    known = [value for value in before if value is not None]
    return None if last is None or not known else round(max(known) - last, 3)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 3) if known else None
