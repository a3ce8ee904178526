"""How a command that takes long is stopped: SIGTERM and SIGHUP end it as Ctrl-C does, the terminal left in order.

with ending_well():
    ...

Work that must not be torn in the middle of a step asks between steps: `ending_between_steps`.
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


class Pause:
    """Says between two steps whether the user or the system asked for an end meanwhile."""

    def __init__(self) -> None:
        self.asked: KeyboardInterrupt | None = None

    def here(self) -> None:
        """Raise what was asked for, if anything."""
        if self.asked is not None:
            raise self.asked


@contextlib.contextmanager
def ending_between_steps() -> Iterator[Pause]:
    """Hold Ctrl-C, SIGTERM and SIGHUP back until the work asks for them; a second one ends it at once."""
    pause = Pause()

    def ask(number: int, _: Any) -> None:
        again = pause.asked is not None
        pause.asked = KeyboardInterrupt() if number == signal.SIGINT else Terminated(128 + number)
        if again:
            raise pause.asked

    if threading.current_thread() is not threading.main_thread():
        yield pause
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield pause
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(stop: KeyboardInterrupt) -> int:
    """The exit code that says how the command was stopped."""
    return stop.code if isinstance(stop, Terminated) else 130
