"""A toolset: some tools in a fixed order, the routes that answer them, and the files that decide the answers.

    python -c "import mocktools; print(mocktools.load('starter').get('add_date').example)"

Not covered: where toolsets come from, see `toolsets.py` and `sources/`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from mocktools.errors import MockToolsError, UnknownTool, unknown
from mocktools.router import Route
from mocktools.tools import Tool
from mocktools.transport import active
from mocktools.world import World


@dataclass(frozen=True)
class Toolset:
    """Some tools in a fixed order, and the routes that answer them.

    `parts` are the files that decide what is answered, besides the machinery that all toolsets share.
    """

    name: str
    tools: tuple[Tool, ...]
    routes: tuple[Route, ...]
    parts: tuple[Path, ...] = ()

    def get(self, name: str) -> Tool:
        """The tool of this name; raises `UnknownTool` with the nearest names."""
        for tool in self.tools:
            if tool.name == name:
                return tool
        raise UnknownTool(unknown("tool", name, (tool.name for tool in self.tools)))

    def only(self, names: Sequence[str]) -> Toolset:
        """The tools of these names, in this order, with all routes.

        Raises `UnknownTool`, and `MockToolsError` for a list that is empty or names a tool twice.
        """
        return replace(self, tools=tuple(self.get(name) for name in once(names)))

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
        """SHA-256 (hex) of all that can change an answer: specs, `parts`, and the source of the shared machinery.

        Raises `MockToolsError` if a file cannot be read.
        """
        digest = hashlib.sha256()
        for tool in self.tools:
            spec = [tool.name, tool.description, tool.parameters, tool.provider, tool.tags, tool.url, tool.method]
            if tool.places:
                spec.append({name: [place.where, place.lists] for name, place in tool.places.items()})
            digest.update(json.dumps(spec, sort_keys=True).encode() + b"\n")
        for path in (*_machinery(), *self.parts):
            digest.update(os.fsencode(path.name) + b"\n" + _content(path))
        return digest.hexdigest()


def once(names: Sequence[str]) -> list[str]:
    """`names` as a list; raises `MockToolsError` if it is empty or names one twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise MockToolsError(f"these tools are named more than once: {', '.join(repeated)}")
    if not names:
        raise MockToolsError("a toolset needs at least one tool; none is named")
    return list(names)


def _machinery() -> list[Path]:
    """The source that every toolset shares."""
    here = Path(__file__).parent
    folders = (here, here / "exchanges", here / "made", here / "sources")
    return [path for folder in folders for path in sorted(folder.glob("*.py"))]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise MockToolsError(f"{path} cannot be read: {error.strerror}") from None
