"""What the fine-tuning in a run's folder came to, read from `finetune/adapter/finetune.json`, if there is one.

    training = read(Path("runs/first"))
    print(training and training.number("data", "rows"))

Not covered: an adapter that was written elsewhere (`stesim finetune --out`), and the course of the training.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stesim.report.recorded import read_json

ADAPTER = Path("finetune", "adapter.gguf")
SUMMARY = Path("finetune", "adapter", "finetune.json")


@dataclass(frozen=True, slots=True)
class Training:
    """A summary of a fine-tuning, with whatever values it holds."""

    summary: Mapping[str, Any] = field(default_factory=dict)

    def number(self, *names: str) -> float | None:
        """The number under these names, one inside the other; None where there is none."""
        found: object = self.summary
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        fine = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
        return found if fine else None  # type: ignore[return-value]

    @property
    def learned(self) -> float | None:
        """How many rows were learned: all but those held out; None where either is not told."""
        rows, held = self.number("data", "rows"), self.number("data", "held_out")
        return None if rows is None or held is None else rows - held

    @property
    def fingerprint(self) -> str:
        """The adapter's; empty where it is not told."""
        found = self.summary.get("fingerprint")
        return found if isinstance(found, str) else ""

    def made_another(self, adapter: Mapping[str, Any], run: Path) -> bool:
        """Whether `adapter`, what an evaluation says of the one that it used, was the run's, which is another now."""
        before = adapter.get("fingerprint")
        return bool(before and self.fingerprint) and is_own(adapter, run) and before != self.fingerprint

    def learned_from_others(self, demonstrations: bytes | None) -> bool:
        """Whether it was made of the run's own demonstrations, and these, the content of their file, are others."""
        data = self.summary.get("data")
        before = data.get("shown") if isinstance(data, dict) else None
        if demonstrations is None or not isinstance(before, str) or not before:
            return False
        return hashlib.sha256(demonstrations).hexdigest() != before

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools whose calls it was trained on; none where they are not told."""
        settings = self.summary.get("settings")
        found = settings.get("tools") if isinstance(settings, dict) else None
        return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


def is_own(adapter: Mapping[str, Any], run: Path) -> bool:
    """Whether what is told of an adapter is of the run's own one, also where the run has been moved since."""
    spec = adapter.get("spec")
    if not isinstance(spec, str) or "\0" in spec:
        return False
    moved = Path(spec).parts[-2:] == ADAPTER.parts and not os.path.exists(spec)
    return moved or os.path.realpath(spec) == os.path.realpath(run / ADAPTER)


def read(run: Path) -> Training | None:
    """The summary of a run's own adapter; None where there is none. Raises `StoreError` with one line that names it."""
    path = run / SUMMARY
    return Training(read_json(path)) if os.path.lexists(path) else None
