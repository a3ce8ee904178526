"""What the recorder's tests share: a server on this machine that answers with given bytes, a toolset folder."""

from __future__ import annotations

import contextlib
import datetime
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.exchanges import format
from mocktools.exchanges.format import Call
from mocktools.recording import Limits, Options, Outcome, Recorder

ROOT = Path(__file__).resolve().parents[4]
DAY = datetime.date(2026, 3, 1)
QUICK = Limits(connect=0.5, read=0.3, whole=0.6)
TOKEN = "S3cret/Tok+en=42"
JSON = {"Content-Type": "application/json"}


def reply(status: int, body: bytes | object = b"", headers: dict[str, str] | None = None, length: int = -1) -> bytes:
    """The bytes of a response; `body` is JSON if it is no bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    lines = {**({} if isinstance(body, bytes) else JSON), **(headers or {})}
    lines.setdefault("Content-Length", str(len(data) if length < 0 else length))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Status\r\n{head}Connection: close\r\n\r\n".encode("latin-1") + data


class Live:
    """A server that answers each path with the bytes in `answers`; `seen` are the requests that came."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[Any], bytes]] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        live_ = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                live_.seen.append((self.command, self.path, headers, body))
                answer = live_.answers.get(self.path.partition("?")[0], reply(404, {"error": "not found"}))
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.wfile.write(answer(self) if callable(answer) else answer)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.01), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def pets(folder: Path, host: str = "https://api.pets.example", **more: object) -> Path:
    """A toolset folder whose tools are on `host`; get_pet has `more`."""
    number = {"type": "object", "properties": {"id": {"type": "integer", "maximum": 99}}, "required": ["id"]}
    text = {"type": "object", "properties": {"id": {"type": ["integer", "string"]}}, "required": ["id"]}
    any_ = {"type": "object", "properties": {}, "additionalProperties": True}
    tools = [
        {"name": "get_pet", "description": "A pet.", "parameters": text, "url": f"{host}/pets/{{id}}", **more},
        {"name": "find pets", "description": "Pets.", "parameters": any_, "url": f"{host}/pets"},
        {"name": "add_pet", "description": "Add one.", "parameters": any_, "url": f"{host}/pets", "method": "POST"},
        {
            "name": "has_pet",
            "description": "Is one there?",
            "parameters": number,
            "url": f"{host}/pets/{{id}}",
            "method": "HEAD",
        },
    ]
    folder.mkdir(exist_ok=True)
    (folder / "tools.json").write_text(json.dumps({"toolset": "pets", "tools": tools}))
    return folder


def run(
    folder: Path,
    wanted: Sequence[Call],
    base: str = "",
    environment: dict[str, str] | None = None,
    limits: Limits | None = None,
    day: datetime.date = DAY,
    **options: bool,
) -> list[Outcome]:
    with Recorder(folder, Options(base, **options), limits, environment or {}, day) as opened:
        return [opened.record(step) for step in opened.plan(wanted)]


def one(server: Live, folder: Path, body: bytes, **more: Any) -> Outcome:
    """Records get_pet 1, which is answered with these bytes."""
    server.answers["/pets/1"] = body
    return run(pets(folder), [Call("get_pet", {"id": 1})], server.base, **more)[0]


def stored(outcome: Outcome) -> format.Response:
    assert outcome.kind == "new", outcome.message
    assert outcome.file is not None
    (exchange,) = format.read(outcome.file).exchanges
    assert exchange.response is not None
    return exchange.response


def replayed(folder: Path, call: Call) -> mocktools.Result:
    with mocktools.activate(folder) as tools:
        return tools.get(call.tool).call(call.arguments)


AUTH = {"in": "header", "name": "Authorization", "value": "Bearer ${PETS}"}
SECRETS = [
    AUTH,
    {"in": "header", "name": "X-Key", "value": "${PETS}"},
    {"in": "query", "name": "key", "value": "${PETS}"},
    {"in": "cookie", "name": "id", "value": "x${PETS_ID}"},
]


@pytest.fixture
def server() -> Iterator[Live]:
    started = Live()
    yield started
    started.close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    # No test may reach this: what is on this machine is asked without a proxy.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
