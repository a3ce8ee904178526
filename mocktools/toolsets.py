"""Named toolsets, and `activate`, which puts one on the air.

    python -c "import mocktools; print([tool.name for tool in mocktools.load('starter').tools])"

Not covered: toolsets from a file.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import orjson

from mocktools import fixtures
from mocktools.errors import MockToolsError, UnknownTool, UnknownToolset, unknown
from mocktools.faults import Faults
from mocktools.provider import Provider
from mocktools.providers import MODULES, PROVIDERS
from mocktools.router import Route, Router
from mocktools.tools import Tool
from mocktools.transport import active, intercepted
from mocktools.world import World

# The date of the exchange rates, the most perishable of the fixtures.
DEFAULT_TODAY = datetime.date(2026, 10, 30)
# The years that the tables of holidays and time zones cover.
FIRST_DAY, LAST_DAY = datetime.date(2024, 1, 1), datetime.date(2027, 12, 31)

STARTER = (
    "forecast_weather",
    "add_date",
    "search_places",
    "get_local_time",
    "convert_currency",
    "get_article_summary",
    "search_papers",
    "get_number_fact",
    "get_country",
    "list_public_holidays",
)


@dataclass(frozen=True)
class Toolset:
    """Some tools in a fixed order, and the routes that answer them."""

    name: str
    tools: tuple[Tool, ...]
    routes: tuple[Route, ...]

    def get(self, name: str) -> Tool:
        """The tool of this name; raises `UnknownTool` with the nearest names."""
        for tool in self.tools:
            if tool.name == name:
                return tool
        raise UnknownTool(unknown("tool", name, (tool.name for tool in self.tools)))

    def reset(self) -> None:
        """The servers forget everything that was done: their state is again that of the seed tables.

        Raises `MockToolsError` outside `activate`.
        """
        active().world.reset()

    def fresh(self) -> World:
        """A world of its own for `Tool.call(arguments, world)`, in which nothing has been done yet.

        Raises `MockToolsError` outside `activate`.
        """
        return World(active().world.today)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that can change an answer: specs, fixture files and the mocks' source."""
        digest = hashlib.sha256()
        for tool in self.tools:
            spec = [tool.name, tool.description, tool.parameters, tool.provider, tool.tags, tool.url, tool.method]
            digest.update(orjson.dumps(spec, option=orjson.OPT_SORT_KEYS) + b"\n")
        used = {tool.provider for tool in self.tools}
        providers = [provider for provider in PROVIDERS if provider.name in used]
        for name in sorted({name for provider in providers for name in provider.fixtures}):
            digest.update(name.encode() + b"\n" + fixtures.raw(name))
        for path in _sources(providers):
            digest.update(path.name.encode() + b"\n" + path.read_bytes().replace(b"\r\n", b"\n"))
        return digest.hexdigest()


def _sources(providers: Sequence[Provider]) -> list[Path]:
    """The files of these providers and the machinery that they share."""
    shared = sorted(Path(__file__).parent.glob("*.py"))
    return shared + sorted(Path(MODULES[provider.name]) for provider in providers)


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, tuple[Tool, Route]]:
    """Every tool with its route, by name, in the order of the providers."""
    return {
        tool.name: (tool, route)
        for provider in PROVIDERS
        for tool, route in zip(provider.tools(), provider.routes(), strict=True)
    }


def toolset_names() -> list[str]:
    """The names that `load` knows."""
    return ["starter", "all"]


def load(which: str | Sequence[str]) -> Toolset:
    """The toolset of this name, or one of the tools named in a list, in that order.

    Raises `UnknownToolset` or `UnknownTool` with the nearest names, and `MockToolsError` for a list that
    is empty or names a tool twice.
    """
    catalogue = _catalogue()
    if isinstance(which, str):
        named = {"starter": STARTER, "all": tuple(catalogue)}
        if which not in named:
            hint = f'; it is a tool: load(["{which}"])' if which in catalogue else ""
            raise UnknownToolset(unknown("toolset", which, named) + hint)
        return _toolset(which, named[which])
    names = list(which)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise MockToolsError(f"these tools are named more than once: {', '.join(repeated)}")
    if not names:
        raise MockToolsError("a toolset needs at least one tool; none is named")
    return _toolset("custom", names)


def _toolset(name: str, tools: Sequence[str]) -> Toolset:
    catalogue = _catalogue()
    for tool in tools:
        if tool not in catalogue:
            raise UnknownTool(unknown("tool", tool, catalogue))
    chosen = [catalogue[tool] for tool in tools]
    return Toolset(name, tuple(tool for tool, _ in chosen), tuple(route for _, route in chosen))


@contextlib.contextmanager
def activate(
    toolset: Toolset | str | Sequence[str],
    today: datetime.date = DEFAULT_TODAY,
    faults: str | None = None,
    seed: int = 0,
) -> Iterator[Toolset]:
    """Within the block everything that goes through `requests` is answered by the mocks of `toolset`.

    `toolset` may be what `load` takes. `today` is the date the servers believe in, within the years 2024
    to 2027 that the tables cover (their time is noon UTC). `faults` lets a share of the calls fail, as in
    "429:0.1,timeout:0.02" (see `faults.py`); `seed` decides which. What the servers remember ends with the
    block. Yields the toolset. Raises `MockToolsError` for another date, for faults that cannot be read, and
    within another `activate` block.
    """
    chosen = toolset if isinstance(toolset, Toolset) else load(toolset)
    if isinstance(today, datetime.datetime) or not FIRST_DAY <= today <= LAST_DAY:
        raise MockToolsError(f"today must be a date from {FIRST_DAY} to {LAST_DAY}, which the fixtures cover")
    some = None if faults is None else Faults.parse(faults, seed)
    with intercepted(Router(chosen.routes), World(today), some):
        yield chosen
