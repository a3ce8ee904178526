"""The results of the evaluations in a run's folder, read from `eval/*/result.json` and checked.

    found, unfinished = read_all(Path("runs/first"))
    print([(each.name, each.metrics["correct"].value) for each in found])

A result says how often a model called the right tool in the right way on queries that the exploration never saw: in
the paper's three figures (section 4: well-formed, API match, correctness) and in stricter ones. Not covered: asking the
model and comparing calls, which is the evaluation's business.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stesim.errors import StoreError
from stesim.report.recorded import Recorded, read_json
from stesim.report.recorded import read as read_recorded

METRICS = {
    "well_formed": "well-formed",
    "api_match": "API match",
    "correct": "correct",
    "argument_match": "argument match",
    "execution_match": "execution match",
    "no_call": "no call",
}
METRICS_MEAN = (
    "well-formed: a call with a JSON object, of all answerable queries. API match: the right tool, of the well-formed. "
    "correct: the right tool, and the right arguments as strings, further ones allowed, of all answerable queries. "
    "argument match: the arguments by the test set's rules, none beyond. execution match: the same result as the right "
    "call. no call: where no tool can help."
)
RESULT = "result.json"
MODES = ("baseline", "icl", "ft")  # in the order in which they build on one another

Flags = Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share in percent, None of nothing; `low` and `high` bound its 95 % interval, `of` is how many it is of."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    of: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A failure: the query, the right call (None where no call was right), what the model said instead, and how the
    arguments of a call of the right tool differ, in words.
    """

    id: str
    query: str
    right: Mapping[str, Any] | None
    said: str
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many `answers` called another tool than the right one, these two."""

    right: str
    called: str
    answers: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation came to, over `queries` that a tool can answer and `unanswerable` ones.

    `metrics` and `by_tool` are in percent. `flags` says of each query, by its id, which metrics it fulfils; a metric
    that it does not count for is not there. `demonstrations` are those that there were, `shots` of them were shown with
    a query; `candidates` tools stood in the prompt, the right one always among them where `oracle` is set; for
    `not_offered` queries it was not. Without `describe` (mode `ft`, fine-tuned) no tool did. `wrong_values` says of how
    many of the failures of this kind the values were `miscopied`, and of how many not; `confusions` which tools were
    called instead of the right ones, the most frequent first; older results tell neither. `adapter` is what is told of
    the LoRA adapter that the model had. `seconds` is the model's time. `recorded` is the manifest, `outdated` says
    whether the run's demonstrations, or its adapter, are other ones now.
    """

    name: str
    mode: str
    model: str
    constrained: bool
    metrics: Mapping[str, Figure]
    queries: int
    unanswerable: int = 0
    toolset: str = ""
    testset: str = ""
    testset_fingerprint: str = ""
    tools: int = 0
    seed: int | None = None
    demonstrations: int = 0
    shots: int = 0
    retrieval: str = ""
    candidates: int = 0
    oracle: bool = False
    not_offered: int = 0
    by_tool: Mapping[str, Mapping[str, float | None]] | None = None
    failures: Mapping[str, int] | None = None
    examples: Mapping[str, Sequence[Example]] | None = None
    flags: Flags | None = None
    tokens: Mapping[str, int] | None = None
    seconds: float = 0.0
    recorded: Recorded = field(default_factory=Recorded)
    outdated: bool = False
    describe: bool = True
    adapter: Mapping[str, Any] = field(default_factory=dict)
    wrong_values: Mapping[str, int] = field(default_factory=dict)
    confusions: Sequence[Confusion] = ()

    @property
    def group(self) -> tuple[str, str, int, tuple[str, ...], str]:
        """What the evaluations of one table have in common: the model, the tools and the test set."""
        return self.model, self.toolset, self.tools, self.recorded.tools, self.testset

    @property
    def method(self) -> str:
        """The model as it is with the tools described (the baseline), with demonstrations besides (in-context learning,
        ICL), or fine-tuned (FT), with no tool described unless it says so.
        """
        if self.mode != "ft":
            return ("ICL" if self.mode == "icl" else "baseline") + (" with adapter" if self.adapter else "")
        more = [*(["descriptions"] if self.describe else []), *(["ICL"] if self.shots else [])]
        return f"FT with {' and '.join(more)}" if more else "FT"

    @property
    def decoding(self) -> str:
        """Whether replies were held to a grammar."""
        return "constrained" if self.constrained else "unconstrained"


def read_all(run: Path) -> tuple[list[Evaluation], list[str]]:
    """The finished evaluations of a run, baseline, ICL, FT, and constrained first, and the names of unfinished ones.

    Raises `StoreError` with one line that names the file.
    """
    finished, unfinished = [], []
    for folder in _folders(run / "eval"):
        if os.path.lexists(folder / RESULT):
            finished.append(read(folder))
        else:
            unfinished.append(folder.name)
    finished.sort(key=_order)
    return finished, unfinished


def _order(each: Evaluation) -> tuple[Any, ...]:
    trained = (each.describe, each.shots) if each.mode == "ft" else ()
    return each.group, not each.constrained, MODES.index(each.mode), trained, each.name


