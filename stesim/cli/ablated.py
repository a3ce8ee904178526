"""What an ablation came to: for each variant the fine-tuned model's figures, and their difference to the whole method.

    results = read(Path("runs/ablation-smollm2"), {"full": "", "no-judge": "same as full here: …"})
    print(markdown(results))

Differences are paired, as every variant's model answers the same queries. Not covered: what each variant's own
evaluation says of tools and failures, which `stesim report` shows of its folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stesim.cli.recipe import TUNED
from stesim.cli.variants import FULL, LEFT_OUT, SAME, VARIANTS
from stesim.report import evaluations
from stesim.report.evaluations import RESULT, Evaluation, Figure
from stesim.report.markdown import cell, table
from stesim.report.paired import are_asked_alike, difference
from stesim.report.study import Distillation, read_distillation
from stesim.report.summary import NOTHING

METRICS = ("well_formed", "api_match", "correct")
_NO_ADAPTER = "no trial passed every gate, so there was nothing to train on"
_PAPER = "paper (Llama-2-7B)"
_ABOUT = (
    "Of the fine-tuned models, in percent with 95 % intervals: well-formed and correct of all answerable queries, API "
    "match of the well-formed. Differences in percentage points, with the 95 % interval of the paired difference: the "
    "same queries on both sides. Each variant is one exploration; the intervals do not tell how another seed would "
    "change it. The paper's figures (well-formed / API match / correct) are of Llama-2-7B with 50 tools."
)


@dataclass(frozen=True, slots=True)
class Result:
    """A variant: `said` is why it was not run or has no figures; `differences` are those to the whole method."""

    name: str
    said: str = ""
    distillation: Distillation | None = None
    tuned: Evaluation | None = None
    differences: Mapping[str, Figure] = field(default_factory=dict)


def read(out: Path, variants: Mapping[str, str]) -> list[Result]:
    """The results of the variants, each with why it was not run; raises `StoreError` for a file of another shape."""
    full = _evaluation(out / FULL)
    return [_result(name, said, out / name, full) for name, said in variants.items()]


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The results as JSON values; shares in percent, differences in percentage points."""
    return [
        {
            "variant": each.name,
            "said": each.said,
            "same_as_full": each.said.startswith(SAME),
            "trials": each.distillation and each.distillation.trials,
            "kept": each.distillation and each.distillation.kept,
            "demonstrations": each.distillation and each.distillation.demonstrations,
            "metrics": {name: asdict(each.tuned.metrics[name]) for name in METRICS} if each.tuned else None,
            "differences": {name: asdict(figure) for name, figure in each.differences.items()} or None,
            "paper": _paper(each.name),
        }
        for each in results
    ]


def markdown(results: Sequence[Result]) -> str:
    """A table with a row for each variant, and what is to be known of it."""
    headings = ("variant", "trials", "demonstrations", "well-formed", "API match", "correct", "correct − full", _PAPER)
    notes = [f"- {each.name}: {cell(each.said)}." for each in results if each.said]
    model = next((cell(each.tuned.model) for each in results if each.tuned), "")
    parts = [f"### Ablations of {model}" if model else "### Ablations", table(headings, [*map(_row, results)]), _ABOUT]
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else [])])


def _result(name: str, said: str, folder: Path, full: Evaluation | None) -> Result:
    if said:
        return Result(name, said)
    tuned = _evaluation(folder)
    differences = {}
    if name != FULL and full is not None and tuned is not None and are_asked_alike(full, tuned):
        differences = {metric: difference(full.flags or {}, tuned.flags or {}, metric) for metric in METRICS}
    return Result(name, "" if tuned else LEFT_OUT + _NO_ADAPTER, read_distillation(folder), tuned, differences)


def _evaluation(folder: Path) -> Evaluation | None:
    path = folder / "eval" / TUNED
    return evaluations.read(path) if (path / RESULT).is_file() else None


def _row(each: Result) -> tuple[str, ...]:
    if each.said.startswith(SAME):
        return (each.name, *["as full"] * 6, _told(each.name))
    found = each.distillation
    counts = [NOTHING if found is None or n is None else str(n) for n in (found and found.trials, _learned(found))]
    shares = [_share(each.tuned.metrics.get(name)) if each.tuned else NOTHING for name in METRICS]
    return (each.name, *counts, *shares, _points(each.differences.get("correct")), _told(each.name))


def _learned(found: Distillation | None) -> int | None:
    return found.demonstrations if found else None


def _paper(name: str) -> dict[str, float] | None:
    row = VARIANTS[name].paper
    return {metric: getattr(row, metric) for metric in METRICS} if row else None


def _told(name: str) -> str:
    found = _paper(name)
    return " / ".join(f"{value:.1f}" for value in found.values()) if found else NOTHING


def _share(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return NOTHING
    known = figure.low is not None and figure.high is not None
    return f"{figure.value:.1f} ({figure.low:.1f} to {figure.high:.1f})" if known else f"{figure.value:.1f}"


def _points(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return NOTHING
    value, low, high = (_signed(n or 0.0) for n in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if round(value, 1) else "0.0"
