"""`stesim rehearse`: the rounds, what is trained and asked in each, and what is shown.

Training is played; the last test trains a tiny model.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import orjson
import pytest

from stesim.cli import rehearsal_plot, rehearsing
from stesim.cli.evaluate import evaluate
from stesim.cli.rehearse import rehearse
from stesim.demonstrations import read_demonstrations, to_lines
from stesim.errors import UserError
from stesim.records import Demonstration
from stesim.rehearse import measure
from tests.integration.conftest import Type, answer, call
from tests.integration.rehearse.playing import (
    FULL,
    SMALL,
    TOOLS,
    Played,
    demonstrations,
    figures,
    matrix,
    value_after,
)
from tests.integration.test_commands import one_line
from tests.tiny import make_tiny

WITHOUT = [[100.0], [50.0, 100.0], [0.0, 50.0, 100.0], [0.0, 0.0, 50.0, 100.0]]


WITH = [[100.0] * n for n in (1, 2, 3, 4)]


OWN = '''\
import mocktools


@mocktools.tool
def count_words(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())


@mocktools.tool
def count_letters(text: str) -> int:
    """Count the letters of a text."""
    return len(text)
'''


def test_the_matrix_and_what_is_forgotten(rehearsed: Path) -> None:
    found = figures(rehearsed)
    assert matrix(found, "without") == WITHOUT
    assert matrix(found, "with") == WITH
    assert [cell["value"] for cell in found["arms"]["without"]["correct"]["so_far"]] == [100.0, 75.0, 50.0, 37.5]
    assert found["arms"]["without"]["correct"]["backward_transfer"] == pytest.approx(-250 / 3, abs=0.01)
    assert found["arms"]["without"]["correct"]["mean_forgetting"] == pytest.approx(250 / 3, abs=0.01)
    assert found["arms"]["with"]["correct"]["backward_transfer"] == 0
    assert [share["value"] for share in found["gains"]["correct"]] == [100.0, 100.0, 50.0, 0.0, 62.5]
    assert found["together"] is None
    assert [each["tools"] for each in found["rounds"]] == [[tool] for tool in TOOLS]
    assert [(each["demonstrations"], each["queries"]) for each in found["rounds"]] == [(20, 2)] * 4
    assert (found["share"], found["seed"]) == (0.1, 3)
    assert list(found["trained"]) == [
        "round-1",
        *(f"round-{n}-{arm}" for n in (2, 3, 4) for arm in ("without", "with")),
    ]


def test_the_table(rehearsed: Path, type_: Type, explored: Path) -> None:
    shown = type_("rehearse", explored).stdout
    text = (rehearsed / "rehearsal.md").read_text(encoding="utf-8")
    assert shown.startswith(text)
    rows = [[re.sub(r" \(.*?\)", "", cell) for cell in line.strip("| ").split(" | ")] for line in text.split("\n")]
    assert ["2", "without", "50.0", "100.0", "", "", "75.0"] in rows
    assert ["4", "with 10 %", "100.0", "100.0", "100.0", "100.0", "100.0"] in rows
    assert ["4", "with − without", "+100.0", "+100.0", "+50.0", "0.0", "+62.5"] in rows
    assert ["without", "37.5", "−83.3", "83.3"] in rows
    assert ["with 10 %", "100.0", "0.0", "0.0"] in rows
    assert ["with 10 % rehearsal", "65.0", "88.7", "66.1", "70.3", "72.8"] in rows
    assert "the paper's, after its last round" in text
    assert re.search(r"Time: finetune round-1 0 s, eval round-1 [^,]+ s, .*together [^,]+ s\.\n$", shown)


def test_what_is_typed_for_the_stages(rehearsed: Path, played: Played) -> None:
    trained = [words for words in played.typed if "--demonstrations" in words]
    asked = [words for words in played.typed if "--lora" in words]
    names = ["round-1", *(f"round-{number}-{arm}" for number in (2, 3, 4) for arm in ("without", "with"))]
    assert [Path(value_after(words, "--out")).parent.name for words in trained] == names
    assert [Path(value_after(words, "--out")).parent.name for words in asked] == names
    starts = [Path(value_after(words, "--start")).parent.name for words in trained if "--start" in words]
    assert starts == ["round-1", "round-1", "round-2-without", "round-2-with", "round-3-without", "round-3-with"]
    assert {len(value_after(words, "--tools").split(",")) for words in asked} == {1, 2, 3, 4}
    assert all(words[:2] == ("--mode", "ft") and "--no-unanswerable" in words for words in asked)
    assert all(value_after(words, "--seed") == "3" for words in played.typed)
    for words in trained:  # tools that a round has no demonstrations of are not trained in it
        path = rehearsed / Path(value_after(words, "--demonstrations")).parent.name / "demonstrations.jsonl"
        found, strangers = read_demonstrations(path, value_after(words, "--tools").split(","))
        assert {each.tool for each in found.values()} == set(value_after(words, "--tools").split(","))
        assert not strangers


def test_the_commands_take_these_words(type_: Type, explored: Path, played: Played) -> None:
    """Every option of a stage is one that its command has."""
    import stesim.cli.finetune as trains

    turns = [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello."}]
    (explored.parent / "chat.jsonl").write_bytes(orjson.dumps({"messages": turns}))
    more = [
        "--calls-only", "--no-call", "0.2", "--drills", "5", "--chat", "chat.jsonl", "--rank", "4", "--alpha", "8",
        "--epochs", "2", "--batch", "4", "--learning-rate", "0.001", "--max-length", "512", "--held-out", "0.1", "--warmup", "0.1",
        "--patience", "3", "--precision", "fp32", "--testset", "bundled", "--constrain", "off", "--describe",
        "--unanswerable", "--max-tokens", "64", "--ctx", "2048", "--together", "--threads", "1",
    ]  # fmt: skip
    played.stop = 1
    type_("rehearse", explored, "--model", "tiny.gguf", *FULL, *more, code=130)
    log = (explored / "rehearsal/.rehearse.jsonl").read_bytes()
    typed = orjson.loads(log.split(b"\n")[0])["settings"]
    options = {param.name: None for param in rehearse.params} | typed
    plan = rehearsing.Plan.recorded(typed["plan"], explored)
    each = rehearsing.lessons(plan, ("without", "with"), together=True)
    chain = rehearsing.stages(plan, each, explored, explored / "rehearsal", options, "1")
    assert len(chain) == 2 * (1 + 3 * 2 + 1)
    for stage in chain:
        command = trains.finetune if stage.name.startswith("finetune") else evaluate
        parsed = command.make_context("x", list(stage.words)).params
        assert parsed["toolset"] == plan.toolset
        if command is trains.finetune:
            assert (parsed["rank"], parsed["learning_rate"], parsed["calls_only"]) == (4, 0.001, True)
        else:
            assert (parsed["describe"], parsed["unanswerable"], parsed["context"]) == (True, True, 2048)


def test_what_finetune_refuses_is_refused_at_once() -> None:
    """The options that are handed on take what `finetune` takes, and nothing else."""
    import stesim.cli.finetune as trains

    mine, its = ({each.name: each.type for each in command.params} for command in (rehearse, trains.finetune))
    for name in ("no_call", "drills", "rank", "alpha", "epochs", "batch", "learning_rate", "warmup", "max_length",
                 "held_out", "patience", "precision", "seed"):  # fmt: skip
        assert repr(mine[name]) == repr(its[name]), name


def test_a_round_with_a_tool_that_nothing_is_known_of(type_: Type, explored: Path, played: Played) -> None:
    words = ["--round", "add_date,convert_currency", "--round", "get_country", *SMALL]
    played.stop = 1
    stopped = type_("rehearse", explored, "--model", "tiny.gguf", *words, code=130)
    assert "note: there are no demonstrations of convert_currency, which only drills teach\n" in stopped.stderr


def test_a_round_s_demonstrations(rehearsed: Path) -> None:
    counts = {
        folder.name: {
            tool: sum(each.tool == tool for each in read_demonstrations(folder / "demonstrations.jsonl", TOOLS)[0].values())
            for tool in TOOLS
        }
        for folder in rehearsed.glob("round-*")
    }  # fmt: skip
    assert list(counts["round-1"].values()) == [20, 0, 0, 0]
    assert list(counts["round-3-without"].values()) == [0, 0, 20, 0]
    assert list(counts["round-3-with"].values()) == [2, 2, 20, 0]
    assert list(counts["round-4-with"].values()) == [2, 2, 2, 20]


def test_all_tools_at_once(type_: Type, explored: Path, played: Played) -> None:
    done = type_("rehearse", explored, "--model", "tiny.gguf", "--together", "--rehearsal", "with", *FULL, "--json")
    found = orjson.loads(done.stdout)
    assert found["together"]["correct"]["value"] == 100.0
    assert list(found["arms"]) == ["with"]
    assert found["gains"]["correct"] == []
    assert "| all tools at once | 100.0 (100.0 to 100.0) |" in (explored / "rehearsal/rehearsal.md").read_text()
    last = [words for words in played.typed if "--demonstrations" in words][-1]
    assert "--start" not in last
    assert len(read_demonstrations(Path(value_after(last, "--demonstrations")), TOOLS)[0]) == 80


def test_rounds_of_one_s_own_and_one_arm_alone(type_: Type, explored: Path, played: Played) -> None:
    words = ["--round", "add_date, get_country", "--round", "get_local_time", "--rehearsal", "without"]
    done = type_("rehearse", explored, "--model", "tiny.gguf", *words, *SMALL, "--json")
    found = orjson.loads(done.stdout)
    assert [each["tools"] for each in found["rounds"]] == [["add_date", "get_country"], ["get_local_time"]]
    assert matrix(found, "without") == [[100.0], [50.0, 100.0]]
    assert "Time: " in done.stderr


def test_tools_without_demonstrations_are_left_out(type_: Type, explored: Path, played: Played) -> None:
    few = [each for each in demonstrations() if each.tool != "get_country"]
    (explored / "demonstrations.jsonl").write_bytes(to_lines(few))
    done = type_("rehearse", explored, "--model", "tiny.gguf", "--rounds", "3", *SMALL)
    assert "note: left out, since there are no demonstrations of them: get_country\n" in done.stderr
    assert [each["tools"] for each in figures(explored / "rehearsal")["rounds"]] == [
        ["forecast_weather"], ["add_date"], ["get_local_time"],
    ]  # fmt: skip


def test_the_plots_are_the_same_again(tmp_path: Path) -> None:
    learned = measure([["a"], ["b"]], [{"a": [True]}, {"a": [False], "b": [None]}])
    for name in ("one.png", "two.png", "one.svg", "two.svg"):
        rehearsal_plot.draw({"without": learned, "with": learned}, 74.1, 0.1, tmp_path / name)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files["one.png"] == files["two.png"]
    assert files["one.svg"] == files["two.svg"]
    assert files["one.png"].startswith(b"\x89PNG")
    said = [
        "without rehearsal",
        "with 10 % rehearsal",
        "round 2's tools",
        "all tools so far",
        "all at once",
        "after round",
    ]
    text = html.unescape(files["one.svg"].decode())
    assert [each for each in said if each not in text] == []


def test_without_matplotlib_there_are_the_figures(
    type_: Type, explored: Path, rehearsed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need(*_: str) -> None:
        raise UserError("fine-tuning needs the package matplotlib; install it with: pip install …")

    monkeypatch.setattr("stesim.cli.rehearse.draw", rehearsal_plot.draw)
    monkeypatch.setattr("stesim.cli.rehearsal_plot.need", need)
    shown = type_("rehearse", explored)
    assert "note: no plot: fine-tuning needs the package matplotlib" in shown.stderr
    assert shown.stdout.startswith("### Learning in rounds")
    assert json.loads((rehearsed / "rehearsal.json").read_bytes())["arms"]


def test_tools_of_a_python_file_are_code_and_named_each_time(type_: Type, tmp_path: Path, played: Played) -> None:
    (tmp_path / "mytools.py").write_text(OWN, encoding="utf-8")
    tools = ["count_words", "count_letters"]
    replies = [text for tool in tools for text in (f"{tool}?", call(tool, {"text": "a b"}), answer("Some."), "Yes")]
    (tmp_path / "study.json").write_bytes(orjson.dumps(replies))
    words = ["--toolset", "mytools.py", "--episodes", "1", "--trials", "1", "--imagine", "query-first"]
    type_("run", "--model", "scripted:study.json", "--out", "own", *words)
    each = [Demonstration(tool, "How many in 'a b'?", {"text": "a b"}, "2", "Two.", 1, 1) for tool in tools]
    Path("own/demonstrations.jsonl").write_bytes(to_lines(each))
    asked = [
        {"id": f"q-{tool}", "query": "And in 'c d'?", "calls": [{"tool": tool, "arguments": {"text": "c d"}}]}
        for tool in tools
    ]
    Path("queries.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in asked))
    make_tiny(tmp_path / "tiny.gguf")
    more = ["--model", "tiny.gguf", "--testset", "queries.jsonl", "--rounds", "2", "--limit", "1"]
    toolset = ["--toolset", str(tmp_path / "mytools.py")]
    error = one_line(type_("rehearse", "own", *more, code=2).stderr)
    assert f"name it to run its code: --toolset {tmp_path / 'mytools.py'}" in error
    played.stop = 1
    type_("rehearse", "own", *more, *toolset, code=130)
    assert "name it to run its code: " in one_line(type_("rehearse", "own", code=2).stderr)
    assert len(played.typed) == 1
    assert value_after(played.typed[0], "--toolset") == toolset[1]


def test_a_tiny_model_learns_in_rounds(
    type_: Type, explored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is played: three adapters are trained, each on top of the one before, and asked."""
    pytest.importorskip("torch")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make_tiny(tmp_path / "tiny.gguf")
    (explored / "demonstrations.jsonl").write_bytes(to_lines(demonstrations(3)))
    words = ["--round", "add_date", "--round", "get_country", "--share", "0.4", "--limit", "2", "--max-tokens", "24"]
    words += ["--rank", "2", "--epochs", "1", "--batch", "4", "--calls-only", "--held-out", "0", "--threads", "1"]
    words += ["--drills", "2"]
    done = type_("rehearse", explored, "--model", "tiny.gguf", *words, "--json")
    found = orjson.loads(done.stdout)
    assert found["model"] == "tiny"
    assert {name: data["drills"] for name, data in found["trained"].items()} == {
        "round-1": 2, "round-2-without": 2, "round-2-with": 2,
    }  # fmt: skip
    assert "not for those rehearsed" in (explored / "rehearsal/rehearsal.md").read_text()
    assert [share["of"] for share in found["arms"]["with"]["correct"]["cells"][1]] == [2, 2]
    folder = explored / "rehearsal"
    told = {
        name: orjson.loads((folder / name / "adapter/finetune.json").read_bytes())
        for name in ("round-1", "round-2-without", "round-2-with")
    }
    assert [each["data"]["demonstrations"] for each in told.values()] == [3, 3, 5]
    assert len({each["fingerprint"] for each in told.values()}) == 3
    asked = orjson.loads((folder / "round-2-with/eval/manifest.json").read_bytes())
    assert asked["model"]["lora"]["fingerprint"] == told["round-2-with"]["fingerprint"]
    started = orjson.loads((folder / "round-2-with/adapter/manifest.json").read_bytes())
    assert started["input"]["start"] == str(folder / "round-1/adapter.gguf")
