"""`stesim tools record` from the command line, with a server on this machine in place of the API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Type
from tests.unit.mocktools.recording.conftest import AUTH, TOKEN, Live, pets, reply

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[Live]:
    started = Live()
    yield started
    started.close()


def test_record_then_use_without_the_network(type_: Type, server: Live, tmp_path: Path) -> None:
    server.answers["/pets/1"] = reply(200, {"id": 1, "owner": "ann@firm.org"})
    pets(tmp_path / "mine")
    record = ("tools", "record", "mine", "--base-url", server.base, "--tool", "get_pet")
    words = ("--args", '{"id": 1}', "--args", '{"id": 2}')
    first = type_(*record, *words)
    assert first.stdout.splitlines() == [
        'new        get_pet {"id": 1}  HTTP 200',
        "           removed e-mail address in json.owner",
        'new        get_pet {"id": 2}  HTTP 404',
        "2 new; see mine/fixtures/recorded-get_pet.json",
    ]
    assert first.stderr == ""
    file = tmp_path / "mine/fixtures/recorded-get_pet.json"
    before = file.read_bytes()
    assert type_(*record, *words).stdout.splitlines()[-1] == "2 unchanged"
    server.answers.clear()
    changed = type_(*record, *words).stdout.splitlines()
    assert changed[0] == 'changed    get_pet {"id": 1}  HTTP 404: the status is 404, not 200 as before, another body'
    assert file.read_bytes() != before
    asked = len(server.seen)
    assert type_(*record, *words, "--missing").stdout.splitlines()[-1] == "2 skipped"
    assert len(server.seen) == asked
    called = type_("tools", "call", "get_pet", '{"id": 2}', "--toolset", "mine", code=1)
    assert json.loads(called.stdout.partition(": ")[2]) == {"error": "not found"}


def test_calls_from_a_file_and_from_stdin(type_: Type, server: Live, tmp_path: Path) -> None:
    server.answers |= {
        "/pets/1": reply(200, {"id": 1}),
        "/pets/2": reply(200, b"\x89PNG", {"Content-Type": "image/png"}),
    }
    pets(tmp_path / "mine")
    rows: list[dict[str, Any]] = [
        {"tool": "get_pet", "arguments": {"id": 1}},
        {"id": "q1", "query": "All?", "calls": [{"tool": "find pets", "arguments": {"n": 10**30}, "rules": {}}]},
        {"tool": "get_pet", "arguments": {"id": 2}},
    ]
    text = "\n".join(map(json.dumps, rows))
    (tmp_path / "q.jsonl").write_text(text)
    record = ("tools", "record", "mine/tools.json", "--base-url", server.base)
    found = json.loads(type_(*record, "--from", "q.jsonl", "--json", code=1).stdout)
    assert [(one["tool"], one["outcome"], one["status"]) for one in found] == [
        ("get_pet", "new", 200), ("find pets", "new", 404), ("get_pet", "failed", 200),
    ]  # fmt: skip
    assert found[2]["message"] == "the answer is not text (image/png); it is not stored"
    again = type_(*record, "--from", "-", "--tool", "get_pet", stdin=text, code=1).stdout.splitlines()
    assert again[-1] == "1 unchanged, 1 failed"


def test_mistakes_are_one_line(type_: Type, server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PETS", raising=False)
    pets(tmp_path / "mine", secrets=[AUTH])
    (tmp_path / "q.jsonl").write_text('{"tool": "get_pet", "arguments": {}}\n{oops}\n')
    (tmp_path / "odd.jsonl").write_text('{"tool": "find pets", "arguments": {}}\n{"tool": "get_pet", "arguments": {}}')
    (tmp_path / "mine.py").write_text("")
    one = ("--tool", "get_pet", "--args", '{"id": 1}')
    base = ("--base-url", server.base)
    for words, text in (
        (("mine", *base), "there are several tools; name one with --tool: get_pet, find pets, add_pet, has_pet"),
        (("mine", *base, "--tool", "get_pat"), "did you mean get_pet"),
        (("mine", *base, *one), 'tool "get_pet": the environment variable PETS is not set; export it and record again'),
        (("mine", *one), "api.pets.example is a made-up host"),
        (("mine", *base, "--tool", "get_pet", "--args", "{"), "--args: is not valid JSON"),
        (("mine", *base, "--tool", "get_pet", "--args", "[1]"), "--args: must be a JSON object"),
        (("mine", *base, "--from", "q.jsonl"), "q.jsonl: line 2: is not valid JSON"),
        (("mine", *base, *one, "--from", "q.jsonl"), "--args and --from cannot be used together"),
        (("mine", *base, "--from", "none.jsonl"), "none.jsonl: there is no such file"),
        (("mine", *base, "--tool", "add_pet"), "allow it with --allow-writes"),
        (
            ("mine", *base, "--tool", "get_pet", "--args", "{}", "--allow-invalid"),
            "parameter: id (a part of the address)",
        ),
        (
            ("mine", *base, "--tool", "get_pet", "--args", '{"id": [1]}'),
            "Parameter 'id' must be an integer or a string",
        ),
        (("mine", *base, "--from", "odd.jsonl"), "odd.jsonl: line 2: get_pet: Missing required parameter: id"),
        (("mine", *base, "--all", "--tool", "get_pet"), "--all goes without --tool, --args and --from"),
        (("mine.py", *base), "mine.py: tools in a Python file are not recorded"),
        (("weather", *base), "weather: there is no such file or folder"),
    ):
        result = type_("tools", "record", *words, code=2)
        assert (result.stdout, result.stderr.count("\n")) == ("", 1), result.output
        assert text in result.stderr
    assert server.seen == []


def test_the_examples_of_all_tools(type_: Type, server: Live, tmp_path: Path) -> None:
    server.answers |= {"/pets": reply(200, []), "/pets/4": reply(200, {"id": 4})}
    pets(tmp_path / "mine", example={"id": 4})
    result = type_("tools", "record", "mine", "--base-url", server.base, "--all")
    assert result.stdout.splitlines()[:2] == [
        'new        get_pet {"id": 4}  HTTP 200',
        "new        find pets {}  HTTP 200",
    ]
    assert result.stderr.count("left out: tool ") == 2


def test_what_cannot_be_written_is_found_first(type_: Type, server: Live, tmp_path: Path) -> None:
    (pets(tmp_path / "mine") / "fixtures").write_text("a file")
    result = type_("tools", "record", "mine", "--base-url", server.base, "--tool", "find pets", code=2)
    assert "mine/fixtures" in result.stderr
    assert server.seen == []


def test_ctrl_c_keeps_what_was_recorded(server: Live, tmp_path: Path) -> None:
    def hangs(_: Any) -> bytes:
        time.sleep(5)
        return b""

    server.answers |= {"/pets/1": reply(200, {"token": TOKEN}), "/pets/2": hangs}
    pets(tmp_path / "mine", secrets=[AUTH])
    command = [
        sys.executable,
        "-m",
        "stesim",
        "tools",
        "record",
        "mine",
        "--base-url",
        server.base,
        "--tool",
        "get_pet",
    ]
    process = subprocess.Popen(
        [*command, "--args", '{"id": 1}', "--args", '{"id": 2}', "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PETS": TOKEN},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Whoever runs the tests in the background of a shell has it ignored, and so would the process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with process:
        deadline = time.monotonic() + 30
        while len(server.seen) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert [one["outcome"] for one in json.loads(out)] == ["new"]
    (file,) = (tmp_path / "mine/fixtures").iterdir()
    text = file.read_text()
    assert (TOKEN in text, '"token": "[removed]"' in text) == (False, True)


def test_an_answer_that_cannot_be_stored_stops_no_other(type_: Type, server: Live, tmp_path: Path) -> None:
    server.answers |= {"/pets/1": reply(200, b"[" * 63 + b"]" * 63), "/pets/2": reply(200, {"id": 2})}
    pets(tmp_path / "mine")
    words = ("--args", '{"id": 1}', "--args", '{"id": 2}')
    done = type_("tools", "record", "mine", "--base-url", server.base, "--tool", "get_pet", *words, code=1).stdout
    assert 'failed     get_pet {"id": 1}: the answer cannot be stored: it is nested more than 64 levels deep' in done
    assert 'new        get_pet {"id": 2}  HTTP 200' in done


def test_recorders_side_by_side_lose_nothing(server: Live, tmp_path: Path) -> None:
    pets(tmp_path / "mine")
    begun = []
    for first in (0, 10, 20):
        calls = [word for number in range(first, first + 10) for word in ("--args", f'{{"id": {number}}}')]
        words = ["tools", "record", "mine", "--base-url", server.base, "--tool", "get_pet", *calls]
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "stesim", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
        )  # fmt: skip
    assert ["10 new" in process.communicate()[0] for process in begun] == [True] * 3
    stored = json.loads((tmp_path / "mine/fixtures/recorded-get_pet.json").read_bytes())
    assert {one["call"]["arguments"]["id"] for one in stored["exchanges"]} == set(range(30))


def test_help_has_examples(type_: Type) -> None:
    shown = type_("tools", "record", "--help").stdout
    assert "stesim tools record mytools/ --from queries.jsonl --missing" in shown
    assert "record" in type_("tools", "--help").stdout
