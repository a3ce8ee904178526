"""Toolsets that installed packages offer, through the entry point `stesim.toolsets`.

    [options.entry_points]                      # in the package's setup.cfg
    stesim.toolsets =
        pets = petshop.tools:TOOLSET

    python -c "from mocktools.sources import entry_points; print(entry_points.names())"

What the entry point names is a `Toolset`, the path of one (a Python file, a folder, a JSON file), or a function that
returns either. What the package prints meanwhile goes to standard error. Not covered: choosing between two packages
that offer the same name; it is refused.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from mocktools.errors import MockToolsError
from mocktools.functions import prints_aside
from mocktools.mistakes import one_line, said
from mocktools.toolset import Toolset

GROUP = "stesim.toolsets"


def names() -> list[str]:
    """The names of the toolsets that installed packages offer."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(name: str) -> Toolset:
    """The toolset that a package offers under this name.

    Raises `MockToolsError` with one line that names the package if it cannot be loaded, whatever the reason.
    """
    found = sorted(entry_points(group=GROUP, name=name), key=_origin)
    if len({(entry.value, _origin(entry)) for entry in found}) > 1:
        raise MockToolsError(f"toolset {name!r} is offered by several packages: {', '.join(map(_origin, found))}")
    entry = found[0]
    try:
        with prints_aside():
            value = entry.load()
            if callable(value) and not isinstance(value, Toolset):
                value = value()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a package of somebody else does when it is imported
        raise _broken(entry, said(error)) from None
    if isinstance(value, str | Path) and str(value).strip():
        from mocktools.toolsets import load as load_any

        return load_any(Path(value))
    if not isinstance(value, Toolset):
        what = "an empty text" if isinstance(value, str) else f"of type {one_line(type(value).__name__, 60)}"
        raise _broken(entry, f"it is {what}, not a Toolset or a path")
    return value


def _origin(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "?"


def _broken(entry: EntryPoint, why: str) -> MockToolsError:
    return MockToolsError(f"toolset {entry.name!r} of the package {_origin(entry)} ({entry.value}) is unusable: {why}")
