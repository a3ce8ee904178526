"""What a hostile run folder, file, name or environment can do: nothing but get one line."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.integration.conftest import SETTINGS, Type

SMALL = ["--tools", "get_country", "--episodes", "1", "--trials", "1", "--max-calls", "1"]


def mutations(value: Any) -> Iterator[Any]:
    """The value with each of its parts in turn replaced by something else, or left out."""
    if isinstance(value, dict):
        for key in value:
            yield {name: part for name, part in value.items() if name != key}
            for changed in mutations(value[key]):
                yield {**value, key: changed}
    elif isinstance(value, list) and value:
        for changed in mutations(value[0]):
            yield [changed, *value[1:]]
    for other in (None, 7, "x", [], {}, [[]], {"x": None}):
        if type(other) is not type(value):
            yield copy.deepcopy(other)


@pytest.mark.parametrize("name", ["manifest.json", "trials.jsonl", "completions.jsonl"])
def test_a_damaged_run_folder_gets_one_line_or_is_read(name: str, finished: Path, type_: Type, tmp_path: Path) -> None:
    """`type_` raises whatever is not a clean exit."""
    original = (finished / name).read_bytes()
    first, newline, rest = (original, b"", b"") if name == "manifest.json" else original.partition(b"\n")
    for number, changed in enumerate(mutations(orjson.loads(first))):
        (finished / name).write_bytes(orjson.dumps(changed) + newline + rest)
        if name == "trials.jsonl":
            type_("memory", finished, code=None)
            type_("show", finished, 1, code=None)
        words = ["--out", finished] if number % 2 else ["--model", f"replay:{finished}", "--out", tmp_path / "again"]
        assert type_("run", *words, code=None).exit_code in (0, 2)
        shutil.rmtree(tmp_path / "again", ignore_errors=True)


@pytest.mark.parametrize("data", [b"\xff\xfe\n", b"\x00\x00\n", b"[]\n", b"null\n", b"1\n", b"[" * 100_000 + b"\n"])
@pytest.mark.parametrize("name", ["manifest.json", "trials.jsonl", "completions.jsonl"])
def test_junk_in_a_run_folder(name: str, data: bytes, finished: Path, type_: Type) -> None:
    (finished / name).write_bytes(data)
    assert type_("run", "--out", finished, code=2).stderr.count("stesim: ") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0], *lines],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: lines[::-1],
        lambda lines: [line.replace(b'"tool":"forecast_weather"', b'"tool":"zzz"') for line in lines],
    ],
    ids=["twice", "missing", "backwards", "another tool"],
)
def test_trials_out_of_place_are_noticed(
    change: Callable[[list[bytes]], list[bytes]], finished: Path, type_: Type
) -> None:
    path = finished / "trials.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert "is out of place" in type_("run", "--out", finished, code=2).stderr


def test_a_link_in_a_run_folder_leads_nowhere(finished: Path, type_: Type, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("no newline")
    (finished / "trials.jsonl").unlink()
    (finished / "trials.jsonl").symlink_to(tmp_path / "precious")
    type_("run", "--out", finished, code=2)
    assert (tmp_path / "precious").read_text() == "no newline"
    (finished / ".lock").unlink()
    (finished / ".lock").symlink_to(tmp_path / "made")
    type_("run", "--out", finished, code=2)
    assert not (tmp_path / "made").exists()


def test_pipes_and_devices_are_refused_at_once(study: str, type_: Type, tmp_path: Path, finished: Path) -> None:
    os.mkfifo("pipe")
    for model in ("pipe", "scripted:pipe", "scripted:/dev/zero", "/dev/zero"):
        assert "not a regular file" in type_("run", "--model", model, *SMALL, code=2).stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "reflect.txt").write_text("Well?")
    (tmp_path / "mine" / "example_1.txt").symlink_to("/dev/zero")
    assert "not a regular file" in type_("run", "--model", study, "--prompts", "mine", *SMALL, code=2).stderr
    (finished / "trials.jsonl").unlink()
    os.mkfifo(finished / "trials.jsonl")
    assert "not a regular file" in type_("memory", finished, code=2).stderr


LONG = "x" * 300


@pytest.mark.parametrize(
    "words",
    [
        ["--out", LONG],
        ["--model", LONG],
        ["--prompts", LONG],
        ["--model", "~nobody-of-that-name/x.gguf"],
        ["--temperature", "nan"],
        ["--top-p", "nan"],
        ["--repeat-penalty", "inf"],
        ["--episodes", "99999999999999999999"],
        ["--ctx", "99999999999999999999"],
        ["--top-k", "4294967297"],
        ["--threads", "9" * 5000],
        ["--threads", "0"],
        ["--out", "bell\x07"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_extremes(words: list[str], study: str, type_: Type) -> None:
    model = [] if "--model" in words else ["--model", study]
    type_("run", *model, *SMALL, *words, code=2)


def test_names_with_brackets(finished: Path, type_: Type) -> None:
    Path("x[").mkdir()
    finished.rename("x[/b]")
    assert "x[/b] imagines:" in type_("run", "--model", "replay:x[/b]", "--watch", "--out", "w").stderr


def test_json_for_a_terminal(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(orjson.dumps(["a\u009b2J\u061c?", "Thought: y\nFinal Answer: \u202e", "Yes"]))
    type_("run", "--model", "scripted:s.json", "--out", "r", *SMALL)
    for words in (["memory", "r", "--json"], ["show", "r", 1, "--json"]):
        output = type_(*words).stdout
        assert output.isascii() or not set(output) & set("\x9b\u061c\u202e")
    assert json.loads(type_("memory", "r", "--json").stdout)[0]["query"] == "a\u009b2J\u061c?"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_device_and_odd_encodings(finished: Path) -> None:
    stesim = [sys.executable, "-m", "stesim"]
    with open("/dev/full", "w") as full:
        found = subprocess.run([*stesim, "memory", str(finished)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert "Traceback" not in found.stderr
    for encoding in ("latin-1", "ascii"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        shown = subprocess.run([*stesim, "show", str(finished), "4"], env=environment, capture_output=True)
        assert (shown.returncode, shown.stderr) == (0, b"")


def test_a_terminated_run_says_how_to_go_on(tmp_path: Path) -> None:
    """SIGTERM in the middle of a run, as from a job queue: exit code 143, and the run goes on later."""
    code = (
        "import sys, time; from stesim.cli import main; from stesim.models import ScriptedModel as S\n"
        "real = S.complete\n"
        "def slow(self, *arguments):\n    time.sleep(0.2); return real(self, *arguments)\n"
        "S.complete = slow; main(sys.argv[1:])"
    )
    from tests.integration.conftest import STUDY

    (tmp_path / "study.json").write_bytes(orjson.dumps(STUDY))
    words = ["run", "--model", f"scripted:{tmp_path / 'study.json'}", "--out", str(tmp_path / "r"), *SETTINGS]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "r" / "trials.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM, stderr
    assert "Go on with: stesim run --out" in stderr
