"""A tiny model, a run with demonstrations, and a training of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stesim.demonstrations import to_lines
from tests.integration.conftest import Type
from tests.integration.finetune.study import QUICK, SHOWN, Tune
from tests.tiny import make_tiny


@pytest.fixture(scope="package")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The model; its full-precision copy is made once for all tests."""
    folder = tmp_path_factory.mktemp("tiny")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    yield make_tiny(folder / "tiny.gguf")
    patch.undo()


@pytest.fixture
def run(finished: Path) -> Path:
    """The scripted study with demonstrations."""
    (finished / "demonstrations.jsonl").write_bytes(to_lines(SHOWN))
    return finished


@pytest.fixture
def tune(run: Path, type_: Type, tiny: Path) -> Tune:
    """Types a fine-tuning of the study that is quick."""
    return lambda *words, code=0: type_("finetune", run, "--model", tiny, *QUICK, *words, code=code)


@pytest.fixture(scope="package")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the training that was not interrupted is kept, as in a run's folder."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def trained(tune: Tune, run: Path, shelf: Path) -> Path:
    """A folder with an uninterrupted training of the study in it, made once for all tests."""
    if not (shelf / "finetune").exists():
        tune()
        (run / "finetune").rename(shelf / "finetune")
    return shelf


@pytest.fixture
def done(trained: Path, run: Path) -> Path:
    """The run, with that training in it."""
    shutil.copytree(trained / "finetune", run / "finetune")
    return run
