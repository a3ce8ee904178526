"""The bench in miniature, to be typed and finished."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stesim.cli import main
from tests.integration.bench.miniature import BASELINE, DISTILLED, EXPLORED, ICL, QUERIES, TOOL, typed_in
from tests.integration.conftest import Type


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tool of one's own, a test set of one's own, and the replies of each stage."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "scripts").mkdir()
    for name, texts in {"run": EXPLORED, "distill": DISTILLED, "baseline": BASELINE, "icl": ICL}.items():
        (folder / "scripts" / f"{name}.json").write_bytes(orjson.dumps(texts))
    (folder / "mytools.py").write_text(TOOL, encoding="utf-8")
    lines = [
        {"id": f"words-{number}", "query": query, "calls": [{"tool": "count_words", "arguments": arguments}]}
        for number, (query, arguments) in enumerate(QUERIES, 1)
    ]
    lines.append({"id": "none-1", "query": "Sing me a song.", "calls": []})
    (folder / "queries.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return folder


@pytest.fixture
def inputs(place: Path, tmp_path: Path) -> list[str]:
    """What is typed, in a folder of the test's own, where the replies can be changed."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("whole"))
    return typed_in(tmp_path)


@pytest.fixture
def scripts(inputs: list[str], tmp_path: Path) -> Path:
    """The folder with the replies."""
    return tmp_path / "scripts"


@pytest.fixture(scope="package")
def whole(place: Path) -> Path:
    """The folder of a finished bench; no test changes it."""
    result = CliRunner().invoke(main, ["bench", "--out", str(place / "whole"), *typed_in(place)])
    assert result.exit_code == 0, result.output
    return place / "whole"


@pytest.fixture
def done(whole: Path, type_: Type, tmp_path: Path) -> Path:
    """A copy of the finished bench."""
    return shutil.copytree(whole, tmp_path / "whole")
