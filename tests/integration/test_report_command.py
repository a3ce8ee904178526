"""`stesim report` over a finished run with results written by hand, through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.report.study import GATES
from tests.integration.conftest import Type
from tests.integration.test_commands import one_line
from tests.unit.results import result, write_manifest, write_result

DISTILLED = {
    "trials": 6, "kept": 2, "gates": {"judge": 1, "answer": 2, "format": 0, "execution": 1}, "originals": 2,
    "paraphrases": 5, "demonstrations": 7, "paraphrases_dropped": {"grounding": 3, "duplicate": 0}, "judge": "smollm2",
    "seconds": 62.0, "by_tool": {"get_country": 7},
}  # fmt: skip


@pytest.fixture
def evaluated(finished: Path) -> Path:
    """A run with a distillation and all four evaluations."""
    (finished / "distill.json").write_bytes(orjson.dumps(DISTILLED))
    for constrained, suffix in ((True, ""), (False, "-free")):
        write_result(finished, result(f"baseline{suffix}", constrained=constrained, correct=[0, 0, 0, 1]))
        write_result(
            finished, result(f"icl{suffix}", mode="icl", constrained=constrained, correct=[1, 1, 1, int(constrained)])
        )
    return finished


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading this is."""
    lines = text.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    found = []
    for line in [lines[start], *lines[start + 2 :]]:
        if not line.startswith("|"):
            break
        found.append([each.strip() for each in line.strip("|").split(" | ")])
    return found


def test_the_table_ready_to_paste(evaluated: Path, type_: Type) -> None:
    shown = type_("report", evaluated).stdout
    assert shown.startswith(
        "### smollm2: starter tools, bundled test set\n\n| method | decoding | queries | well-formed |"
    )
    table = rows(shown, "method")
    assert table[0] == [
        "method", "decoding", "queries", "well-formed", "API match", "correct", "argument match", "execution match",
        "no call",
    ]  # fmt: skip
    assert [row[:2] + row[5:6] for row in table[1:]] == [
        ["baseline", "constrained", "25.0 (0.0 to 50.0)"], ["ICL", "constrained", "100.0 (75.0 to 100.0)"],
        ["baseline", "unconstrained", "25.0 (0.0 to 50.0)"], ["ICL", "unconstrained", "75.0 (50.0 to 100.0)"],
    ]  # fmt: skip
    assert table[1][8] == "–"
    assert [row[2] for row in table[1:]] == ["4"] * 4
    differences = rows(shown, "difference")
    assert [row[:2] for row in differences[1:]] == [
        ["ICL − baseline", "constrained"], ["ICL − baseline", "unconstrained"],
    ]  # fmt: skip
    assert differences[1][4].startswith("+75.0 (+")
    assert differences[1][2] == "0.0 (0.0 to 0.0)"
    assert {len(row) for row in table} == {9}
    assert {len(row) for row in differences} == {8}


def test_what_stands_below(evaluated: Path, type_: Type) -> None:
    shown = type_("report", evaluated).stdout
    assert rows(shown, "correct, by tool")[1] == ["add_date", "4", "25.0", "100.0", "25.0", "75.0"]
    assert rows(shown, "failures, by kind")[1:] == [["wrong value", *"2222"], ["missing action", *"1111"]]
    assert (
        "- ICL, constrained: 20 tools; 4 queries; 15 candidate tools; 8 of 20 demonstrations a query, found by words; "
        "seed 7; 12 345 prompt tokens (10 000 of them reused), 321 generated; 1 min 23 s." in shown
    )
    assert "scripted replies on 2 tools (extended), 1 episode of 3 trials each" in shown
    assert "6 trials, 4 answered after a call" in shown
    assert [[row[0], *row[2:]] for row in rows(shown, "gate")[1:]] == [
        ["answer", "2", "4"], ["format", "0", "4"], ["execution", "1", "3"], ["judge", "1", "2"],
    ]  # fmt: skip
    assert "2 of 6 trials (33.3 %) became demonstrations; 5 paraphrases were added (dropped: 3 grounding); " in shown


def test_examples_where_asked_for(evaluated: Path, type_: Type) -> None:
    assert "3 weeks ago" not in type_("report", evaluated).stdout
    shown = type_("report", evaluated, "--examples").stdout
    assert "#### Failures: ICL, unconstrained\n\n- wrong value: 3 weeks ago? (add_date-05)\n" in shown
    assert '  - right: `add_date {"days": -21}`\n' in shown
    assert '  - said: `Action: add_date Action Input: {"days": 21}`\n' in shown


