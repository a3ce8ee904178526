"""How the recorder travels: unpacking, limits, redirects, certificates, proxies, and that nothing else goes there."""

from __future__ import annotations

import ast
import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mocktools.exchanges.format import Call
from mocktools.recording import Limits, live
from mocktools.recording.hidden import Keys
from tests.unit.mocktools.recording.conftest import (
    AUTH,
    QUICK,
    ROOT,
    SECRETS,
    TOKEN,
    Live,
    one,
    pets,
    replayed,
    reply,
    run,
    stored,
)

# How it travels

LARGE = b"x" * (1024 * 1024 + 1)
BOMB = gzip.compress(b"\0" * 30_000_000)


def packed(data: bytes, encoding: str) -> bytes:
    return reply(200, data, {"Content-Type": "text/plain", "Content-Encoding": encoding})


@pytest.mark.parametrize(
    "answer",
    [
        packed(gzip.compress(b"miaow"), "gzip"),
        packed(gzip.compress(b"mi") + gzip.compress(b"aow"), "GZIP"),
        packed(zlib.compress(b"miaow"), "deflate"),
        packed(zlib.compress(b"miaow")[2:-4], "deflate"),
        packed(b"miaow", "identity"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nmi\r\n3\r\naow\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nmiaow",
    ],
)
def test_answers_are_unpacked(server: Live, tmp_path: Path, answer: bytes) -> None:
    assert stored(one(server, tmp_path / "p", answer)).text == "miaow"


def test_the_largest_answer_is_kept(server: Live, tmp_path: Path) -> None:
    assert (
        len(stored(one(server, tmp_path / "p", reply(200, LARGE[1:], {"Content-Type": "text/plain"}))).body())
        == 1 << 20
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, LARGE), "answers with more than 1 MiB"),
        (packed(gzip.compress(LARGE), "gzip"), "more than 1 MiB when unpacked"),
        (packed(BOMB, "gzip"), "more than 1 MiB when unpacked"),
        (packed(gzip.compress(BOMB), "gzip, gzip"), "an encoding that was not asked for: gzip, gzip"),
        (packed(b"...", "br"), "an encoding that was not asked for: br"),
        (packed(gzip.compress(b"miaow")[:-9], "gzip"), "packed its answer wrongly, or ended it early"),
        (packed(gzip.compress(b"") * 20_000, "gzip"), "packed its answer wrongly"),
        (packed(b"miaow", "gzip"), "packed its answer wrongly"),
        (reply(200, b"{", length=50), "ended its answer early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nmi", "ended its answer early"),
        (b"", "ended its answer early, or does not speak HTTP"),
        (b"SSH-2.0-x\r\n", "ended its answer early, or does not speak HTTP"),
    ],
)
def test_what_cannot_be_read_whole_is_not_stored(server: Live, tmp_path: Path, answer: bytes, words: str) -> None:
    started = time.perf_counter()
    outcome = one(server, tmp_path / "p", answer)
    assert (outcome.kind, outcome.file) == ("failed", None)
    assert outcome.message.startswith(f"127.0.0.1:{server.port} ")
    assert words in outcome.message
    assert "\n" not in outcome.message
    assert time.perf_counter() - started < 2


def test_a_silent_server_is_not_waited_for(server: Live, tmp_path: Path) -> None:
    def late(_: Any) -> bytes:
        time.sleep(0.5)
        return reply(200, {})

    assert "took too long to answer" in one(server, tmp_path / "p", late, limits=QUICK).message


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
# What a server says first, and then again and again.
ENDLESS = {
    "a body": (HEAD + b"Content-Length: 99999999\r\n\r\n", b"x"), "a header": (HEAD, b"X"), "headers": (HEAD, b"X-Y: y\r\n"),
    "a first line": (b"", b"H"), "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "the size of a chunk": (CHUNKED, b"0"), "trailers": (CHUNKED + b"0\r\n", b"A: b\r\n"),
}  # fmt: skip


