"""For tests of an agent: mock APIs and a scripted model as pytest fixtures. Installed with stesim.

    @pytest.mark.mock_apis("weather", faults="429:0.1", seed=1)
    def test_my_agent(mock_apis, scripted_model):
        answer = my_agent("Will it rain in Paris?", model=scripted_model(["...", "..."]))
        mock_apis.assert_called("forecast_weather", {"city": "Paris"}, times=1)

`docs/testing-agents.md` has it at length; `pytest -p no:stesim` leaves the plugin out. Nothing but pytest is imported
until a test asks for a fixture. Not covered: mock APIs for longer than a test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from stesim.testing import MockApis, Script

_OPTIONS = ("toolset", "today", "faults", "seed", "allow_network", "allow_misses")
_APIS = pytest.StashKey["MockApis"]()
_SCRIPTS = pytest.StashKey["list[Script]"]()
_STOPPED = pytest.StashKey[bool]()
_MOST_MISSES = 3  # that a report explains
# Frames that say nothing to the author of a test.
_OURS = frozenset({"stesim", "mocktools"})
_BETWEEN = _OURS | {"requests", "responses", "urllib3", "contextlib"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--mock-apis-toolset`, and the setting of the same name."""
    about = "toolset of the fixture mock_apis: a name, a provider, a path, or names of tools with commas (starter)"
    parser.getgroup("stesim").addoption("--mock-apis-toolset", metavar="TOOLSET", help=about)
    parser.addini("mock_apis_toolset", about)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; raises `pytest.UsageError` for an option that is empty."""
    chosen = config.getoption("mock_apis_toolset")
    if chosen is not None and not chosen.strip():
        raise pytest.UsageError(
            "--mock-apis-toolset is empty; name a toolset, a provider, a path, or tools with commas"
        )
    config.addinivalue_line(
        "markers",
        "mock_apis(toolset, today='2026-10-30', faults=None, seed=0, allow_network=False, allow_misses=False): "
        "answer what goes through `requests` from mock APIs during the test",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find mistakes in markers before any test runs; raises `pytest.UsageError` with one line."""
    if _in_xdist(config):
        return  # it knows no such end of a worker; each test with a mistake fails instead
    checked: set[str] = set()
    for item in items:
        if "mock_apis" in getattr(item, "fixturenames", ()) or item.get_closest_marker("mock_apis"):
            settings = _settings(item)
            key = _key(settings)
            if key not in checked:
                _check(item, settings)
                checked.add(key)


def _key(settings: dict[str, Any]) -> str:
    """The same for the same settings; those that cannot be written down are checked, and refused, at the first test."""
    try:
        return repr(settings)
    except Exception:
        return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """A test that fails shows the calls that it made, and none of our own lines."""
    if call.when == "setup":
        item.stash[_STOPPED] = False  # some plugins run a test again
    if call.excinfo is None or call.when == "teardown":
        return (yield)
    item.stash[_STOPPED] = True
    if not item.config.getoption("fulltrace", False):
        _shorten(call.excinfo.value)
    if _APIS in item.stash:
        apis = item.stash[_APIS]
        lines = [apis.calls.listed(), *_blocked(apis)]
        item.add_report_section(call.when, "mock APIs", "\n".join(lines))
    short = [model.shortage() for model in item.stash.get(_SCRIPTS, []) if model.exhausted]
    if short and not any(line in str(call.excinfo.value) for line in short):
        item.add_report_section(call.when, "scripted model", "\n".join(short))
    return (yield)


