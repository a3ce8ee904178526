"""The commands beside `run`, and what a user's mistake gets: one line and exit code 2."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from stesim import __version__
from tests.integration.conftest import SETTINGS, Type

ROOT = Path(__file__).resolve().parents[2]


def one_line(stderr: str) -> str:
    """The error's line; what was printed before it is progress."""
    lines = [line for line in stderr.splitlines() if line.startswith(("stesim: ", "Error: "))]
    assert len(lines) == 1, stderr
    return lines[0]


# -- memory and show -----------------------------------------------------------------------------------------------


def test_memory(finished: Path, type_: Type) -> None:
    output = type_("memory", finished).stdout
    assert "forecast_weather: 3 queries, 1 solved" in output
    assert "✓ 1.1  What will the weather be in Paris?" in output
    assert "✗ 1.2  And in Atlantis?" in output
    assert "? 1.3  Snow in Oslo?" in output
    assert "There is no Atlantis." in output
    assert "forecast_weather" not in type_("memory", finished, "get_country").stdout
    entries = json.loads(type_("memory", finished, "get_country", "--json").stdout)
    assert [entry["solved"] for entry in entries] == [True, None, True]


def test_memory_of_an_unknown_tool(finished: Path, type_: Type) -> None:
    result = type_("memory", finished, "get_contry", code=2)
    assert "has no trials of get_contry; it has: forecast_weather, get_country" in one_line(result.stderr)


def test_show(finished: Path, type_: Type) -> None:
    output = type_("show", finished, 3).stdout
    for part in (
        "User Query:\n  Snow in Oslo?",
        "Not read:\n  no_action",
        "Observation:\n  Error (HTTP 400)",
        "max calls",
    ):
        assert part in output
    assert type_("show", finished, "forecast_weather/1/3").stdout == output
    assert json.loads(type_("show", finished, 3, "--json").stdout)["query"] == "Snow in Oslo?"


@pytest.mark.parametrize("wanted", ["0", "7", "99999999999999999999", "forecast_weather/9/9", "x"])
def test_show_a_trial_that_is_not_there(finished: Path, type_: Type, wanted: str) -> None:
    one_line(type_("show", finished, wanted, code=2).stderr)


# -- tools ---------------------------------------------------------------------------------------------------------


def test_tools_list(type_: Type) -> None:
    assert "forecast_weather" in type_("tools", "list").stdout
    tools = json.loads(type_("tools", "list", "--toolset", "starter", "--json").stdout)
    assert len(tools) == 10
    assert len({tool["provider"] for tool in tools}) >= 8
    for tool in tools:
        assert {"name", "description", "parameters"} <= tool.keys()
        assert tool["parameters"]["type"] == "object"


def test_tools_list_by_tags(type_: Type) -> None:
    assert "tomorrow.  [weather]" in type_("tools", "list", "--tags").stdout
    assert "[holidays, dates]\n" in type_("tools", "list", "--tags", "dates").stdout
    listed = type_("tools", "list", "--tags", "travel, weather").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [
        "get_current_weather", "forecast_weather", "get_weather_history", "get_flight_distance",
    ]  # fmt: skip
    assert len(json.loads(type_("tools", "list", "--json").stdout)) == 50
    assert len(type_("tools", "list", "--toolset", "extended").stdout.splitlines()) == 76
    assert {tool["provider"] for tool in json.loads(type_("tools", "list", "--toolset", "shop", "--json").stdout)} == {
        "shop"
    }


def test_tools_show(type_: Type) -> None:
    output = type_("tools", "show", "forecast_weather").stdout
    assert "- city (string, required)" in output
    assert 'Example: {"city":"Paris","days":3}' in output
    told = json.loads(type_("tools", "show", "forecast_weather", "--json").stdout)
    assert (told["name"], told["example"]) == ("forecast_weather", {"city": "Paris", "days": 3})
    assert told["address"] == "GET https://api.open-forecast.example/v1/forecast"


def test_tools_call(type_: Type) -> None:
    arguments = '{"city": "Paris", "days": 2}'
    output = type_("tools", "call", "forecast_weather", arguments).stdout
    assert "Paris" in output
    assert type_("tools", "call", "forecast_weather", "-", stdin=arguments).stdout == output
    answer = json.loads(type_("tools", "call", "forecast_weather", arguments, "--json").stdout)
    assert (answer["kind"], answer["status"]) == ("ok", 200)
    assert answer["text"] == output.rstrip("\n")
    later = type_("tools", "call", "forecast_weather", arguments, "--today", "2025-02-01").stdout
    assert "2025-02-02" in later