def test_for_machines(evaluated: Path, type_: Type) -> None:
    found = json.loads(type_("report", evaluated, "--json").stdout)
    assert [each["name"] for each in found["evaluations"]] == ["baseline", "icl", "baseline-free", "icl-free"]
    assert found["evaluations"][0]["metrics"]["correct"] == {"value": 25.0, "low": 0.0, "high": 50.0, "of": 4}
    assert "flags" not in found["evaluations"][0]
    assert [(each["icl"], each["correct"]["value"]) for each in found["differences"]] == [("icl", 75), ("icl-free", 50)]
    assert found["distillation"]["left"] == {"answer": 4, "format": 4, "execution": 3, "judge": 2}
    assert (found["exploration"]["trials"], found["exploration"]["planned"]) == (6, 6)


def test_a_baseline_alone(finished: Path, type_: Type) -> None:
    write_result(finished, result("baseline"))
    (finished / "eval/icl").mkdir()
    done = type_("report", finished)
    assert "difference" not in done.stdout
    assert "Not distilled." in done.stdout
    assert done.stderr == "note: the evaluation icl is not finished and left out\n"


def test_icl_with_nothing_to_compare_it_with(evaluated: Path, type_: Type) -> None:
    write_result(evaluated, result("baseline", correct=[0, 0]))
    done = type_("report", evaluated)
    assert len(rows(done.stdout, "difference")) == 2
    assert done.stderr == (
        "note: icl has no baseline to be compared with; baseline differs: the queries (others). Make it with: "
        f"stesim eval --run {evaluated} --mode baseline --name baseline-2 --toolset starter --seed 7 --constrain on\n"
    )
    assert json.loads(type_("report", evaluated, "--json").stdout)["notes"] == [done.stderr[len("note: ") : -1]]
    shutil.rmtree(evaluated / "eval/baseline")
    note = type_("report", evaluated).stderr
    assert "; baseline-free differs: decoding unconstrained, not constrained. Make it with: " in note
    assert "--mode baseline --name baseline --toolset starter --seed" in note
    (evaluated / "eval/baseline").mkdir()
    assert type_("report", evaluated).stderr.endswith(
        f" stesim eval --run {evaluated} --name baseline --toolset starter\n"
    )


def test_a_command_is_quoted_and_has_the_settings(evaluated: Path, type_: Type) -> None:
    """As the manifest of the evaluation that has no partner tells them."""
    run = evaluated.rename(evaluated.with_name("my run"))
    shutil.rmtree(run / "eval")
    write_result(run, result("few-icl", mode="icl", constrained=False) | {"oracle": True, "toolset": "starter"})
    settings = {
        "testset": "my queries.jsonl", "candidates": 5, "seed": 0, "context": 1024, "max_tokens": 64, "shots": 2,
        "limit": 3, "unanswerable": False, "tools": ["get_country"], "retrieval": "words",
    }  # fmt: skip
    write_manifest(run, "few-icl", settings, model={"spec": "big one.gguf"}, tools={"toolset": "starter"})
    assert type_("report", run).stderr.split("Make it with: ")[1] == (
        f"stesim eval --run '{run}' --mode baseline --name few-baseline --model 'big one.gguf' --toolset starter --tools "
        "get_country --testset 'my queries.jsonl' --candidates 5 --limit 3 --ctx 1024 --max-tokens 64 --no-unanswerable "
        "--oracle --constrain off\n"
    )


