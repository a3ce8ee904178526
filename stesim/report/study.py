"""What a run's folder holds in all: the exploration, what distillation kept of it, and the evaluations.

    study = read(Path("runs/first"))
    print(study.exploration.trials, study.distillation, len(study.evaluations))

Nothing is asked of a model. Not covered: the trials one by one (`stesim memory`, `stesim show`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from stesim.demonstrations import DEMONSTRATIONS
from stesim.errors import StoreError
from stesim.files import read_bounded
from stesim.records import Gate
from stesim.report.evaluations import Evaluation, model_name, read_all
from stesim.report.paired import Comparison, comparisons
from stesim.report.recorded import Recorded, read_json
from stesim.report.recorded import read as read_recorded
from stesim.report.summary import Summary, summarize, total
from stesim.report.trained import Training
from stesim.report.trained import read as read_training
from stesim.store import RunFolder

DISTILLED = "distill.json"
_LARGEST = 256 << 20  # bytes of the file of demonstrations
GATES: tuple[str, ...] = tuple(gate for gate in get_args(Gate) if gate)


@dataclass(frozen=True, slots=True)
class Distillation:
    """How many of the trials became demonstrations (paper: section 3.2).

    `dropped` counts the trials by the gate that they did not pass, in the order of the gates; `kept` passed all.
    `asked` are the gates that could drop one: no judge does without a judge.
    `paraphrases` were added to them, `unfit` counts the rewordings that were dropped, by the reason. None is a number
    that the summary does not hold.
    """

    trials: int | None
    kept: int | None
    dropped: Mapping[str, int]
    asked: tuple[str, ...]
    paraphrases: int | None
    demonstrations: int | None
    unfit: Mapping[str, int]
    judge: str
    seconds: float | None

    @property
    def left(self) -> dict[str, int]:
        """How many trials were left after each gate."""
        remaining, found = self.trials or 0, {}
        for gate, dropped in self.dropped.items():
            remaining -= dropped
            found[gate] = remaining
        return found


@dataclass(frozen=True, slots=True)
class Study:
    """A run and all that was made of it; `seconds` and `tokens` are the model's, in the exploration. `spec` is what was
    typed for its model, `adapter` what is told of the adapter that it had, if it had one. `learned` says whether there
    are demonstrations now; `training` is the fine-tuning on them, or on earlier ones: then it is `outdated`.
    """

    run: str
    settings: Mapping[str, Any]
    model: str
    spec: str
    adapter: Mapping[str, Any]
    toolset: str
    learned: bool
    exploration: Summary
    seconds: float
    tokens: int
    distillation: Distillation | None
    training: Training | None
    outdated: bool
    evaluations: tuple[Evaluation, ...]
    unfinished: tuple[str, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def planned(self) -> int:
        """The trials that the run has when it is finished."""
        settings = self.settings
        return len(settings["tools"]) * int(settings["episodes"]) * int(settings["trials"])


def read(path: Path) -> Study:
    """The study in a run's folder; raises `StoreError` with one line that names the file."""
    folder = RunFolder.read(path)
    settings = _settings(folder)
    recorded, shown = Recorded(folder.manifest), demonstrations_now(path)
    evaluations, unfinished = read_all(path)
    training = read_training(path)
    evaluations = [replace(each, outdated=_is_outdated(each, shown, training, path)) for each in evaluations]
    seconds, tokens = 0.0, 0
    for _, completion in folder.completions():
        seconds += completion.seconds
        tokens += completion.tokens
    return Study(
        run=str(path),
        settings=settings,
        model=model_name(recorded.text("model", "name")),
        spec=recorded.text("model", "spec"),
        adapter=recorded.adapter,
        toolset=recorded.text("tools", "toolset"),
        learned=bool(shown),
        exploration=total(summarize(folder.trials(), settings["tools"])),
        seconds=seconds,
        tokens=tokens,
        distillation=read_distillation(path),
        training=training,
        outdated=training is not None and training.learned_from_others(shown),
        evaluations=tuple(evaluations),
        unfinished=tuple(unfinished),
        comparisons=tuple(comparisons(evaluations)),
    )


