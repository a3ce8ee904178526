"""What the method changed: ICL minus baseline, FT minus baseline, FT minus ICL, on the same queries.

    >>> before = {"a": {"correct": False}, "b": {"correct": False}}
    >>> after = {"a": {"correct": True}, "b": {"correct": True}}
    >>> difference(before, after, "correct")
    Figure(value=100.0, low=100.0, high=100.0, of=2)

Both methods answer the same queries, so the interval is that of the paired difference: whole queries are drawn again,
with what both methods made of them (percentile bootstrap). It is narrower than the two intervals suggest. Not covered:
other seeds and other test sets, which would add to the spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stesim import bootstrap
from stesim.report.evaluations import METRICS, MODES, Evaluation, Figure, Flags

# What two evaluations that are compared have in common, and how it is called in a note.
_SAME = {
    "model": "the model", "toolset": "the toolset", "testset": "the test set", "decoding": "decoding",
    "tools": "the number of tools", "candidates": "the number of candidates", "oracle": "the oracle",
    "seed": "the seed",
}  # fmt: skip
_NUMBERS = {"context": "the context", "max_tokens": "the tokens of a reply"}  # as far as the manifests tell
_PARTS = {"prompts": "the prompts", "tools": "the tools"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two evaluations of the same model on the same queries, and `after` minus `before` in percentage points by metric.

    `after` is of a later mode: baseline, ICL, FT.
    """

    before: Evaluation
    after: Evaluation
    differences: Mapping[str, Figure]


def comparisons(evaluations: Sequence[Evaluation]) -> list[Comparison]:
    """Every evaluation beside each of an earlier mode that differs from it in nothing but what the mode brings."""
    return [
        Comparison(before, after, {name: difference(before.flags or {}, after.flags or {}, name) for name in METRICS})
        for after in evaluations
        for before in evaluations
        if MODES.index(before.mode) < MODES.index(after.mode) and not unlike(before, after)
    ]


def difference(before: Flags, after: Flags, metric: str) -> Figure:
    """`after` minus `before` in percentage points, with its 95 % interval; both have the same queries.

    `of` counts the queries of either. One that a metric does not count for on one side (API match, where the reply was
    not well-formed) takes part on the other. The figure is empty where no query counts on one of the sides.
    """
    sides = [[flags[id].get(metric) for id in before] for flags in (before, after)]
    of = sum(pair != (None, None) for pair in zip(*sides, strict=True))
    counted = [[flag for flag in side if flag is not None] for side in sides]
    if not all(counted):
        return Figure(of=of)
    old, new = (sum(flags) / len(flags) for flags in counted)
    low, high = bootstrap.difference(sides[1], sides[0])
    return Figure(round(100 * (new - old), 1), round(100 * low, 1), round(100 * high, 1), of)


def unlike(one: Evaluation, other: Evaluation) -> list[str]:
    """What else than their modes differs between two evaluations, in words; nothing where they form a pair.

    The prompts, the tools, the context and the tokens of a reply are compared where both manifests tell them. A
    fine-tuned model that sees no tool described has a prompt of its own, without candidates.
    """
    own = set[str]() if one.describe and other.describe else {"candidates", "oracle", "prompts"}
    found = [
        f"{name} {_said(getattr(one, key))}, not {_said(getattr(other, key))}"
        for key, name in _SAME.items()
        if key not in own and getattr(one, key) != getattr(other, key)
    ]
    found += _unlike_models(one, other)
    for key, name in _NUMBERS.items():
        before, after = one.recorded.number(key), other.recorded.number(key)
        if None not in (before, after) and before != after:
            found.append(f"{name} {before}, not {after}")
    for key, name in _PARTS.items():
        if key in own:
            continue
        prints = {each.recorded.text(key, "fingerprint") for each in (one, other)} - {""}
        if len(prints) > 1:
            found.append(f"{name} (others)")
    if not are_asked_alike(one, other):
        found.append("the queries (others)")
    return found


def are_asked_alike(one: Evaluation, other: Evaluation) -> bool:
    """Whether two evaluations were asked the same queries, with the same right calls."""
    flags, others = one.flags or {}, other.flags or {}
    return one.testset_fingerprint == other.testset_fingerprint and bool(flags) and flags.keys() == others.keys()


def _unlike_models(one: Evaluation, other: Evaluation) -> list[str]:
    """Whether there is an adapter where there should be none, or one made for another model."""
    if (one.mode == "ft") == (other.mode == "ft"):
        parts = [[each.adapter.get(name) for name in ("fingerprint", "scale")] for each in (one, other)]
        return ["the adapter (others)"] if parts[0] != parts[1] else []
    trained, plain = (one, other) if one.mode == "ft" else (other, one)
    if plain.adapter:
        return ["the adapter (both have one)"]
    base, file = trained.adapter.get("base"), plain.recorded.text("model", "fingerprint")
    return ["the model (another file)"] if base and file and base != file else []


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not told" if value in (None, "") else str(value)
