"""The development set: other tools than those of the test sets, right calls that work, and no query of theirs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import jsonschema
import pytest

import mocktools
from mocktools.compare import compare
from mocktools.lists import ALL
from mocktools.paths import fixtures_dir
from mocktools.testsets import Case, bundled, read
from mocktools.text import fold
from tests.unit.mocktools.test_testsets import likeness, shown_to_models

CASES = read(fixtures_dir() / "devset.jsonl")
ANSWERABLE = [case for case in CASES if case.calls]


@pytest.fixture(scope="module")
def everything() -> Iterator[mocktools.Toolset]:
    with mocktools.activate("extended") as tools:
        yield tools


def test_eight_queries_for_each_of_fourteen_tools_and_sixteen_for_none(everything: mocktools.Toolset) -> None:
    counted = Counter(case.calls[0].tool for case in ANSWERABLE)
    assert counted == dict.fromkeys(counted, 8)
    assert len(counted) == 14
    assert set(counted) <= {tool.name for tool in everything.tools} - set(ALL)
    assert len(CASES) - len(ANSWERABLE) == 16
    assert len({case.id for case in CASES}) == len({fold(case.query) for case in CASES}) == 128
    assert not {case.id for case in CASES} & {case.id for case in bundled()}


@pytest.mark.parametrize("case", ANSWERABLE, ids=[case.id for case in ANSWERABLE])
def test_the_right_calls_work(case: Case, everything: mocktools.Toolset) -> None:
    for call in case.calls:
        tool = everything.get(call.tool)
        assert tool.name not in ALL
        jsonschema.validate(dict(call.arguments), dict(tool.parameters))
        result = tool.call(call.arguments, everything.fresh())
        assert result.kind == "ok", (call, result.body)
        assert compare(call, call.arguments, tool.parameters).none
        allowed = {name: value["value"] for name, value in call.may.items()}
        assert set(allowed) <= set(tool.parameters["properties"]) - set(call.arguments)
        assert tool.call({**call.arguments, **allowed}, everything.fresh()).kind == "ok", allowed


def test_a_query_names_neither_its_tool_nor_parameters_like_a_program(everything: mocktools.Toolset) -> None:
    for case in ANSWERABLE:
        for call in case.calls:
            tool = everything.get(call.tool)
            names = [name for name in tool.parameters["properties"] if re.search(r"_|[a-z][A-Z]", name)]
            for name in [tool.name, *names]:
                assert name.lower() not in case.query.lower(), (case.id, name)
            written = re.findall(r"\w+(?==)|\w+(?=: ?[\"{\[])", case.query)
            assert not set(written) & set(tool.parameters["properties"]), case.id


def test_no_query_is_nearly_one_of_the_test_sets_or_of_those_that_a_model_was_shown() -> None:
    known = {fold(case.query) for case in bundled()} | shown_to_models()
    assert len(known) > 850
    for case in CASES:
        for other in known:
            assert likeness(fold(case.query), other) < 0.75, (case.id, case.query, other)


def test_no_two_queries_are_nearly_the_same() -> None:
    for number, case in enumerate(CASES):
        for other in CASES[:number]:
            assert likeness(fold(case.query), fold(other.query)) < 0.75, (case.id, other.id)
