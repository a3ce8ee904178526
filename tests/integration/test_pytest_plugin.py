"""The pytest plugin, as a project sees it that has it installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
# From a source tree that is not installed the plugin has to be named.
NAMED = [] if entry_points(group="pytest11", name="stesim") else ["-p", "stesim.pytest_plugin"]
HEAD = """
import pytest, requests
FORECAST = "https://api.open-weather.example/v1/forecast"
"""


@pytest.fixture
def forecast() -> str:
    """The address of the forecast."""
    import mocktools

    return mocktools.load("weather").get("forecast_weather").url


def outcome(pytester: pytest.Pytester, forecast: str, text: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=HEAD.replace("https://api.open-weather.example/v1/forecast", forecast) + text)
    return pytester.runpytest_inprocess(*NAMED, "-W", "error", "--strict-markers", "-p", "no:cacheprovider", *options)


def test_calls_are_recorded(pytester: pytest.Pytester, forecast: str) -> None:
    outcome(
        pytester,
        forecast,
        """
@pytest.mark.mock_apis(allow_misses=True)
def test_calls(mock_apis):
    reply = requests.get(FORECAST, params={"city": "Paris", "days": 2})
    requests.get(FORECAST, params={"days": "x"})
    mock_apis.get("add_date").call({"days": 7})
    with pytest.raises(requests.ConnectionError):
        requests.get("https://example.org/a?b=1")
    calls = mock_apis.calls
    assert calls.tools == ["forecast_weather", "forecast_weather", "add_date", ""]
    assert [call.kind for call in calls] == ["ok", "http_error", "ok", "no_fixture"]
    assert [call.status for call in calls.failed] == [400, None]
    first = calls[0]
    assert (first.method, first.url, first.reply) == ("GET", FORECAST + "?city=Paris&days=2", reply.text)
    assert first.arguments == {"city": "Paris", "days": 2}
    assert [str(call) for call in calls] == [
        "forecast_weather(city='Paris', days=2) -> 200", "forecast_weather(days='x') -> 400",
        "add_date(days=7) -> 200", "GET https://example.org/a (b='1') -> no_fixture",
    ]
    assert len(mock_apis.calls.to("forecast_weather", {"city": "Paris"})) == 1
    mock_apis.assert_called("forecast_weather", {"days": 2}, times=1)
    mock_apis.assert_not_called("get_country")
    assert [call.url for call in calls.missed] == ["https://example.org/a?b=1"]
    mock_apis.assert_order("forecast_weather", "add_date")

def test_each_test_begins_anew(mock_apis):
    assert not mock_apis.calls
    assert repr(mock_apis.calls) == "<no calls>"
""",
    ).assert_outcomes(passed=2)


def test_arguments_are_those_of_the_tool(pytester: pytest.Pytester, forecast: str) -> None:
    """Path, query and body, lists and numbers: what a tool sends is what the record says."""
    outcome(
        pytester,
        forecast,
        """
@pytest.mark.mock_apis("extended")
def test_arguments(mock_apis):
    for tool in mock_apis.tools:
        tool.call(tool.example)
        assert mock_apis.calls[-1].tool == tool.name
        assert mock_apis.calls[-1].arguments == tool.example
""",
    ).assert_outcomes(passed=1)


def test_planned_failures(pytester: pytest.Pytester, forecast: str) -> None:
    outcome(
        pytester,
        forecast,
        """
@pytest.mark.mock_apis("extended", faults="timeout:0.00001")
def test_planned(mock_apis):
    mock_apis.fail("503", "add_task", times=2)
    mock_apis.fail("timeout", "add_task")
    mock_apis.fail("401")
    add, world = mock_apis.get("add_task"), mock_apis.fresh()
    found = [mock_apis.get("list_tasks").call({}, world).status]
    found += [add.call({"title": "Buy milk"}, world).status for _ in range(4)]
    assert found == [401, 503, 503, None, 201]
    assert mock_apis.get("list_tasks").call({"limit": 1}, world).status == 200
    assert [call.kind for call in mock_apis.calls.to("add_task")][2:] == ["timeout", "ok"]
    import mocktools
    for kind, tool in (("418", None), ("429", "add_tusk")):
        with pytest.raises(mocktools.MockToolsError):
            mock_apis.fail(kind, tool)
    assert mock_apis.fingerprint == mocktools.load("extended").fingerprint
