"""From demonstrations and tools to the bytes of a file.

    >>> from stesim.records import Demonstration, Tool
    >>> shown = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> made = export("sharegpt", [shown], [Tool("rain", "Tells of rain.", {"type": "object"})], Plan())
    >>> made.rows, made.data[:18]
    (1, b'{"conversations": ')

The rows stand in the order of the demonstrations. Not covered: where the file goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stesim.dataset import messages, nocall, paper, react, sharegpt
from stesim.dataset.lesson import Lesson, chance, offered
from stesim.dataset.masking import mask
from stesim.dataset.names import legal_names, rename
from stesim.errors import UserError
from stesim.prompts import load_stage_prompts
from stesim.records import Demonstration, Tool

Row = Mapping[str, Any]

FORMATS = ("messages", "react", "sharegpt", "paper")
CANDIDATES = 5
_LEGAL_ONLY = ("messages", "sharegpt")  # names of functions there are held to a rule
# What JSON leaves as it is, but a terminal or a reader of lines does not.
_UNSEEN = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made of the demonstrations.

    `candidates` tools at most are offered in a row, the right one among them. Names are masked in `mask_names` of the
    rows, decided for each by lot; rows without a call come to `no_call` of the demonstrations. Both are shares from 0
    to 1. `seed` decides every random choice. With `calls_only` a row ends with the call, and no row teaches what comes
    after it: results and final answers are only as good as the model that explored.
    """

    mask_names: float = 0.0
    no_call: float = 0.0
    candidates: int = CANDIDATES
    seed: int = 0
    calls_only: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's bytes, and what is in it: rows, those with masked names, those in which no tool fits, the tools that
    have another name there, and in how many demonstrations `datasets` would round a number.
    """

    data: bytes
    rows: int
    masked: int
    no_call: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    rounded: int = 0


def file_name(format_: str) -> str:
    """What the file of a format is usually called."""
    return f"{format_}.json" if format_ == "paper" else f"{format_}.jsonl"


def export(format_: str, demonstrations: Sequence[Demonstration], tools: Sequence[Tool], plan: Plan) -> Exported:
    """The file of a format (one of `FORMATS`); `tools` are those that may be offered, the demonstrated ones among them.

    Raises `UserError` for a plan that the format or the tools do not allow.
    """
    if format_ == "paper" and (plan.mask_names or plan.no_call):
        raise UserError(
            "the format paper describes no tools in its prompts: names masked there, or tools left out, could not be "
            "seen; leave out --mask-names and --no-call"
        )
    if plan.no_call and len(tools) < 2:
        raise UserError(f"--no-call needs another tool to offer; the run has only {tools[0].name}")
    names = legal_names(tools) if format_ in _LEGAL_ONLY else {}
    taught = [rename(lesson, names) for lesson in lessons(demonstrations, tools, plan)]
    write = _writer(format_, calls_only=plan.calls_only)
    written = [(lesson, row) for lesson in taught for row in write(lesson)]
    rows = [row for _, row in written]
    return Exported(
        _as_list(rows) if format_ == "paper" else b"".join(map(_line, rows)),
        len(rows),
        masked=sum(lesson.masked for lesson, _ in written),
        no_call=sum(lesson.demonstration is None for lesson, _ in written),
        renamed=names,
        rounded=sum(messages.rounded(shown.arguments) for shown in demonstrations) if format_ == "messages" else 0,
    )


def lessons(demonstrations: Sequence[Demonstration], tools: Sequence[Tool], plan: Plan) -> list[Lesson]:
    """A lesson for each demonstration, and after it, if it was drawn, the one without a call."""
    by_name = {tool.name: tool for tool in tools}
    drawn = nocall.choose(demonstrations, plan.no_call, plan.seed)
    found: list[Lesson] = []
    for place, shown in enumerate(demonstrations):
        right = by_name[shown.tool]
        chosen = offered(tools, right, plan.candidates, chance(plan.seed, "offered", shown))
        found.append(_maybe_masked(Lesson(shown.query, chosen, shown), shown, "mask", plan))
        if place in drawn:
            rng = chance(plan.seed, "offered without", shown)
            without = nocall.without_call(shown, tools, right, plan.candidates, rng)
            found.append(_maybe_masked(without, shown, "mask without", plan))
    return found


def _maybe_masked(lesson: Lesson, shown: Demonstration, what: str, plan: Plan) -> Lesson:
    rng = chance(plan.seed, what, shown)
    return mask(lesson, rng) if rng.random() < plan.mask_names else lesson


def _writer(format_: str, *, calls_only: bool) -> Callable[[Lesson], Sequence[Row]]:
    if format_ == "react":
        return partial(react.rows, prompts=load_stage_prompts("answer"), calls_only=calls_only)
    writers: dict[str, Callable[..., Sequence[Row]]] = {
        "messages": messages.rows, "sharegpt": sharegpt.rows, "paper": paper.rows,
    }  # fmt: skip
    return partial(writers[format_], calls_only=calls_only)


def _line(row: Row) -> bytes:
    text = json.dumps(row, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode() + b"\n"


def _as_list(rows: Sequence[Row]) -> bytes:
    """One JSON list, each row on a line of its own."""
    return b"[\n" + b",\n".join(_line(row).rstrip(b"\n") for row in rows) + b"\n]\n"
