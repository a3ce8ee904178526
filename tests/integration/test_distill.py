"""`stesim distill` with scripted and replayed models, through the real command line."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from stesim.records import Demonstration
from stesim.store import RunFolder
from stesim.store.codec import demonstration_from_json
from tests.integration.conftest import Type
from tests.integration.distilling import (
    DISTILL,
    PASS,
    REWORDINGS,
    VERDICTS,
    done,
    explored,
    files_of,
    model,
    script,
)

__all__ = ["done", "explored", "model"]  # fixtures


def judged(run: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (run / "judge" / "judged.jsonl").read_bytes().splitlines()]


def demonstrations(run: Path) -> list[Demonstration]:
    lines = (run / "demonstrations.jsonl").read_bytes().splitlines()
    return [demonstration_from_json(orjson.loads(line)) for line in lines]


def test_every_gate_is_met(done: Path) -> None:
    assert [line["gate"] for line in judged(done)] == [
        "", "duplicate", "execution", "grounding", "", "", "format", "judge", "unparsed", "answer",
    ]  # fmt: skip
    assert [line["asked"] for line in judged(done)] == [1, 0, 0, 0, 1, 1, 0, 1, 2, 0]


def test_the_demonstrations(done: Path) -> None:
    found = demonstrations(done)
    assert [(one.tool, one.trial, one.paraphrase) for one in found if one.tool == "get_country"] == [
        ("get_country", 1, 0), ("get_country", 1, 1),
    ]  # fmt: skip
    weather = [one for one in found if one.tool == "forecast_weather"]
    assert len(weather) == 5  # of six, one of the second rewordings was left out
    assert {(1, 0), (1, 1), (5, 0), (5, 1)} < {(one.trial, one.paraphrase) for one in weather}
    assert [(one.trial, one.paraphrase) for one in weather] == sorted((one.trial, one.paraphrase) for one in weather)
    queries = [one.query for one in found]
    assert "Could you find out if there is rain in Rome in the next 4 days?" in queries  # trimmed
    assert "Please tell me about the weather in Paris over 2 days." in queries
    for one in weather:
        assert one.arguments == ({"city": "Paris", "days": 2} if one.trial == 1 else {"city": "Rome", "days": 4})
        assert '"forecast"' in one.observation
        assert one.answer == "Mild."


def test_the_summary(explored: Path, model: str, type_: Type) -> None:
    summary = json.loads(type_("distill", explored, "--model", model, "--json", *DISTILL).stdout)
    assert summary["trials"] == 10
    assert summary["kept"] == 3
    assert summary["gates"] == {
        "answer": 1, "rank": 0, "format": 1, "execution": 1, "grounding": 1, "duplicate": 1, "judge": 1, "unparsed": 1,
    }  # fmt: skip
    assert list(summary["passed"].values()) == [9, 9, 8, 7, 6, 5, 4, 3]
    assert summary["paraphrases_dropped"] == {"same": 1, "lost_value": 1, "new_value": 1}
    assert (summary["paraphrases_asked"], summary["reworded"], summary["paraphrases"]) == (8, 5, 4)
    assert (summary["originals"], summary["demonstrations"]) == (3, 7)
    assert summary["by_tool"] == {"forecast_weather": 5, "get_country": 2}
    assert [row["kept"] for row in summary["tools"]] == [2, 1]
    assert summary["judge"] == summary["paraphraser"] == "scripted:distill.json"
    assert {**summary, "run": 0} == {**orjson.loads((explored / "distill.json").read_bytes()), "run": 0}


def test_the_tables(done: Path, type_: Type) -> None:
    shown = type_("distill", done).stdout
    assert re.search(r"^all +10 +3 +30% +8 +5 +7$", shown, re.MULTILINE)
    assert re.search(r"^forecast_weather +5 +2 +40% +5 +4 +5$", shown, re.MULTILINE)
    assert re.search(r"^execution +1 +7 +the call failed", shown, re.MULTILINE)
    assert re.search(r"^ +lost_value +1 +lacks a value", shown, re.MULTILINE)
    assert "7 demonstrations: 3 queries as imagined, 4 rewordings (of 5 made)." in shown
    assert f"stesim eval --run {done} --mode icl" in shown
    assert "\x1b" not in shown


def test_the_conversation_grows_and_dropped_replies_leave_it(done: Path) -> None:
    requests = [request for request, _ in RunFolder.read(done / "paraphrase").completions()]
    assert [request.purpose for request in requests] == ["paraphrase"] * 8
    first, second, third = ([m.content for m in request.messages] for request in requests[:3])
    assert first[-1] == "Ask this in other words: What will the weather be in Paris for 2 days?"
    assert second == [*first, REWORDINGS[0], "Ask it again, in a new way."]
    assert third == second  # the one that lacks the days is gone
    assert len({request.seed for request in requests}) == 8
    assert all(request.prefill for request in requests)
    assert requests[1].prefill != requests[2].prefill


def test_once_finished_it_only_prints(done: Path, type_: Type, tmp_path: Path) -> None:
    (tmp_path / "distill.json").unlink()  # the model is not needed any more
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in done.rglob("*") if path.is_file()}
    assert "7 demonstrations" in type_("distill", done).stdout
    assert "7 demonstrations" in type_("distill", done, *DISTILL).stdout
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in done.rglob("*") if p.is_file()} == before


def test_lost_results_are_made_again(done: Path, type_: Type) -> None:
    before = files_of(done)
    (done / "demonstrations.jsonl").unlink()
    (done / "distill.json").unlink()
    type_("distill", done)
    assert files_of(done) == before
    (done / "demonstrations.jsonl").write_text("{}")
    type_("distill", done)
    assert files_of(done) == before


def test_both_stages_are_replayed(done: Path, explored: Path, type_: Type, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(done, again, ignore=shutil.ignore_patterns("judge", "paraphrase", "d*"))
    spec = ["--judge", f"replay:{done}/judge", "--model", f"replay:{done}/paraphrase"]
    type_("distill", again, *spec)
    found, before = files_of(again), files_of(done)
    for name in ("judge/judged.jsonl", "paraphrase/paraphrased.jsonl", "demonstrations.jsonl"):
        assert found[name] == before[name]


def test_a_judge_of_its_own(explored: Path, type_: Type, tmp_path: Path) -> None:
    judge = script(tmp_path / "judge.json", VERDICTS)
    words = ["--judge", judge, "--model", script(tmp_path / "words.json", REWORDINGS), *DISTILL]
    summary = json.loads(type_("distill", explored, "--json", *words).stdout)
    assert (summary["judge"], summary["paraphraser"]) == ("scripted:judge.json", "scripted:words.json")
    assert summary["demonstrations"] == 7
    type_("distill", explored, "--judge", judge)
    type_("distill", explored, "--model", f"scripted:{tmp_path / 'words.json'}")


def test_one_model_is_loaded_once(explored: Path, model: str, type_: Type) -> None:
    assert type_("distill", explored, "--model", model, *DISTILL).stderr.count("loading") == 1


def test_without_a_judge(explored: Path, type_: Type, tmp_path: Path) -> None:
    result = type_("distill", explored, "--no-judge", "--no-paraphrase", "--json")
    summary = json.loads(result.stdout)
    assert "loading" not in result.stderr
    assert (summary["kept"], summary["demonstrations"], summary["judge"]) == (5, 5, None)
    assert not (explored / "paraphrase").exists()
    assert json.loads(type_("distill", explored, "--json").stdout) == summary
    refused = type_("distill", explored, "--judge", "smollm2", code=2).stderr
    assert "the judge (--no-judge) was off, not on" in refused
    assert "--model was of no use" in type_("distill", explored, "--model", "smollm2", code=2).stderr
    words = script(tmp_path / "words.json", ["x"] * 100)
    again = ["--again", "--no-judge", "--paraphrase", "--model", words]
    summary = json.loads(type_("distill", explored, *again, "--json").stdout)
    assert (summary["demonstrations"], summary["paraphrases_dropped"]) == (5, {"lost_value": 30})


def test_no_survivors(explored: Path, type_: Type, tmp_path: Path) -> None:
    no = script(tmp_path / "no.json", [PASS.replace("Yes", "No")] * 6)
    result = type_("distill", explored, "--model", no)
    assert "No trial passed every gate, so there is nothing to learn from" in result.stdout
    assert "dropped at the gate judge (6 of 10). What may help: " in result.stdout
    assert (explored / "demonstrations.jsonl").read_bytes() == b""
    assert not (explored / "paraphrase").exists()
    type_("distill", explored)


# -- bad input -----------------------------------------------------------------------------------------------------


def test_an_unfinished_run(explored: Path, model: str, type_: Type) -> None:
    lines = (explored / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (explored / "trials.jsonl").write_bytes(b"".join(lines[:7]))
    result = type_("distill", explored, "--model", model, code=2)
    assert "is not finished: 3 of 10 trials are missing" in result.stderr
    assert not (explored / "judge").exists()
    summary = json.loads(type_("distill", explored, "--model", model, "--unfinished", "--json", *DISTILL).stdout)
    assert (summary["trials"], summary["missing"], summary["kept"]) == (7, 3, 3)
    (explored / "trials.jsonl").write_bytes(b"".join(lines))
    result = type_("distill", explored, code=2)
    assert "the input changed" in result.stderr
    assert "add --again, which sets aside what is there and begins anew" in result.stderr


def other_seed(run: Path) -> list[str]:
    return ["--seed", "5"]


def other_prompts(run: Path) -> list[str]:
    (run.parent / "mine").mkdir()
    (run.parent / "mine" / "judge.txt").write_text("{query} {calls} {answer}?")
    return ["--prompts", str(run.parent / "mine")]


def other_words(run: Path) -> list[str]:
    (run.parent / "mine").mkdir()
    (run.parent / "mine" / "paraphrase_next.txt").write_text("Again!")
    return ["--prompts", str(run.parent / "mine")]


def other_model(run: Path) -> list[str]:
    return ["--model", script(run.parent / "other.json", ["x"])]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (other_seed, "was distilled with other settings: --seed was 0, not 5. Leave"),
        (lambda _: ["--grounding", "off", "--similar", "0.5"], "--grounding was words, not off; --similar was 0.8, not"),
        (lambda _: ["--no-judge"], "the judge (--no-judge) was on, not off"),
        (lambda _: ["--constrain", "on"], "--constrain was off, not on"),
        (lambda _: ["--per-tool", "7"], "--per-tool was 5, not 7."),
        (lambda _: ["--paraphrases", "2", "--seed", "1"], "--seed was 0, not 1; --paraphrases was 3, not 2."),
        (lambda _: ["--no-paraphrase"], "--paraphrase was on, not off."),
        (lambda _: ["--no-paraphrase", "--per-tool", "3"], "--paraphrase was on, not off; --per-tool was 5, not 3."),
        (lambda _: ["--toolset", "all"], "--toolset was extended, not all."),
        (lambda _: ["--temperature", "1", "--overlap", "0"], "--temperature was 0.6, not 1.0; --overlap was 0.5, not"),
        (other_prompts, "the prompts changed"),
        (other_words, "the prompts changed"),
        (other_model, "the model changed (scripted:distill.json, not scripted:other.json)"),
    ],
)  # fmt: skip
def test_other_settings_are_refused_and_named(
    words: Callable[[Path], list[str]], message: str, done: Path, type_: Type
) -> None:
    before = files_of(done)
    result = type_("distill", done, *words(done), code=2)
    assert message in result.stderr
    assert "or add --again, which sets aside what is there and begins anew" in result.stderr
    assert files_of(done) == before


def test_recorded_replies_are_no_model_for_this(explored: Path, type_: Type) -> None:
    result = type_("distill", explored, code=2)
    assert "was made with recorded replies (scripted:" in result.stderr
    assert "name a model: --model smollm2" in result.stderr
    result = type_("distill", explored, "--no-judge", code=2)
    assert "name a model: --model" in result.stderr


def test_the_tools_changed(explored: Path, model: str, type_: Type) -> None:
    manifest = orjson.loads((explored / "manifest.json").read_bytes())
    manifest["tools"]["fingerprint"] = "0" * 64
    (explored / "manifest.json").write_bytes(orjson.dumps(manifest))
    result = type_("distill", explored, "--model", model, code=2)
    assert "are not those that" in result.stderr
    assert "make a new run" in result.stderr


@pytest.mark.parametrize("name", ["trials.jsonl", "judge/judged.jsonl", "paraphrase/paraphrased.jsonl"])
@pytest.mark.parametrize("line", [b"{", b"[]", b"null", b'{"tool": 1}', b'"\xff"'])
def test_broken_lines_are_named(name: str, line: bytes, done: Path, type_: Type) -> None:
    lines = (done / name).read_bytes().splitlines(keepends=True)
    (done / name).write_bytes(b"".join([lines[0], line + b"\n", *lines[2:]]))
    result = type_("distill", done, code=2)
    assert f"{done / name}, line 2 " in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["judge/judged.jsonl", "paraphrase/paraphrased.jsonl"])
@pytest.mark.parametrize("order", [[1, 0], [0, 0], [1]])
def test_lines_out_of_place_are_named(name: str, order: list[int], done: Path, type_: Type) -> None:
    lines = (done / name).read_bytes().splitlines(keepends=True)
    (done / name).write_bytes(b"".join([*(lines[n] for n in order), *lines[2:]]))
    result = type_("distill", done, code=2)
    assert re.search(rf"{name}, line [12] is not that of|the input changed", result.stderr)


def test_verdicts_of_another_run_are_refused(done: Path, type_: Type) -> None:
    name = done / "judge" / "judged.jsonl"
    name.write_bytes(name.read_bytes().replace(b"Paris", b"Lyons"))
    result = type_("distill", done, code=2)
    assert "judged.jsonl, line 1 is not that of a trial" in result.stderr


@pytest.mark.parametrize("name", ["judge/manifest.json", "paraphrase/manifest.json", "distill.json"])
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stage": "judge", "settings": {"context": 1}}', '{"settings": {}}'])
def test_broken_manifests_are_named(name: str, text: str, done: Path, type_: Type) -> None:
    (done / name).write_text(text)
    assert str(done / name) in type_("distill", done, code=2).stderr


def test_settings_of_a_wrong_kind_are_named(done: Path, type_: Type) -> None:
    for name, setting, value in [
        ("judge/manifest.json", "grounding", "all"), ("judge/manifest.json", "similar", "x"),
        ("judge/manifest.json", "constrain", "on"), ("paraphrase/manifest.json", "wanted", 1.5),
        ("paraphrase/manifest.json", "context", "x"),
    ]:  # fmt: skip
        before = (done / name).read_bytes()
        manifest = orjson.loads(before)
        manifest["settings"][setting] = value
        (done / name).write_bytes(orjson.dumps(manifest))
        assert "manifest.json is not a manifest of" in type_("distill", done, code=2).stderr
        (done / name).write_bytes(before)


@pytest.mark.parametrize("words", [["--judge", "x", "--no-judge"], ["--per-tool", "0"], ["--overlap", "nan"]])
def test_options_that_make_no_sense(words: list[str], explored: Path, type_: Type) -> None:
    assert "Usage: stesim distill" in type_("distill", explored, *words, code=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "nothing.gguf"], "no model 'nothing.gguf'"),
        (["--threads", "x"], "--threads 'x' is neither"),
        (["--prompts", "nowhere"], "no prompt folder nowhere"),
        (["--toolset", "nowhere/tools.py"], "nowhere/tools.py"),
        (["--ctx", "64"], "use a larger --ctx"),
        (["--constrain", "on"], "cannot be held to a grammar"),
    ],
)
def test_mistakes_in_the_options(words: list[str], message: str, explored: Path, model: str, type_: Type) -> None:
    assert message in type_("distill", explored, "--model", model, *words, code=2).stderr


def test_a_folder_that_is_no_run(done: Path, type_: Type, tmp_path: Path) -> None:
    assert "no run in" in type_("distill", tmp_path / "nothing", code=2).stderr
    assert "is not a run but its stage judge" in type_("distill", done / "judge", code=2).stderr


def test_too_few_replies(explored: Path, type_: Type, tmp_path: Path) -> None:
    few = script(tmp_path / "few.json", VERDICTS[:2])
    assert "has only 2 completions" in type_("distill", explored, "--model", few, code=2).stderr
    assert len(judged(explored)) == 5


def test_broken_worked_examples_are_named_before_anything_is_done(explored: Path, model: str, type_: Type) -> None:
    Path("mine").mkdir()
    Path("mine/paraphrase_examples.txt").write_text("Only a query?")
    result = type_("distill", explored, "--model", model, "--prompts", "mine", code=2)
    assert "paraphrase_examples" in result.stderr
    assert not (explored / "judge").exists()


def test_the_terminal_is_safe_from_what_a_file_says(done: Path, type_: Type) -> None:
    name = done / "paraphrase" / "paraphrased.jsonl"
    lines = [orjson.loads(line) for line in name.read_bytes().splitlines()]
    lines[0]["dropped"] = {"\x1b[31mred\x9b2J": 3}
    name.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    result = type_("distill", done)
    assert "red" in result.stdout
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.stdout)


def test_the_commands_that_are_next_can_be_typed(done: Path, type_: Type) -> None:
    odd = done.rename(done.with_name("of \x1b[31mmine"))
    shown = type_("distill", odd).stdout
    assert f"stesim eval --run '{done.parent}/of mine' --mode icl" in shown
    assert "\x1b" not in shown


def test_all_tools_get_their_share(done: Path) -> None:
    assert Counter(one.tool for one in demonstrations(done)) == {"forecast_weather": 5, "get_country": 2}
