"""What sets the modes of an evaluation apart: which options go with which, and the adapter of a fine-tuned model.

    >>> decided({"mode": "baseline", "shots": 8, "describe": None}, {}, {})["shots"]
    0
    >>> decided({"mode": "ft", "shots": 8, "describe": None}, {"shots": None}, {})["describe"]
    False

A fine-tuned model is asked as it was trained (mode `ft`): no tool is described and no demonstration shown, unless that
is asked for. Not covered: loading an adapter, and whether it fits the model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stesim.cli.common import plain
from stesim.errors import UserError
from stesim.report.trained import ADAPTER, is_own

TRAINED = "ft"
NONE = "none"  # typed for --lora: the model is trained itself
SHOTS = 8  # demonstrations before a query in mode `icl`, as in the paper


def decided(values: Mapping[str, Any], typed: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with those that the mode decides; `recorded` are those of an evaluation that goes on or is played.

    Raises `UserError` for an option that does not go with the mode.
    """
    found = dict(values)
    if found["mode"] != TRAINED:
        if typed.get("describe") is not None:
            raise UserError("--describe goes with --mode ft: the other modes always describe the tools")
        if found["mode"] == "baseline" and typed.get("shots"):
            raise UserError("--shots goes with --mode icl or ft: a baseline shows no demonstration")
        return found | {"describe": True, "shots": (found["shots"] or SHOTS) if found["mode"] == "icl" else 0}
    before = recorded if recorded.get("mode") == TRAINED else {}
    found["describe"] = bool(found["describe"])
    found["shots"] = typed.get("shots") or before.get("shots", 0)
    for name in () if found["describe"] else ("candidates", "oracle"):
        if typed.get(name) is not None:
            raise UserError(f"--{name} goes with --describe: a fine-tuned model is asked with no tool described")
    return found


def with_tools(values: Mapping[str, Any], tools: list[str]) -> dict[str, Any]:
    """The settings with their tools, which are all candidates where none is described."""
    found = {**values, "tools": tools}
    return found if found["describe"] else found | {"candidates": len(tools), "oracle": False}


def adapter(
    typed: str | None, mode: str, spec: str, run: Path | None, known: Mapping[str, Any], recorded: bool
) -> str | None:
    """The adapter that the model gets, as `--lora` takes it; None for none.

    What is typed, else what the evaluation has `recorded`, else in mode `ft` the one made from the run. `known` is what
    a manifest says of the model: the evaluation's, or the run's, which in the other modes is asked with its adapter.
    Raises `UserError` where mode `ft` has none.
    """
    if typed is not None:
        return None if typed == NONE else typed
    if spec.startswith(("scripted:", "replay:")):
        return None
    own = run if run is not None and (run / ADAPTER).is_file() else None
    if recorded or mode != TRAINED:
        return recorded_adapter(_moved(known, own))
    if own is not None:
        return str(own / ADAPTER)
    name = plain(str(run)) if run else ""
    missing = f"{name} has no adapter yet: stesim finetune {name}, or" if run else "there is no --run to take it from:"
    raise UserError(
        f"--mode ft needs an adapter, and {missing} name one with --lora ({NONE} for a model that is trained itself)"
    )


def _moved(model: Mapping[str, Any], run: Path | None) -> Mapping[str, Any]:
    """A manifest's model, with the own adapter of a run that has one and has been moved since."""
    told = model.get("lora")
    if run is None or not isinstance(told, dict) or os.path.exists(str(told.get("spec"))) or not is_own(told, run):
        return model
    return {**model, "lora": {**told, "spec": str(run / ADAPTER)}}


def recorded_adapter(model: Mapping[str, Any]) -> str | None:
    """The adapter of a manifest's model, as `--lora` takes it; None where it had none."""
    told = model.get("lora")
    if not isinstance(told, dict) or not isinstance(told.get("spec"), str):
        return None
    scale = told.get("scale", 1.0)
    return str(told["spec"]) if scale == 1 else f"{told['spec']}:{scale}"
