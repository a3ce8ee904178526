"""Documents in use, as they were published: each is imported, and every tool answers its example call."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from pathlib import Path

import pytest

import mocktools
from mocktools.check import check
from mocktools.openapi import import_document
from mocktools.sources import folder

DATA = Path(__file__).resolve().parents[2] / "data" / "openapi"
FORM, UPLOAD = "its body is not JSON: application/x-www-form-urlencoded", "its body is not JSON: multipart/form-data"
CALL = "its body is not JSON: multipart/form-data, application/sdp"

# Tools, those of them with an example of the document, what is skipped, what is left out of tools.
DOCUMENTS = [
    ("petstore.json", 18, 0, {FORM: 1, UPLOAD: 1}, 0),
    ("star-trek.yaml.gz", 80, 0, {FORM: 40}, 0),
    ("readme.json.gz", 50, 1, {UPLOAD: 4}, 0),
    pytest.param("openai.yml.gz", 262, 0, {UPLOAD: 8, CALL: 1}, 2, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "tools", "examples", "skipped", "notes"), DOCUMENTS)
def test_every_tool_answers(
    tmp_path: Path, name: str, tools: int, examples: int, skipped: dict[str, int], notes: int
) -> None:
    data = (DATA / name).read_bytes()
    data = gzip.decompress(data) if name.endswith(".gz") else data
    assert hashlib.sha256(data).hexdigest() in (DATA / "README.md").read_text(encoding="utf-8")
    source = tmp_path / name.removesuffix(".gz")
    source.write_bytes(data)
    made = import_document(source, tmp_path / "out")
    assert Counter(reason for _, reason in made.skipped) == skipped
    assert (len(made.tools), made.examples, len(made.notes), made.faults) == (tools, examples, notes, ())
    toolset = folder.load(tmp_path / "out")
    assert tuple(tool.name for tool in toolset.tools) == made.tools
    with mocktools.activate(toolset) as active:
        results = {tool.name: tool.call(tool.example) for tool in active.tools}
    assert {tool: result for tool, result in results.items() if result.kind != "ok"} == {}
    assert [finding for finding in check(tmp_path / "out") if finding.level == "error"] == []
