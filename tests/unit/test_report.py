"""The report of a run: results read and checked, paired differences, and Markdown that nothing breaks out of."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.errors import StoreError
from stesim.evaluate import measure
from stesim.report import study
from stesim.report.evaluations import METRICS, Figure, read, read_all
from stesim.report.markdown import cell, code, table
from stesim.report.paired import comparisons, difference, unlike
from stesim.report.paper import METHODS, RESULTS, gains
from stesim.report.table import markdown
from stesim.report.trained import Training
from stesim.report.trained import read as read_training
from stesim.store import RunFolder
from tests.unit.results import flags_of, result, write_manifest, write_result


def figures(path: Path) -> dict[str, Figure]:
    (comparison,) = comparisons(read_all(path)[0])
    return dict(comparison.differences)


def test_the_metrics_are_those_of_an_evaluation() -> None:
    assert tuple(METRICS) == measure.METRICS


def test_a_result_is_read(tmp_path: Path) -> None:
    write_result(tmp_path, result("icl", mode="icl", correct=[1, 1, 0, 1]))
    ((found,), unfinished) = read_all(tmp_path)
    assert unfinished == []
    assert (found.method, found.decoding, found.queries) == ("ICL", "constrained", 4)
    assert found.metrics["correct"] == Figure(75.0, 50.0, 100.0, 4)
    assert found.metrics["no_call"].value is None
    assert found.seed == 7
    assert found.flags is not None
    assert found.flags["q-3"] == {"well_formed": True, "correct": False}


def test_the_seed_is_that_of_the_manifest_where_the_result_has_none(tmp_path: Path) -> None:
    value = result("baseline")
    del value["seed"]
    write_result(tmp_path, value)
    assert read(tmp_path / "eval/baseline").seed is None
    (tmp_path / "eval/baseline/manifest.json").write_bytes(orjson.dumps({"settings": {"seed": 3}}))
    assert read(tmp_path / "eval/baseline").seed == 3


def test_evaluations_are_in_the_order_of_the_table(tmp_path: Path) -> None:
    for name, mode, constrained in [("a", "icl", False), ("b", "baseline", False), ("c", "icl", True)]:
        write_result(tmp_path, result(name, mode=mode, constrained=constrained))
    write_result(tmp_path, result("d"))
    (tmp_path / "eval/begun").mkdir()
    found, unfinished = read_all(tmp_path)
    assert [(each.method, each.decoding) for each in found] == [
        ("baseline", "constrained"), ("ICL", "constrained"), ("baseline", "unconstrained"), ("ICL", "unconstrained"),
    ]  # fmt: skip
    assert unfinished == ["begun"]
    assert read_all(tmp_path / "nowhere") == ([], [])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"metrics": None}, "metrics"),
        ({"metrics": {"correct": {"value": "much"}}}, "metrics.correct"),
        ({"metrics": {"correct": {"value": True}}}, "metrics.correct"),
        ({"metrics": {"correct": 3}}, "metrics.correct"),
        ({"mode": "few-shot"}, "mode"),
        ({"model": None}, "model"),
        ({"queries": 1.5}, "queries"),
        ({"constrained": "yes"}, "constrained"),
        ({"flags": {"q": {"correct": "yes"}}}, "flags"),
        ({"by_tool": {"add": {"correct": []}}}, "by_tool"),
        ({"failures": {"empty": "many"}}, "failures"),
        ({"examples": {"empty": [{"query": 1}]}}, "examples"),
        ({"examples": {"empty": [{"right": "add()"}]}}, "examples"),
        ({"examples": {"empty": "x"}}, "examples"),
        ({"tokens": {"prompt": None}}, "tokens"),
        ({"seconds": "long"}, "seconds"),
        ({"mode": 1, "shots": "8"}, "mode, shots"),
    ],
)
def test_a_broken_result_is_named_in_a_line(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    write_result(tmp_path, result("icl") | change)
    with pytest.raises(StoreError) as caught:
        read_all(tmp_path)
    path = tmp_path / "eval/icl/result.json"
    assert str(caught.value) == f"{path} is not the result of an evaluation: look at {named}"


@pytest.mark.parametrize(("text", "said"), [(b"{", "is not JSON"), (b"[]", "is not a JSON object")])
def test_a_result_that_is_no_object(text: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "eval/x").mkdir(parents=True)
    (tmp_path / "eval/x/result.json").write_bytes(text)
    with pytest.raises(StoreError, match=said):
        read_all(tmp_path)


def test_a_difference_is_that_of_the_shares() -> None:
    before, after = flags_of([0, 0, 1, 1]), flags_of([1, 1, 1, 0])
    figure = difference(before, after, "correct")
    assert (figure.value, figure.of) == (25.0, 4)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 25 < figure.high


def test_the_interval_is_of_the_pairs() -> None:
    """Twenty queries, right by half, change alike on both sides: the difference is certain, the shares are not."""
    before = flags_of([0, 1] * 10)
    assert difference(before, copy.deepcopy(before), "correct") == Figure(0.0, 0.0, 0.0, 20)
    unpaired = flags_of([1, 0] * 10)
    figure = difference(before, unpaired, "correct")
    assert figure.value == 0
    assert figure.low is not None
    assert figure.low < -20


def test_the_interval_is_about_the_known_one() -> None:
    """100 pairs, 30 of them won and 10 lost: the standard error is 6 points by hand."""
    before, after = flags_of([0] * 30 + [1] * 10 + [1] * 60), flags_of([1] * 30 + [0] * 10 + [1] * 60)
    figure = difference(before, after, "correct")
    assert figure.value == 20
    assert figure.low == pytest.approx(20 - 1.96 * 6, abs=1.5)
    assert figure.high == pytest.approx(20 + 1.96 * 6, abs=1.5)
    assert difference(before, after, "correct") == figure


def test_a_query_counts_only_where_it_can() -> None:
    """API match is of the well-formed; here one query is well-formed on one side only."""
    before = {"a": {"api_match": True}, "b": {}, "c": {}}
    after = {"a": {"api_match": True}, "b": {"api_match": False}, "c": {}}
    found = difference(before, after, "api_match")
    assert (found.value, found.of) == (-50.0, 2)
    assert difference(before, after, "no_call") == Figure()
    assert difference({"a": {}}, {"a": {"api_match": True}}, "api_match") == Figure(of=1)
    assert difference({}, {}, "correct") == Figure()


@pytest.mark.parametrize(
    "change", [{"constrained": False}, {"testset": "dev"}, {"candidates": 3}, {"seed": 8}, {"model": "other"}, {"flags": {}}]
)  # fmt: skip
def test_only_like_is_compared_with_like(change: dict[str, Any], tmp_path: Path) -> None:
    write_result(tmp_path, result("icl", mode="icl"))
    write_result(tmp_path, result("baseline"))
    assert figures(tmp_path)["correct"].value == 0
    write_result(tmp_path, result("baseline") | change)
    assert comparisons(read_all(tmp_path)[0]) == []


def test_other_queries_are_not_compared(tmp_path: Path) -> None:
    write_result(tmp_path, result("icl", mode="icl", correct=[1, 1]))
    write_result(tmp_path, result("baseline", correct=[1, 1, 1]))
    assert comparisons(read_all(tmp_path)[0]) == []


NASTY = [
    "a|b", "a\nb|\r\n| c |", "\x1b[31mred\x1b]0;x\x07", "`x`", "*x* [y](http://z) <img src=x>", "a\\|b", "__init__",
    "\u202eevil\u2028", "&lt;", "",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_nothing_breaks_out_of_a_cell(text: str) -> None:
    found = table(("tool", "n"), [(cell(text), "1")]).split("\n")
    assert len(found) == 3
    assert re.sub(r"\\\\|\\\|", "", found[2]).count("|") == 3
    assert found[2].isprintable()
    assert not re.search(r"(?<!\\)[<`*\[]", re.sub(r"\\\\", "", found[2]))


def test_a_seed_of_the_manifest_is_no_markup(tmp_path: Path) -> None:
    settings = {"tools": ["t"], "episodes": 1, "trials": 1, "seed": "1\n# <b>"}
    RunFolder.create(tmp_path / "run", {"settings": settings}).close()
    assert "seed 1 \\# \\<b\\>: 0 of 1 trials" in markdown(study.read(tmp_path / "run"))


def test_cells_are_read_as_they_were() -> None:
    assert cell("forecast_weather") == "forecast_weather"
    assert cell("GET  100%\tof _x_ & <b>") == r"GET 100% of \_x\_ &amp; \<b\>"
    assert cell("x" * 20, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("text", [*NASTY, "a``b", "```", "`"])
def test_nothing_breaks_out_of_a_code_span(text: str) -> None:
    found = code(text)
    fence = re.match("`+", found)
    assert fence
    inner = found[len(fence[0]) : -len(fence[0])]
    assert found.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inner)
    assert found.isprintable()


# -- fine-tuned ------------------------------------------------------------------------------------------------------

ADAPTER = {"spec": "/runs/first/finetune/adapter.gguf", "scale": 1.0, "fingerprint": "a", "base": "m", "data": "d"}


def tuned(name: str = "ft", **changes: Any) -> Any:
    """The result of an evaluation of a fine-tuned model."""
    own = {"describe": False, "shots": 0, "candidates": 20, "lora": ADAPTER}
    return result(name, mode="ft", correct=[1, 1, 1, 1]) | own | changes


def pairs(path: Path) -> list[tuple[str, str]]:
    return [(each.after.name, each.before.name) for each in comparisons(read_all(path)[0])]


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({}, "FT"),
        ({"shots": 8}, "FT with ICL"),
        ({"describe": True}, "FT with descriptions"),
        ({"describe": True, "shots": 8}, "FT with descriptions and ICL"),
        ({"describe": None, "lora": None}, "FT"),
        ({"mode": "baseline"}, "baseline with adapter"),
    ],
)
def test_a_method_says_what_the_prompt_shows(changes: dict[str, Any], method: str, tmp_path: Path) -> None:
    write_result(tmp_path, tuned() | changes)
    assert read(tmp_path / "eval/ft").method == method


def test_fine_tuned_comes_last_and_is_compared_with_both(tmp_path: Path) -> None:
    write_result(tmp_path, tuned("a-shown", shots=8))
    for value in (tuned("a"), result("b", mode="icl"), result("c"), result("d", constrained=False)):
        write_result(tmp_path, value)
    assert [each.name for each in read_all(tmp_path)[0]] == ["c", "b", "a", "a-shown", "d"]
    assert pairs(tmp_path) == [("b", "c"), ("a", "c"), ("a", "b"), ("a-shown", "c"), ("a-shown", "b")]
    (found,) = [
        each for each in comparisons(read_all(tmp_path)[0]) if (each.after.name, each.before.name) == ("a", "c")
    ]
    assert found.differences["correct"].value == 50


def test_descriptions_bring_candidates_and_prompts_to_compare(tmp_path: Path) -> None:
    """A model that sees no tool described has neither; one that does is compared in them."""

    def settled(**changes: Any) -> list[tuple[str, str]]:
        write_result(tmp_path, result("baseline") | {"candidates": 15, "oracle": True})
        write_manifest(tmp_path, "baseline", {}, prompts={"fingerprint": "answer"})
        write_result(tmp_path, tuned(**changes))
        write_manifest(tmp_path, "ft", {}, prompts={"fingerprint": "tool mode"})
        return pairs(tmp_path)

    assert settled() == [("ft", "baseline")]
    assert settled(describe=True, candidates=15, oracle=True) == []
    write_manifest(tmp_path, "ft", {}, prompts={"fingerprint": "answer"})
    assert pairs(tmp_path) == [("ft", "baseline")]


def test_the_adapter_must_be_of_the_same_model(tmp_path: Path) -> None:
    write_result(tmp_path, tuned())
    write_result(tmp_path, result("baseline"))
    for fingerprint, found in (("m", [("ft", "baseline")]), ("other", [])):
        write_manifest(tmp_path, "baseline", {}, model={"fingerprint": fingerprint})
        assert pairs(tmp_path) == found
    (baseline, ft), _ = read_all(tmp_path)
    assert unlike(baseline, ft) == unlike(ft, baseline) == ["the model (another file)"]
    write_result(tmp_path, result("baseline") | {"lora": ADAPTER})
    assert pairs(tmp_path) == []
    write_result(tmp_path, result("icl", mode="icl"))
    assert pairs(tmp_path) == [("ft", "icl")]
    write_result(tmp_path, result("icl", mode="icl") | {"lora": ADAPTER})
    assert pairs(tmp_path) == [("icl", "baseline")]  # asked with the same adapter
    write_result(tmp_path, result("icl", mode="icl") | {"lora": ADAPTER | {"scale": 0.5}})
    assert pairs(tmp_path) == []


@pytest.mark.parametrize("change", [{"describe": "no"}, {"lora": "adapter.gguf"}])
def test_a_broken_result_of_a_fine_tuned_model(change: dict[str, Any], tmp_path: Path) -> None:
    write_result(tmp_path, tuned() | change)
    with pytest.raises(StoreError, match=f"look at {next(iter(change))}$"):
        read_all(tmp_path)


def test_the_summary_of_a_training_may_hold_anything(tmp_path: Path) -> None:
    folder = tmp_path / "finetune/adapter"
    folder.mkdir(parents=True)
    assert read_training(tmp_path) is None
    (folder / "finetune.json").write_bytes(
        b'{"loss": {"first": 2.5, "last": "low"}, "steps": true, "data": 3, "seconds": null}'
    )
    found = read_training(tmp_path)
    assert found is not None
    assert found.number("loss", "first") == 2.5
    for names in (("loss", "last"), ("loss",), ("steps",), ("data", "rows"), ("seconds",), ("settings", "rank")):
        assert found.number(*names) is None
    assert found.fingerprint == ""
    (folder / "finetune.json").write_bytes(b"[]")
    with pytest.raises(StoreError, match=r"finetune\.json is not a JSON object"):
        read_training(tmp_path)


def test_an_adapter_that_was_trained_anew(tmp_path: Path) -> None:
    own = ADAPTER | {"spec": str(tmp_path / "finetune/adapter.gguf")}
    for fingerprint, another in (("a", False), ("b", True), ("", False)):
        assert Training({"fingerprint": fingerprint}).made_another(own, tmp_path) is another
    elsewhere = tmp_path / "other/finetune/adapter.gguf"
    moved = ADAPTER | {"spec": str(elsewhere)}
    assert Training({"fingerprint": "b"}).made_another(moved, tmp_path)  # the run was there before
    elsewhere.parent.mkdir(parents=True)
    elsewhere.touch()
    for other in (
        moved,
        ADAPTER | {"spec": "mine.gguf"},
        ADAPTER | {"spec": "a\0b"},
        ADAPTER | {"spec": "x" * 5000},
        {},
    ):
        assert not Training({"fingerprint": "b"}).made_another(other, tmp_path)


def test_the_rows_that_were_learned() -> None:
    assert Training({"data": {"rows": 122, "held_out": 9}}).learned == 113
    assert [Training({"data": data}).learned for data in ({}, {"rows": 4}, {"held_out": 4}, [])] == [None] * 4


def test_the_tools_that_it_was_trained_on() -> None:
    assert Training({"settings": {"tools": ["a", 1, "b"]}}).tools == ("a", "b")
    assert [Training(value).tools for value in ({}, {"settings": []}, {"settings": {"tools": "a"}})] == [()] * 3


def test_the_gains_of_the_paper() -> None:
    found = gains(RESULTS)
    assert found["Mistral-7B-Instruct"] == {"ICL": 17.8, "FT": 46.7}
    assert found["ToolLLaMA-v2"] == {}
    assert all(row.method in METHODS for row in RESULTS)
