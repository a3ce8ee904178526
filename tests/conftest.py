"""Fixtures for all tests: hypothesis profiles, a small world of scripted replies, the real model where it is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, settings

from stesim.errors import ModelError
from stesim.models.default import smollm2_path

settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in `tests/model` needs the real model, what lies in `tests/slow` is slow."""
    for item in items:
        folder = item.path.parent.name
        if folder in ("model", "slow"):
            item.add_marker(folder)


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The default model's file."""
    try:
        return smollm2_path()
    except ModelError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def script(tmp_path: Path) -> Callable[[list[str]], str]:
    """Writes a script and returns what `--model` takes for it."""

    def write(texts: list[str]) -> str:
        path = tmp_path / "script.json"
        path.write_bytes(orjson.dumps(texts))
        return f"scripted:{path}"

    return write
