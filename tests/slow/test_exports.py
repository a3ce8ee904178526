"""The exported files with the libraries that read them: `datasets`, TRL's SFTTrainer, transformers' chat templates.

These weigh more than everything else together, so that they are installed into an environment of their own;
STESIM_TRAINING_PYTHON names the Python of one that is there already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stesim.dataset import FORMATS, Plan, export, file_name
from stesim.toolbox import Toolbox
from tests.demonstrations import NAMES, demonstrations

PACKAGES = ["torch==2.13.0", "trl==1.16.0", "transformers==5.23.0", "datasets==5.2.0"]
SCRIPT = Path(__file__).with_name("train_exports.py")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the libraries for training."""
    if named := os.environ.get("STESIM_TRAINING_PYTHON"):
        return Path(named)
    folder = tmp_path_factory.mktemp("training")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return folder / "bin/python"


def write(folder: Path, tools: list[str], plan: Plan) -> None:
    """The files of all formats, and what is in them as the JSON module of Python reads it."""
    expected: dict[str, Any] = {}
    with Toolbox.open("extended", only=tools) as box:
        shown = [demonstration for demonstration in demonstrations() if demonstration.tool in tools]
        for format_ in FORMATS:
            unmasked = Plan(seed=plan.seed, calls_only=plan.calls_only)
            made = export(format_, shown, box.tools, unmasked if format_ == "paper" else plan)
            (folder / file_name(format_)).write_bytes(made.data)
            whole = made.data if format_ == "paper" else b"[" + b",".join(made.data.splitlines()) + b"]"
            expected[format_] = json.loads(whole)
    if not plan.mask_names:
        calls = [row["messages"][1].get("tool_calls") for row in expected["messages"]]
        assert [call[0]["function"]["arguments"] for call in calls if call] == [one.arguments for one in shown]
    for row in expected["messages"]:
        row["tools"] = json.loads(row["tools"])
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


@pytest.mark.parametrize(
    ("tools", "plan"),
    [
        (list(NAMES), Plan(seed=1)),
        (list(NAMES), Plan(mask_names=0.5, no_call=0.6, candidates=3, seed=2)),
        (list(NAMES), Plan(calls_only=True, no_call=0.6, seed=3)),
        (["add_date"], Plan(calls_only=True)),
        (["add_date"], Plan()),  # arguments all of one shape, a date among them
        (["get_today_date"], Plan()),  # no arguments at all
    ],
    ids=["plain", "masked", "calls only", "calls of one tool", "one tool", "no arguments"],
)
def test_the_files_are_read_and_trained_on(python: Path, tmp_path: Path, tools: list[str], plan: Plan) -> None:
    write(tmp_path, tools, plan)
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "TOKENIZERS_PARALLELISM": "false"}
    found = subprocess.run(
        [python, SCRIPT, tmp_path], capture_output=True, text=True, cwd=tmp_path, env=os.environ | offline
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "all four files were read, two were trained on" in found.stdout
