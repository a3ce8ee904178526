"""The faults of mocktools itself, each with a one-line message.

What a mock API says to a bad call (a 400, a 404) is a reply, not an exception; see `server.py`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import requests

_MOST_NAMES = 20  # that an error lists


class MockToolsError(Exception):
    """Something is wrong with the set-up: a fixture file, a name, a missing `activate`."""


class UnknownTool(MockToolsError):
    """No tool has this name."""


class UnknownToolset(MockToolsError):
    """No toolset has this name."""


class NoFixture(requests.exceptions.ConnectionError):
    """A request went through `requests` that no mock answers; the text lists the nearest fixtures.

    It is a `ConnectionError` because that is what a caller of a server that is not there would see.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says that `name` is no `kind` and which names come near it."""
    names = sorted(known)
    nearest = difflib.get_close_matches(name[:100], names, n=3, cutoff=0.5)
    shown = repr(name[:100])
    if nearest:
        return f"no {kind} is called {shown}; did you mean {', '.join(nearest)}?"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"no {kind} is called {shown}; there are: {', '.join(names[:_MOST_NAMES])}{more}"