""",
    ).assert_outcomes(passed=1)


def test_asserts_that_fail_explain_themselves(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
def test_called(mock_apis):
    requests.get(FORECAST, params={"city": "Paris", "days": 2})
    mock_apis.assert_called("forecast_weather", {"city": "Rome"})

def test_times(mock_apis):
    mock_apis.assert_called("forecast_weather", times=2)

def test_order(mock_apis):
    mock_apis.get("add_date").call({"days": 7})
    mock_apis.assert_order("add_date", "forecast_weather")

def test_not(mock_apis):
    mock_apis.get("add_date").call({"days": 7})
    mock_apis.assert_not_called("add_date")

def test_slip(mock_apis):
    mock_apis.assert_not_called("forecast_wether")

def test_shown(mock_apis):
    mock_apis.get("add_date").call({"days": 7})
    assert False
""",
    )
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines([
        "E *AssertionError: forecast_weather was not called with city='Rome'; the calls were:",
        "E *  1. forecast_weather(city='Paris', days=2) -> 200",
        "E *AssertionError: forecast_weather was called 0 times, not twice; no call was made",
        "E *AssertionError: forecast_weather was not called after add_date; the calls were:",
        "E *AssertionError: add_date was called; the calls were:",
        "E *UnknownTool: no tool is called 'forecast_wether'; did you mean forecast_weather*",
        "*- Captured mock APIs call -*",
        "  1. add_date(days=7) -> 200",
    ])  # fmt: skip