def endless(first: bytes, again: bytes, pause: float, times: int = 1) -> Callable[[Any], bytes]:
    def answer(handler: Any) -> bytes:
        handler.wfile.write(first)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            handler.wfile.write(again * times)
            time.sleep(pause)
        return b""

    return answer


def all_ends(before: int) -> bool:
    """Whether nothing goes on: neither our thread nor, as it hears of the end, the server's."""
    until = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    return threading.active_count() <= before


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("what", ENDLESS)
def test_a_slow_answer_ends_in_time(
    server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, scheme: str
) -> None:
    base = server.base
    if scheme == "https":
        base = over_tls(server, tmp_path, monkeypatch)
    before = threading.active_count()
    server.answers["/pets/1"] = endless(*ENDLESS[what], 0.03)
    started = time.perf_counter()
    (outcome,) = run(pets(tmp_path / "p"), [Call("get_pet", {"id": 1})], base, limits=Limits(whole=0.3))
    assert outcome.message == f"127.0.0.1:{server.port} takes more than 0.3 seconds to answer"
    assert time.perf_counter() - started < 20  # without the deadline it would be for ever
    assert all_ends(before)


@pytest.mark.parametrize("what", ["100 Continue", "trailers"])
def test_a_fast_endless_answer_is_not_read_to_its_end(server: Live, tmp_path: Path, what: str) -> None:
    answer = endless(*ENDLESS[what], 0, 2000)
    outcome = one(server, tmp_path / "p", answer, limits=Limits(whole=1.5, body=1 << 16))
    assert outcome.message.endswith("sends more than 256 KiB for one answer")


def test_an_answer_on_a_connection_that_is_used_again_ends_in_time(server: Live, tmp_path: Path) -> None:
    clients, before = [], threading.active_count()

    def quick(handler: Any) -> bytes:
        clients.append(handler.client_address)
        handler.close_connection = False
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

    def slow(handler: Any) -> bytes:
        clients.append(handler.client_address)
        return endless(*ENDLESS["trailers"], 0.03)(handler)

    server.answers |= {"/pets/1": quick, "/pets/2": slow}
    wanted = [Call("get_pet", {"id": 1}), Call("get_pet", {"id": 2})]
    first, second = run(pets(tmp_path / "p"), wanted, server.base, limits=Limits(whole=0.3))
    assert (first.kind, "takes more than 0.3 seconds" in second.message) == ("new", True)
    assert clients[0] == clients[1]
    assert all_ends(before)


