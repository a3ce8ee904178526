"""The only door to `mocktools`: which tools there are, what a model is told of them, what a call returns.

    with Toolbox.open(["forecast_weather"]) as toolbox:
        toolbox.call(Action("forecast_weather", {"city": "Paris", "days": 2})).text

Some tools remember what was done; a trial makes its calls with a `fresh()` toolbox, in which nothing has been done yet.
Not covered: recording and importing tools, which the commands of `stesim tools` do.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mocktools
import mocktools.codes
import mocktools.text
from stesim.errors import ToolError
from stesim.records import Action, Observation, Tool

STARTER = "starter"
# What a model is told of a call for which its tools have no answer.
_NOTHING = "Error: no answer is known to this call. Try other arguments."
EVERY = "extended"  # the toolset of all bundled tools
NO_FAULTS = "off"
# How a text of some format is written; said where the description shows no example.
_FORMS = {
    "date": "date YYYY-MM-DD", "time": "time HH:MM:SS", "date-time": "date and time YYYY-MM-DDTHH:MM:SSZ",
    "duration": "ISO 8601 duration", "uuid": "UUID",
}  # fmt: skip


class Toolbox:
    """A set of tools, open for calls.

    `limit` is how many characters of a result a model is shown. Made with `Toolbox.open`.
    """

    def __init__(
        self, toolset: mocktools.Toolset, limit: int, explain: bool = False, world: mocktools.World | None = None
    ) -> None:
        self._toolset = toolset
        self._limit = limit
        self._explain = explain
        self._world = world
        self.fingerprint = toolset.fingerprint
        self.tools = tuple(
            Tool(tool.name, tool.description, tool.parameters, provider=tool.provider, tags=tool.tags)
            for tool in toolset.tools
        )

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        toolset: Sequence[str] | str = STARTER,
        *,
        only: Sequence[str] | None = None,
        today: datetime.date | None = None,
        limit: int = 2048,
        explain: bool = False,
        faults: str = NO_FAULTS,
        seed: int = 0,
    ) -> Iterator[Toolbox]:
        """The tools of a toolset (its name, its path, or names of bundled tools), or `only` some of them, answering
        from fixtures as of `today`.

        `explain` lets a call that nothing answers tell the nearest fixtures, which a model should not see. `faults` are
        a share of calls that fail, decided by `seed`. Raises `ToolError` for an unknown name, with the
        nearest ones, for faults that cannot be read, and for a broken file.
        """
        spec = None if faults == NO_FAULTS else faults
        with user_errors():
            chosen = mocktools.load(toolset, only)
            with mocktools.activate(chosen, today=today or mocktools.DEFAULT_TODAY, faults=spec, seed=seed):
                yield cls(chosen, limit, explain)

    def get(self, name: str) -> Tool:
        """The tool of this name; raises `ToolError` with the nearest names."""
        with user_errors():
            self._toolset.get(name)
        return next(tool for tool in self.tools if tool.name == name)

    def address(self, name: str) -> str:
        """Where a tool sends its calls: method and URL, with `{name}` for the arguments in it."""
        with user_errors():
            tool = self._toolset.get(name)
        return f"{tool.method} {tool.url}"

    def fresh(self) -> Toolbox:
        """The same tools in a state in which nothing has been done yet; calls with one do not show in another."""
        with user_errors():
            return Toolbox(self._toolset, self._limit, self._explain, self._toolset.fresh())

    def call(self, action: Action) -> Observation:
        """Make the call; whatever the arguments, the result is an observation."""
        with user_errors():
            result = self._toolset.get(action.tool).call(action.arguments, self._world)
        body = result.body if self._explain or result.kind != "no_fixture" else _NOTHING
        return Observation(text=shown(result.status, body, self._limit), kind=result.kind, status=result.status)

    def example(self, name: str) -> Mapping[str, Any]:
        """Arguments that work; empty if the tool needs none or nobody said any."""
        with user_errors():
            return self._toolset.get(name).example


def default_today() -> datetime.date:
    """The date that the fixtures were made for."""
    return mocktools.DEFAULT_TODAY


def fault_spec(text: str) -> str:
    """What `--faults` says, always in the same form; raises `ToolError`."""
    if text == NO_FAULTS:
        return text
    with user_errors():
        return mocktools.Faults.parse(text).spec


def toolset_names(every: bool = False) -> list[str]:
    """The named lists of bundled tools; with `every` also the providers and what installed packages offer."""
    return mocktools.toolset_names(every)


def lasting(toolset: str) -> str:
    """The name of a toolset as it can be found from another folder: a path becomes an absolute one."""
    return str(Path(toolset).expanduser().resolve()) if mocktools.is_path(toolset) else toolset


def runs_code(toolset: str) -> bool:
    """Whether opening this toolset runs a file."""
    return mocktools.is_path(toolset) and mocktools.is_code(Path(toolset).expanduser())


def tool_names(toolset: str) -> list[str]:
    """The tools of a toolset, in its order; raises `ToolError`."""
    with user_errors():
        return [tool.name for tool in mocktools.load(toolset).tools]


def fold(text: str) -> str:
    """`text` in lower case without accents and punctuation, its words parted by single blanks."""
    return mocktools.text.fold(text)


def names_of_code(code: str, about: str = "", loosely: bool = True) -> tuple[str, ...]:
    """What people call what a code stands for ("USD": US Dollar, $, dollar ...); empty for one that is not known.

    `about` is what the parameter says of itself; `loosely` adds names that are not official. Raises `ToolError` for a
    broken fixture file.
    """
    with user_errors():
        return mocktools.codes.names_of(code, about, loosely)


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """What `mocktools` finds wrong with the user's choice of tools or fixtures is a `ToolError`."""
    try:
        yield
    except mocktools.MockToolsError as error:
        raise ToolError(str(error)) from None


