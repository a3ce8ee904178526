"""What a test of an agent works with: mock APIs that remember which calls were made, and a model that plays a script.

    with mocked("weather") as apis:
        apis.fail("503")
        requests.get("https://api.open-forecast.example/v1/forecast", params={"city": "Paris", "days": 2})
        apis.assert_called("forecast_weather", {"city": "Paris"})

`pytest_plugin.py` makes fixtures of both; they work without pytest as well. Not covered: calls by other HTTP clients
than `requests`; they are refused. Threads that go on after the block: nothing stops them any more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, overload

import mocktools
from mocktools.errors import unknown
from mocktools.faults import KINDS
from mocktools.mistakes import ADDRESS, one_line
from mocktools.router import Incoming, Reply, Route
from stesim.calls import Call, recorded, tool_of
from stesim.errors import NetworkBlocked, ScriptExhausted
from stesim.models.scripted import ScriptedModel
from stesim.records import Message, Place, Request, Sampling

_planning = threading.Lock()
_LONGEST = 200  # characters of a text that a message shows
_MOST_NAMES = 12  # that a message lists
_LONGEST_VALUE = 60
_LAST_SEED = 2**63 - 1


class Calls(Sequence[Call]):
    """The calls that were made, in their order. Grows while the mock APIs are on the air; what `to` gives does not."""

    def __init__(self, calls: list[Call], tools: Sequence[mocktools.Tool]) -> None:
        self._calls = calls
        self._tools = tools

    @overload
    def __getitem__(self, index: int) -> Call: ...

    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...

    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        return self._calls[index]

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def tools(self) -> list[str]:
        """The name of the tool of each call; empty for a request that is no tool's."""
        return [call.tool for call in self]

    @property
    def failed(self) -> Calls:
        """Those that got an error: a status of 400 and above, a timeout, or no mock that answers."""
        return Calls([call for call in self if call.kind != "ok"], self._tools)

    @property
    def missed(self) -> Calls:
        """Those that no mock answers; `reply` says which ones came near."""
        return Calls([call for call in self if call.kind == "no_fixture"], self._tools)

    def to(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Calls:
        """Those of a tool; with `arguments` only those that had these (and perhaps others beside them).

        Raises `mocktools.UnknownTool`, and `MockToolsError` for an argument that the tool does not have, with the
        nearest names: a test must not pass because of a slip of the pen.
        """
        __tracebackhide__ = True
        wanted = arguments or {}
        _check_names(self._tools, tool, wanted)
        return Calls([call for call in self if call.tool == tool and call.has(wanted)], self._tools)

    def __repr__(self) -> str:
        number = "1 call" if len(self) == 1 else f"{len(self)} calls"
        return f"<{number}: {'; '.join(map(str, self))}>" if self else "<no calls>"

    def listed(self) -> str:
        """One numbered line a call, for a person."""
        lines = [f"  {number}. {call}" for number, call in enumerate(self, 1)]
        return "\n".join(["the calls were:", *lines] if lines else ["no call was made"])


def _check_names(tools: Sequence[mocktools.Tool], name: str, arguments: Mapping[str, Any]) -> None:
    """Raises `mocktools.MockToolsError` unless there is such a tool, and it has these parameters."""
    __tracebackhide__ = True
    found = [tool for tool in tools if tool.name == name]
    if not found:
        raise mocktools.UnknownTool(unknown("tool", name, [tool.name for tool in tools]))
    schema = found[0].parameters
    if "properties" not in schema or schema.get("additionalProperties"):
        return  # it takes any
    for argument in arguments:
        if argument not in schema["properties"]:
            if not schema["properties"]:
                raise mocktools.MockToolsError(f"{name} has no parameters, and so no {argument!r}")
            raise mocktools.MockToolsError(unknown(f"parameter of {name}", argument, schema["properties"]))


@dataclass(frozen=True, slots=True)
class _Failure:
    """A call of `tool`, or of any, that is to fail; `leftover` if that need not happen."""

    kind: str
    tool: str | None
    leftover: bool

    def __str__(self) -> str:
        return f"{self.kind} of {self.tool or 'any tool'}"


@dataclass(frozen=True, repr=False)
class MockApis(mocktools.Toolset):
    """An active toolset, the date that its servers believe in, and what was asked of them.

    `calls` are the requests that went through `requests`, `blocked` the addresses that something else tried to reach.
    """

    today: datetime.date = mocktools.DEFAULT_TODAY
    calls: Calls = field(default_factory=lambda: Calls([], ()), compare=False)
    blocked: list[str] = field(default_factory=list, compare=False)
    _planned: list[_Failure] = field(default_factory=list, compare=False)

    def __repr__(self) -> str:
        return f"<mock APIs {self.name!r} on {self.today}, {self.calls!r}>"

    def fail(self, kind: str, tool: str | None = None, *, times: int = 1, leftover: bool = False) -> None:
        """Let the next `times` calls (of `tool`, if one is named) fail as with real servers: "429", "503", "timeout".

        They have not reached the server, and have changed nothing. A test whose agent does not make so many calls fails
        at its end, unless `leftover`. Raises `mocktools.MockToolsError` for an unknown kind or tool.
        """
        __tracebackhide__ = True
        if kind not in KINDS:
            raise mocktools.MockToolsError(f"{str(kind)[:_LONGEST]!r} is no failure; there are: {', '.join(KINDS)}")
        if tool is not None:
            _check_names(self.tools, tool, {})
        self._planned.extend([_Failure(kind, tool, leftover)] * times)

    @property
    def pending(self) -> list[str]:
        """The planned failures that have not happened, and should have: "503 of get_country, twice"."""
        counts = Counter(str(failure) for failure in self._planned if not failure.leftover)
        return [what if number == 1 else f"{what}, {_times(number)}" for what, number in counts.items()]

    def assert_called(
        self, tool: str, arguments: Mapping[str, Any] | None = None, *, times: int | None = None
    ) -> Calls:
        """Fail unless `tool` was called with these arguments (and perhaps others beside them), `times` times if told.

        Returns the calls that were meant. Raises `AssertionError` with all calls that were made.
        """
        __tracebackhide__ = True
        found = self.calls.to(tool, arguments)
        if len(found) != times if times is not None else not found:
            often = "" if times is None and not found else f"{_times(len(found))}, not {_times(times or 0)}"
            what = f"{tool} was called {often}" if often else f"{tool} was not called"
            raise AssertionError(f"{what}{_with(arguments)}; {self.calls.listed()}")
        return found

    def assert_not_called(self, tool: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Fail if `tool` was called with these arguments. Raises `AssertionError` with all calls that were made."""
        __tracebackhide__ = True
        if self.calls.to(tool, arguments):
            raise AssertionError(f"{tool} was called{_with(arguments)}; {self.calls.listed()}")

    def assert_order(self, *tools: str) -> None:
        """Fail unless these tools were called in this order; other calls may lie between them.

        Raises `AssertionError` with all calls that were made.
        """
        __tracebackhide__ = True
        rest = iter(self.calls.tools)
        for number, tool in enumerate(tools):
            self.calls.to(tool)
            if tool not in rest:
                after = f" after {', '.join(tools[:number])}" if number else ""
                raise AssertionError(f"{tool} was not called{after}; {self.calls.listed()}")


@contextlib.contextmanager
def mocked(
    toolset: str | Path | Sequence[str] | mocktools.Toolset = "starter",
    *,
    today: datetime.date = mocktools.DEFAULT_TODAY,
    faults: str | None = None,
    seed: int = 0,
    allow_network: bool = False,
) -> Iterator[MockApis]:
    """`mocktools.activate`, with a record of the calls, and with other ways to the network shut.

    What does not go through `requests` may only reach this machine, unless `allow_network`: it gets a `NetworkBlocked`
    and is noted in `blocked`. Raises `MockToolsError` as `activate` does, and for an empty name and an odd seed.
    """
    check_choice(toolset, seed)
    chosen = toolset if isinstance(toolset, mocktools.Toolset) else mocktools.load(toolset)
    calls: list[Call] = []
    planned: list[_Failure] = []
    fields = {one.name: getattr(chosen, one.name) for one in dataclasses.fields(mocktools.Toolset)}
    fields["routes"] = tuple(
        dataclasses.replace(route, answer=partial(_answer, route, chosen.tools, planned)) for route in chosen.routes
    )
    apis = MockApis(**fields, today=today, calls=Calls(calls, chosen.tools), _planned=planned)
    with (
        mocktools.activate(apis, today=today, faults=faults, seed=seed),
        recorded(apis.tools, calls, partial(_elsewhere, chosen)),
        contextlib.nullcontext() if allow_network else _guarded(apis.blocked),
    ):
        yield apis


def check_choice(toolset: Any, seed: Any = 0) -> None:
    """Raises `mocktools.MockToolsError` for a toolset that cannot mean any, and for what is no seed."""
    __tracebackhide__ = True
    if isinstance(toolset, str) and not toolset.strip():
        raise mocktools.MockToolsError("the toolset is an empty text; write a name, a path or a list of tools")
    strange = [one for one in toolset if not isinstance(one, str)] if isinstance(toolset, list | tuple) else []
    if strange:
        raise mocktools.MockToolsError(f"the list of tools has {shown(strange[0])}, which is not the name of a tool")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _LAST_SEED:
        raise mocktools.MockToolsError(f"seed={shown(seed)} is not a whole number from 0 to {_LAST_SEED}")


def shown(value: Any) -> str:
    """A value as Python writes it, on one line of bounded length."""
    try:
        text = repr(value)
    except Exception:  # a number with too many digits, or a class that cannot do it
        text = f"a {type(value).__name__}"
    return one_line(ADDRESS.sub("", text), _LONGEST_VALUE)


def _elsewhere(chosen: mocktools.Toolset, method: str, url: str) -> str:
    """What to say of an address that is that of a bundled tool which is not active; empty for any other."""
    tool, _ = tool_of(mocktools.load("extended").tools, method, url)
    active = [tool.name for tool in chosen.tools]
    if tool is None or tool.name in active:
        return ""
    home = next(name for name in mocktools.toolset_names() if tool in mocktools.load(name).tools)
    more = f" and {len(active) - _MOST_NAMES} more" if len(active) > _MOST_NAMES else ""
    return (
        f"no fixture answers {method} {url[:_LONGEST]}: "
        f"this is {tool.name} of the toolset {home}, which is not active; "
        f"the active tools ({chosen.name}) are {', '.join(active[:_MOST_NAMES])}{more}"
    )


def _answer(route: Route, tools: Sequence[mocktools.Tool], planned: list[_Failure], incoming: Incoming) -> Reply:
    """The server's reply, unless this call is to fail."""
    tool, _ = tool_of(tools, incoming.method, incoming.url)
    with _planning:  # agents call tools side by side
        meant = [failure for failure in planned if failure.tool in (None, tool.name if tool else None)]
        if meant:
            planned.remove(meant[0])
    if not meant:
        return route.answer(incoming)
    faults = mocktools.Faults.parse(f"{meant[0].kind}:1")
    return faults.reply(meant[0].kind, route, f"{incoming.method} {incoming.url}", 0)


class Script(ScriptedModel):
    """A `ScriptedModel` that is also a function: `text = model(messages)`.

    `prompts` holds what it was asked, each prompt as one text; `left` is how many replies are still to come;
    `exhausted` says that it was asked for more than it has.
    """

    exhausted = False

    @property
    def left(self) -> int:
        """How many replies were not asked for yet."""
        return len(self._texts) - self._next

    @property
    def prompts(self) -> list[str]:
        """The text of each prompt, its messages parted by empty lines."""
        return ["\n\n".join(message.content for message in request.messages) for request in self.requests]

    def complete(self, request: Request, on_text: Any = None) -> Any:
        """The next reply; raises `ScriptExhausted` when there is none."""
        self.exhausted = self.exhausted or not self.left
        return super().complete(request, on_text)

    def __call__(self, messages: Any, stop: Sequence[str] | None = None, **_: Any) -> str:
        """The next reply, cut at the first of the `stop` texts; other options of a model are ignored.

        `messages` may be a text, or messages as most libraries have them: objects or dictionaries with a role and a
        content, which is a text or a list of parts. Raises `ScriptExhausted` that says how many replies there were.
        """
        __tracebackhide__ = True
        said = tuple(_message(message) for message in ([messages] if isinstance(messages, str) else messages))
        request = Request(Place("", 0, 0, len(self.requests)), "try", said, _SAMPLING, 0, tuple(stop or ()))
        if not self.left:
            self.exhausted = True
            self.requests.append(request)
            raise ScriptExhausted(f"{self.name}: {self.shortage()}; its last prompt ends {_end(self.prompts[-1])!r}")
        text: str = self.complete(request).text
        return text

    def shortage(self) -> str:
        """How many replies there are, where more were asked for."""
        return f"it has {_replies(len(self._texts))}, and was asked for one more"

    def surplus(self) -> str:
        """How many replies are left, and how the next one begins."""
        following = self._texts[self._next][:_LONGEST]
        of = f"{self.left} of its {_replies(len(self._texts))} {'was' if self.left == 1 else 'were'}"
        return f"{of} not asked for; the next is {following!r}"


_SAMPLING = Sampling(temperature=0, top_p=1, top_k=0, min_p=0, repeat_penalty=1, max_tokens=4096)


def _message(message: Any) -> Message:
    if isinstance(message, str):
        return Message("user", message)
    content = _read(message, "content")
    parts = content if isinstance(content, list | tuple) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    role = _read(message, "role")
    return Message(getattr(role, "value", role), "\n".join(str(text) for text in texts if text is not None))


def _read(message: Any, name: str) -> Any:
    return message.get(name) if isinstance(message, Mapping) else getattr(message, name, None)


def _with(arguments: Mapping[str, Any] | None) -> str:
    return f" with {', '.join(f'{name}={value!r}' for name, value in arguments.items())}" if arguments else ""


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _replies(number: int) -> str:
    return "1 reply" if number == 1 else f"{number} replies"


def _end(text: str) -> str:
    return text if len(text) <= _LONGEST else "..." + text[-_LONGEST:]


_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ADDRESSES = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_HERE = frozenset({"", "localhost", "::1", "::", "0.0.0.0"})
_watching: list[list[str]] = []
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or (event not in _NAMES and event not in _ADDRESSES):
        return
    host = _host(event, arguments)
    if host not in _HERE and not host.startswith("127."):
        _watching[-1].append(host)
        raise NetworkBlocked(f"blocked: something tried to reach {host} without `requests`, which alone is mocked")


def _host(event: str, arguments: tuple[Any, ...]) -> str:
    """Which host is meant; empty for a socket that is a file."""
    if event in _NAMES:
        host = arguments[0]
    else:
        host = arguments[1][0] if isinstance(arguments[1], tuple) and arguments[1] else ""
    host = host.decode("utf-8", "replace") if isinstance(host, bytes) else host
    return host if isinstance(host, str) else ""


@contextlib.contextmanager
def _guarded(blocked: list[str]) -> Iterator[None]:
    """Let nothing reach further than this machine, and note what tried to.

    Unlike `offline.no_network` it lets sockets be: event loops have some, and a test may talk to a database of its own.
    """
    global _hooked
    if not _hooked:  # an audit hook cannot be taken away again, so there is one for good, asleep
        sys.addaudithook(_hook)
        _hooked = True
    _watching.append(blocked)
    try:
        yield
    finally:
        _watching.remove(blocked)
