"""Rows in which no tool fits: the right one is not offered, and the assistant says so.

    >>> from stesim.records import Tool
    >>> tools = [Tool("rain", "", {}, tags=("weather",)), Tool("snow", "", {}, tags=("weather",)), Tool("add", "", {})]
    >>> [tool.name for tool in unlike(tools, tools[0])]
    ['add']

Without them a model that has only ever seen calls calls something for every query. Not covered: queries that no tool
of the toolset serves at all.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from stesim.dataset.lesson import Lesson, chance
from stesim.records import Demonstration, Tool


def choose(demonstrations: Sequence[Demonstration], share: float, seed: int) -> frozenset[int]:
    """The places of the demonstrations that get such a row beside them: this share of all, to the nearest whole one."""
    drawn = [(chance(seed, "no call", shown).random(), place) for place, shown in enumerate(demonstrations)]
    return frozenset(place for _, place in sorted(drawn)[: round(share * len(demonstrations))])


def unlike(tools: Sequence[Tool], right: Tool) -> list[Tool]:
    """The tools that can be offered in place of the right one: of other providers, and about other things.

    Where that leaves none, those about other things; where that leaves none either, all others.
    """
    others = [tool for tool in tools if tool.name != right.name]
    about_others = [tool for tool in others if not set(tool.tags) & set(right.tags)]
    return [tool for tool in about_others if tool.provider != right.provider] or about_others or others


def without_call(shown: Demonstration, tools: Sequence[Tool], right: Tool, count: int, rng: random.Random) -> Lesson:
    """The lesson that none of the tools offered, `count` at most, can serve the query of `shown`."""
    others = unlike(tools, right)
    drawn = rng.sample(others, min(count, len(others)))
    return Lesson(shown.query, tuple(tool for tool in others if tool in drawn), None)