def test_a_name_that_is_looked_up_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()

    def hangs(*_: object, **__: object) -> list[Any]:
        ends.wait(5)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    wanted = [Call("get_pet", {"id": 1})]
    (outcome,) = run(pets(tmp_path / "p"), wanted, "http://a.localhost", limits=Limits(whole=0.1))
    ends.set()
    assert outcome.message == "a.localhost takes more than 0.1 seconds to answer"


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    gone = Live()
    gone.close()
    outcomes = run(pets(tmp_path / "p"), [Call("get_pet", {"id": number}) for number in range(5)], gone.base)
    assert outcomes[0].message == f"127.0.0.1:{gone.port} cannot be reached: it refuses connections"
    assert [outcome.message[:8] for outcome in outcomes[3:]] == ["not sent"] * 2
    (unknown,) = run(pets(tmp_path / "p"), [Call("get_pet", {"id": 1})], "http://no-such-host.localhost")
    assert unknown.kind == "failed"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that nobody has signed."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there")
    key, made = folder / "key.pem", folder / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 -addext"
    subprocess.run(
        ["openssl", *words.split(), "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True,
        capture_output=True,
    )
    return key, made


def over_tls(server: Live, folder: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    """The base URL of the server, which now wants TLS; its certificate is trusted if there is a monkeypatch."""
    key, made = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    if monkeypatch:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    return server.base.replace("http:", "https:")


def test_certificates_are_checked(server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = over_tls(server, tmp_path)
    server.answers |= {"/pets/1": reply(200, {}), "/pets/2": reply(302, b"", {"Location": f"{server.base}/pets/1"})}
    wanted = [Call("get_pet", {"id": 1}), Call("get_pet", {"id": 2})]
    (refused, _) = run(pets(tmp_path / "p"), wanted, base)
    assert "has a certificate that cannot be trusted" in refused.message
    # A bundle of the user's own is used; from https nothing leads to http.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    good, downgraded = run(pets(tmp_path / "p"), wanted, base)
    assert good.kind == "new"
    assert downgraded.message.endswith("redirects from https to http, which is not followed")


def test_the_proxy_of_the_environment_is_used(server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.base)
    server.answers["http://api.pets.test/pets/1"] = reply(200, {"id": 1})
    (outcome,) = run(pets(tmp_path / "p", "http://api.pets.test"), [Call("get_pet", {"id": 1})])
    assert stored(outcome).json == {"id": 1}


# Redirects


def test_redirects_are_followed_to_the_same_host(server: Live, tmp_path: Path) -> None:
    server.answers |= {
        "/pets/1": reply(301, b"moved", {"Location": "/two?a=1"}),
        "/two": reply(302, b"", {"Location": f"{server.base}/three"}),
        "/three": reply(307, b"", {"Location": "four#x"}),
        "/four": reply(200, {"id": 1}),
    }
    outcome = run(pets(tmp_path / "p", secrets=[AUTH]), [Call("get_pet", {"id": 1})], server.base, {"PETS": TOKEN})[0]
    assert stored(outcome).json == {"id": 1}
    assert [seen[2]["authorization"] for seen in server.seen] == [f"Bearer {TOKEN}"] * 4
    assert replayed(tmp_path / "p", outcome.call).status == 200


def test_secrets_do_not_go_to_another_host(server: Live, tmp_path: Path) -> None:
    other = Live()
    try:
        other.answers["/x"] = reply(302, b"", {"Location": f"{server.base}/back"})
        server.answers |= {
            "/pets/1": reply(307, b"", {"Location": f"{other.base}/x", "Set-Cookie": "session=1"}),
            "/back": reply(200, {"id": 1}),
            "/pets/2": reply(302, b"", {"Location": f"{other.base}/x?again={quote(TOKEN)}"}),
        }
        folder = pets(tmp_path / "p", secrets=SECRETS)
        secrets = {"PETS": TOKEN, "PETS_ID": "70512349"}
        first, second = run(folder, [Call("get_pet", {"id": 1}), Call("get_pet", {"id": 2})], server.base, secrets)
        assert first.kind == "new"
        assert {"authorization", "x-key", "cookie"} <= server.seen[0][2].keys()
        assert server.seen[0][1] == f"/pets/1?key={quote(TOKEN, safe='')}"
        (_, path, headers, _), (_, _, back, _) = other.seen[0], server.seen[1]
        assert TOKEN not in f"{path}{headers}{back}"
        assert not {"authorization", "x-key", "cookie"} & (headers.keys() | back.keys())
        assert "with a secret in the address" in second.message
        assert len(other.seen) == 1
    finally:
        other.close()


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/pets/1", "redirects more than 3 times"),
        ("file:///etc/passwd", "redirects to something that is no address"),
        ("http://me:pass@127.0.0.1/", "redirects to something that is no address"),
        ("http://[::1", "redirects to something that is no address"),
        ("//", "redirects more than 3 times"),
    ],
)
def test_redirects_that_are_not_followed(server: Live, tmp_path: Path, location: str, words: str) -> None:
    outcome = one(server, tmp_path / "p", reply(302, b"", {"Location": location}))
    assert (outcome.kind, words in outcome.message) == ("failed", True), outcome.message
    assert len(server.seen) <= 4


@pytest.mark.parametrize(
    ("first", "target", "words"),
    [
        ("93.184.216.34", "http://169.254.169.254/latest/meta-data", "a link-local address"),
        ("93.184.216.34", "http://[fe80::1]/", "a link-local address"),
        ("93.184.216.34", "http://127.0.0.1:{port}/two", "an address of this machine"),
        ("93.184.216.34", "http://0.0.0.0:{port}/two", "an address of this machine"),
        ("93.184.216.34", "http://2130706433:{port}/two", "an address of this machine"),
        ("93.184.216.34", "http://[::ffff:127.0.0.1]:{port}/two", "an address of this machine"),
        ("93.184.216.34", "http://10.1.2.3/", "an address in a private network"),
        ("93.184.216.34", "http://[fd00:ec2::254]/", "an address in a private network"),
        ("192.168.1.2", "http://127.0.0.1:{port}/two", "an address of this machine"),
        ("127.0.0.1", "http://169.254.169.254/", "a link-local address"),
        ("127.0.0.1", "http://127.0.0.1:{port}/two", ""),
        ("::1", "http://127.0.0.1:{port}/two", ""),
    ],
)
def test_redirects_into_an_inner_network(
    server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, target: str, words: str
) -> None:
    looked_up = live._addresses
    monkeypatch.setattr(
        live, "_addresses", lambda host, port: {first} if host == "localhost" else looked_up(host, port)
    )
    location = target.format(port=server.port)
    server.answers |= {"/pets/1": reply(302, b"", {"Location": location}), "/two": reply(200, {"id": 1})}
    base = f"http://localhost:{server.port}"
    (outcome,) = run(pets(tmp_path / "p"), [Call("get_pet", {"id": 1})], base)
    said = f"localhost:{server.port} redirects to {words}, which is not followed" if words else ""
    assert (outcome.message, len(server.seen)) == (said, 1 if words else 2)


def test_the_body_of_a_redirect_is_not_read(server: Live, tmp_path: Path) -> None:
    bomb = {"Location": "/two", "Content-Encoding": "gzip", "Content-Type": "text/plain"}
    server.answers |= {"/pets/1": reply(302, b"not gzip" + LARGE, bomb), "/two": reply(200, {"id": 1})}
    (outcome,) = run(pets(tmp_path / "p"), [Call("get_pet", {"id": 1})], server.base)
    assert stored(outcome).json == {"id": 1}


@pytest.mark.parametrize(
    ("status", "method", "target", "becomes"),
    [
        (301, "POST", "/b", "GET https://a.test/b None"),
        (303, "PUT", "/b", "GET https://a.test/b None"),
        (307, "POST", "/b", "POST https://a.test/b b'x'"),
        (308, "PUT", "https://a.test:443/b", "PUT https://a.test:443/b b'x'"),
        (303, "POST", "https://b.test/", "GET https://b.test/ None"),
        (307, "POST", "https://b.test/", None),
        (302, "PUT", "https://a.test:444/", None),
        (302, "GET", "http://a.test/b", None),
    ],
)
def test_what_a_redirect_makes_of_a_request(status: int, method: str, target: str, becomes: str | None) -> None:
    request = live._Sending(method, "https://a.test/a", {"X-Key": "k"}, None if method == "GET" else b"x")
    if becomes is None:
        with pytest.raises(live.Unreachable, match="not followed"):
            live._redirected(request, status, target, Keys())
        return
    after = live._redirected(request, status, target, Keys())
    assert f"{after.method} {after.url} {after.body!r}" == becomes
    assert after.headers == ({"X-Key": "k"} if "a.test" in target or target == "/b" else {})


# The only door to the network

DOORS = {"socket", "http.client", "urllib.request", "urllib3", "httpx", "aiohttp", "asyncio", "ftplib", "smtplib", "xmlrpc", "ssl", "requests.sessions", "requests.api"}  # fmt: skip
OPEN = {"mocktools/recording/line.py", "mocktools/recording/live.py", "mocktools/transport.py"}
VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "Session", "session", "sessions", "api"}


def test_nothing_else_can_reach_the_network() -> None:
    for path in sorted([*ROOT.glob("stesim/**/*.py"), *ROOT.glob("mocktools/**/*.py")]):
        where = path.relative_to(ROOT).as_posix()
        if where in OPEN:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
                assert node.module != "requests" or not VERBS & {alias.name for alias in node.names}, where
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "requests":
                assert node.attr not in VERBS, f"{where}, line {node.lineno}: requests.{node.attr}"
            assert not {name for name in names if name in DOORS or name.split(".")[0] in DOORS}, where
