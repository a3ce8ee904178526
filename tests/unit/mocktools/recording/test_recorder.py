"""The recorder against real HTTP servers on this machine: what is stored, and what is refused beforehand."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.errors import MockToolsError
from mocktools.exchanges import format
from mocktools.exchanges.format import ABSENT, Call
from mocktools.recording import Recorder, calls, recorder
from tests.unit.mocktools.recording.conftest import (
    JSON,
    Live,
    one,
    pets,
    replayed,
    reply,
    run,
    stored,
)

# What is stored


def test_a_recorded_call_is_answered_alike(server: Live, tmp_path: Path) -> None:
    server.answers["/pets"] = reply(
        200, [{"name": "Zoë 🐈", "weight": 4.0}], {"X-Total-Count": "1", "Retry-After": "5"}
    )
    folder, call = pets(tmp_path / "mine"), Call("find pets", {"name": "Zoë", "tags": ["a", "b"], "limit": 1.5})
    (outcome,) = run(folder, [call], server.base)
    result = replayed(folder, call)
    assert (outcome.kind, outcome.status, result.status) == ("new", 200, 200)
    assert json.loads(result.body) == [{"name": "Zoë 🐈", "weight": 4.0}]
    assert outcome.file == folder / "fixtures/recorded-find-pets.json"
    head = format.read(outcome.file)
    assert (head.source, head.as_of, head.license) == (
        "recorded from 127.0.0.1 in place of api.pets.example", "2026-03-01", "unknown: see the API's terms",
    )  # fmt: skip
    assert head.exchanges[0].call == call
    assert server.seen[0][1] == "/pets?name=Zo%C3%AB&tags=%5B%22a%22%2C+%22b%22%5D&limit=1.5"


def test_the_tools_own_address_is_asked_without_a_base_url(server: Live, tmp_path: Path) -> None:
    server.answers["/pets/1"] = reply(200, {"id": 1})
    folder = pets(tmp_path / "mine", server.base)
    (outcome,) = run(folder / "tools.json", [Call("get_pet", {"id": 1})])
    assert outcome.kind == "new"
    assert format.read(folder / "fixtures/recorded-get_pet.json").source == f"recorded from 127.0.0.1:{server.port}"
    assert replayed(folder, outcome.call).body == '{"id":1}'


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 403, 404, 410, 422, 500, 501])
def test_errors_are_stored_too(server: Live, tmp_path: Path, status: int) -> None:
    body = b"" if status == 204 else b'{"why": null}'
    outcome = one(server, tmp_path / "p", reply(status, body, JSON))
    assert stored(outcome).status == status
    result = replayed(tmp_path / "p", outcome.call)
    assert (result.status, result.body) == (status, "" if status == 204 else '{"why":null}')


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_answers_are_stored_only_on_request(server: Live, tmp_path: Path, status: int) -> None:
    body = reply(status, {"error": "busy"}, {"Retry-After": "30"})
    refused = one(server, tmp_path / "p", body)
    assert refused.kind == "failed"
    assert f"busy (HTTP {status}, try again after 30 seconds)" in refused.message
    assert not (tmp_path / "p/fixtures").exists()
    kept = stored(one(server, tmp_path / "p", body, keep_busy=True))
    assert (kept.status, kept.headers["Retry-After"]) == (status, "30")


def test_an_answer_that_wants_credentials_is_not_stored(server: Live, tmp_path: Path) -> None:
    outcome = one(server, tmp_path / "p", reply(401, {}), keep_busy=True)
    assert (outcome.kind, "credentials" in outcome.message) == ("failed", True)


def test_only_lasting_headers_are_kept(server: Live, tmp_path: Path) -> None:
    volatile = {
        "Date": "Sun, 01 Mar 2026 00:00:00 GMT", "Set-Cookie": "id=1", "ETag": '"x"', "Server": "x", "X-Request-Id": "7",
        "CF-Ray": "8", "X-RateLimit-Remaining": "3", "Age": "3", "WWW-Authenticate": 'Digest nonce="12"',
        "Content-Encoding": "identity",
    }  # fmt: skip
    lasting = {"Content-Type": "application/hal+json", "Link": "</pets?page=2>; rel=next", "Content-Language": "en"}
    assert stored(one(server, tmp_path / "p", reply(200, b"{}", {**volatile, **lasting}))).headers == lasting


def test_a_head_request_has_no_body(server: Live, tmp_path: Path) -> None:
    server.answers["/pets/1"] = reply(200, b"", {**JSON, "Content-Encoding": "gzip"}, length=900)
    folder = pets(tmp_path / "p")
    (outcome,) = run(folder, [Call("has_pet", {"id": 1})], server.base)
    assert stored(outcome).body() == b""
    assert replayed(folder, outcome.call).status == 200


UMLAUTS = '{"name": "Käthe"}'
TEXTS = {
    "utf-8": (UMLAUTS.encode(), "application/json", UMLAUTS),
    "latin-1 json": (UMLAUTS.encode("latin-1"), "application/json; charset=ISO-8859-1", UMLAUTS),
    "json is utf-8 whatever it says": (UMLAUTS.encode(), "application/json; charset=latin1", UMLAUTS),
    "a mark": (b"\xef\xbb\xbf" + UMLAUTS.encode(), "application/json", UMLAUTS),
    "utf-16": (UMLAUTS.encode("utf-16"), "application/json", UMLAUTS),
    "no type": (UMLAUTS.encode(), "", UMLAUTS),
    "latin-1 text": ("Käthe".encode("latin-1"), "text/plain; charset='iso-8859-1'", "Käthe"),
    "shift-jis": ("猫".encode("shift-jis"), "text/html; charset=Shift_JIS", "猫"),
    "no charset": ("Käthe".encode(), "text/plain", "Käthe"),
    "vnd json": (UMLAUTS.encode(), "application/vnd.api+json", UMLAUTS),
    "not json after all": (b"<html>Oops", "application/json", "<html>Oops"),
    "json as text": (b"[1]", "text/plain", "[1]"),
    "svg": (b"<svg/>", "image/svg+xml", "<svg/>"),
    "no json that can be kept": (b"[1e999, 2]", "application/json", "[1e999, 2]"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_keep_their_letters(server: Live, tmp_path: Path, name: str) -> None:
    body, kind, text = TEXTS[name]
    outcome = one(server, tmp_path / "p", reply(200, body, {"Content-Type": kind} if kind else {}))
    kept = stored(outcome)
    if text == UMLAUTS:
        assert kept.json == json.loads(UMLAUTS)
        assert json.loads(replayed(tmp_path / "p", outcome.call).body) == kept.json
    else:
        assert (kept.json, kept.text) == (ABSENT, text)
        assert replayed(tmp_path / "p", outcome.call).body == text


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png", "not text (image/png)"),
        (b"{}", "application/octet-stream", "not text"),
        (b"a\x00b", "text/plain", "control characters"),
        (b"\x89PNG\r\n\x1a\n", "", "names no charset and is not UTF-8"),
        ("Käthe".encode("latin-1"), "text/plain", "names no charset and is not UTF-8"),
        ("Käthe".encode("latin-1"), "text/plain; charset=utf-8", "says charset utf-8 and is not in it"),
        (b"abc", "text/plain; charset=rot13", "unknown charset, rot13"),
        (b"abc", "text/plain; charset=idna", "unknown charset, idna"),
        (b"\xef\xbb\xbf\xff", "text/plain", "begins as utf-8 and goes on otherwise"),
    ],
)
def test_what_is_not_text_for_sure_is_refused(server: Live, tmp_path: Path, body: bytes, kind: str, words: str) -> None:
    outcome = one(server, tmp_path / "p", reply(200, body, {"Content-Type": kind} if kind else {}))
    assert (outcome.kind, outcome.file) == ("failed", None)
    assert words in outcome.message
    assert not (tmp_path / "p/fixtures").exists()


# Recording again


def test_the_same_answer_leaves_the_file_alone(server: Live, tmp_path: Path) -> None:
    first = one(server, tmp_path / "p", reply(200, {"a": 1, "b": 2}, {"Date": "x"}))
    assert first.file is not None
    before = first.file.read_bytes()
    again = one(server, tmp_path / "p", reply(200, {"b": 2, "a": 1}, {"Date": "y"}), day=datetime.date(2026, 4, 1))
    assert (again.kind, first.file.read_bytes()) == ("unchanged", before)


def test_a_changed_answer_takes_its_place(server: Live, tmp_path: Path) -> None:
    wanted = [Call("get_pet", {"id": number}) for number in (1, 2, 1, 3)]
    folder = pets(tmp_path / "p")
    kinds = [outcome.kind for outcome in run(folder, wanted, server.base)]
    assert kinds == ["new", "new", "skipped", "new"]
    file = folder / "fixtures/recorded-get_pet.json"
    edited = file.read_text().replace("unknown: see the API's terms", "CC0").replace("recorded from", "mine, from")
    file.write_text(edited)
    server.answers["/pets/2"] = reply(200, {"id": 2})
    changed = run(folder, wanted, server.base, day=datetime.date(2026, 4, 1))
    assert [outcome.kind for outcome in changed] == ["unchanged", "changed", "skipped", "unchanged"]
    assert changed[1].message == "the status is 200, not 404 as before, another body"
    content = format.read(file)
    assert (content.as_of, content.license, content.source[:10]) == ("2026-04-01", "CC0", "mine, from")
    assert [one.call.arguments["id"] for one in content.exchanges if one.call] == [1, 2, 3]
    assert [one.response.status for one in content.exchanges if one.response] == [404, 200, 404]


def test_what_a_fixture_answers_is_left_alone(server: Live, tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    (folder / "fixtures").mkdir()
    mine = {
        "source": "me", "as_of": "2026", "license": "CC0",
        "exchanges": [
            {"call": {"tool": "get_pet", "arguments": {"id": 1}}, "response": {"json": {"by": "hand"}}},
            {"request": {"method": "GET", "url": "https://api.pets.example/pets/9*"}, "match": "pattern", "response": {}},
        ],
    }  # fmt: skip
    (folder / "fixtures/mine.json").write_text(json.dumps(mine))
    wanted = [Call("get_pet", {"id": number}) for number in (1, 2, 91)]
    first = run(folder, wanted[:1], server.base)
    assert first[0].message == "mine.json: exchanges[0], which was written by hand, answers it"
    assert [outcome.kind for outcome in run(folder, wanted, server.base, missing=True)] == ["skipped", "new", "skipped"]
    # Without --missing an exact answer goes before a pattern.
    assert [outcome.kind for outcome in run(folder, wanted, server.base)] == ["skipped", "unchanged", "new"]
    assert replayed(folder, wanted[2]).status == 404


def test_two_tools_with_one_request_share_an_exchange(server: Live, tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    tools = json.loads((folder / "tools.json").read_text())
    tools["tools"].append({**tools["tools"][0], "name": "pet"})
    (folder / "tools.json").write_text(json.dumps(tools))
    both = [Call("get_pet", {"id": 1}), Call("pet", {"id": 1})]
    assert [outcome.kind for outcome in run(folder, both, server.base)] == ["new", "skipped"]
    server.answers["/pets/1"] = reply(200, {"id": 1})
    (changed,) = run(folder, both[1:], server.base)
    assert (changed.kind, changed.file) == ("changed", folder / "fixtures/recorded-get_pet.json")
    assert [replayed(folder, call).status for call in both] == [200, 200]


# What is refused before anything is sent


def test_writes_must_be_allowed(server: Live, tmp_path: Path) -> None:
    server.answers["/pets"] = reply(201, {"id": 5})
    folder, call = pets(tmp_path / "p"), Call("add_pet", {"name": "Tom"})
    with pytest.raises(
        MockToolsError, match="a POST can change things on the live server; allow it with --allow-writes"
    ):
        run(folder, [call], server.base)
    assert server.seen == []
    (outcome,) = run(folder, [call], server.base, allow_writes=True)
    assert (outcome.kind, server.seen[0][3]) == ("new", b'{"name":"Tom"}')
    assert json.loads(replayed(folder, call).body) == {"id": 5}


@pytest.mark.parametrize(
    ("arguments", "words", "allowed"),
    [
        ({}, "Missing required parameter: id (a part of the address)", False),
        ({"id": ""}, "Missing required parameter: id (a part of the address)", False),
        ({"id": None}, "Missing required parameter: id (a part of the address)", False),
        ({"id": 1.5}, "Parameter 'id' must be an integer or a string; got '1.5' (to record what the API", True),
        ({"id": 1, "idd": 2}, "Unknown parameter: idd; did you mean id?", True),
    ],
)
def test_a_call_that_does_not_fit_is_not_sent(
    server: Live, tmp_path: Path, arguments: dict[str, Any], words: str, allowed: bool
) -> None:
    folder, wanted = pets(tmp_path / "p"), [Call("get_pet", {"id": 1}), Call("get_pet", arguments)]
    with pytest.raises(MockToolsError) as caught:
        run(folder, wanted, server.base)
    assert str(caught.value).startswith(f'tool "get_pet": {words}')
    assert server.seen == []
    if not allowed:
        with pytest.raises(MockToolsError, match="a part of the address"):
            run(folder, wanted, server.base, allow_invalid=True)
        assert server.seen == []
        return
    outcomes = run(folder, wanted, server.base, allow_invalid=True)
    assert [outcome.kind for outcome in outcomes] == ["new", "new"]
    assert replayed(folder, wanted[1]).status == 404


def test_missing_counts_neither_refusals_nor_made_values(server: Live, tmp_path: Path) -> None:
    folder = pets(tmp_path / "p", reply={"schema": {"type": "object"}})
    wanted = [Call("get_pet", {"id": 1}), Call("get_pet", {"id": 2.5})]
    outcomes = run(folder, wanted, server.base, missing=True, allow_invalid=True)
    assert [outcome.kind for outcome in outcomes] == ["new", "new"]


@pytest.mark.parametrize(
    ("base", "arguments", "words"),
    [
        ("", {"id": 1}, "api.pets.example is a made-up host"),
        ("ftp://127.0.0.1", {"id": 1}, "a scheme and a host such as http://127.0.0.1:8000, not ftp://"),
        ("http://127.0.0.1/v1", {"id": 1}, "a scheme and a host"),
        ("http://me:pass@127.0.0.1", {"id": 1}, "a scheme and a host"),
        ("http://127.0.0.1:9", {"id": ".."}, "has a segment . or .."),
        ("http://127.0.0.1:9", {"id": "x" * 9000}, "more than 8000 characters"),
    ],
)
def test_mistakes_are_found_beforehand(tmp_path: Path, base: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(MockToolsError) as caught:
        run(pets(tmp_path / "p"), [Call("get_pet", arguments)], base)
    assert words in str(caught.value)
    assert "pass" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_folders_can_be_recorded_for(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    for path, words in (
        ("mine.py", "Python file"),
        ("none", "no such file"),
        (".", "tools.json: there is no such file"),
    ):
        with pytest.raises(MockToolsError, match=words):
            Recorder(tmp_path / path)
    with mocktools.activate("starter"), pytest.raises(MockToolsError, match=r"within mocktools\.activate"):
        Recorder(pets(tmp_path / "p"))


# What is asked

LINES = [
    (
        '{"tool": "get_pet", "arguments": {"id": 1}}\n\n{"id": 3, "calls": [{"tool": "get_pet", "arguments": {"id": 2}}]}',
        2,
    ),
    ('{"arguments": {"id": 1}}\r\n{"tool": "find pets", "arguments": {}}', 1),
]
WRONG = [
    ('{"tool": "get_pet", "arguments": {}}\n{', r"line 2: is not valid JSON: .* \(column 2\)"),
    ("[]", "line 1: is not an object such as"),
    ('{"tool": "get_pat", "arguments": {}}', "line 1, tool: no tool is called 'get_pat'; did you mean get_pet"),
    ('{"tool": 7, "arguments": {}}', "line 1, tool: is not a text"),
    ('{"calls": [{"tool": "get_pet", "arguments": [1]}]}', r"line 1, calls\[0\]\.arguments: must be a JSON object"),
    ('{"calls": {}}', "line 1, calls: is not a list"),
    ('{"calls": [7]}', r"line 1, calls\[0\]: is not an object"),
    ('{"tool": "get_pet"}', 'line 1: lacks "arguments"'),
    ('{"calls": []}', "has no calls in it"),
    ("\n", "has no calls in it"),
    ('{"tool": "find pets", "arguments": {}}', 'has no call of "get_pet"'),
    ("[" * 100_000, "line 1: is nested more than 64 levels deep"),
    ('{"tool": "get_pet", "arguments": {"id": 1, "id": 2}}', 'line 1: .*"id" is twice'),
]


@pytest.mark.parametrize(("text", "count"), LINES)
def test_calls_in_lines(tmp_path: Path, text: str, count: int) -> None:
    tools = mocktools.load(pets(tmp_path / "p")).tools
    found = calls.from_lines(text, "q.jsonl", tools, "get_pet")
    assert found == [Call("get_pet", {"id": number}) for number in range(1, count + 1)]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_broken_line_is_named(tmp_path: Path, text: str, words: str) -> None:
    tools = mocktools.load(pets(tmp_path / "p")).tools
    with pytest.raises(MockToolsError, match=f"^q.jsonl: {words}"):
        calls.from_lines(text, "q.jsonl", tools, "get_pet")


def test_a_line_with_a_call_that_does_not_fit_is_named(tmp_path: Path) -> None:
    rows = [{"tool": "has_pet", "arguments": {"id": 100}}, {"tool": "get_pet", "arguments": {"id": [1]}}]
    text = "\n\n".join(map(json.dumps, rows))
    with Recorder(pets(tmp_path / "p")) as opened:
        with pytest.raises(MockToolsError, match=r"^q.jsonl: line 1: has_pet: Parameter 'id' must be .* at most 99"):
            calls.from_lines(text, "q.jsonl", opened.tools, None, opened.wrong)
        with pytest.raises(MockToolsError, match=r"^q.jsonl: line 3: get_pet: Parameter 'id' must be an integer or"):
            calls.from_lines(text, "q.jsonl", opened.tools, "get_pet", opened.wrong)


def test_the_examples_of_all_tools(tmp_path: Path) -> None:
    tools = mocktools.load(pets(tmp_path / "p", example={"id": 4})).tools
    found, left_out = calls.from_examples(tools)
    assert found == [Call("get_pet", {"id": 4}), Call("find pets", {})]
    assert left_out == [
        'tool "add_pet": a POST can change things on the live server; allow it with --allow-writes',
        'tool "has_pet" has no example arguments; say which with --args or --from',
    ]
    assert Call("add_pet", {}) in calls.from_examples(tools, writes=True)[0]


def test_without_arguments_the_example_is_asked_for(tmp_path: Path) -> None:
    tools = mocktools.load(pets(tmp_path / "p", example={"id": 4})).tools
    assert calls.from_example(tools[0]) == [Call("get_pet", {"id": 4})]
    assert calls.from_example(tools[1]) == [Call("find pets", {})]
    with pytest.raises(MockToolsError, match="has no example arguments"):
        calls.from_example(tools[3])
    with pytest.raises(MockToolsError, match="--args, number 2: is not valid JSON"):
        calls.from_arguments(["{}", "{"], tools[0])


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("get_pet", "get_pet"), ("Pets%%Find One", "Pets-Find-One"), ("../../etc", "etc"), ("%", "tool"),
        ("天気", "天気"), ("x" * 100, "x" * 90), ("天" * 100, "天" * 30),
    ],
)  # fmt: skip
def test_a_file_for_each_tool(tool: str, name: str) -> None:
    assert recorder.file_name(tool) == f"recorded-{name}.json"