def test_tools_call_that_fails_as_a_real_server_does(type_: Type) -> None:
    assert "Error (HTTP 429)" in type_("tools", "call", "get_cart", "--faults", "429:1", code=1).stdout
    kinds = {
        json.loads(
            type_("tools", "call", "get_cart", "--faults", "timeout:0.5", "--seed", n, "--json", code=None).stdout
        )["kind"]
        for n in range(8)
    }
    assert kinds == {"ok", "timeout"}


def test_tools_call_that_the_api_refuses(type_: Type) -> None:
    assert "Error (HTTP 400)" in type_("tools", "call", "forecast_weather", code=1).stdout
    assert "city" in type_("tools", "call", "forecast_weather", "{}", code=1).stdout
    answer = json.loads(
        type_("tools", "call", "forecast_weather", '{"city": "Nowhere", "days": 1}', "--json", code=1).stdout
    )
    assert (answer["kind"], answer["status"]) == ("http_error", 404)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["call", "forcast_weather"], "forecast_weather"),
        (["call", "forecast_weather", "{"], "not JSON"),
        (["call", "forecast_weather", "[]"], "must be a JSON object"),
        (["call", "forecast_weather", "{}", "--today", "2050-01-01"], "2027"),
        (["show", "nope"], "no tool"),
        (["list", "--toolset", "strater"], "starter"),
        (["list", "--toolset", ""], "--toolset is empty"),
        (["show", "xyzzy"], "add_to_cart, berechne_ostern, check_card_number, check_public_holiday"),
        (["list", "--toolset", "nowhere/mine.py"], "no toolset at nowhere/mine.py"),
        (["list", "--tags", "weather,sports"], "no tool is tagged 'sports'; there are: astronomy"),
        (["call", "get_cart", "--faults", "418:1"], "418"),
        (["show", "get_cart", "--toolset", "weather"], "get_cart"),
    ],
)
def test_tools_bad_input(type_: Type, words: list[str], message: str) -> None:
    assert message in one_line(type_("tools", *words, code=2).stderr)


# -- run: bad input --------------------------------------------------------------------------------------------------


def junk(folder: Path) -> list[str]:
    (folder / "junk.gguf").write_text("hello")
    return ["--model", "junk.gguf"]


def short(folder: Path) -> list[str]:
    (folder / "short.gguf").write_bytes(b"GGUF")
    return ["--model", "short.gguf"]


def no_text(folder: Path) -> list[str]:
    (folder / "script.json").write_bytes(orjson.dumps(["a", 1]))
    return ["--model", "scripted:script.json"]


def no_json(folder: Path) -> list[str]:
    (folder / "script.jsonl").write_text('"a"\nb\n')
    return ["--model", "scripted:script.jsonl"]


def bad_prompts(folder: Path) -> list[str]:
    (folder / "mine").mkdir()
    (folder / "mine" / "try_first.txt").write_text("{query} {api_name}")
    return ["--prompts", "mine"]


def a_file(folder: Path) -> list[str]:
    (folder / "file").write_text("x")
    return ["--out", "file"]


def not_empty(folder: Path) -> list[str]:
    (folder / "full").mkdir()
    (folder / "full" / "x").touch()
    return ["--out", "full"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (lambda _: ["--model", "nowhere.gguf"], "no model 'nowhere.gguf': give smollm2"),
        (junk, "junk.gguf is not a GGUF file"),
        (short, "cut off after 4 bytes"),
        (lambda _: ["--model", "scripted:nowhere"], "cannot read the script nowhere: No such file"),
        (no_text, "completion 2 is neither a text nor an object"),
        (no_json, "line 2 is not JSON"),
        (lambda _: ["--model", "replay:nowhere"], "no run in nowhere"),
        (lambda _: ["--tools", "forecast_wether"], "forecast_weather"),
        (lambda _: ["--tools", "get_country,get_country"], "get_country"),
        (lambda _: ["--tools", ","], "--tools names no tool"),
        (lambda _: ["--tools", "[1]"], "must hold names"),
        (lambda _: ["--tools", "[1"], "not a JSON list"),
        (lambda _: ["--tools", "starter"], "starter is a toolset: --toolset starter"),
        (lambda _: ["--toolset", "weather", "--tools", "get_country"], "no tool is called 'get_country'"),
        (lambda _: ["--toolset", "wether"], "did you mean weather"),
        (bad_prompts, "prompt try_first: unknown variable {api_name}"),
        (lambda _: ["--prompts", "nowhere"], "no prompt folder nowhere"),
        (lambda _: ["--ctx", "300"], "a context of 300 tokens is too small for the description of forecast_weather"),
        (lambda _: ["--ctx", "100"], "--max-tokens 128 does not fit in a context of 100"),
        (lambda _: ["--today", "tomorrow"], "is not a date such as"),
        (lambda _: ["--today", "1999-01-01"], "2024"),
        (lambda _: ["--threads", "many"], "neither auto nor a number"),
        (lambda _: ["--temperature", "hot"], "'hot' is not a valid float"),
        (lambda _: ["--episodes", "0"], "0 is not in the range"),
        (a_file, "cannot make the run folder file: File exists"),
        (not_empty, "full is not empty"),
        (lambda _: ["--out", "/proc/nope"], "cannot make the run folder /proc/nope"),
    ],
)  # fmt: skip
def test_bad_input(words: Callable[[Path], list[str]], message: str, type_: Type, study: str, tmp_path: Path) -> None:
    typed = words(tmp_path)
    model = [] if "--model" in typed else ["--model", study]
    tools = [] if "--tools" in typed else ["--tools", "forecast_weather,get_country"]
    assert message in one_line(type_("run", *model, *tools, *typed, code=2).stderr)


