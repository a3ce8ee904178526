"""Scoring: every rule on small made-up predictions, files that are no predictions, and the paper's own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.errors import UserError
from stesim.evaluate import (
    STRING_MATCH_TOOLS,
    Prediction,
    Predictions,
    Score,
    read_predictions,
    report,
    same_strings,
    score,
    score_all,
    tally,
    without_arguments,
)
from stesim.records import Action, FinalAnswer, ParseFailure

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "paper"
RELEASED = {"mistral.json": (61.733, 69.33, 30.133), "llama-7Bf_ICL.json": (58.267, 86.728, 41.733)}
NAMES = ("add_date", "search", "Car database%%Makes")


def call(tool: str, arguments: str = "{}") -> str:
    return f"Action: {tool}\nAction Input: {arguments}"


def predicted(tool: str, output: str, gold: dict[str, Any] | None = None, **flags: int) -> Prediction:
    return Prediction(tool, gold or {}, output, **flags)


def only(prediction: Prediction, *, strict: bool = True, names: tuple[str, ...] = NAMES) -> Score:
    (found,) = score_all(Predictions(names, (prediction,)), strict=strict)
    return found


# -- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "arguments", "same"),
    [
        ({}, {}, True),
        ({}, {"more": 1}, True),
        ({"a": "X "}, {"a": " x", "b": 2}, True),
        ({"a": "1"}, {"a": 1}, True),
        ({"a": 1}, {"a": "1"}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": True}, {"a": "true"}, True),
        ({"a": None}, {"a": "none"}, True),
        ({"a": None}, {}, False),
        ({"a": ["X"]}, {"a": ["x"]}, True),
        ({"a": ["x"]}, {"a": "x"}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, True),
        ({"a": "x"}, {"A": "x"}, False),
        ({"a": "x", "b": "y"}, {"a": "x"}, False),
    ],
)
def test_same_strings(gold: dict[str, Any], arguments: dict[str, Any], same: bool) -> None:
    assert same_strings(gold, arguments) is same


# -- the name --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("written", ["add_date", "add_dates", "Add Date", "date", "add_date_to_a_date"])
def test_an_unknown_name_means_the_closest(written: str, strict: bool) -> None:
    found = only(predicted("add_date", call(written)), strict=strict)
    assert isinstance(found.reply, Action)
    assert (found.right_tool, found.correct) == (True, True)


@pytest.mark.parametrize("strict", [True, False])
def test_a_name_that_is_like_none_is_still_well_formed(strict: bool) -> None:
    found = only(predicted("add_date", call("§§§")), strict=strict)
    assert isinstance(found.reply, Action)
    assert not found.right_tool


def test_a_name_far_too_long_is_compared_by_its_beginning() -> None:
    assert only(predicted("add_date", call("add_date " + "x" * 200_000))).reply.__class__ is Action


def test_a_known_name_is_not_moved() -> None:
    assert not only(predicted("add_date", call("search"))).right_tool


# -- correct ---------------------------------------------------------------------------------------------------------


def test_without_a_verdict_the_strings_decide() -> None:
    right = only(predicted("add_date", call("add_date", '{"days": "3"}'), {"days": 3}))
    assert (right.correct, right.same_string, right.unjudged) == (True, True, False)
    wrong = only(predicted("add_date", call("add_date", '{"days": 4}'), {"days": 3}))
    assert (wrong.right_tool, wrong.correct, wrong.unjudged) == (True, False, False)


def test_a_tool_that_takes_a_judge_and_has_no_verdict() -> None:
    found = only(predicted("search", call("search", '{"q": "x"}'), {"q": "X"}))
    assert (found.correct, found.unjudged) == (True, True)


@pytest.mark.parametrize("tool", ["search", "add_date"])
@pytest.mark.parametrize("verdict", [0, 1])
def test_a_stored_verdict_decides(tool: str, verdict: int) -> None:
    """Also against the string rule where that is the paper's: its tables count the verdicts that its files hold."""
    text = call(tool, '{"q": "x"}')
    found = only(predicted(tool, text, {"q": "y"}, err=0, no_call=0, api_match=1, args_correct=verdict))
    assert (found.correct, found.same_string, found.unjudged) == (bool(verdict), False, False)


@pytest.mark.parametrize(
    "flags",
    [
        {"err": 1, "api_match": 1, "args_correct": 1},
        {"err": 0, "api_match": 0, "args_correct": 1},
        {"err": 0, "api_match": 1},
        {"args_correct": 1},
    ],
)
def test_a_verdict_on_no_call_of_the_tool_is_passed_over(flags: dict[str, int]) -> None:
    found = only(predicted("search", call("search", '{"q": "x"}'), {"q": "y"}, **flags))
    assert (found.correct, found.unjudged) == (False, True)