def as_json(study: Study) -> dict[str, Any]:
    """The study as JSON values, without the flags of single queries."""
    distillation = study.distillation
    return {
        "run": study.run,
        "model": study.model,
        "toolset": study.toolset,
        "seed": study.settings.get("seed"),
        "exploration": {
            **asdict(study.exploration), "planned": study.planned, "seconds": round(study.seconds, 2),
            "tokens": study.tokens,
        },
        "distillation": None if distillation is None else {**asdict(distillation), "left": distillation.left},
        "evaluations": [
            {name: value for name, value in asdict(each).items() if name not in ("flags", "recorded")}
            for each in study.evaluations
        ],
        "finetuning": study.training and dict(study.training.summary),
        "unfinished": list(study.unfinished),
        "differences": [
            {
                each.before.mode: each.before.name,
                each.after.mode: each.after.name,
                **{name: asdict(figure) for name, figure in each.differences.items()},
            }
            for each in study.comparisons
        ],
    }  # fmt: skip


def _settings(folder: RunFolder) -> Mapping[str, Any]:
    settings = folder.manifest.get("settings")
    numbers = [settings.get(name) for name in ("episodes", "trials")] if isinstance(settings, dict) else [None]
    tools = settings.get("tools") if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not all(type(each) is int for each in numbers) or not _names(tools):
        raise StoreError(f"{folder.path / 'manifest.json'} is not a run's manifest: look at settings")
    return settings


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def demonstrations_now(run: Path) -> bytes | None:
    """A run's demonstrations as they stand in the file now; None where there is none. Raises `StoreError`."""
    path = run / DEMONSTRATIONS
    try:
        return read_bounded(path, _LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


def _is_outdated(each: Evaluation, shown: bytes | None, training: Training | None, run: Path) -> bool:
    if training is not None and training.made_another(each.adapter, run):
        return True
    reads = each.mode == "icl" or (each.mode == "ft" and each.shots > 0)
    return reads and shown is not None and each.recorded.read_others(shown)


def read_distillation(run: Path) -> Distillation | None:
    """What a run's `distill.json` says; None where there is none. Raises `StoreError` with one line that names it."""
    path = run / DISTILLED
    if not os.path.lexists(path):
        return None
    found = read_json(path)
    dropped = _counts(found, "gates", path)
    known = {gate: dropped[gate] for gate in GATES if gate in dropped}
    dropped = known | {gate: n for gate, n in dropped.items() if gate not in known}
    judge = found["judge"] if isinstance(found.get("judge"), str) else ""
    silent = _silent(run, bool(judge))
    return Distillation(
        trials=_count(found.get("trials"), "trials", path),
        kept=_count(found.get("kept"), "kept", path),
        dropped=dropped,
        asked=tuple(gate for gate, n in dropped.items() if n or gate not in silent),
        paraphrases=_count(found.get("paraphrases"), "paraphrases", path),
        demonstrations=_count(found.get("demonstrations"), "demonstrations", path),
        unfit=_counts(found, "paraphrases_dropped", path),
        judge=judge,
        seconds=float(found["seconds"]) if isinstance(found.get("seconds"), int | float) else None,
    )


def is_unjudged(run: Path) -> bool:
    """Whether a run's demonstrations were made without a judge, so that nobody has looked at the answers; False where
    nothing says so. Raises `StoreError`.
    """
    path = run / DISTILLED
    return os.path.lexists(path) and read_json(path).get("judge", "") is None


def _silent(run: Path, judged: bool) -> set[str]:
    """The gates that nobody asked: the judge's without a judge, `rank` where the query is imagined first, grounding
    where it is off."""
    silent = set() if judged else {"judge", "unparsed"}
    if read_recorded(run).settings.get("imagine") != "call-first":
        silent.add("rank")
    if read_recorded(run / "judge").settings.get("grounding") == "off":
        silent.add("grounding")
    return silent


def _counts(found: Mapping[str, Any], name: str, path: Path) -> dict[str, int]:
    values = found.get(name) or {}
    if not isinstance(values, dict) or not all(type(n) is int for n in values.values()):
        raise StoreError(f"{path} is not the summary of a distillation: look at {name}")
    return values


def _count(value: object, name: str, path: Path) -> int | None:
    if value is None or type(value) is int:
        return value
    raise StoreError(f"{path} is not the summary of a distillation: look at {name}")