def test_marker_and_default_choose_toolset_date_and_faults(pytester: pytest.Pytester, forecast: str) -> None:
    pytester.makeini("[pytest]\nmock_apis_toolset = calendar")
    pytester.makepyfile(mine="import mocktools\n@mocktools.functions.tool\ndef say(): 'Say.'\n")
    text = """
pytestmark = pytest.mark.mock_apis(today="2026-12-24")

def test_default(mock_apis):
    assert mock_apis.name == "calendar"
    assert "2026-12-24" in mock_apis.get("get_today_date").call({}).body

@pytest.mark.mock_apis(["get_country"], faults="429:0.5", seed=1)
def test_faults(mock_apis):
    tool = mock_apis.get("get_country")
    statuses = "".join(str(tool.call({"name": "France"}).status)[0] for _ in range(20))
    assert statuses == "%s"
    assert str(mock_apis.today) == "2026-12-24"

@pytest.mark.mock_apis("./mine.py")
def test_path(mock_apis):
    assert [tool.name for tool in mock_apis.tools] == ["say"]

@pytest.mark.mock_apis("weather")
def test_the_marker_is_enough():
    assert requests.get(FORECAST, params={"city": "Paris", "days": 2}).status_code == 200
"""
    import mocktools

    with mocktools.activate(["get_country"], faults="429:0.5", seed=1) as tools:
        statuses = "".join(str(tools.get("get_country").call({"name": "France"}).status)[0] for _ in range(20))
    outcome(pytester, forecast, text % statuses).assert_outcomes(passed=4)
    picked = "--mock-apis-toolset=get_country,get_today_date"
    result = outcome(pytester, forecast, "def test_it(mock_apis): assert len(mock_apis.tools) == 2", picked)
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("'wether'", "no toolset is called 'wether'; did you mean weather, easter?"),
        ("['get_countri']", "no tool is called 'get_countri'; did you mean *"),
        ("'./none.py'", "no toolset at *none.py*"),
        ("'starter', fault='429:1'", "'fault' is no option; there are: toolset, today, faults, seed, allow_network, allow_misses"),
        ("'starter', 'weather'", "it takes one toolset; for several tools give a list of their names"),
        ("today='30.10.2026'", "today='30.10.2026' is not a date in the form YYYY-MM-DD"),
        ("today='1999-01-01'", "today must be a date from 2024-01-01 to 2027-12-31*"),
        ("faults='429'", "faults '429': '' is not a share from 0 to 1, such as 429:0.1"),
        ("faults=429", "faults=429 is not a text such as \"429:0.1\""),
        ("seed='a'", "seed='a' is not a whole number from 0 to 9223372036854775807"),
        ("seed=True", "seed=True is not a whole number from 0 to *"),
        ("seed=-1", "seed=-1 is not a whole number from 0 to *"),
        ("seed=10**400", "seed=10000*0... is not a whole number from 0 to *"),
        ("seed=10**5000", "seed=a int is not a whole number from 0 to *"),
        ("''", "the toolset is an empty text; write a name, a path or a list of tools"),
        ("['get_country', 5]", "the list of tools has 5, which is not the name of a tool"),
        ("'./gone.py'", "*gone.py, line 2: Gone: (no text)"),
        ("allow_misses='no'", "allow_misses='no' is not True or False"),
        ("'./\\x1b[31m/x.py'", "no toolset at *[[]31m/x.py: there is no such file or folder"),
        ("object()", "toolset=<object object> is not a name, a path or a list of tools"),
        ("3", "toolset=3 is not a name, a path or a list of tools"),
    ],
)  # fmt: skip
def test_a_wrong_marker_is_one_line(marker: str, reason: str, pytester: pytest.Pytester, forecast: str) -> None:
    gone = "class Gone(BaseException):\n    __str__ = None\nraise Gone"
    pytester.makepyfile(gone=gone.replace(":\n   ", ":"))
    result = outcome(pytester, forecast, f"@pytest.mark.mock_apis({marker})\ndef test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: test_it.py::test_it: @pytest.mark.mock_apis: {reason}"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert "\x1b" not in result.stderr.str()


def test_a_wrong_default_is_one_line(pytester: pytest.Pytester, forecast: str) -> None:
    text = "def test_it(mock_apis): pass"
    result = outcome(pytester, forecast, text, "--mock-apis-toolset=wether")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *: the default toolset of mock_apis: no toolset is called 'wether'*"])


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_option_is_one_line(text: str, pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(pytester, forecast, "def test_it(): pass", f"--mock-apis-toolset={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --mock-apis-toolset is empty; name a toolset, *"])


def test_without_pytest_the_same_is_refused() -> None:
    from mocktools import MockToolsError
    from stesim.testing import mocked

    for choice in ({"toolset": ""}, {"seed": True}, {"seed": -1}, {"seed": 10**5000}):
        with pytest.raises(MockToolsError), mocked(**choice):  # type: ignore[arg-type]
            pass


def test_a_tool_can_fail_its_test(pytester: pytest.Pytester, forecast: str) -> None:
    pytester.makepyfile(
        mine="import mocktools, pytest\n@mocktools.tool\ndef say():\n    'Say.'\n    pytest.fail('must not be called')\n"
    )
    text = "@pytest.mark.mock_apis('./mine.py')\ndef test_it(mock_apis):\n    mock_apis.get('say').call({})\n"
    result = outcome(pytester, forecast, text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *Failed: must not be called"])


def test_nothing_reaches_the_network(pytester: pytest.Pytester, forecast: str) -> None:
    result = outcome(
        pytester,
        forecast,
        """
import asyncio, contextlib, socket, urllib.request

@pytest.mark.mock_apis(allow_misses=True)
def test_requests(mock_apis):
    with pytest.raises(requests.ConnectionError, match="no fixture answers GET https://example.org"):
        requests.get("https://example.org")

def test_urllib(mock_apis):
    with contextlib.suppress(Exception):    # as an agent does
        urllib.request.urlopen("https://example.org")

@pytest.mark.parametrize("use", [
    lambda plug: plug.connect(("192.0.2.1", 80)), lambda plug: plug.sendto(b"x", ("192.0.2.1", 80)),
    lambda plug: socket.gethostbyname(b"example.org"), lambda plug: socket.getaddrinfo("example.org", 80),
])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_sockets(use, kind):
    from stesim.testing import mocked
    with mocked() as apis, socket.socket(socket.AF_INET, kind) as plug:
        with pytest.raises(Exception, match="blocked: something tried to reach .* without `requests`"):
            use(plug)
    assert apis.blocked

def test_this_machine(mock_apis):
    asyncio.run(asyncio.sleep(0))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as plug:
        server.accept()[0].close()

@pytest.mark.mock_apis(allow_network=True)
def test_allowed():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.connect(("192.0.2.1", 80))      # sends nothing
""",
    )
    result.assert_outcomes(passed=12, errors=1)
    result.stdout.fnmatch_lines([
        "*ERROR at teardown of test_urllib*",
        "something other than `requests` tried to reach example.org; only `requests` is answered by mock APIs*",
    ])  # fmt: skip


SCRIPTED = """
import pathlib
from types import SimpleNamespace as Made

def test_it_plays(scripted_model):
    model = scripted_model(["Thought: x\\nObservation: y", "two"])
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert model([{"role": "system", "content": "be"}, {"role": "user", "content": parts}], stop=["Observation:"]) == "Thought: x\\n"
    assert (model.left, model("again", temperature=1)) == (1, "two")
    assert model.prompts == ["be\\n\\na\\nb", "again"]
    assert model.requests[0].messages[1].role == "user"
    assert scripted_model(pathlib.Path("replies.json"))([Made(role=Made(value="user"), content="x")]) == "one"

def test_leftover_is_allowed(scripted_model):
    scripted_model(["one", "two"], leftover=True)("x")

def test_leftover_is_reported(scripted_model):
    scripted_model(["one", "two", "three"])("x")

def test_a_failure_is_not_doubled(scripted_model):
    scripted_model(["one"])
    raise ValueError("first")

def test_running_out_is_loud(scripted_model):
    scripted_model(["one"], leftover=True)
    model = scripted_model([])
    model("What now?")

def test_running_out_is_reported_when_swallowed(scripted_model):
    model = scripted_model([])
    try:
        model("What now?")
    except Exception:
        pass

def test_a_text_is_no_list(scripted_model):
    scripted_model("one")

def test_a_number_is_no_list(scripted_model):
    scripted_model(5)

def test_half_a_character(scripted_model):
    scripted_model(["one", "a\\ud800"])

def test_any_row_of_texts_will_do(scripted_model):
    assert scripted_model(text for text in ("one", "two"))("x") == "one"
"""


def test_scripted_models(pytester: pytest.Pytester, forecast: str) -> None:
    pytester.path.joinpath("replies.json").write_text('["one"]', encoding="utf-8")
    result = outcome(pytester, forecast, SCRIPTED)
    result.assert_outcomes(passed=5, failed=5, errors=3)
    result.stdout.fnmatch_lines([
        "scripted model: 2 of its 3 replies were not asked for; the next is 'two' (scripted_model(..., leftover=True) allows that)",
        "scripted model: it has 0 replies, and was asked for one more",
        "E *ScriptExhausted: scripted: it has 0 replies, and was asked for one more; its last prompt ends 'What now[?]'",
        "E *UsageError: scripted_model takes a list of replies, each a text, or the Path of a script",
        "E *UsageError: scripted_model takes a list of replies, each a text, or the Path of a script",
        "E *ModelError: scripted: reply 2 has *ud800, half of a character, which is no text",
    ], consecutive=False)  # fmt: skip


def test_the_plugin_is_light_and_can_be_left_out(pytester: pytest.Pytester) -> None:
    heavy = ("mocktools", "requests", "responses", "orjson", "pydantic", "llama_cpp", "hypothesis")
    pytester.makepyfile(
        test_it=f"import sys\ndef test_it(request):\n"
        f"    assert request.config.pluginmanager.hasplugin('stesim') or {bool(NAMED)}\n"
        f"    assert not [name for name in {heavy} if name in sys.modules]\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *NAMED, "-p", "no:hypothesispytest", "-W", "error", "-q", str(pytester.path)],
        capture_output=True, text=True, cwd=ROOT if NAMED else pytester.path,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    without = pytester.runpytest_inprocess("-p", "no:stesim", "--fixtures")
    assert "scripted_model" not in without.stdout.str()
