"""The queries that a test set has for some tools, and what is said of one that cannot be used."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mocktools import testsets
from stesim.errors import ToolError, UserError
from stesim.testset import BUNDLED, DEV, Case, RightCall, cases, compare, fingerprint
from stesim.toolbox import EVERY, STARTER, tool_names

ROWS: list[dict[str, Any]] = [
    {"id": "b", "query": "2 and 3?", "calls": [{"tool": "add", "arguments": {"a": 2, "b": 3}}]},
    {"id": "n", "query": "Sing!", "calls": []},
    {"id": "a", "query": "twice 4", "calls": [{"tool": "times", "arguments": {"a": 4}},
                                              {"tool": "add", "arguments": {"a": 4, "b": 4}}]},
    {"id": "c", "query": "5 and 6?", "calls": [{"tool": "add", "arguments": {"a": 5, "b": 6}}]},
]  # fmt: skip


OWN = "a file of your own (docs/test-sets.md)"


def written(folder: Path, *rows: Any) -> str:
    path = folder / "queries.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return str(path)


def test_the_bundled_queries_are_those_of_the_tools() -> None:
    for unanswerable in (False, True):
        for toolset in (STARTER, "all"):
            wanted = testsets.cases(toolset, unanswerable=unanswerable)
            assert cases(BUNDLED, tool_names(toolset), unanswerable) == wanted
    assert len(cases(BUNDLED, ["my_own", "add_date"], False)) == 15


def test_the_development_set_is_for_other_tools_than_the_bundled_one() -> None:
    every = tool_names(EVERY)
    tools = {case.calls[0].tool for case in cases(DEV, every, False)}
    assert tools
    assert not tools & {case.calls[0].tool for case in cases(BUNDLED, every, False)}
    assert len(cases(DEV, every, True)) > len(cases(DEV, every, False))


def test_a_file_is_chosen_from_by_the_usual_right_call(tmp_path: Path) -> None:
    path = written(tmp_path, *ROWS)

    def ids(tools: list[str], unanswerable: bool = False) -> list[str]:
        return [case.id for case in cases(path, tools, unanswerable)]

    assert ids(["add"]) == ["b", "c"]
    assert ids(["add", "times", "more"]) == ["b", "c", "a"]
    assert ids(["times", "add"], unanswerable=True) == ["a", "b", "c", "n"]
    assert [call.tool for call in cases(path, ["times"], False)[0].calls] == ["times"]
    assert [call.tool for call in cases(path, ["times", "add"], False)[0].calls] == ["times", "add"]


def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, *ROWS)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(cases("~/queries.jsonl", ["add"], False)) == 2


def test_unanswerable_queries_alone_are_a_test_set_only_where_nothing_else_was_meant(tmp_path: Path) -> None:
    alone = written(tmp_path, ROWS[1])
    assert [case.id for case in cases(alone, ["add"], True)] == ["n"]
    with pytest.raises(UserError, match=r"queries.jsonl' has only unanswerable queries$"):
        cases(alone, ["add"], False)
    mixed = written(tmp_path, *ROWS)
    with pytest.raises(UserError, match=r"has no query for the chosen tools \(mine\); give a file of your own"):
        cases(mixed, ["mine"], True)


@pytest.mark.parametrize(
    ("testset", "tools", "said"),
    [
        (BUNDLED, ["mine"], f"test set bundled has no query for the chosen tools (mine); give {OWN}"),
        (BUNDLED, list("abcdefg"), f"test set bundled has no query for the chosen tools (a, b, c, d, e and 2 more); give {OWN}"),
        (DEV, [], f"test set dev has no query for the chosen tools (no tool); give {OWN}"),
        (DEV, ["add_date"], "test set dev has no query for the chosen tools (add_date); give --testset bundled, which has 15 "
                            f"for them or {OWN}"),
        ("devv", ["add"], "no test set 'devv': give bundled, dev or the path of a file"),
        (".", ["add"], "test set '.' cannot be read: it is not a regular file"),
        ("a\0b", ["add"], "test set 'a\\x00b' cannot be read: embedded null byte"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_gets_one_line(testset: str, tools: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        cases(testset, tools, True)
    assert str(caught.value) == said


def test_tools_of_the_development_set_are_sent_to_it() -> None:
    tool = cases(DEV, tool_names(EVERY), False)[0].calls[0].tool
    count = len(cases(DEV, [tool], False))
    with pytest.raises(UserError) as caught:
        cases(BUNDLED, [tool], False)
    assert str(caught.value).endswith(f"({tool}); give --testset dev, which has {count} for them or {OWN}")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2: the line is not an object"),
        ({"id": "x", "query": "?"}, "line 2: the line lacks calls"),
        ({"id": "b", "query": "?", "calls": []}, "line 2: the id 'b' is there twice"),
        ({**ROWS[0], "id": "x", "rules": {}}, "line 2: the line has an unknown member 'rules'"),
        (
            {"id": "x", "query": "?", "calls": [{"tool": "add", "arguments": {"a": 1}, "rules": {"a": "near"}}]},
            "line 2: 'near' is no rule of comparison",
        ),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: Any, said: str) -> None:
    path = written(tmp_path, ROWS[0], row)
    with pytest.raises(UserError, match=said) as caught:
        cases(path, ["add"], False)
    assert str(caught.value).startswith(f"test set {path}, ")
    assert "\n" not in str(caught.value)


def test_right_calls_that_are_too_deep_get_one_line(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    row = {"id": "x", "query": "?", "calls": [{"tool": "add", "arguments": {"a": deep}}]}
    with pytest.raises(UserError, match="cannot be used: Recursion limit"):
        cases(written(tmp_path, row), ["add"], False)


def test_an_empty_file_has_no_query(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no query$"):
        cases(written(tmp_path), ["add"], True)


def test_a_pipe_does_not_keep_it_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular file"):
        cases(str(tmp_path / "pipe"), ["add"], True)


def test_calls_are_compared_by_the_rules_of_the_right_one() -> None:
    right = RightCall("add", {"a": 2, "to": "Zürich"}, {"to": "folded"})
    assert compare(right, {"a": 2.0, "to": "zurich"}).none
    found = compare(right, {"to": "Bern", "b": 0, "c": 1}, {"properties": {"b": {"default": 0}}})
    assert (found.missing, found.wrong, found.extra) == (("a",), ("to",), ("c",))
    with pytest.raises(ToolError, match="is no rule of comparison"):
        compare(RightCall("add", {"a": 2}, {"a": "near"}), {"a": 2})


def test_the_fingerprint_is_that_of_queries_and_right_calls(tmp_path: Path) -> None:
    chosen = cases(written(tmp_path, *ROWS), ["add", "times"], True)
    reordered = [json.dumps(dict(reversed(row.items()))) for row in ROWS]
    assert fingerprint(chosen) == fingerprint(cases(written(tmp_path, *reordered), ["add", "times"], True))
    others = [
        chosen[1:],
        chosen[::-1],
        (Case("z", *[chosen[0].query, chosen[0].calls]), *chosen[1:]),
        (Case(chosen[0].id, "2 + 3?", chosen[0].calls), *chosen[1:]),
        (Case(chosen[0].id, chosen[0].query, (RightCall("add", {"a": 2, "b": 4}),)), *chosen[1:]),
        (Case(chosen[0].id, chosen[0].query, (RightCall("add", {"a": 2, "b": 3}, {"a": {"within": 1}}),)), *chosen[1:]),
    ]
    assert len({fingerprint(other) for other in [chosen, *others]}) == 1 + len(others)