def test_a_baseline_that_could_have_a_partner(finished: Path, type_: Type) -> None:
    write_result(finished, result("baseline"))
    (finished / "demonstrations.jsonl").write_bytes(b"")
    assert type_("report", finished).stderr == ""
    (finished / "demonstrations.jsonl").write_bytes(b"{}\n")
    assert type_("report", finished).stderr == (
        "note: baseline has no ICL evaluation to be compared with. Make it with: "
        f"stesim eval --run {finished} --mode icl --name icl --toolset starter --seed 7 --constrain on\n"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings": {"context": 1024}}, "the context 1024, not 2048"),
        ({"settings": {"max_tokens": 64}}, "the tokens of a reply 64, not 128"),
        ({"prompts": {"fingerprint": "other"}}, "the prompts (others)"),
        ({"tools": {"fingerprint": "other"}}, "the tools (others)"),
    ],
)
def test_what_the_manifests_tell_must_agree(change: dict[str, Any], said: str, finished: Path, type_: Type) -> None:
    same: dict[str, Any] = {"prompts": {"fingerprint": "a"}, "tools": {"fingerprint": "b"}}
    for name in ("baseline", "icl"):
        write_result(finished, result(name, mode=name))
        write_manifest(finished, name, {"context": 2048, "max_tokens": 128}, **same)
    done = type_("report", finished)
    assert ("| ICL − baseline |" in done.stdout, done.stderr) == (True, "")
    settings = {"context": 2048, "max_tokens": 128} | change.get("settings", {})
    parts = same | {name: value for name, value in change.items() if name != "settings"}
    write_manifest(finished, "baseline", settings, **parts)
    done = type_("report", finished)
    assert "| ICL − baseline |" not in done.stdout
    assert f"icl has no baseline to be compared with; baseline differs: {said}. Make it with: " in done.stderr
    assert done.stderr.count("\n") == 1
    (finished / "eval/baseline/manifest.json").unlink()  # what nobody tells is no difference
    assert "| ICL − baseline |" in type_("report", finished).stdout


@pytest.mark.parametrize(
    ("toolset", "tools", "said"),
    [
        ("extended", ["get_country"], "get_country of extended"),
        ("extended", ["add_date", "get_country"], "add_date and get_country of extended"),
        ("starter", ["add_date", "get_country", "forecast_weather"], "add_date, get_country and forecast_weather of starter"),
        ("starter", ["a", "b", "c", "d"], "4 tools of starter"),
        ("starter", list("abcdefghij"), "starter tools"),
        ("mytools.py", ["a"], "mytools.py tools"),
    ],
)  # fmt: skip
def test_the_title_says_which_tools(toolset: str, tools: list[str], said: str, finished: Path, type_: Type) -> None:
    write_result(finished, result("baseline") | {"toolset": toolset, "tools": len(tools)})
    write_manifest(finished, "baseline", {"tools": tools})
    assert type_("report", finished).stdout.startswith(f"### smollm2: {said}, bundled test set\n")


def test_other_tools_have_their_own_table(finished: Path, type_: Type) -> None:
    for name in ("add_date", "get_country"):
        write_result(finished, result(name) | {"toolset": "extended", "tools": 1})
        write_manifest(finished, name, {"tools": [name]})
    shown = type_("report", finished).stdout
    assert "### smollm2: add_date of extended, " in shown
    assert "### smollm2: get_country of extended, " in shown


def test_how_many_queries_and_what_no_width_means(finished: Path, type_: Type) -> None:
    value = result("baseline", correct=[0, 1]) | {"unanswerable": 3}
    write_result(finished, value)
    shown = type_("report", finished).stdout
    assert rows(shown, "method")[1][2] == "2 + 3"
    assert "of all answerable queries. API match" in shown
    assert "queries: answerable + not answerable ones." in shown
    assert "\n\nAn interval without width means only that all queries came out alike" in shown
    value["metrics"]["well_formed"] |= {"low": 50.0}
    write_result(finished, value)
    assert "without width" not in type_("report", finished).stdout


def test_gates_that_nobody_asked_are_left_out(evaluated: Path, type_: Type) -> None:
    def gates() -> list[str]:
        return [row[0] for row in rows(type_("report", evaluated).stdout, "gate")[1:]]

    summary = DISTILLED | {"gates": dict.fromkeys(GATES, 0), "judge": None}
    (evaluated / "distill.json").write_bytes(orjson.dumps(summary))
    assert gates() == ["answer", "format", "execution", "grounding", "duplicate"]
    found = json.loads(type_("report", evaluated, "--json").stdout)["distillation"]
    assert (list(found["dropped"]), found["asked"]) == (list(GATES), gates())
    (evaluated / "judge").mkdir()
    (evaluated / "judge/manifest.json").write_text('{"settings": {"grounding": "off"}}')
    manifest = json.loads((evaluated / "manifest.json").read_text())
    manifest["settings"]["imagine"] = "call-first"
    (evaluated / "manifest.json").write_bytes(orjson.dumps(manifest))
    assert gates() == ["answer", "rank", "format", "execution", "duplicate"]
    (evaluated / "distill.json").write_bytes(orjson.dumps(summary | {"gates": {"judge": 1, "unparsed": 0}}))
    assert gates() == ["judge"]  # never a number that is not 0


