"""A wheel built from the repository, in an empty environment, run from another folder."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import orjson
import pytest

from tests.integration.conftest import SETTINGS, STUDY

ROOT = Path(__file__).resolve().parents[2]


def sh(*words: object, cwd: Path) -> str:
    found = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    sh(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    return next(folder.glob("stesim-*.whl"))


def test_the_wheel_holds_the_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("stesim/_prompts/imagine_first.txt", "mocktools/_fixtures/countries.json", "stesim/py.typed"):
        assert name in names
    assert not [name for name in names if name.startswith(("tests", "scripts", "fixtures", "prompts"))]


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    sh(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    find_links = ["--find-links", ROOT / ".wheels"] if (ROOT / ".wheels").is_dir() else []
    sh(tmp_path / "venv/bin/python", "-m", "pip", "install", *find_links, f"{wheel}[smollm2]", cwd=tmp_path)
    stesim, elsewhere = tmp_path / "venv/bin/stesim", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert len(json.loads(sh(stesim, "tools", "list", "--json", cwd=elsewhere))) >= 10
    (elsewhere / "study.json").write_bytes(orjson.dumps(STUDY))
    assert "all " in sh(stesim, "run", "--model", "scripted:study.json", "--out", "scripted", *SETTINGS, cwd=elsewhere)
    words = ["--tools", "get_country", "--episodes", 1, "--trials", 1, "--out", "real"]
    assert "smollm2: " in sh(stesim, "run", *words, cwd=elsewhere)