def test_a_script_that_runs_out(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "script.json").write_bytes(orjson.dumps(["a", "b"]))
    result = type_("run", "--model", "scripted:script.json", "--out", "r", *SETTINGS, code=2)
    assert (
        "has only 2 completions; one more was asked for: try, forecast_weather, episode 1, trial 1, call 2"
        in result.stderr
    )


def test_a_folder_that_cannot_be_written(type_: Type, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = type_("run", "--model", study, "--out", "r", *SETTINGS, code=2)
    assert one_line(result.stderr) == "stesim: cannot make the run folder r: Permission denied"


def test_a_full_disk(study: str, tmp_path: Path, finished: Path) -> None:
    """A bound on the size of files stands in for a full disk; what was finished is kept, and the run goes on."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    words = [sys.executable, "-m", "stesim", "run", "--model", study, "--out", str(tmp_path / "r"), *SETTINGS]
    found = subprocess.run(words, preexec_fn=bound, capture_output=True, text=True)
    assert found.returncode == 2, found.stderr
    assert "File too large; everything finished so far is kept" in one_line(found.stderr)
    assert b"".join((tmp_path / "r" / "trials.jsonl").read_bytes().splitlines(True)[-1:])[-1:] in (b"\n", b"")
    subprocess.run(words, check=True, capture_output=True)
    assert (tmp_path / "r" / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_nothing_opens_a_socket(type_: Type, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from stesim.toolbox import Toolbox

    def call(self: Toolbox, action: object) -> None:
        socket.create_connection(("127.0.0.1", 9))

    monkeypatch.setattr(Toolbox, "call", call)
    result = type_("run", "--model", study, "--out", "r", *SETTINGS, code=2)
    assert "something tried to use the network during a run" in one_line(result.stderr)


# -- the habits of a command line -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["run"], ["memory"], ["show"], ["tools"], ["tools", "call"], ["completion"]])
def test_help(type_: Type, words: list[str]) -> None:
    output = type_(*words, "--help").stdout
    assert "Usage: stesim" in output
    if words not in (["tools"],):
        assert "Example" in output
    assert type_(*words, "-h").stdout == output


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("stesim tools show get_ca", ["get_cart"]),
        ("stesim tools call --toolset shop get", ["get_cart"]),
        ("stesim run --toolset st", ["starter"]),
        ("stesim run --toolset my", ["my"]),  # a file, which the shell completes
        ("stesim run --tools add_date,get_ca", ["add_date,get_cart"]),
    ],
)
def test_names_are_completed(typed: str, wanted: list[str], tmp_path: Path) -> None:
    variables = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_STESIM_COMPLETE": "bash_complete"}
    found = subprocess.run(
        [sys.executable, "-m", "stesim"], env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert [line.partition(",")[2] for line in found.stdout.splitlines()] == wanted


def test_version_and_completion(type_: Type) -> None:
    assert __version__ in type_("--version").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "_STESIM_COMPLETE" in type_("completion", shell).stdout


def test_through_the_shell(study: str, tmp_path: Path) -> None:
    """The real command: piped output is plain, and a reader that goes away is no error of ours."""
    stesim = f"{sys.executable} -m stesim"
    script = f"""
        set -e
        {stesim} run --model {study} --out r {" ".join(SETTINGS)} >summary 2>progress
        {stesim} memory r | head -n 1
        {stesim} tools list --json | {sys.executable} -c 'import json, sys; print(len(json.load(sys.stdin)) >= 10)'
        {stesim} show r 99 || echo "exit $?"
    """
    found = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert found.stdout.splitlines() == ["forecast_weather: 3 queries, 1 solved", "True", "exit 2"]
    assert "run folder: r" in (tmp_path / "summary").read_text()
    assert "\x1b" not in (tmp_path / "summary").read_text() + (tmp_path / "progress").read_text()
    assert "Traceback" not in found.stderr
