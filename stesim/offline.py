"""Offline is a guarantee: while the guard is up, nothing in this process can open a socket.

    with no_network():
        urllib.request.urlopen("https://example.com")        # raises NetworkBlocked

The guard is an audit hook of the interpreter, below every Python library. Not covered: other processes, compiled
libraries that call the system without Python (llama.cpp makes no connections).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from stesim.errors import NetworkBlocked

_EVENTS = frozenset(
    {
        "socket.__new__",
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
    }
)
_depth = 0
_hooked = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _depth and event in _EVENTS:
        shown = ", ".join(str(argument) for argument in arguments[1:]) if arguments else ""
        raise NetworkBlocked(f"blocked: something tried to use the network during a run ({event}: {shown})")


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Block sockets until the end of the `with` block. Guards may be nested."""
    global _depth, _hooked
    if not _hooked:  # an audit hook cannot be taken away again, so there is one for good, asleep
        sys.addaudithook(_hook)
        _hooked = True
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