def shown(status: int | None, body: str, limit: int) -> str:
    """A result as a model is shown it: an error says its status, and a long text is cut with a visible mark."""
    body = body.replace("\r\n", "\n")  # pages of HTML have these
    text = body if status is None or status < 400 else f"Error (HTTP {status}): {body}"
    if not text:
        text = f"(HTTP {status}, no content)"
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … [cut: {len(text) - limit} more characters]"


def describe(tool: Tool) -> str:
    """What a prompt says of a tool: name, purpose, and one line for each parameter."""
    lines = [f"API name: {_line(tool.name)}", f"Description: {_line(tool.description)}"]
    members = _members(tool.parameters)
    return "\n".join([*lines, "Parameters:" if members else "Parameters: none", *members])


def _members(schema: Mapping[str, Any], indent: str = "") -> list[str]:
    """One line for each member of an object, and indented ones for the members of its objects."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = schema.get("required", [])
    lines = []
    for name, inner in properties.items():
        traits = ", ".join([_type_of(inner), "required" if name in required else "optional"])
        told = inner.get("description", "") if isinstance(inner, Mapping) else ""
        lines.append(_line(f"{indent}- {name} ({traits}): {told}".rstrip(": ")))
        for part in (inner, inner.get("items")) if isinstance(inner, Mapping) else ():
            lines += _members(part, indent + "  ") if isinstance(part, Mapping) else []
    return lines


def _line(text: str) -> str:
    """`text` in one line: what a document says of a tool cannot look like a new line of the prompt."""
    return re.sub(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*", " ", text).rstrip()


def _type_of(schema: Mapping[str, Any] | bool) -> str:
    if not isinstance(schema, Mapping):
        return "any"
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    name = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "string" and "e.g. " not in schema.get("description", ""):
        name = _FORMS.get(schema.get("format", ""), name)
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        return f"array of {_type_of(schema['items'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{name} from {low} to {high}"
    return name