def read(folder: Path) -> Evaluation:
    """The evaluation of a folder; raises `StoreError`."""
    path = folder / RESULT
    fields = _Fields(read_json(path))
    mode = fields.take("mode", str)
    if mode not in MODES:
        fields.wrong.append("mode")
    seed, recorded = fields.take("seed", int, None), read_recorded(folder)
    found = Evaluation(
        name=fields.take("name", str, folder.name),
        mode=mode,
        model=model_name(fields.take("model", str)),
        constrained=fields.take("constrained", bool),
        metrics=_figures(fields),
        queries=fields.take("queries", int),
        seed=recorded.number("seed") if seed is None else seed,
        by_tool=fields.each("by_tool", _shares),
        failures=fields.each("failures", _count),
        examples=fields.each("examples", _examples),
        flags=fields.each("flags", _flags),
        tokens=fields.each("tokens", _count),
        seconds=float(fields.take("seconds", (int, float), 0.0)),
        **{name: fields.take(name, str, "") for name in ("toolset", "testset", "testset_fingerprint", "retrieval")},
        **{
            name: fields.take(name, int, 0)
            for name in ("unanswerable", "tools", "not_offered", "demonstrations", "shots")
        },
        candidates=fields.take("candidates", int, None) or 0,
        oracle=fields.take("oracle", bool, False),
        describe=fields.take("describe", bool, mode != "ft"),
        adapter=fields.take("lora", dict, {}),
        wrong_values=fields.each("wrong_values", _count),
        confusions=_confusions(fields),
        recorded=recorded,
    )
    if fields.wrong:
        raise StoreError(f"{path} is not the result of an evaluation: look at {', '.join(dict.fromkeys(fields.wrong))}")
    return found


def model_name(name: str) -> str:
    """A model's name. Replies that were recorded lie in a file for each evaluation, and stand for one model."""
    kind, colon, _ = name.partition(":")
    return {"scripted": "scripted replies", "replay": "replayed replies"}.get(kind, name) if colon else name


class _Fields:
    """Takes the values of an object one by one; `wrong` names those that are missing or of another kind."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._value = value
        self.wrong: list[str] = []

    def take(self, name: str, kind: type | tuple[type, ...], *default: Any) -> Any:
        """A value of this kind; the default where it is missing or null and there is one."""
        kinds = kind if isinstance(kind, tuple) else (kind,)
        value = self._value.get(name)
        if value is None and default:
            return default[0]
        if type(value) not in kinds:
            self.wrong.append(name)
            return kinds[0]()
        return value

    def each(self, name: str, kind: Any) -> Any:
        """An object (none is an empty one) each of whose values `kind` makes something of; None says it cannot."""
        made = {key: kind(value) for key, value in self.take(name, dict, {}).items()}
        if any(value is None for value in made.values()):
            self.wrong.append(name)
        return made


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


def _number(value: object) -> bool:
    return value is None or type(value) is int or (isinstance(value, float) and math.isfinite(value))


def _figures(fields: _Fields) -> dict[str, Figure]:
    made: dict[str, Figure] = {}
    values = fields.take("metrics", dict)
    for name in METRICS:
        value = values.get(name, {})
        numbers: list[Any] = (
            [value.get(part) for part in ("value", "low", "high")] if isinstance(value, dict) else ["none"]
        )
        of = value.get("of", 0) if isinstance(value, dict) else 0
        if all(map(_number, numbers)) and type(of) is int:
            made[name] = Figure(numbers[0], numbers[1], numbers[2], of)
        else:
            fields.wrong.append(f"metrics.{name}")
    return made


def _count(value: object) -> int | None:
    return value if type(value) is int else None


def _confusions(fields: _Fields) -> tuple[Confusion, ...]:
    made = []
    for each in fields.take("confusions", list, []):
        told: list[Any] = [each.get(name) for name in ("right", "called", "answers")] if isinstance(each, dict) else []
        if [type(value) for value in told] == [str, str, int]:
            made.append(Confusion(*told))
        else:
            fields.wrong.append("confusions")
    return tuple(made)


def _shares(value: object) -> dict[str, float | None] | None:
    good = isinstance(value, dict) and all(map(_number, value.values()))
    return value if good else None  # type: ignore[return-value]


def _flags(value: object) -> dict[str, bool] | None:
    if not isinstance(value, dict) or not all(flag in (True, False) for flag in value.values()):
        return None
    return {name: bool(flag) for name, flag in value.items()}


def _examples(value: object) -> list[Example] | None:
    made = []
    for each in value if isinstance(value, list) else [None]:
        if not isinstance(each, dict) or not isinstance(each.get("right"), dict | None):
            return None
        texts, differs = [each.get(name, "") for name in ("id", "query", "said")], each.get("differs", [])
        if not isinstance(differs, list) or not all(isinstance(text, str) for text in [*texts, *differs]):
            return None
        made.append(Example(texts[0], texts[1], each.get("right"), texts[2], tuple(differs)))
    return made