def test_a_verdict_on_another_call_is_passed_over() -> None:
    """The verdict is on the call that the paper's rule reads; another reading has to be compared anew."""
    text = call("search", '{"q": "x"}')
    prediction = predicted("search", text, {"q": "y"}, err=0, no_call=0, api_match=1, args_correct=0)
    found = score(prediction, Action("search", {"q": "Y"}), str)
    assert (found.correct, found.unjudged) == (True, True)


def test_tolerant_reads_what_strict_does_not() -> None:
    text = call("search", '{"q": "x"}') + '\nObservation: {"r": 1}'
    prediction = predicted("search", text, {"q": "x"}, err=1, no_call=0)
    assert isinstance(only(prediction).reply, ParseFailure)
    found = only(prediction, strict=False)
    assert isinstance(found.reply, Action)
    assert (found.correct, found.unjudged) == (True, True)


def test_a_final_answer_is_not_well_formed() -> None:
    found = only(predicted("search", "Final Answer: 42", err=0, no_call=1))
    assert isinstance(found.reply, FinalAnswer)
    assert (found.right_tool, found.correct) == (False, False)


# -- counting --------------------------------------------------------------------------------------------------------


def example() -> Predictions:
    return Predictions(
        NAMES,
        (
            predicted("add_date", call("add_date", '{"days": 3}'), {"days": 3}, err=0, no_call=0, api_match=1, args_correct=1),
            predicted("add_date", call("add_date", '{"days": 3,}'), {"days": 3}, err=1, no_call=0),
            predicted("search", "Final Answer: 42", {"q": "x"}, err=0, no_call=1),
            predicted("search", call("add_date"), {"q": "x"}, err=0, no_call=0, api_match=0),
            predicted("search", "I do not know.", {"q": "x"}, err=0, no_call=0),
            predicted("Car database%%Makes", call("Car database%%Makes"), err=0, no_call=0, api_match=1, args_correct=0),
        ),
    )  # fmt: skip


def test_report() -> None:
    found = report(example(), list(score_all(example(), strict=True)), strict=True)
    assert (found["rule"], found["replies"], found["unjudged"], found["final_answers"]) == ("strict", 6, 0, 1)
    assert (found["well_formed"], found["api_match"], found["correct"]) == (50.0, 66.667, 16.667)
    assert found["counts"] == {"well_formed": 3, "api_match": 2, "correct": 1}
    assert found["failures"] == {"not_json": 1, "no_action": 1}
    assert found["repairs"] == {}
    empty = found["no_argument_tools"]
    assert (empty["tools"], empty["replies"], empty["well_formed"], empty["correct"]) == (1, 1, 100.0, 0.0)
    assert found["agreement"] == {
        "err": {"stored": 6, "same": 5},
        "no_call": {"stored": 6, "same": 6},
        "api_match": {"stored": 3, "same": 3},
        "args_correct": {"stored": 2, "same": 1},
    }
    assert list(found["tools"]) == list(NAMES)
    assert found["tools"]["search"]["correct"] == 0.0
    assert found["tools"]["search"]["counts"] == {"well_formed": 1, "api_match": 0, "correct": 0}


def test_report_of_the_tolerant_rule() -> None:
    found = report(example(), list(score_all(example(), strict=False)), strict=False)
    assert (found["rule"], found["well_formed"], found["repairs"]) == ("tolerant", 66.667, {"trailing_comma": 1})


def test_nothing_has_no_percentage() -> None:
    assert tally([]).percentages() == {"well_formed": None, "api_match": None, "correct": None}


def test_without_arguments_takes_all_queries_of_a_tool() -> None:
    some = [predicted("a", ""), predicted("a", "", {"x": 1}), predicted("b", ""), predicted("c", "", {"x": 1})]
    assert without_arguments(some) == {"b"}


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text()), min_size=1), st.booleans())
def test_any_reply_is_scored(replies: list[tuple[str, str]], strict: bool) -> None:
    predictions = Predictions(NAMES, tuple(predicted(tool, f"Action: {text}") for tool, text in replies))
    counts = tally(score_all(predictions, strict=strict))
    assert counts.replies == len(replies)
    assert counts.correct <= counts.right_tool <= counts.well_formed
    assert counts.well_formed + counts.final_answers + counts.failures.total() == counts.replies


