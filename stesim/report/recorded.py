"""What the manifest of an evaluation tells of it, for the report: nothing where it is missing or says something else.

    recorded = read(Path("runs/first/eval/icl"))
    print(recorded.settings.get("context"), recorded.text("prompts", "fingerprint"))

Not covered: going on with an evaluation, for which its command checks the whole manifest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stesim.store.folder import read_object

_LARGEST = 256 << 20  # bytes of a file


@dataclass(frozen=True, slots=True)
class Recorded:
    """A manifest as it was read."""

    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its settings, with whatever values; none where they are no object."""
        found = self.manifest.get("settings")
        return found if isinstance(found, dict) else {}

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools; none where they are not told."""
        found = self.settings.get("tools")
        return tuple(found) if isinstance(found, list) and all(isinstance(name, str) for name in found) else ()

    def number(self, name: str) -> int | None:
        """A setting that is a whole number."""
        found = self.settings.get(name)
        return found if type(found) is int else None

    def text(self, part: str, name: str) -> str:
        """A text of a part, empty where it is not told."""
        values = self.manifest.get(part)
        found = values.get(name) if isinstance(values, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def adapter(self) -> Mapping[str, Any]:
        """What is told of the model's adapter; nothing where it had none."""
        model = self.manifest.get("model")
        found = model.get("lora") if isinstance(model, dict) else None
        return found if isinstance(found, dict) else {}

    def read_others(self, demonstrations: bytes) -> bool:
        """Whether it was made from other demonstrations than these, the content of a file."""
        asked, found = self.text("input", "testset"), self.text("input", "fingerprint")
        now = hashlib.sha256(demonstrations).hexdigest()
        return bool(asked and found) and hashlib.sha256(f"{asked}\0{now}".encode()).hexdigest() != found


def read(folder: Path) -> Recorded:
    """The manifest in a folder, empty where there is none; raises `StoreError` for one that is no JSON object."""
    path = folder / "manifest.json"
    return Recorded(read_json(path)) if os.path.lexists(path) else Recorded()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a file; raises `StoreError` with one line that names it."""
    return read_object(path, _LARGEST)
