"""Every code block of docs/testing-agents.md is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.test_pytest_plugin import NAMED

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "testing-agents.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_block_names_its_file() -> None:
    assert len(BLOCKS) == len(re.findall(r"^```\w", PAGE, re.MULTILINE)) >= 7


def test_the_blocks_are_a_project_whose_tests_pass(pytester: pytest.Pytester) -> None:
    for _, name, text in BLOCKS:
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    result = pytester.runpytest_inprocess(*NAMED, "-W", "error", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=sum(text.count("\ndef test_") for _, _, text in BLOCKS))


def test_the_workflow_installs_what_the_example_needs() -> None:
    yaml = pytest.importorskip("yaml")
    (workflow,) = [text for kind, _, text in BLOCKS if kind == "yaml"]
    steps = yaml.safe_load(workflow)["jobs"]["tests"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [
        "pip install -r requirements.txt", "pip install --no-deps stesim", "python -m pytest",
    ]  # fmt: skip


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((\.\.?/[^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