# -- reading a file --------------------------------------------------------------------------------------------------


def written(folder: Path, value: object) -> Path:
    path = folder / "predictions.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def record(**more: object) -> dict[str, object]:
    return {"action_input": '{"q": 1}', "model_output": "x"} | more


def test_reading(tmp_path: Path) -> None:
    value = {
        "search": [record(err=0, no_call=0, api_match=1, args_correct=1, query="?"), record(action_input=" ")],
        "add_date": [],
        "half": [record(model_output="\ud83d", err=None)],
    }
    found = read_predictions(written(tmp_path, value))
    assert found.names == ("search", "add_date", "half")
    assert found.each[0] == Prediction("search", {"q": 1}, "x", 0, 0, 1, 1)
    assert found.each[1] == Prediction("search", {}, "x")
    assert found.each[2].output == "?"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "is not JSON: Expecting value"),
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8: look at byte 0"),
        (b'{"a": [], "b": [], "a": []}', "holds the key 'a' twice in one object"),
        (b"[" * 200_000, "is nested too deep"),
        ([], "it must be an object"),
        ({}, "holds no predictions"),
        ({"a": []}, "holds no predictions"),
        ({"a": {}}, "tool 'a': there is no list of records"),
        ({"a": [record(), "x"]}, "tool 'a', record 2: it is not an object"),
        ({"a": [{"action_input": "{}"}]}, "tool 'a', record 1: it has no model_output"),
        ({"a": [{"model_output": "x"}]}, "it has no action_input"),
        ({"a": [record(model_output=None)]}, "model_output is not a text"),
        ({"a": [record(action_input={})]}, "action_input is not a text"),
        ({"a": [record(action_input="{")]}, "action_input is not JSON"),
        ({"a": [record(action_input="[" * 200_000)]}, "action_input is not JSON"),
        ({"a": [record(action_input="[]")]}, "action_input is not a JSON object"),
        ({"a": [record(action_input='{"a": NaN}')]}, "action_input holds a value that no call can have"),
        ({"a": [record(action_input='{"a": ' * 90 + "1" + "}" * 90)]}, "nested too deep"),
        ({"a": [record(err=2)]}, "err is neither 0 nor 1"),
        ({"a": [record(args_correct="1")]}, "args_correct is neither 0 nor 1"),
        ({"a": [record(no_call=0.0)]}, "no_call is neither 0 nor 1"),
        ({"a" * 3000: [record()]}, "a tool's name has more than 2000 characters"),
        ({"a\n\x1b[2J" * 100: [record(err=2)]}, "record 1: err is neither 0 nor 1"),
    ],
)  # fmt: skip
def test_files_that_are_no_predictions(value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read_predictions(written(tmp_path, value))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"cannot read .*nowhere: No such file"):
        read_predictions(tmp_path / "nowhere")
    with pytest.raises(UserError, match="not a regular file"):
        read_predictions(tmp_path)
    monkeypatch.setattr("stesim.evaluate.predictions.LARGEST", 8)
    with pytest.raises(UserError, match="larger than"):
        read_predictions(written(tmp_path, {"a": [record()]}))


# -- the paper's released files --------------------------------------------------------------------------------------


def released(name: str) -> Predictions:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return read_predictions(path)


@pytest.mark.parametrize("name", RELEASED)
def test_strict_gives_the_figures_of_the_paper(name: str) -> None:
    predictions = released(name)
    found = report(predictions, list(score_all(predictions, strict=True)), strict=True)
    assert (found["well_formed"], found["api_match"], found["correct"]) == RELEASED[name]
    for flag in ("err", "no_call"):
        assert found["agreement"][flag] == {"stored": 750, "same": 750}
    matches = found["agreement"]["api_match"]
    assert matches["same"] == matches["stored"] == found["counts"]["well_formed"]
    assert found["unjudged"] == 0
    assert STRING_MATCH_TOOLS.issubset(predictions.names)
    assert len(STRING_MATCH_TOOLS) == 31
    assert found["no_argument_tools"]["tools"] == 19


@pytest.mark.parametrize(("name", "least"), [("mistral.json", 98.8), ("llama-7Bf_ICL.json", 68.8)])
def test_tolerant_reads_more(name: str, least: float) -> None:
    predictions = released(name)
    found = report(predictions, list(score_all(predictions, strict=False)), strict=False)
    assert found["well_formed"] >= least
    assert found["correct"] > RELEASED[name][2]
