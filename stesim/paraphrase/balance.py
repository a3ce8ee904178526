"""How many rewordings an example gets, and which demonstrations a tool has in the end.

    >>> [share(n, wanted=150, most=6) for n in (1, 20, 50, 60, 75, 149, 150, 200)]
    [6, 6, 2, 2, 1, 1, 0, 0]

The rule (paper: section 3.2 and its appendix: about 150 examples a tool, at most 6 rewordings an example): a tool with
n examples, of which `wanted` are wanted, has

- for n above `wanted`, `wanted` of the examples, a seeded choice, and no rewordings;
- else all n, each reworded min(`most`, ceil((`wanted` - n) / n)) times; where that is more than `wanted` in all, the
  first rewording of every example goes before the second of any, and of the last round that does not fit as a whole a
  seeded choice is taken.

The authors' program rounds `wanted` / n and trims nothing, so a tool of 60 gets 120; and it asks for one rewording even
of a tool that has enough. Not covered: tools without a single example, which stay without one.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from stesim.records import Demonstration, Paraphrased, which


def share(n: int, wanted: int, most: int) -> int:
    """How many rewordings each of a tool's `n` examples is to have."""
    return max(0, min(most, -(-(wanted - n) // n))) if n else 0


def choose(originals: Iterable[Demonstration], wanted: int, seed: int) -> list[Demonstration]:
    """The examples, at most `wanted` of each tool, in their order."""
    found: list[Demonstration] = []
    for group in _by_tool(originals):
        found += _some(group, wanted, seed)
    return found


def demonstrations(
    chosen: Sequence[Demonstration], paraphrased: Mapping[tuple[str, int, int], Paraphrased], wanted: int, seed: int
) -> list[Demonstration]:
    """The demonstrations: each example with its rewordings after it, at most `wanted` of each tool.

    `chosen` is what `choose` gave; an example may be without rewordings.
    """
    found: list[Demonstration] = []
    for originals in _by_tool(chosen):
        position = {which(original): number for number, original in enumerate(originals)}
        kept = list(originals)
        for number in itertools.count(1):
            reworded = [_reworded(original, paraphrased, number) for original in originals]
            new = [one for one in reworded if one is not None]
            kept += _some(new, wanted - len(kept), seed)
            if not new or len(kept) >= wanted:
                break
        found += sorted(kept, key=lambda one: (position[which(one)], one.paraphrase))
    return found


def _by_tool(examples: Iterable[Demonstration]) -> list[list[Demonstration]]:
    """The examples of each tool, tools in the order in which they come first."""
    found: dict[str, list[Demonstration]] = {}
    for example in examples:
        found.setdefault(example.tool, []).append(example)
    return list(found.values())


def _reworded(
    original: Demonstration, paraphrased: Mapping[tuple[str, int, int], Paraphrased], number: int
) -> Demonstration | None:
    """An example with its nth rewording for a query, if it has so many."""
    found = paraphrased.get(which(original))
    if found is None or len(found.paraphrases) < number:
        return None
    return replace(original, query=found.paraphrases[number - 1], paraphrase=number)


def _some(examples: list[Demonstration], most: int, seed: int) -> list[Demonstration]:
    """At most `most` of the examples in their order: those whose place has the smallest digests."""
    if len(examples) <= most:
        return examples

    def lot(example: Demonstration) -> bytes:
        place = f"{seed}\0{example.tool}\0{example.episode}\0{example.trial}\0{example.paraphrase}"
        return hashlib.sha256(place.encode()).digest()

    drawn = {id(example) for example in sorted(examples, key=lot)[: max(0, most)]}
    return [example for example in examples if id(example) in drawn]
