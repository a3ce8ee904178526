"""`stesim rehearse` stopped and gone on with, finished, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from stesim.cli import rehearsing
from stesim.demonstrations import to_lines
from stesim.errors import UserError
from tests.integration.conftest import Type
from tests.integration.rehearse.playing import (
    FULL,
    TOOLS,
    Played,
    as_command,
    demonstrations,
    value_after,
)
from tests.integration.test_commands import one_line


def files_of(folder: Path) -> dict[str, bytes]:
    """What does not depend on time."""
    names = ["rehearsal.json", "rehearsal.md", "rehearsal.png", "rehearsal.svg"]
    names += [str(path.relative_to(folder)) for path in folder.glob("*/demonstrations.jsonl")]
    names += [str(path.relative_to(folder)) for path in folder.glob("*/eval/answers.jsonl")]
    return {name: (folder / name).read_bytes() for name in sorted(names)}


@pytest.mark.parametrize("stop", [1, 2, 9])
def test_a_rehearsal_that_is_stopped_goes_on(
    stop: int, type_: Type, explored: Path, played: Played, rehearsed: Path
) -> None:
    whole = files_of(rehearsed)
    shutil.rmtree(rehearsed)
    played.typed.clear()
    played.stop = stop
    stopped = type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=130)
    assert stopped.stdout == ""
    type_("rehearse", explored)
    assert len(played.typed) == 15  # 14, and the one that was stopped
    assert files_of(rehearsed) == whole


def test_a_rehearsal_killed_before_its_files_were_written_goes_on(
    type_: Type, explored: Path, played: Played, rehearsed: Path
) -> None:
    whole = files_of(rehearsed)
    log = (rehearsed / ".rehearse.jsonl").read_bytes().split(b"\n")[0]
    shutil.rmtree(rehearsed)
    rehearsed.mkdir()
    (rehearsed / ".rehearse.jsonl").write_bytes(log + b'\n{"stage":"finetune round-1"}\n')
    assert "at least" in type_("rehearse", explored).stdout
    assert files_of(rehearsed) == whole


def test_a_finished_rehearsal_is_printed_only(
    type_: Type, explored: Path, played: Played, rehearsed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in rehearsed.rglob("*") if path.is_file()}
    (explored / "demonstrations.jsonl").unlink()  # not needed any more
    monkeypatch.chdir("/")
    again = type_("rehearse", explored, *FULL)
    assert "== stage" not in again.stderr
    assert len(played.typed) == 14
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in rehearsed.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rounds", "3"], "--rounds was 4, not 3"),
        (["--share", "0.5"], "--share was 0.1, not 0.5"),
        (["--seed", "4", "--rank", "8"], "--rank was not typed, not 8"),
        (["--rehearsal", "with"], "--rehearsal was 'both', not 'with'"),
        (["--no-call", "0.1", "--ctx", "512"], "--no-call was not typed, not 0.1; --ctx was not typed, not 512. Use"),
        (["--calls-only", "--limit", "3"], "--calls-only was not typed; --limit was 2, not 3. Use"),
        (["--round", "add_date", "--round", "x"], "--round was not typed, not 'add_date' and 'x'. Use"),
    ],
)
def test_other_settings_are_refused(words: list[str], said: str, type_: Type, explored: Path, rehearsed: Path) -> None:
    error = one_line(type_("rehearse", explored, *words, code=2).stderr)
    assert f"{rehearsed} was started differently: " in error
    assert said in error


def test_a_setting_that_the_first_training_refuses_can_be_typed_rightly(
    type_: Type, explored: Path, played: Played
) -> None:
    words = ["rehearse", explored, "--model", "tiny.gguf", "--rehearsal", "with", *FULL]
    played.no = "a row has more tokens"
    assert "a row has more tokens" in type_(*words, "--max-length", 16, code=2).stderr
    assert [path.name for path in (explored / "rehearsal").iterdir() if not path.name.startswith(".")] == []
    type_(*words, "--max-length", 512)
    assert all("512" in each for each in played.typed[1:] if "--start" in each)


def test_other_queries_are_refused(type_: Type, explored: Path, played: Played, tmp_path: Path) -> None:
    """Figures of other queries cannot be compared with those of the rounds before."""
    file = tmp_path / "mine.jsonl"
    calls = {tool: [{"tool": tool, "arguments": {}}] for tool in TOOLS}
    lines = [orjson.dumps({"id": tool, "query": f"{tool}?", "calls": calls[tool]}) for tool in TOOLS]
    file.write_bytes(b"\n".join(lines))
    played.stop = 3
    type_("rehearse", explored, "--model", "tiny.gguf", "--testset", file, *FULL, code=130)
    file.write_bytes(b"\n".join([*lines, lines[0].replace(b"?", b"!").replace(b'"id":"', b'"id":"x')]))
    error = one_line(type_("rehearse", explored, code=2).stderr)
    assert "the test set has changed since it was begun; choose another --out" in error


def test_without_a_seed_it_is_the_run_s(type_: Type, explored: Path, played: Played) -> None:
    words = [word for word in FULL if word not in ("--seed", "3")]
    found = type_("rehearse", explored, "--model", "tiny.gguf", "--rehearsal", "with", *words, "--json")
    assert orjson.loads(found.stdout)["seed"] == 5
    assert all(value_after(each, "--seed") == "5" for each in played.typed if "--start" in each)


def test_other_demonstrations_are_refused_where_they_are_needed(type_: Type, explored: Path, played: Played) -> None:
    played.stop = 3
    type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=130)
    (explored / "demonstrations.jsonl").write_bytes(to_lines(demonstrations(19)))
    error = one_line(type_("rehearse", explored, code=2).stderr)
    assert "has changed since it was begun; choose another --out" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the model is trained, which scripted:"),
        (["--model", "tiny.gguf", "--rounds", "5"], "4 tools cannot be split into 5 rounds"),
        (["--model", "tiny.gguf", "--tools", "add_date"], "1 tool cannot be split into 4 rounds, each with one at "),
        (["--model", "tiny.gguf", "--tools", "add_date"], "; the fewest are --rounds 2, of two tools"),
        (["--model", "tiny.gguf", "--round", "add_date"], "one --round alone"),
        (["--model", "tiny.gguf", "--round", "add_date", "--round", "add_date,get_country"], "named twice: add_date"),
        (["--model", "tiny.gguf", "--round", "add_date", "--round", "get_cuntry"], "get_country"),
        (["--model", "tiny.gguf", "--round", "add_date", "--round", "convert_currency"], "for round 2 (conv"),
        (["--model", "tiny.gguf", "--round", "add_date", "--round", "get_country", "--rounds", "2"], "leave out --rounds"),
        (["--model", "tiny.gguf", "--round", "add_date", "--round", "get_country", "--tools", "x"], "leave out --tools"),
        (["--model", "tiny.gguf", "--rehearsal", "without", "--share", "0.2"], "--share goes with rehearsal"),
        (["--model", "tiny.gguf", "--testset", "nowhere.jsonl"], "no test set"),
        (["--model", "tiny.gguf", "--chat", "nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (["--model", "tiny.gguf", "--threads", "0"], "--threads"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_at_once(
    words: list[str], said: str, type_: Type, explored: Path, played: Played
) -> None:
    error = one_line(type_("rehearse", explored, *words, code=2).stderr)
    assert said in error
    assert not (explored / "rehearsal").exists()
    assert not played.typed


def test_what_is_not_there_and_what_is_something_else(type_: Type, explored: Path, played: Played) -> None:
    assert "no run in" in one_line(type_("rehearse", "nowhere", code=2).stderr)
    error = one_line(type_("rehearse", explored, "--out", explored, "--model", "tiny.gguf", code=2).stderr)
    assert "is not empty and does not hold a rehearsal; choose another --out" in error
    for written in ('{"settings":{}}', '{"settings":{"share":7,"rehearsal":"both"}}', '{"settings":{"rehearsal":1}}'):
        (explored / "rehearsal").mkdir(exist_ok=True)
        (explored / "rehearsal/.rehearse.jsonl").write_text(written + "\n")
        assert "rehears" in one_line(type_("rehearse", explored, code=2).stderr)
    (explored / "demonstrations.jsonl").unlink()
    shutil.rmtree(explored / "rehearsal")
    assert "there are no demonstrations in" in one_line(type_("rehearse", explored, "--model", "x", code=2).stderr)


def test_a_stage_that_fails_stops_it(
    type_: Type, explored: Path, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(words: tuple[str, ...]) -> None:
        raise UserError("the loss is not a number")

    monkeypatch.setattr(rehearsing, "finetune", as_command("finetune", fail))
    failed = type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=2)
    assert failed.stderr.endswith("stesim finetune: the loss is not a number\n")
    assert failed.stdout == ""
    assert not (explored / "rehearsal/rehearsal.json").exists()


def test_what_goes_on_is_called_a_rehearsal(
    type_: Type, explored: Path, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(words: tuple[str, ...]) -> None:
        raise SystemExit(130)

    monkeypatch.setattr(rehearsing, "finetune", as_command("finetune", stop))
    stopped = type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=130)
    assert "Or go on with the whole rehearsal: stesim rehearse " in stopped.stderr
    (explored / "rehearsal/.rehearse.jsonl").write_text("[]\n")
    error = one_line(type_("rehearse", explored, code=2).stderr)
    assert error.endswith(".rehearse.jsonl, line 1 is not of a rehearsal; remove the file to begin a new one")


UNJUDGED = "note: the run was distilled without a judge, so that answers may be wrong: calls alone are learned\n"


def distilled(run: Path, judge: str | None) -> None:
    (run / "distill.json").write_bytes(orjson.dumps({"trials": 4, "judge": judge}))


def test_of_a_run_without_a_judge_calls_alone_are_learned(type_: Type, explored: Path, played: Played) -> None:
    """It is decided once, whatever becomes of the run's summary."""
    distilled(explored, None)
    played.stop = 3
    stopped = type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=130)
    assert stopped.stderr.count(UNJUDGED) == 1
    log = (explored / "rehearsal/.rehearse.jsonl").read_bytes()
    assert orjson.loads(log.split(b"\n")[0])["settings"]["calls_only"] is True
    distilled(explored, "smollm2")
    assert UNJUDGED not in type_("rehearse", explored, *FULL, "--calls-only").stderr
    trained = [words for words in played.typed if "--demonstrations" in words]
    assert len(trained) == 8  # 7, and the one that was stopped
    assert all("--calls-only" in words for words in trained)


