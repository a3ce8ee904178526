"""Interception: what goes through `requests` inside and outside of `activate`."""

from __future__ import annotations

import datetime

import pytest
import requests

import mocktools
from mocktools.router import Incoming, Reply, Route
from mocktools.toolsets import Toolset

TODAY_URL = "https://api.calendarkit.example/v1/today"


def test_plain_requests_are_answered_with_the_headers_of_a_server() -> None:
    with mocktools.activate("extended"):
        response = requests.get(TODAY_URL, timeout=1)
    assert response.json()["date"] == mocktools.DEFAULT_TODAY.isoformat()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Date"] == "Fri, 30 Oct 2026 12:00:00 GMT"
    assert int(response.headers["Content-Length"]) == len(response.content)


def test_the_same_request_gives_the_same_bytes_in_any_order() -> None:
    def bodies(names: list[str]) -> dict[str, tuple[str, str]]:
        with mocktools.activate("extended") as tools:
            results = {name: tools.get(name).call(tools.get(name).example, tools.fresh()) for name in names}
        return {name: (result.request, result.body) for name, result in results.items()}

    names = [tool.name for tool in mocktools.load("extended").tools]
    assert bodies(names) == bodies(names[::-1]) == bodies(names)


def test_unknown_parameters_are_sent_and_ignored(tools: mocktools.Toolset) -> None:
    result = tools.get("get_today_date").call({"format": "long", "n": 3, "on": True, "nothing": None})
    assert result.request == f"GET {TODAY_URL}?format=long&n=3&on=true"
    assert result.status == 200


def test_the_first_of_a_repeated_parameter_counts() -> None:
    with mocktools.activate("extended"):
        body = requests.get("https://api.calendarkit.example/v1/add?days=1&days=2", timeout=1).json()
    assert body["days_added"] == 1


@pytest.mark.parametrize(
    ("method", "url", "words"),
    [
        ("GET", "https://api.calendarkit.example/v1/tody", [TODAY_URL, "path is '/v1/tody', not '/v1/today'"]),
        ("GET", "https://api.calendarkid.example/v1/today", [TODAY_URL, "host is 'api.calendarkid.example'"]),
        ("POST", TODAY_URL, [TODAY_URL, "method is 'POST', not 'GET'"]),
        ("GET", TODAY_URL.replace("https", "http"), ["scheme is 'http', not 'https'"]),
        ("GET", "https://example.org/" + "a" * 100_000, ["no fixture answers GET https://example.org/aaa"]),
    ],
)
def test_a_miss_names_the_nearest_fixtures_and_why_they_differ(method: str, url: str, words: list[str]) -> None:
    with mocktools.activate("extended"), pytest.raises(requests.exceptions.ConnectionError) as caught:
        requests.request(method, url, timeout=1)
    text = str(caught.value)
    assert [word for word in words if word not in text] == []
    assert sum(line[:2] in ("1.", "2.", "3.") for line in text.splitlines()) == 3
    assert len(text) < 2000


def test_a_tool_without_a_fixture_gets_a_result() -> None:
    lost = mocktools.Tool("get_tides", "Get tides.", {"type": "object"}, url="https://api.tides.example/v1/today")
    with mocktools.activate("extended"):
        result = lost.call({"city": "Brest"})
    assert (result.kind, result.status) == ("no_fixture", None)
    assert result.request == "GET https://api.tides.example/v1/today?city=Brest"
    assert TODAY_URL in result.body


def test_only_the_tools_of_the_set_are_on_the_air() -> None:
    other = mocktools.load("extended").get("get_country")
    with mocktools.activate(["add_date"]):
        assert other.call({"name": "Japan"}).kind == "no_fixture"


def test_a_server_that_does_not_answer_is_a_timeout() -> None:
    def hang(incoming: Incoming) -> Reply:
        raise requests.exceptions.ReadTimeout("timed out")

    slow = mocktools.Tool("slow", "Slow.", {"type": "object"}, url="https://slow.example/")
    with mocktools.activate(Toolset("slow", (slow,), (Route("GET", "slow.example", "/", hang),))):
        result = slow.call({})
    assert (result.kind, result.status, result.body) == ("timeout", None, "timed out")


def test_a_call_outside_activate_says_what_to_do() -> None:
    with pytest.raises(mocktools.MockToolsError, match="activate"):
        mocktools.load("extended").tools[0].call({"city": "Paris"})


def test_requests_is_restored_also_after_an_exception() -> None:
    send = requests.adapters.HTTPAdapter.send
    with mocktools.activate("extended"):
        assert requests.adapters.HTTPAdapter.send is not send
    with pytest.raises(RuntimeError, match="inside"), mocktools.activate("extended"):
        raise RuntimeError("inside")
    assert requests.adapters.HTTPAdapter.send is send
    with pytest.raises(mocktools.MockToolsError):
        mocktools.load("extended").tools[0].call({})
    with mocktools.activate("extended") as tools:
        assert tools.get("get_today_date").call({}).status == 200


def test_a_second_activate_inside_the_first_is_an_error_and_harms_nothing() -> None:
    with mocktools.activate("extended") as tools:
        with pytest.raises(mocktools.MockToolsError, match="active already"), mocktools.activate("extended"):
            pytest.fail("the inner block must not run")
        assert tools.get("get_today_date").call({}).status == 200


@pytest.mark.parametrize(
    "today", [datetime.date(2023, 12, 31), datetime.date(2028, 1, 1), datetime.datetime(2026, 1, 1, 8, 0)]
)
def test_a_date_that_the_tables_do_not_cover_is_refused(today: datetime.date) -> None:
    with (
        pytest.raises(mocktools.MockToolsError, match="2024-01-01 to 2027-12-31"),
        mocktools.activate("extended", today),
    ):
        pytest.fail("the block must not run")


def test_a_proxy_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with mocktools.activate("extended") as tools:
        assert tools.get("get_today_date").call({}).status == 200
