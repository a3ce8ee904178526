"""What the pytest plugin reports, and how: what went wrong unseen, once, and without lines of our own."""

from __future__ import annotations

import pytest

from tests.integration.test_pytest_plugin import forecast, outcome

pytest_plugins = ["pytester"]

__all__ = ["forecast"]


def test_names_of_arguments_are_checked(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
def test_not_called(mock_apis):
    mock_apis.assert_not_called("forecast_weather", {"town": "Paris"})

def test_called(mock_apis):
    requests.get(FORECAST, params={"city": "Paris", "days": 2})
    mock_apis.assert_called("forecast_weather", {"citi": "Paris"})

@pytest.mark.mock_apis("calendar")
def test_none(mock_apis):
    mock_apis.calls.to("get_today_date", {"zone": "UTC"})

def test_right(mock_apis):
    mock_apis.assert_not_called("forecast_weather", {"city": "Paris"})
""",
    )
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines([
        "E *MockToolsError: no parameter of forecast_weather is called 'town'; there are: city, days",
        "E *MockToolsError: no parameter of forecast_weather is called 'citi'; did you mean city[?]",
        "E *MockToolsError: get_today_date has no parameters, and so no 'zone'",
    ])  # fmt: skip


def test_what_nothing_answers_is_reported(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
def agent(url):
    try:
        return requests.get(url).text
    except requests.RequestException:
        pass

def test_unnoticed(mock_apis):
    for number in (0, 0, 1, 2, 3, 4):
        agent(f"https://example.org/{number}")

@pytest.mark.mock_apis("starter")
def test_by_a_tool():
    requests.get(FORECAST, params={"city": "Paris", "days": 2})
    agent(FORECAST + "s")

@pytest.mark.mock_apis(allow_misses=True)
def test_expected(mock_apis):
    agent("https://example.org/")
    assert mock_apis.calls.missed

def test_once(mock_apis):
    assert agent("https://example.org/once")
""",
    )
    result.assert_outcomes(passed=3, failed=1, errors=2)
    result.stdout.fnmatch_lines([
        "*ERROR at teardown of test_unnoticed*",
        "no fixture answers GET https://example.org/0; the nearest are:",
        "no fixture answers GET https://example.org/1; *",
        "no fixture answers GET https://example.org/2; *",
        "2 more requests got no answer",
        "(a request without an answer fails the test; allow_misses=True in the marker mock_apis lets it pass)",
        "*ERROR at teardown of test_by_a_tool*",
        "no fixture answers GET *",
        "  1. GET https://example.org/once () -> no_fixture",
    ])  # fmt: skip


def test_an_address_of_another_toolset_is_known(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
import mocktools
ADD = mocktools.load("all").get("add_task").url

@pytest.mark.mock_apis("weather")
def test_it():
    requests.post(ADD, json={"title": "Buy milk"})
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "E *NoFixture: no fixture answers POST https://*: this is add_task of the toolset all, which is not active; "
        "the active tools (weather) are *forecast_weather*",
    ])  # fmt: skip


def test_planned_failures_that_did_not_happen(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
def test_never(mock_apis):
    mock_apis.fail("503", "get_country", times=2)
    mock_apis.fail("timeout")

def test_some(mock_apis):
    mock_apis.fail("429", times=2)
    requests.get(FORECAST)

def test_allowed(mock_apis):
    mock_apis.fail("429", times=2, leftover=True)

def test_once(mock_apis):
    mock_apis.fail("429")
    assert False
""",
    )
    result.assert_outcomes(passed=3, failed=1, errors=2)
    hint = "(mock_apis.fail(..., leftover=True) allows that)"
    result.stdout.fnmatch_lines([
        f"a planned failure did not happen: 503 of get_country, twice {hint}",
        f"a planned failure did not happen: timeout of any tool {hint}",
        f"a planned failure did not happen: 429 of any tool {hint}",
    ])  # fmt: skip


TRACES = """
def ask(url):
    return requests.get(url, timeout=5)

def test_miss(mock_apis):
    ask("https://example.org/")

def test_kind(mock_apis):
    mock_apis.fail("418")

def test_tool(mock_apis):
    mock_apis.fail("429", "forecast_wether")

def test_script(scripted_model):
    model = scripted_model(["one"])
    for _ in range(2):
        model("What now?")

def test_timeout(mock_apis):
    mock_apis.fail("timeout")
    ask(FORECAST)

def test_get(mock_apis):
    mock_apis.get("forecast_wether")

def test_cause(mock_apis):
    try:
        ask("https://example.org/")
    except requests.RequestException as error:
        raise RuntimeError("no answer") from error
"""


def test_tracebacks_end_in_the_test(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(pytester, forecast, TRACES)
    result.assert_outcomes(failed=7)
    result.stdout.fnmatch_lines([
        ">       return requests.get(url, timeout=5)",
        "E       mocktools.errors.NoFixture: no fixture answers GET https://example.org/; the nearest are:",
        "test_it.py:*: NoFixture",
        '>       mock_apis.fail("418")',
        "E       mocktools.errors.MockToolsError: '418' is no failure; there are: 401, 403, 429, *, timeout",
        '>       mock_apis.fail("429", "forecast_wether")',
        "E       mocktools.errors.UnknownTool: no tool is called 'forecast_wether'; did you mean forecast_weather*",
        '>           model("What now?")',
        "E           stesim.errors.ScriptExhausted: scripted: it has 1 reply, and was asked for one more; its last prompt *",
        ">       return requests.get(url, timeout=5)",
        "E       requests.exceptions.ReadTimeout: *",
        '>       mock_apis.get("forecast_wether")',
        '>           raise RuntimeError("no answer") from error',
    ])  # fmt: skip
    text = result.stdout.str()
    for frame in ("mocktools/", "stesim/", "responses/", "requests/", "site-packages"):
        assert frame not in text.partition("= FAILURES =")[2], frame
    whole = outcome(pytester, forecast, TRACES, "--full-trace", "-k", "test_kind")
    assert "testing.py" in whole.stdout.str()


def test_a_script_that_is_too_short_is_reported_once(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
def agent(model):
    try:
        return model("a") + model("b")
    except Exception:
        return "sorry"

def test_loud(scripted_model):
    scripted_model([])("What now?")

def test_swallowed(scripted_model):
    assert agent(scripted_model(["one"])) == "one two"

def test_left(scripted_model):
    scripted_model(["one", "two"])("a")
    scripted_model(["one"])
""",
        "-rN",  # the closing summary repeats the lines, whole where the variable CI is set
    )
    result.assert_outcomes(failed=2, passed=1, errors=1)
    text = result.stdout.str()
    assert text.count("it has 0 replies, and was asked for one more") == 1
    assert text.count("it has 1 reply, and was asked for one more") == 1
    result.stdout.fnmatch_lines([
        "scripted model: 1 of its 2 replies was not asked for; the next is 'two'; "
        "scripted model: 1 of its 1 reply was not asked for; the next is 'one' (*",
        "*- Captured scripted model call -*",
        "it has 1 reply, and was asked for one more",
    ])  # fmt: skip
