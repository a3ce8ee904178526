"""A tiny model with an adapter for it, and how it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stesim.models import lora
from stesim.models.header import fingerprint
from stesim.models.llamacpp import LlamaCppModel
from tests.tiny import make_adapter, make_tiny
from tests.unit.lora.asked import Load


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model and an adapter for it."""
    folder = tmp_path_factory.mktemp("files")
    model = make_tiny(folder / "tiny.gguf")
    about = {lora.BASE: fingerprint(model), lora.BASE_NAME: "tiny", lora.DATA: "d" * 64}
    make_adapter(folder / "adapter.gguf", about=about)
    return folder


@pytest.fixture
def load(files: Path) -> Iterator[Load]:
    """Loads the tiny model of the folder, or another; closes it at the end."""
    loaded: list[LlamaCppModel] = []

    def make(adapter: str | Path | None = None, model: Path = files / "tiny.gguf", **options: Any) -> LlamaCppModel:
        loaded.append(LlamaCppModel(model, thread_count=1, lora=adapter, **options))
        return loaded[-1]

    yield make
    for each in loaded:
        each.close()
