"""The bundled test queries: enough of them, right calls that work, natural words, and none that a model was shown."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import mocktools
from mocktools import testsets
from mocktools.compare import compare
from mocktools.lists import ALL, STARTER
from mocktools.paths import fixtures_dir
from mocktools.testsets import bundled, cases, read
from mocktools.text import fold

ROOT = Path(__file__).resolve().parents[3]
ANSWERABLE = [case for case in bundled() if case.calls]


@pytest.fixture(scope="module")
def everything() -> Iterator[mocktools.Toolset]:
    with mocktools.activate("extended") as tools:
        yield tools


def test_fifteen_queries_for_each_of_the_fifty_tools_and_a_hundred_for_none() -> None:
    counted = Counter(case.calls[0].tool for case in ANSWERABLE)
    assert counted == dict.fromkeys(ALL, 15)
    assert len(bundled()) - len(ANSWERABLE) == 100
    assert len({case.id for case in bundled()}) == len({fold(case.query) for case in bundled()}) == 850


def test_a_toolset_has_the_queries_of_its_tools() -> None:
    assert [case.calls[0].tool for case in cases("starter")] == [name for name in STARTER for _ in range(15)]
    assert {call.tool for case in cases("starter") for call in case.calls} == set(STARTER)
    assert len(cases("all")) == 750
    assert len(cases("all", unanswerable=True)) == 850
    assert len(cases(["add_date"], unanswerable=True)) == 115


@pytest.mark.parametrize("case", ANSWERABLE, ids=[case.id for case in ANSWERABLE])
def test_the_right_calls_work(case: testsets.Case, everything: mocktools.Toolset) -> None:
    for call in case.calls:
        tool = everything.get(call.tool)
        assert tool.name in ALL
        jsonschema.validate(dict(call.arguments), dict(tool.parameters))
        result = tool.call(call.arguments, everything.fresh())
        assert result.kind == "ok", (call, result.body)
        assert compare(call, call.arguments, tool.parameters).none
        allowed = {name: value["value"] for name, value in call.may.items()}
        assert set(allowed) <= set(tool.parameters["properties"])
        assert tool.call({**call.arguments, **allowed}, everything.fresh()).kind == "ok", allowed


def test_a_query_names_neither_its_tool_nor_parameters_like_a_program(everything: mocktools.Toolset) -> None:
    for case in ANSWERABLE:
        for call in case.calls:
            tool = everything.get(call.tool)
            names = [name for name in tool.parameters["properties"] if re.search(r"_|[a-z][A-Z]", name)]
            for name in [tool.name, tool.provider, *names]:
                ordinary = name.isalpha() and name.islower()
                assert ordinary or name.lower() not in case.query.lower(), (case.id, name)
                assert name not in re.findall(r"\w+(?==)|\w+(?=: ?[\"{\[])", case.query), (case.id, name)


def shown_to_models() -> set[str]:
    """Every query, and every line of a worked example, that a default prompt or a cassette holds."""
    examples = [line for path in (ROOT / "prompts").glob("*.txt") for line in path.read_text("utf-8").splitlines()]
    recorded = [
        json.loads(line)["query"]
        for path in fixtures_dir().glob("cassettes/*/trials.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    assert len(recorded) >= 40
    return {fold(text) for text in (*examples, *recorded)} - {""}


def likeness(one: str, other: str) -> float:
    """The share of the words that two texts have in common in the same order."""
    return difflib.SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()


def test_no_query_is_nearly_one_that_a_model_was_shown() -> None:
    assert likeness(fold("Can you find me the capital of Japan?"), fold("Can you find the capital of Japan?")) > 0.75
    for case in bundled():
        for known in shown_to_models():
            assert likeness(fold(case.query), known) < 0.75, (case.id, case.query, known)


def test_no_two_queries_of_a_tool_are_nearly_the_same() -> None:
    for name in ALL:
        queries = [fold(case.query) for case in ANSWERABLE if case.calls[0].tool == name]
        for number, query in enumerate(queries):
            for other in queries[:number]:
                assert likeness(query, other) < 0.75, (name, query, other)


ROW = {"id": "x-1", "query": "?", "calls": [{"tool": "t", "arguments": {"a": 1}}]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "line 2 is not JSON"),
        (b"\xff{}", "line 2 is not JSON"),
        (b"[]", "line 2: the line is not an object"),
        (b'{"id": "y", "query": "?"}', "line 2: the line lacks calls"),
        (b'{"id": 1, "query": "?", "calls": []}', "id of the line is not a str"),
        (b'{"id": "x-1", "query": "?", "calls": []}', "'x-1' is there twice"),
        (b'{"id": "y", "query": "?", "calls": [3]}', "a call is not an object"),
        (b'{"id": "y", "query": "?", "calls": [{"tool": "t"}]}', "a call lacks arguments"),
        (b'{"id": "y", "query": "?", "calls": [], "x": 1}', "unknown member 'x'"),
        (b'{"id": "y", "query": "?", "calls": [{"tool": "t", "arguments": {}, "rules": {"b": "exact"}}]}', "rule for 'b'"),
        (
            b'{"id": "y", "query": "?", "calls": [{"tool": "t", "arguments": {"b": 1}, "rules": {"b": "fuzzy"}}]}',
            "no rule of comparison; there are: exact, folded",
        ),
        (
            b'{"id": "y", "query": "?", "calls": [{"tool": "t", "arguments": {}, "may": {"b": {"rule": "date"}}}]}',
            "what an argument may be lacks value",
        ),
    ],
)  # fmt: skip
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, words: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(json.dumps(ROW).encode() + b"\n" + line + b"\n")
    with pytest.raises(mocktools.MockToolsError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert words in text
    assert str(path) in text


def test_a_missing_or_huge_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(mocktools.MockToolsError, match=r"none\.jsonl cannot be read: No such file"):
        read(tmp_path / "none.jsonl")
    monkeypatch.setattr(testsets, "LARGEST", 1 << 20)
    (tmp_path / "big.jsonl").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(mocktools.MockToolsError, match="larger than 1 MiB"):
        read(tmp_path / "big.jsonl")
