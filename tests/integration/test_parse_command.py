"""`stesim parse`: one reply in, one JSON object with always the same keys out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import _NamedTextIOWrapper
from hypothesis import example, given
from hypothesis import strategies as st

from stesim.cli.parse import KEYS, LARGEST, read_reply
from tests.integration.conftest import Type
from tests.integration.test_commands import one_line

REPLY = "Thought: hm\nAction: Get, [x] %% data\nAction Input: {'a': 1,}\nObservation: {}"


def test_an_action(type_: Type) -> None:
    found = json.loads(type_("parse", stdin=REPLY).stdout)
    assert tuple(found) == KEYS
    assert found == {
        "kind": "action",
        "tool": "Get, [x] %% data",
        "arguments": {"a": 1},
        "text": None,
        "thought": "hm",
        "repairs": ["single_quotes", "trailing_comma", "dropped_observation"],
        "failure": None,
        "observation": None,
    }


def test_a_final_answer(type_: Type) -> None:
    found = json.loads(type_("parse", stdin="Thought: done\nFinal Answer: 42").stdout)
    assert [found[key] for key in KEYS] == ["final_answer", None, None, "42", "done", [], None, None]


def test_a_failure_is_data(type_: Type) -> None:
    found = json.loads(type_("parse", "--strict", stdin=REPLY).stdout)
    assert (found["kind"], found["failure"]) == ("failure", "not_json")
    assert "not valid JSON" in found["observation"]
    assert json.loads(type_("parse", stdin="").stdout)["failure"] == "empty"


@pytest.mark.parametrize(
    ("tools", "tool"),
    [
        ('["Get, [x] %% data"]', "Get, [x] %% data"),
        ("Get [x] data", None),
        ("get_country, forecast_weather", None),
        ("get_cart", None),
    ],
)
def test_tools(type_: Type, tools: str, tool: str | None) -> None:
    found = json.loads(type_("parse", "--tools", tools, stdin=REPLY).stdout)
    assert found["tool"] == tool
    assert found["failure"] == (None if tool else "unknown_tool")


def test_a_toolset_stands_for_its_tools(type_: Type) -> None:
    reply = "Action: Get Country\nAction Input: {}"
    found = json.loads(type_("parse", "--toolset", "starter", stdin=reply).stdout)
    assert (found["tool"], found["repairs"]) == ("get_country", ["name_spacing"])
    assert json.loads(type_("parse", stdin=reply).stdout)["tool"] == "Get Country"


def test_a_file(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "reply.txt").write_text(REPLY)
    expected = type_("parse", stdin=REPLY).stdout
    assert type_("parse", "reply.txt").stdout == expected
    assert type_("parse", "-", stdin=REPLY).stdout == expected


def test_bytes_that_are_no_text(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "reply.txt").write_bytes(b"\xef\xbb\xbfFinal Answer: \xff\x00\x1b[2J\xc2\x9b")
    output = type_("parse", "reply.txt").stdout
    assert json.loads(output)["text"] == "\ufffd\x00\x1b[2J\x9b"
    assert "\x1b" not in output
    assert "\x9b" not in output


def test_a_terminal_is_told_what_is_waited_for(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _: True, raising=False)
    result = type_("parse", stdin="x")
    assert "type or paste a model's reply" in result.stderr
    assert json.loads(result.stdout)["failure"] == "no_action"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tools", ","], "--tools names no tool"),
        (["--tools", "[]"], "--tools names no tool"),
        (["--tools", "[x] data"], "--tools is not a JSON list"),
        (["--tools", "[1]"], "must hold names"),
        (["--tools", "a\udcff"], "not UTF-8"),
        (["nowhere.txt"], "cannot read nowhere.txt: No such file"),
        (["."], "not a regular file"),
        (["large.txt"], "it is larger than 1024 KiB"),
    ],
)
def test_bad_input(type_: Type, words: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"x" * (LARGEST + 1))
    assert message in one_line(type_("parse", *words, stdin="x", code=2).stderr)


def test_too_much_input(type_: Type) -> None:
    assert json.loads(type_("parse", stdin="x" * LARGEST).stdout)["kind"] == "failure"
    assert "larger than 1024 KiB" in one_line(type_("parse", stdin="x" * (LARGEST + 1), code=2).stderr)


def test_help(type_: Type) -> None:
    output = type_("parse", "--help").stdout
    assert "Usage: stesim parse" in output
    assert "Examples:" in output


def test_through_the_shell(tmp_path: Path) -> None:
    stesim = f"{sys.executable} -m stesim"
    script = f"""
        printf '%s' "$REPLY" | {stesim} parse
        {stesim} parse --strict <reply.txt
        {stesim} parse <&- || echo "exit $?"
    """
    (tmp_path / "reply.txt").write_bytes(b"\xffAction: x\nAction Input: {}")
    found = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env={"REPLY": REPLY, **_python()},
    )
    first, second, end = found.stdout.split("}\n")
    assert json.loads(first + "}")["tool"] == "Get, [x] %% data"
    assert json.loads(second + "}")["thought"] == "\ufffd"
    assert end.strip() == "exit 2"
    assert found.stderr == "stesim: there is no standard input to read the reply from\n"


def _python() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PATH": "/usr/bin:/bin"}


PIECES = st.sampled_from(
    [
        "Action:",
        "Action Input:",
        "Final Answer:",
        "Thought:",
        "Observation:",
        "{",
        "}",
        '"',
        ":",
        ",",
        "\n",
        "x",
        "\\",
        "\u0085",
    ]
)
DATA = st.one_of(st.binary(), st.text().map(str.encode), st.lists(PIECES).map(lambda parts: " ".join(parts).encode()))


@given(DATA, st.none() | st.lists(st.text(st.characters(codec="utf-8")), min_size=1), st.booleans())
@example(b"Action: x\nAction Input: {}", [""], False)
@example(b'Action: x\nAction Input: {"a": "\\ud83d"}', None, True)
def test_the_result_is_always_json_with_the_same_keys(data: bytes, tools: list[str] | None, strict: bool) -> None:
    found = read_reply(data, tools, strict=strict)
    assert tuple(found) == KEYS
    assert orjson.loads(orjson.dumps(found)) == found
    assert found["kind"] in ("action", "final_answer", "failure")
    assert (found["tool"] is None) == (found["arguments"] is None) == (found["kind"] != "action")
    assert (found["text"] is not None) == (found["kind"] == "final_answer")
    assert (found["failure"] is None) == (found["observation"] is None) == (found["kind"] != "failure")


def test_a_verdict_and_a_reflection(type_: Type) -> None:
    typed = type_("parse", "--as", "verdict", stdin="**1)** Yes. It does.\n2) No. It invents.\n3) Perhaps")
    assert orjson.loads(typed.stdout) == {
        "kind": "verdict",
        "verdict": "fail",
        "informative": "pass",
        "faithful": "fail",
        "appropriate": "unparsed",
        "explanations": ["It does.", "It invents.", ""],
        "repairs": orjson.loads(typed.stdout)["repairs"],
    }
    typed = type_("parse", "--as", "reflection", stdin="Now I know: **Yes**, it was")
    assert orjson.loads(typed.stdout) == {"kind": "reflection", "answer": "yes"}
    refused = type_("parse", "--as", "verdict", "--strict", stdin="x", code=2)
    assert (
        refused.stderr
        == "stesim: --strict, --toolset and --tools say how a reply is read; they do not go with --as verdict\n"
    )