def test_two_of_one_kind_and_two_test_sets(evaluated: Path, type_: Type) -> None:
    write_result(evaluated, result("icl-few", mode="icl") | {"shots": 2})
    write_result(evaluated, result("dev") | {"testset": "dev"})
    shown = type_("report", evaluated).stdout
    assert [row[0] for row in rows(shown, "method")[1:]] == [
        "baseline (baseline)", "ICL (icl)", "ICL (icl-few)", "baseline (baseline-free)", "ICL (icl-free)",
    ]  # fmt: skip
    assert [row[0] for row in rows(shown, "difference")[1:]] == [
        "ICL (icl) − baseline (baseline)", "ICL (icl-few) − baseline (baseline)",
        "ICL (icl-free) − baseline (baseline-free)",
    ]  # fmt: skip
    assert "### smollm2: starter tools, dev test set" in shown


@pytest.mark.parametrize("distilled", [False, True])
def test_a_run_without_evaluation(distilled: bool, finished: Path, type_: Type) -> None:
    if distilled:
        (finished / "distill.json").write_bytes(orjson.dumps(DISTILLED))
    (finished / "eval/begun").mkdir(parents=True)
    error = one_line(type_("report", finished, code=2).stderr)
    assert f"{finished} has no finished evaluation yet (begun not finished): " in error
    assert (f"stesim distill {finished}, then " in error) is not distilled
    assert error.endswith(f"stesim eval --run {finished} --mode baseline, and with --mode icl")


def test_a_folder_that_is_no_run(type_: Type) -> None:
    assert "no run in nowhere" in one_line(type_("report", "nowhere", code=2).stderr)


@pytest.mark.parametrize(
    ("file", "value", "said"),
    [
        ("eval/icl/result.json", b"{", "result.json is not JSON"),
        ("eval/icl/result.json", b'{"mode": "icl"}', "look at model, constrained, metrics, queries"),
        ("distill.json", b"[]", "distill.json is not a JSON object"),
        ("distill.json", b'{"gates": {"judge": "x"}}', "is not the summary of a distillation: look at gates"),
        ("distill.json", b'{"kept": "2"}', "is not the summary of a distillation: look at kept"),
        ("trials.jsonl", b"{}\n", "trials.jsonl, line 1"),
        ("trials.jsonl", b"{\n", "trials.jsonl, line 1"),
        ("manifest.json", b'{"settings": {"tools": [1]}}', "is not a run's manifest: look at settings"),
    ],
)
def test_broken_files_are_named(file: str, value: bytes, said: str, evaluated: Path, type_: Type) -> None:
    (evaluated / file).write_bytes(value)
    assert said in one_line(type_("report", evaluated, code=2).stderr)


def nasty_result(text: str) -> Any:
    value = result("icl", mode="icl") | {"model": text, "toolset": text, "testset": text, "retrieval": text}
    value |= {"by_tool": {text: {"correct": 1.0, "queries": 4}}, "failures": {text: 1}}
    example = {"id": text, "query": text, "right": {"tool": text, "arguments": {text: text}}, "said": text}
    return value | {"examples": {text: [example, example | {"right": None}]}}


def test_text_that_nobody_vouches_for(evaluated: Path, type_: Type) -> None:
    shutil.rmtree(evaluated / "eval")
    write_result(evaluated, nasty_result("a|b\n\n| x | `\x1b[31m\u202e<b>"))
    (evaluated / "distill.json").write_bytes(orjson.dumps(DISTILLED | {"gates": {"|\n": 1}, "judge": "a\n|"}))
    shown = type_("report", evaluated, "--examples").stdout
    assert all(line.isprintable() for line in shown.split("\n"))
    for line in shown.split("\n"):
        assert not line.startswith(("| x |", " x"))
    assert len(rows(shown, "correct, by tool")[1]) == 3
    json.loads(type_("report", evaluated, "--json").stdout)


def test_a_run_that_goes_on_can_be_reported(evaluated: Path, type_: Type) -> None:
    """Reading takes no lock and changes nothing, and a torn last line is left out."""
    trials = (evaluated / "trials.jsonl").read_bytes()
    (evaluated / "trials.jsonl").write_bytes(trials[:-20])
    shown = type_("report", evaluated).stdout
    assert "5 of 6 trials" in shown
    assert (evaluated / "trials.jsonl").read_bytes() == trials[:-20]
