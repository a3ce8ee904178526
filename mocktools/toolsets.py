"""Where toolsets are found, by name or by path, and `activate`, which puts one on the air.

    python -c "import mocktools; print([tool.name for tool in mocktools.load('starter').tools])"

Not covered: how a toolset of one's own is written, see `sources/`.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from mocktools.errors import MockToolsError, UnknownTool, UnknownToolset, unknown
from mocktools.faults import Faults
from mocktools.lists import ALL, STARTER
from mocktools.mistakes import one_line
from mocktools.paths import fixtures_dir
from mocktools.provider import Provider
from mocktools.providers import MODULES, PROVIDERS
from mocktools.router import Route, Router
from mocktools.tools import Tool
from mocktools.toolset import Toolset, once
from mocktools.transport import intercepted
from mocktools.world import World

# The date of the exchange rates, the most perishable of the fixtures.
DEFAULT_TODAY = datetime.date(2026, 10, 30)
# The years that the tables of holidays and time zones cover.
FIRST_DAY, LAST_DAY = datetime.date(2024, 1, 1), datetime.date(2027, 12, 31)


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, tuple[Tool, Route, Provider]]:
    """Every bundled tool with its route and provider, by name, in the order of the providers."""
    return {
        tool.name: (tool, route, provider)
        for provider in PROVIDERS
        for tool, route in zip(provider.tools(), provider.routes(), strict=True)
    }


def toolset_names(every: bool = False) -> list[str]:
    """The named lists of bundled tools: ten, fifty, and every one. With `every` also the other names that `load` knows:
    the providers, and what installed packages offer."""
    lists = ["starter", "all", "extended"]
    if not every:
        return lists
    from mocktools.sources import entry_points

    return [*lists, *provider_names(), *entry_points.names()]


def provider_names() -> list[str]:
    """The providers; each name is that of the toolset of its tools."""
    return [provider.name for provider in PROVIDERS]


def load(which: str | Path | Sequence[str], only: Sequence[str] | None = None) -> Toolset:
    """The toolset that `which` means: `starter`, `all` or `extended`; a provider such as `weather`; a list of names of
    bundled tools, in that order; the path of a Python file, of a folder or of a JSON file; or the name under which an
    installed package offers one (entry point `stesim.toolsets`). With `only`, just those of its tools, in that order.

    Raises `UnknownToolset` or `UnknownTool` with the nearest names, and `MockToolsError` for a list that is empty or
    names a tool twice, and for a file in which something is wrong.
    """
    found = _found(which)
    if only is None:
        return found
    chosen = found.only(only)
    return _bundled("custom", only) if isinstance(which, str) and is_bundled(which) else chosen


def is_bundled(name: str) -> bool:
    """Whether a name means tools that come with this package."""
    return name in toolset_names() or name in provider_names()


def is_path(text: str) -> bool:
    """Whether the name of a toolset is that of a file or a folder."""
    looks = "/" in text or text.endswith((".py", ".json")) or text in (".", "..") or Path(text).is_dir()
    return looks and not is_bundled(text)


def is_code(path: str | Path) -> bool:
    """Whether loading a toolset from here would run it: a Python file, however its path is written."""
    return Path(path).suffix.lower() == ".py" and not Path(path).is_dir()


def _found(which: str | Path | Sequence[str]) -> Toolset:
    if isinstance(which, Path):
        return _from_path(which)
    if not isinstance(which, str):
        return _bundled("custom", once(which))
    if is_bundled(which) and Path(which, "tools.json").is_file():
        raise MockToolsError(
            f"{which!r} is a bundled toolset and a folder of tools here; write ./{which} for the folder, or call the "
            "bundled one from elsewhere"
        )
    if not which.strip():
        raise UnknownToolset("the name of the toolset is empty")
    if which in toolset_names():
        return _bundled(which, {"starter": STARTER, "all": ALL}.get(which) or tuple(_catalogue()))
    if which in provider_names():
        return _bundled(which, [name for name, (tool, _, _) in _catalogue().items() if tool.provider == which])
    if is_path(which):
        return _from_path(Path(which).expanduser())
    from mocktools.sources import entry_points

    if which in entry_points.names():
        return entry_points.load(which)
    hint = f'; it is a tool: load(["{which}"])' if which in _catalogue() else ""
    raise UnknownToolset(unknown("toolset", which, toolset_names(every=True)) + hint)


def _from_path(path: Path) -> Toolset:
    """The toolset in a Python file, or in a folder or JSON file."""
    if not path.exists():
        raise MockToolsError(f"no toolset at {one_line(str(path), 200)}: there is no such file or folder")
    if is_code(path):
        from mocktools.sources import python_file

        return python_file.load(path)
    from mocktools.sources import folder

    return folder.load(path)


def _bundled(name: str, tools: Sequence[str]) -> Toolset:
    catalogue = _catalogue()
    for tool in tools:
        if tool not in catalogue:
            raise UnknownTool(unknown("tool", tool, catalogue))
    chosen = [catalogue[tool] for tool in tools]
    providers = {provider.name: provider for _, _, provider in chosen}
    tables = sorted({table for provider in providers.values() for table in provider.fixtures})
    parts = [fixtures_dir() / f"{table}.json" for table in tables]
    parts += [Path(MODULES[name]) for name in sorted(providers)]
    return Toolset(name, tuple(tool for tool, _, _ in chosen), tuple(route for _, route, _ in chosen), tuple(parts))


@contextlib.contextmanager
def activate(
    toolset: Toolset | str | Path | Sequence[str],
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