@pytest.mark.parametrize("judge", ["smollm2", None])
def test_who_types_calls_only_is_told_nothing(judge: str | None, type_: Type, explored: Path, played: Played) -> None:
    distilled(explored, judge)
    played.stop = 1
    stopped = type_("rehearse", explored, "--model", "tiny.gguf", *FULL, "--calls-only", code=130)
    assert "judge" not in stopped.stderr
    assert "--calls-only" in played.typed[0]


@pytest.mark.parametrize("judge", ["smollm2", ""])
def test_answers_are_learned_where_there_was_a_judge_or_none_is_told_of(
    judge: str, type_: Type, explored: Path, played: Played
) -> None:
    """A rehearsal that was begun so goes on so."""
    if judge:
        distilled(explored, judge)
    played.stop = 1
    assert UNJUDGED not in type_("rehearse", explored, "--model", "tiny.gguf", *FULL, code=130).stderr
    distilled(explored, None)
    assert UNJUDGED not in type_("rehearse", explored).stderr
    assert not any("--calls-only" in words for words in played.typed)


def test_a_tool_that_nothing_would_teach_is_refused(type_: Type, explored: Path, played: Played) -> None:
    words = ["--round", "add_date,convert_currency", "--round", "get_country", "--drills", "0"]
    refused = type_("rehearse", explored, "--model", "tiny.gguf", *words, code=2)
    assert refused.stderr == (
        "stesim: there are no demonstrations of convert_currency, which only drills teach, and --drills 0 makes none\n"
    )
    assert not (explored / "rehearsal").exists()


def test_a_lesson_that_was_begun_keeps_its_threads(type_: Type, explored: Path, played: Played) -> None:
    """The last digits of its weights depend on them, so that it would not go on with others."""
    played.stop = 1
    type_("rehearse", explored, "--model", "tiny.gguf", *FULL, "--threads", "1", code=130)
    begun = explored / "rehearsal/round-1/adapter"
    begun.mkdir()
    (begun / "manifest.json").write_text("{}")
    played.stop = 4
    type_("rehearse", explored, "--threads", "2", code=130)
    assert [words[-2:] == ("--threads", "2") for words in played.typed[1:]] == [False, True, True]
