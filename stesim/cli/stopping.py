"""How a command that takes long is stopped: SIGTERM and SIGHUP end it as Ctrl-C does, the terminal left in order.

with ending_well():
    ...
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Terminated(KeyboardInterrupt):
    """The system asked the process to end; `code` is the exit code that says so.

    Like Ctrl-C, nothing that a tool does may swallow it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextlib.contextmanager
def ending_well() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise `Terminated` where the work is."""

    def end(number: int, _: Any) -> None:
        raise Terminated(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(stop: KeyboardInterrupt) -> int:
    """The exit code that says how the command was stopped."""
    return stop.code if isinstance(stop, Terminated) else 130
