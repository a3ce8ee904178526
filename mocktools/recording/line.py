"""A bound on the time and the bytes of a request over the network that holds whatever the server does.

    line = Line(4_000_000)
    session.mount("https://", Adapter())
    answer = line.run(lambda: session.get("https://api.example/").text, 120)

The timeouts of `requests` begin anew with each byte, and http.client reads any number of answers such as 100 Continue
and of trailers. Here a request runs in a thread of its own; when its time is up, it is left behind and its sockets are
shut down. Not covered: a thread that looks up a name or connects when its time is up goes on until that has ended, on
its own; it cannot send or read anything then.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar
from typing import Any, TypeVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

_LEAVE = 0.5  # seconds for a thread to notice that its line is cut
_Found = TypeVar("_Found")


class TooMuch(Exception):
    """More bytes came than the line lets through."""


class TooSlow(Exception):
    """The time is up."""


class Line:
    """What one request and its redirects travel over: at most `largest` bytes come in. It is used once."""

    def __init__(self, largest: int) -> None:
        self._left, self._over, self._lock = largest, False, threading.Lock()
        self._sockets: list[socket.socket] = []

    def run(self, work: Callable[[], _Found], seconds: float) -> _Found:
        """What `work` returns or raises; its requests must go through an `Adapter`. Raises `TooSlow`."""
        found: Future[_Found] = Future()

        def thread() -> None:
            _current.set(self)
            try:
                found.set_result(work())
            except BaseException as error:
                found.set_exception(error)

        worker = threading.Thread(target=thread, daemon=True)
        worker.start()
        try:
            wait([found], seconds)
            if not found.done():
                raise TooSlow
            return found.result()
        finally:
            # Also when the user interrupts.
            self._end(cut=not found.done())
            worker.join(_LEAVE)

    def _hold(self, connected: Any) -> None:
        """Have a hand on a socket beneath whatever wraps it: TLS takes it from the object that connected."""
        with self._lock:
            self._sockets.append(socket.fromfd(connected.fileno(), socket.AF_INET, socket.SOCK_STREAM))
        if self._over:
            self._end(cut=True)

    def _took(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooMuch

    def _end(self, cut: bool) -> None:
        """Let go of the sockets; nobody can use one any more that is `cut`."""
        with self._lock:
            self._over = True
            for held in self._sockets:
                with contextlib.suppress(OSError), held:
                    if cut:
                        held.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()


# Of the thread that asks; connections are made deep within urllib3.
_current: ContextVar[Line] = ContextVar("_current")


class Adapter(HTTPAdapter):
    """Makes connections that belong to the line of the thread; for `requests.Session.mount`."""

    def init_poolmanager(self, *words: Any, **more: Any) -> None:
        """Called by `requests` for connections without a proxy."""
        super().init_poolmanager(*words, **more)
        _adapt(self.poolmanager)

    def proxy_manager_for(self, *words: Any, **more: Any) -> Any:
        """Called by `requests` for each request that goes over a proxy."""
        manager = super().proxy_manager_for(*words, **more)
        return manager if _adapted(manager) else _adapt(manager)


class _Counted(io.RawIOBase):
    def __init__(self, inner: io.RawIOBase) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._inner.readinto(buffer)
        _current.get()._took(count or 0)
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.fp: Any = io.BufferedReader(_Counted(self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> Any:
        connected = super()._new_conn()
        _current.get()._hold(connected)
        return connected

    def putrequest(self, *words: Any, **more: Any) -> None:
        if self.sock is not None:  # it may be in use for the second time
            _current.get()._hold(self.sock)
        super().putrequest(*words, **more)


def _adapted(manager: Any) -> bool:
    return all(issubclass(pool.ConnectionCls, _Connection) for pool in manager.pool_classes_by_scheme.values())


def _adapt(manager: Any) -> Any:
    """Have a pool manager of urllib3, of whatever kind (a SOCKS proxy has its own), make connections as above."""
    manager.pool_classes_by_scheme = {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": type("_Made", (_Connection, pool.ConnectionCls), {})})
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager
