"""What one row of training data teaches: a query, the tools that are offered, and the call that answers it.

    >>> from stesim.records import Tool
    >>> tools = [Tool(name, "", {}) for name in ("a", "b", "c")]
    >>> [tool.name for tool in offered(tools, tools[1], 2, random.Random(0))]
    ['b', 'c']

Not covered: which words the formats put around it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from stesim.records import Demonstration, Tool


@dataclass(frozen=True, slots=True)
class Lesson:
    """A query and the tools offered for it, in the toolset's order.

    `demonstration` is None where none of them can serve it. `masked` says whether the names are made up.
    """

    query: str
    tools: tuple[Tool, ...]
    demonstration: Demonstration | None
    masked: bool = False


def chance(seed: int, what: str, demonstration: Demonstration) -> random.Random:
    """The random numbers for one decision about one demonstration; they hang on nothing else."""
    place = (demonstration.tool, demonstration.episode, demonstration.trial, demonstration.paraphrase)
    return random.Random(f"{seed}|{what}|{place}|{demonstration.query}")


def offered(tools: Sequence[Tool], right: Tool, count: int, rng: random.Random) -> tuple[Tool, ...]:
    """The right tool and others drawn by lot, `count` in all or as many as there are, in the toolset's order."""
    others = [tool for tool in tools if tool.name != right.name]
    drawn = rng.sample(others, min(count - 1, len(others)))
    return tuple(tool for tool in tools if tool.name == right.name or tool in drawn)
