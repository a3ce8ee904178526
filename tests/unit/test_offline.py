"""The guard: no sockets while it is up, and everything as before afterwards."""

from __future__ import annotations

import socket
import threading
import urllib.request

import pytest
import requests

import mocktools
from stesim.errors import NetworkBlocked
from stesim.offline import no_network


def test_nothing_can_open_a_socket() -> None:
    with no_network():
        with pytest.raises(NetworkBlocked):
            socket.socket()
        with pytest.raises(NetworkBlocked):
            socket.getaddrinfo("localhost", 80)
        with pytest.raises(NetworkBlocked):
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)
        with pytest.raises(NetworkBlocked):
            requests.get("http://127.0.0.1:9/", timeout=1)


def test_other_threads_cannot_either() -> None:
    caught: list[BaseException] = []

    def open_one() -> None:
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        except BaseException as error:  # handed to the test's own thread
            caught.append(error)

    with no_network():
        thread = threading.Thread(target=open_one)
        thread.start()
        thread.join()
    assert isinstance(caught[0], NetworkBlocked)


def test_the_mock_tools_need_no_socket() -> None:
    with no_network(), mocktools.activate("extended") as tools:
        for tool in tools.tools:
            assert tool.call(tool.example, tools.fresh()).kind == "ok", tool.name


def test_afterwards_sockets_open_again() -> None:
    with no_network(), no_network():
        pass
    socket.socket().close()
    with pytest.raises(ZeroDivisionError), no_network():
        raise ZeroDivisionError
    socket.socket().close()
