"""The folder of a fine-tuning, beside its adapter: what it was begun with, its steps, its checkpoint and its summary.

    folder = TuneFolder.open_(Path("runs/first/finetune/adapter"))
    folder.losses()

It is named as the adapter, without `.gguf`. Not covered: the training itself (`tuning.py`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stesim.cli import tune_shapes
from stesim.cli.common import check_out
from stesim.errors import StoreError, UserError
from stesim.finetune.drills import DrillPlan
from stesim.finetune.rows import RowPlan
from stesim.finetune.training import Step, TrainSettings
from stesim.store import StageFolder
from stesim.store.folder import held, is_run, read_object

STAGE = "finetune"
ADAPTER = Path(STAGE) / "adapter.gguf"
CHECKPOINT, WEIGHTS, SUMMARY = "checkpoint.pt", "weights.safetensors", "finetune.json"
AGAIN = "add --again, which sets aside what is there and begins anew"
_SUFFIX = ".gguf"
_LARGEST = 1 << 20  # bytes of a manifest or a summary

# What a training is begun with, besides its rows and its model; None and "auto" stand for what is found out then.
DEFAULTS: Mapping[str, Any] = {
    **{name: value for name, value in asdict(TrainSettings()).items() if name != "seed"},
    "alpha": None,
    "precision": "auto",
    "calls_only": RowPlan().calls_only,
    "no_call": RowPlan().no_call,
    "drills": DrillPlan().each,
    "drill_tools": None,
    "seed": None,
    "threads": None,
}


class TuneFolder(StageFolder):
    """The work folder of a fine-tuning; a line of what is finished for each step."""

    FINISHED = "steps.jsonl"
    ASKS = False

    def steps(self) -> list[Mapping[str, Any]]:
        """The steps so far; raises `StoreError` with the line's number."""
        found = []
        for number, (where, value) in enumerate(self.finished(), 1):
            if tune_shapes.wrong(value, tune_shapes.STEP) or value["step"] != number:
                raise StoreError(f"{where} is not that of a step of a training; {AGAIN}")
            found.append(value)
        return found

    def add_step(self, step: Step, seconds: float) -> None:
        """Append a step that took so many seconds."""
        told = {"step": step.number, "epoch": step.epoch, "loss": step.loss, "tokens": step.tokens}
        looked = {} if step.held_out is None else {"held_out": step.held_out}
        self.add({**told, **looked, "seconds": round(seconds, 3)})


def adapter_path(run: Path, out: Path | None) -> Path:
    """Where the adapter goes; raises `UserError` for what is no place for it."""
    if out is None:
        return run / ADAPTER
    check_out(out)
    if out.suffix != _SUFFIX or out.stem in (".", ".."):
        raise UserError(f"--out {out} is not the name of a GGUF file: it must end in {_SUFFIX}")
    return out


def work_folder(adapter: Path) -> Path:
    """The folder beside an adapter: the same name without its ending."""
    return adapter.with_suffix("")


def read_manifest(path: Path) -> Mapping[str, Any]:
    """What a fine-tuning was begun with, nothing for a new one; raises `StoreError` for another kind of folder."""
    if not is_run(path):
        return {}
    manifest = TuneFolder.read(path).manifest
    if wrong := tune_shapes.wrong(manifest, tune_shapes.MANIFEST):
        other = "; choose another --out" if manifest.get("stage") != STAGE else f": look at {', '.join(wrong)}"
        raise StoreError(f"{path / 'manifest.json'} is not that of a fine-tuning{other}")
    return manifest


def read_summary(path: Path) -> dict[str, Any] | None:
    """The summary in a work folder, None while there is none; raises `StoreError` for something else."""
    file = path / SUMMARY
    if not os.path.lexists(file):
        return None
    found = read_object(file, _LARGEST)
    if wrong := tune_shapes.wrong(found, tune_shapes.SUMMARY):
        raise StoreError(f"{file} is not the summary of a fine-tuning: look at {', '.join(wrong)}, or {AGAIN}")
    return found


def option(name: str) -> str:
    """The option that a setting is typed with."""
    return f"--{name.replace('_', '-')}"


def refuse(differences: Sequence[str], path: Path, typed: bool = True) -> None:
    """Raise `StoreError` that names the differences to what a fine-tuning was begun with, if there are any; what was
    not `typed` cannot be left out.
    """
    if differences:
        remedy = "Leave these out to go on with it, choose" if typed else "Choose"
        raise StoreError(f"{path} was begun differently: {'; '.join(differences)}. {remedy} another --out, or {AGAIN}")


def other_settings(typed: Mapping[str, Any], begun: Mapping[str, Any]) -> list[str]:
    """The typed settings that are not those that the training was begun with, each in words."""
    told = {name: value for name, value in typed.items() if value is not None and value != "auto"}
    return [f"{option(name)} was {_said(begun[name])}, not {_said(told[name])}"
            for name in told if told[name] != begun[name]]  # fmt: skip


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, list) else str(value)


def set_aside(adapter: Path) -> Path | None:
    """Move an adapter and its work folder to new names, `adapter-1` or the next free number; None if there is nothing.

    Raises `StoreError` if another process is at work there.
    """
    path = work_folder(adapter)
    there = [each for each in (adapter, path) if os.path.lexists(each)]
    if not there:
        return None
    if is_run(path):
        read_manifest(path)  # not to move another kind of folder
        with held(path):
            return _moved(adapter, path, there)
    if path in there:
        raise StoreError(f"{path} is not the folder of a fine-tuning; choose another --out")
    return _moved(adapter, path, there)


def _moved(adapter: Path, path: Path, there: Sequence[Path]) -> Path:
    """The new name of the work folder, after the move; the adapter goes first, since it is gone on without."""
    names = (path.with_name(f"{path.name}-{number}") for number in itertools.count(1))
    aside = next(name for name in names if not any(map(os.path.lexists, (name, _file(name)))))
    try:
        for each in there:
            each.rename(_file(aside) if each == adapter else aside)
    except OSError as error:
        raise StoreError(f"cannot move {path} to {aside}: {error.strerror}") from None
    return aside


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}{_SUFFIX}")
