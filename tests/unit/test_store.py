"""The run folder: whole lines, healing, the lock, round trips."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from stesim.errors import StoreError
from stesim.records import (
    Action,
    Completion,
    FinalAnswer,
    Message,
    Observation,
    ParseFailure,
    Place,
    Reflection,
    Request,
    Sampling,
    Step,
    Trial,
)
from stesim.store import RunFolder, lines

SAMPLING = Sampling(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, max_tokens=9)


def a_trial(number: int = 1, query: str = "Où est Zürich? 🏔") -> Trial:
    steps = (
        Step("x", ParseFailure("no_action", "Write …"), Observation("Write …", "parse_failure")),
        Step("Action: t", Action("t", {"a": [1, {"b": None}]}, "hm", ("extra_braces",)), Observation("{}", "ok", 200)),
        Step("Final Answer: y", FinalAnswer("y", "t")),
    )
    return Trial("t", 1, number, query, steps, "final_answer", Reflection("yes", "Yes."), 2)


def a_request(*contents: str, call: int = 0) -> Request:
    messages = tuple(Message("user" if n % 2 == 0 else "assistant", text) for n, text in enumerate(contents))
    return Request(Place("t", 1, 1, call), "try", messages, SAMPLING, 7, ("Observation:",), "Thought:")


def test_trials_and_completions_come_back_as_they_were(tmp_path: Path) -> None:
    requests = [a_request("a"), a_request("a", "b", "c", call=1), a_request("z", call=2)]
    completions = [Completion(f"text {n}", "stop", 10, 5, 3, 0.25) for n in range(3)]
    with RunFolder.create(tmp_path / "run", {"seed": 1}) as folder:
        for request, completion in zip(requests, completions, strict=True):
            folder.add_completion(request, completion, {"abc": 4})
        folder.add_trial(a_trial(1))
        folder.add_trial(a_trial(2), {"last": 9})
    again = RunFolder.read(tmp_path / "run")
    assert again.manifest == {"seed": 1}
    assert list(again.trials()) == [a_trial(1), a_trial(2)]
    assert again.counts() == {"abc": 4, "last": 9}
    assert list(again.completions()) == list(zip(requests, completions, strict=True))
    stored = [orjson.loads(line) for line in (tmp_path / "run" / "completions.jsonl").read_bytes().splitlines()]
    assert [len(line.get("messages", [])) for line in stored] == [1, 2, 1, 0]  # what two prompts share is stored once


def test_completions_can_be_read_when_a_run_was_opened_again(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", {}) as folder:
        folder.add_completion(a_request("a", "b", "c"), Completion("1", "stop"), {})
    with RunFolder.open_(tmp_path / "run") as folder:
        folder.add_completion(a_request("a", "b", "c", "d", "e"), Completion("2", "stop"), {})
    found = [request.messages for request, _ in RunFolder.read(tmp_path / "run").completions()]
    assert found == [a_request("a", "b", "c").messages, a_request("a", "b", "c", "d", "e").messages]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_healed(tmp_path: Path, cut: int) -> None:
    with RunFolder.create(tmp_path / "run", {}) as folder:
        folder.add_trial(a_trial(1))
        folder.add_trial(a_trial(2))
    path = tmp_path / "run" / "trials.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(RunFolder.read(tmp_path / "run").trials()) == [a_trial(1)]
    with RunFolder.open_(tmp_path / "run") as folder:
        folder.add_trial(a_trial(3))
    assert list(RunFolder.read(tmp_path / "run").trials()) == [a_trial(1), a_trial(3)]


def test_a_file_of_one_torn_line_longer_than_a_block_is_healed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'"' + b"x" * 200_000)
    with lines.Appender(path) as out:
        out.append(1)
    assert path.read_bytes() == b"1\n"


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", {}) as folder:
        folder.add_trial(a_trial(1))
    path = tmp_path / "run" / "trials.jsonl"
    path.write_bytes(path.read_bytes() + b"{oops\n")
    with pytest.raises(StoreError, match="line 2 is not JSON"):
        list(RunFolder.read(tmp_path / "run").trials())
    path.write_bytes(b'{"tool": 1}\n')
    with pytest.raises(StoreError, match="line 1 does not hold a trial: it lacks "):
        list(RunFolder.read(tmp_path / "run").trials())
    (tmp_path / "run" / "completions.jsonl").write_bytes(b"[]\n")
    with pytest.raises(StoreError, match="line 1 does not hold a completion"):
        list(RunFolder.read(tmp_path / "run").completions())


def test_a_second_writer_is_refused_and_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from stesim.store import RunFolder\n"
        "folder = RunFolder.create(Path(sys.argv[1]), {}); print('ready', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        with pytest.raises(StoreError, match="is being written by another"):
            RunFolder.open_(tmp_path / "run")
        assert list(RunFolder.read(tmp_path / "run").trials()) == []  # reading needs no lock
        holder.kill()
    RunFolder.open_(tmp_path / "run").close()


def test_a_full_disk_keeps_whole_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder.create(tmp_path / "run", {}) as folder:
        folder.add_trial(a_trial(1))
        before = (tmp_path / "run" / "trials.jsonl").read_bytes()
        real = os.write

        def full(file: int, data: bytes) -> int:
            real(file, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="No space left on device; everything finished so far is kept"):
            folder.add_trial(a_trial(2))
        monkeypatch.undo()
        assert (tmp_path / "run" / "trials.jsonl").read_bytes() == before
        folder.add_trial(a_trial(2))
    assert list(RunFolder.read(tmp_path / "run").trials()) == [a_trial(1), a_trial(2)]


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run in"):
        RunFolder.read(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot make the run folder"):
        RunFolder.create(tmp_path / "file" / "run", {})
    with pytest.raises(StoreError, match="is not empty"):
        RunFolder.create(tmp_path, {})
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="is not JSON"):
        RunFolder.read(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(StoreError, match="is not a JSON object"):
        RunFolder.read(tmp_path)


def test_a_run_killed_before_its_manifest_was_there_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".manifest.json.123").write_text("{")
    RunFolder.create(tmp_path, {"a": 1}).close()
    assert RunFolder.read(tmp_path).manifest == {"a": 1}


def test_what_cannot_be_json_is_refused_in_one_line(tmp_path: Path) -> None:
    deep: object = None
    for _ in range(300):
        deep = [deep]
    with pytest.raises(StoreError, match=r"cannot write .*manifest\.json"):
        RunFolder.create(tmp_path / "run", {"path": "\udcff"})
    with lines.Appender(tmp_path / "x.jsonl") as file:
        for value in (deep, "\udcff"):
            with pytest.raises(StoreError, match=r"cannot write .*x\.jsonl"):
                file.append(value)
        file.append("after")
    assert list(lines.read(tmp_path / "x.jsonl")) == ["after"]


def test_a_folder_open_for_reading_takes_nothing(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", {}).close()
    folder = RunFolder.read(tmp_path / "run")
    with pytest.raises(StoreError, match="reading only"):
        folder.add_trial(a_trial())
    with pytest.raises(StoreError, match="reading only"):
        folder.add_completion(a_request("a"), Completion("x", "stop"), {})
