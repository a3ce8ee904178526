"""Faults: how each looks, what decides them, and what is wrong with a specification."""

from __future__ import annotations

import json

import pytest
import requests

import mocktools

URL = "https://api.calendarkit.example/v1/today"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("429:0.1", "429:0.1"),
        (" timeout:.020 , 429 : 0.10 ", "429:0.1,timeout:0.02"),
        ("504:1", "504:1"),
        ("503:0.0,401:1.0", "401:1,503:0"),
        ("403:0.3,500:0.3,502:0.4", "403:0.3,500:0.3,502:0.4"),
    ],
)
def test_a_specification_has_one_form(text: str, spec: str) -> None:
    assert mocktools.Faults.parse(text).spec == spec
    assert mocktools.Faults.parse(spec).spec == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "write a kind and a share"),
        (" ", "write a kind and a share"),
        ("429:0.1,", "write a kind and a share"),
        ("429:0.1," * 99, "write a kind and a share"),
        ("429", "'' is not a share from 0 to 1, such as 429:0.1"),
        ("429:x", "'x' is not a share from 0 to 1"),
        ("429:-0.1", "'-0.1' is not a share"),
        ("429:1.1", "'1.1' is not a share"),
        ("429:nan", "'nan' is not a share"),
        ("429:1e-3", "'1e-3' is not a share"),
        ("429:٠.١", "is not a share"),
        ("700:0.1", "'700' is no fault; there are: 401, 403, 429, 500, 502, 503, 504, timeout"),
        ("429:0.1,429:0.2", "429 is there twice"),
        ("429:0.6,500:0.5", "the shares are 1.1 together, more than all calls"),
    ],
)
def test_a_wrong_specification_is_one_clear_line(text: str, words: str) -> None:
    with pytest.raises(mocktools.MockToolsError) as caught, mocktools.activate("extended", faults=text):
        pytest.fail("the block must not run")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# Kind, provider's tool, words of the body, headers.
LOOKS = [
    (401, "get_local_time", '{"error":{"code":"unauthorized"', {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    (403, "list_events", '"status":"PERMISSION_DENIED"', {}),
    (429, "list_tasks", '"error_tag":"RATE_LIMITED"', {}),
    (429, "list_channels", '"code":31001', {}),
    (500, "get_country", "unexpected error", {}),
    (502, "get_country", "502 Bad Gateway", {}),
    (503, "get_today_date", "Unavailable", {}),
    (504, "get_today_date", "upstream server is timing out", {}),
]


@pytest.mark.parametrize(("status", "name", "words", "headers"), LOOKS)
def test_a_fault_looks_as_from_a_real_server(status: int, name: str, words: str, headers: dict[str, str]) -> None:
    with mocktools.activate("extended", faults=f"{status}:1") as tools:
        tool = tools.get(name)
        result = tool.call(tool.example)
        response = requests.get(tool.url, params=tool.example, timeout=1)
    assert (result.status, result.kind) == (status, "http_error")
    assert words.lower() in result.body.lower()
    assert len(result.body) < 400
    assert headers.items() <= response.headers.items()
    if status in (429, 503):
        assert 1 <= int(response.headers["Retry-After"]) <= 30
    if status == 429:
        assert f"again in {response.headers['Retry-After']} seconds" in response.text


def test_gateways_answer_with_pages_or_with_json() -> None:
    with mocktools.activate("extended", faults="502:1") as tools:
        urls = {tool.provider: tool.url for tool in tools.tools if tool.method == "GET"}
        replies = [requests.get(url, timeout=1) for url in urls.values()]
    kinds = {reply.headers["Content-Type"].split(";")[0] for reply in replies}
    assert kinds == {"text/html", "application/json"}
    for reply in replies:
        if "html" in reply.headers["Content-Type"]:
            assert "<center><h1>502 Bad Gateway</h1></center>" in reply.text
        else:
            assert json.loads(reply.text)["message"]


def test_a_timeout_is_one() -> None:
    with mocktools.activate("extended", faults="timeout:1") as tools:
        result = tools.get("get_today_date").call({})
        assert (result.kind, result.status) == ("timeout", None)
        assert "Read timed out" in result.body
        with pytest.raises(requests.Timeout):
            requests.get(URL, timeout=1)


def outcomes(tools: mocktools.Toolset, world: mocktools.World | None = None) -> list[str]:
    calls = [("add_date", {"days": number % 20}) for number in range(60)]
    calls += [("add_task", {"title": str(number % 7)}) for number in range(20)]
    return [tools.get(name).call(arguments, world).body for name, arguments in calls]


def test_the_same_seed_gives_the_same_faults_and_a_fresh_state_begins_again() -> None:
    spec = "429:0.2,timeout:0.2"
    with mocktools.activate("extended", faults=spec, seed=3) as tools:
        first = outcomes(tools)
        assert outcomes(tools) != first  # a call that was made before may come out otherwise
        tools.reset()
        assert outcomes(tools) == first
        assert outcomes(tools, tools.fresh()) == first
    with mocktools.activate("extended", faults="timeout:0.2,429:.2", seed=3) as tools:
        assert outcomes(tools) == first
    with mocktools.activate("extended", faults=spec, seed=4) as tools:
        assert outcomes(tools) != first


def test_other_calls_between_two_do_not_change_them() -> None:
    with mocktools.activate("extended", faults="500:0.5") as tools:
        alone = [tools.get("get_today_date").call({}).status for _ in range(20)]
        tools.reset()
        mixed = []
        for number in range(20):
            tools.get("add_date").call({"days": number})
            mixed.append(tools.get("get_today_date").call({}).status)
    assert alone == mixed
    assert set(alone) == {200, 500}


def test_a_call_that_fails_has_done_nothing() -> None:
    with mocktools.activate("extended", faults="500:0.5", seed=1) as tools:
        kinds = [tools.get("add_task").call({"title": str(number)}).kind for number in range(20)]
        added = kinds.count("ok")
        totals = [tools.get("list_tasks").call({"offset": number}) for number in range(20)]
    (total,) = {json.loads(result.body)["total"] for result in totals if result.kind == "ok"}
    assert 0 < added < 20
    assert total == 13 + added


def test_without_faults_nothing_fails_and_a_share_of_nothing_is_none() -> None:
    for faults in (None, "500:0", "429:0.0,timeout:0"):
        with mocktools.activate("extended", faults=faults) as tools:
            assert all(tools.get("add_date").call({"days": number}).kind == "ok" for number in range(50))


def test_a_request_that_nobody_answers_is_a_miss_and_no_fault() -> None:
    with mocktools.activate("extended", faults="500:1"), pytest.raises(requests.exceptions.ConnectionError):
        requests.get("https://example.org", timeout=1)


def test_a_route_without_a_style_has_a_plain_body() -> None:
    from mocktools.router import Reply, Route
    from mocktools.toolsets import Toolset

    tool = mocktools.Tool("plain", "Plain.", {"type": "object"}, url="https://plain.example/")
    routes = (Route("GET", "plain.example", "/", lambda incoming: Reply(200, b"{}")),)
    with mocktools.activate(Toolset("plain", (tool,), routes), faults="500:1"):
        assert tool.call({}).body.startswith('{"error":"An unexpected error')