def _shorten(error: BaseException) -> None:
    """Let the traceback of an exception that came from us, or went through us, end at who called us."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        links = []
        link = following.__traceback__
        while link is not None:
            links.append(link)
            link = link.tb_next
        packages = [str(link.tb_frame.f_globals.get("__name__", "")).partition(".")[0] for link in links]
        kept = len(links)
        while kept and packages[kept - 1] in _BETWEEN:
            kept -= 1
        if kept and packages[kept - 1] not in ("_pytest", "pluggy") and _OURS & set(packages[kept:]):
            links[kept - 1].tb_next = None
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


@pytest.fixture
def mock_apis(request: pytest.FixtureRequest) -> Iterator[MockApis]:
    """Mock APIs on the air during the test; `calls` and `assert_called(...)` say what was asked of them.

    The marker `mock_apis` chooses the toolset, the date and the faults.
    """
    from stesim.testing import mocked

    mistake = _mistake(request.node) if _in_xdist(request.config) else ""
    if mistake:
        pytest.fail(mistake, pytrace=False)
    settings = _settings(request.node)
    allow_misses = settings.pop("allow_misses", False)
    with mocked(**settings) as apis:
        request.node.stash[_APIS] = apis
        yield apis
    if request.node.stash.get(_STOPPED, False):  # one report is enough, and it shows the calls
        return
    wrong = _blocked(apis) + _pending(apis) + ([] if allow_misses else _missed(apis))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def _blocked(apis: MockApis) -> list[str]:
    hosts = ", ".join(sorted(set(apis.blocked)))
    what = f"something other than `requests` tried to reach {hosts}; only `requests` is answered by mock APIs"
    return [f"{what} (allow_network=True in the marker lets it pass)"] if hosts else []


def _pending(apis: MockApis) -> list[str]:
    hint = "(mock_apis.fail(..., leftover=True) allows that)"
    return [f"a planned failure did not happen: {what} {hint}" for what in apis.pending]


def _missed(apis: MockApis) -> list[str]:
    """What no mock answered, whether or not the program under test noticed."""
    texts = list(dict.fromkeys(call.reply for call in apis.calls.missed))
    if len(texts) > _MOST_MISSES:
        texts[_MOST_MISSES:] = [f"{len(texts) - _MOST_MISSES} more requests got no answer"]
    hint = "(a request without an answer fails the test; allow_misses=True in the marker mock_apis lets it pass)"
    return [*texts, hint] if texts else []


@pytest.fixture(autouse=True)
def _marked_mock_apis(request: pytest.FixtureRequest) -> None:
    """The marker by itself is enough to put the mock APIs on the air."""
    if request.node.get_closest_marker("mock_apis"):
        request.getfixturevalue("mock_apis")


@pytest.fixture
def scripted_model(request: pytest.FixtureRequest) -> Iterator[Callable[..., Script]]:
    """Makes models that play a list of replies: `model = scripted_model(["Thought: ...", ...])`.

    A model is a function of messages (`text = model(messages)`) and a model of stesim. The test fails if it was asked
    for more replies than it has, or for fewer unless `leftover=True`.
    """
    from stesim.testing import Script

    made: list[tuple[Script, bool]] = []
    request.node.stash[_SCRIPTS] = []

    def make(replies: Sequence[str] | Path, *, leftover: bool = False) -> Script:
        if isinstance(replies, Path):
            model = cast("Script", Script.from_file(replies))
        else:
            texts = list(replies) if isinstance(replies, Iterable) and not isinstance(replies, str) else [None]
            if not all(isinstance(text, str) for text in texts):
                raise pytest.UsageError("scripted_model takes a list of replies, each a text, or the Path of a script")
            model = Script(cast("list[str]", texts))
        made.append((model, leftover))
        request.node.stash[_SCRIPTS].append(model)
        return model

    yield make
    if request.node.stash.get(_STOPPED, False):  # one that stopped half-way leaves replies, and shows what it lacked
        return
    wrong = [model.shortage() for model, _ in made if model.exhausted]
    wrong += [model.surplus() for model, leftover in made if model.left and not leftover and not model.exhausted]
    if wrong:
        hint = "" if all(model.exhausted for model, _ in made) else " (scripted_model(..., leftover=True) allows that)"
        pytest.fail("; ".join(f"scripted model: {one}" for one in wrong) + hint, pytrace=False)


def _mistake(item: pytest.Item) -> str:
    """What is wrong with the markers of a test, or an empty text."""
    try:
        _check(item, _settings(item))
    except pytest.UsageError as error:
        return str(error)
    return ""


def _in_xdist(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _settings(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say together, the nearest first; raises `pytest.UsageError` with one line."""
    config = item.config
    default = config.getoption("mock_apis_toolset") or config.getini("mock_apis_toolset") or "starter"
    found: dict[str, Any] = {"toolset": [name.strip() for name in default.split(",")] if "," in default else default}
    for marker in reversed(list(item.iter_markers("mock_apis"))):
        given = dict(marker.kwargs)
        if len(marker.args) > 1 or (marker.args and "toolset" in given):
            raise _misuse(item, "it takes one toolset; for several tools give a list of their names")
        unknown = [name for name in given if name not in _OPTIONS]
        if unknown:
            raise _misuse(item, f"{unknown[0][:40]!r} is no option; there are: {', '.join(_OPTIONS)}")
        found |= given | ({"toolset": marker.args[0]} if marker.args else {})
    toolset = found["toolset"]
    if isinstance(toolset, str) and ("/" in toolset or toolset.endswith((".py", ".json"))):
        found["toolset"] = config.rootpath / toolset
    return found | {"today": _date(item, found["today"])} if "today" in found else found


def _date(item: pytest.Item, value: Any) -> Any:
    import datetime

    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise _misuse(item, f"today={value[:40]!r} is not a date in the form YYYY-MM-DD") from None


def _check(item: pytest.Item, settings: dict[str, Any]) -> None:
    """Raises `pytest.UsageError` with one line if the mock APIs could not be put on the air."""
    import datetime

    import mocktools
    from stesim.testing import check_choice, shown

    wrong = [
        f"{name}={shown(settings[name])} is not {wanted}"
        for name, kinds, wanted in (
            ("toolset", (str, list, tuple, Path, mocktools.Toolset), "a name, a path or a list of tools"),
            ("today", datetime.date, 'a date, as in "2026-10-30"'),
            ("faults", (str, type(None)), 'a text such as "429:0.1"'),
            ("allow_network", bool, "True or False"),
            ("allow_misses", bool, "True or False"),
        )
        if name in settings and not isinstance(settings[name], kinds)
    ]
    if wrong:
        raise _misuse(item, wrong[0])
    choices = {name: value for name, value in settings.items() if not name.startswith("allow_")}
    try:
        check_choice(settings["toolset"], settings.get("seed", 0))
        with mocktools.activate(**choices):
            pass
    except mocktools.MockToolsError as error:
        raise _misuse(item, str(error)) from None


def _misuse(item: pytest.Item, why: str) -> pytest.UsageError:
    from mocktools.mistakes import one_line

    where = "@pytest.mark.mock_apis" if item.get_closest_marker("mock_apis") else "the default toolset of mock_apis"
    return pytest.UsageError(f"{item.nodeid[:200]}: {where}: {one_line(why, 600)}")
