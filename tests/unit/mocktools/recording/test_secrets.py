"""No secret of the recorder's is stored or sent elsewhere, whatever the server does with it."""

from __future__ import annotations

import base64
import html
import json
import quopri
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mocktools.errors import MockToolsError
from mocktools.exchanges.format import Call
from mocktools.recording import live
from mocktools.recording.hidden import Hidden, Keys, filled
from mocktools.tools import Secret
from tests.unit.mocktools.recording.conftest import (
    AUTH,
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

# Secrets


def test_no_secret_that_comes_back_is_stored(server: Live, tmp_path: Path) -> None:
    echo = {
        "headers": {"auth": f"Bearer {TOKEN}"},
        f"key {TOKEN}": quote(TOKEN, safe=""),
        "b64": base64.b64encode(f"user:{TOKEN}".encode()).decode(),
        "hex": TOKEN.encode().hex(),
        "nested": json.dumps({"t": TOKEN}),
        "number": 70512349,
        "fine": 12,
    }
    body = reply(200, echo, {"Link": f"</pets?key={quote(TOKEN)}>; rel=next", "X-Token": TOKEN, "Set-Cookie": TOKEN})
    server.answers["/pets/1"] = body
    folder = pets(tmp_path / "p", secrets=SECRETS)
    (outcome,) = run(folder, [Call("get_pet", {"id": 1})], server.base, {"PETS": f"{TOKEN}\n", "PETS_ID": "70512349"})
    kept = stored(outcome)
    assert server.seen[0][2]["cookie"] == "id=x70512349"
    assert outcome.file is not None
    text = outcome.file.read_text()
    for part in (TOKEN, "S3cret", quote(TOKEN, safe=""), "czNjcmV0", "UzNjcmV0", "70512349", TOKEN.encode().hex()):
        assert part not in text
    assert kept.json["headers"] == {"auth": "Bearer [removed]"}
    assert kept.json["nested"] == '{"t": "[removed]"}'
    assert (kept.json["number"], kept.json["fine"]) == ("[removed]", 12)
    assert kept.json["key [removed]"] == "[removed]"
    assert "removed ${PETS} in json.headers.auth" in outcome.notes
    assert not any(TOKEN in note for note in outcome.notes)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=8, max_size=40))
@example("a%2Fb%252F")
@example("&amp;&amp;")
@example("=3D\\u0041\\")
def test_a_value_is_found_in_every_writing(value: str) -> None:
    hidden = Hidden({"${X}": value})
    pad = "some text before "
    writings = {
        "raw": value, "url": quote(value, safe=""), "json": json.dumps(value), "hex": value.encode().hex(),
        "base64": base64.b64encode((pad + value + "?").encode()).decode(), "url twice": quote(quote(value, safe="")),
        "base32": base64.b32encode((pad + value + "?").encode()).decode(), "hex with :": value.encode().hex(":"),
        "JSON in JSON": json.dumps(json.dumps(value)),
    }  # fmt: skip
    for name, text in writings.items():
        clean, found = hidden.without({"a": f"<{text}>"})
        assert found == ["${X} in a"], name
        if value not in "[removed]":
            assert value not in clean["a"], name


@pytest.mark.parametrize(
    "odd",
    [
        "".join(f"%{ord(sign):02x}" for sign in TOKEN),
        base64.b64encode(base64.b64encode(TOKEN.encode())).decode(),
        TOKEN.encode().hex(",").upper(),
    ],
)
def test_a_form_that_cannot_be_taken_out_is_refused(server: Live, tmp_path: Path, odd: str) -> None:
    server.answers["/pets/1"] = reply(200, {"odd": odd})
    folder = pets(tmp_path / "p", secrets=[AUTH])
    (outcome,) = run(folder, [Call("get_pet", {"id": 1})], server.base, {"PETS": TOKEN})
    assert "${PETS} in a form that cannot be taken out" in outcome.message
    assert not (folder / "fixtures").exists()


def json_in(value: object, times: int) -> str:
    for _ in range(times):
        value = json.dumps(value)
    return str(value)


@pytest.mark.parametrize("value", [TOKEN, 's3cr/et+K=y"<&>0', "abcdEF12xyz9876QQ", "a%2Fb&amp;\\u0041=3D", "Abc-12345"])
def test_a_value_is_found_in_writings_within_one_another(value: str) -> None:
    data = value.encode()
    once = quote(value, safe="")
    writings = {
        "four times JSON": json_in({"k": value}, 4), "url three times": quote(quote(once)),
        "\\u": json_in("".join(f"\\u{ord(sign):04x}" for sign in value), 1), "octal": "".join(f"\\{sign:03o}" for sign in data),
        "\\x": "".join(f"\\x{sign:02X}" for sign in data), "0x": ", ".join(f"0x{sign:02x}" for sign in data),
        "HTML numbers": "".join(f"&#{sign};" for sign in data), "HTML in url": quote(html.escape(value)),
        "quoted-printable": "".join(f"={sign:02X}" for sign in data), "mail": quopri.encodestring(data).decode(),
        "base64 twice": base64.b64encode(base64.b64encode(data)).decode(), "list": json.dumps(list(value)),
        "base64 in lines": "\n".join(base64.b64encode(data).decode()[at : at + 4] for at in range(0, 60, 4)),
        "base64 of JSON in JSON": base64.b64encode(json_in([value], 3).encode()).decode(),
        "base64url of url": base64.urlsafe_b64encode(once.encode()).decode(), "hex of JSON": json_in([value], 2).encode().hex(),
        "other case": value.swapcase(), "soft hyphens": "\u00ad".join(value), "spaces": " ".join(value),
        "wide": "".join(chr(sign + 0xFEE0) if 33 <= sign < 127 else chr(sign) for sign in data),
    }  # fmt: skip
    hidden = Hidden({"${X}": value, "${Y}": "another-1234"})
    missed = [
        name
        for name, text in writings.items()
        if hidden.inside(json.dumps({"a": [f"see <{text}>"]}, ensure_ascii=False)) != "${X}"
    ]
    assert missed == []


DATA = TOKEN.encode()
WRITINGS = [
    quote(quote(quote(TOKEN, safe=""))), base64.b32encode(DATA).decode(), DATA.hex("-"), TOKEN.swapcase(),
    base64.urlsafe_b64encode(base64.b64encode(DATA)).decode(), ".".join(TOKEN.replace("/", "").replace("=", "")),
]  # fmt: skip


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_redirect_takes_no_secret_along_in_any_writing(writing: str) -> None:
    keys = Keys(hidden=Hidden({"${PETS}": TOKEN}))
    request = live._Sending("GET", "https://a.test/a", {}, None)
    hosts = [f"{writing}.b.test/"] if writing.replace(".", "").isalnum() else []
    for target in (f"b.test/?a={writing}", f"b.test/{writing}/c", *hosts):
        with pytest.raises(live.Unreachable, match="with a secret in the address"):
            live._redirected(request, 302, f"https://{target}", keys)
    assert live._redirected(request, 302, f"/?a={writing}", keys).url == f"https://a.test/?a={writing}"


def test_a_long_answer_is_searched_in_bounded_time() -> None:
    hidden = Hidden({"${X}": TOKEN})
    for text in ("\\\\%25=41&amp;" * 5_000, base64.b64encode(bytes(range(256)) * 200).decode(), "%25" * 20_000):
        started = time.perf_counter()
        assert hidden.inside(text) is None
        assert time.perf_counter() - started < 1.5


def test_personal_data_are_taken_out_unless_told_otherwise(server: Live, tmp_path: Path) -> None:
    body = reply(200, {"owner": "ann@firm.org", "name": "Tom"})
    outcome = one(server, tmp_path / "p", body)
    assert stored(outcome).json == {"owner": "removed@example.com", "name": "Tom"}
    assert outcome.notes == ("removed e-mail address in json.owner",)
    again = one(server, tmp_path / "p", body, keep_personal=True)
    assert (again.kind, again.notes) == ("changed", ("kept e-mail address in json.owner",))
    assert json.loads(replayed(tmp_path / "p", again.call).body)["owner"] == "ann@firm.org"


@pytest.mark.parametrize(
    ("secret", "environment", "words"),
    [
        (AUTH, {}, "the environment variable PETS is not set"),
        (AUTH, {"PETS": " "}, "the environment variable PETS is not set"),
        (AUTH, {"PETS": "abc-123"}, "fewer than 8 characters"),
        (AUTH, {"PETS": "aA-aA-aA-aA-aA"}, "fewer than 4 different characters"),
        (AUTH, {"PETS": "sunshine"}, "is one word (fewer than 12 letters, and nothing else)"),
        (AUTH, {"PETS": "application/JSON"}, "is what many an answer says anyway"),
        (AUTH, {"PETS": "text/html; charset=utf-8"}, "is what many an answer says anyway"),
        (AUTH, {"PETS": "12345678"}, "is what many an answer says anyway"),
        (
            {**AUTH, "value": "Basic ${PETS}"},
            {"PETS": "bWU6cGFzc3dk"},
            'the password in header "Authorization" has fewer',
        ),
        ({**AUTH, "value": "Basic ${PETS}"}, {"PETS": "bWU6eA=="}, 'the user name in header "Authorization" has fewer'),
        (AUTH, {"PETS": "to\nken-123"}, "signs that a header cannot hold"),
        (AUTH, {"PETS": "tökén-123"}, "signs that a header cannot hold"),
        ({**AUTH, "in": "cookie", "value": "${PETS}"}, {"PETS": "a;bcd-123"}, "signs that a cookie cannot hold"),
        ({**AUTH, "value": "${1}"}, {}, "write ${NAME}"),
        ({**AUTH, "name": "A b"}, {"PETS": "tokens-12"}, "a name that cannot be sent"),
    ],
)
def test_a_secret_that_cannot_be_filled(
    tmp_path: Path, secret: dict[str, str], environment: dict[str, str], words: str
) -> None:
    with pytest.raises(MockToolsError) as caught:
        run(pets(tmp_path / "p", secrets=[secret]), [Call("get_pet", {"id": 1})], "http://127.0.0.1:9", environment)
    assert words in str(caught.value)
    assert not any(value.strip() in str(caught.value) for value in environment.values() if value.strip())


def test_secrets_stay_off_the_open_wire(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p", "http://api.pets.test", secrets=[AUTH])
    with pytest.raises(MockToolsError, match="not sent over http"):
        run(folder, [Call("get_pet", {"id": 1})], environment={"PETS": TOKEN})
    with pytest.raises(MockToolsError, match=r"the arguments hold \$\{PETS\}"):
        run(folder, [Call("get_pet", {"id": TOKEN})], "https://127.0.0.1:9", {"PETS": TOKEN})
    with pytest.raises(MockToolsError, match=r"the arguments hold a secret \(value of api_key\)"):
        run(folder, [Call("find pets", {"api_key": "9f8a7b6c5d4e3f2a1b0c"})])


@pytest.mark.parametrize("value", ["DEMO_KEY", "hunter22", "correct horse", "aaaabbbbcccc-dddd", "70512349"])
def test_secrets_that_can_be_told_apart(value: str) -> None:
    keys = filled([Secret("query", "key", "${K}")], {"K": value})
    assert keys.hidden.without(f"my {value}")[0] == "my [removed]"
    assert keys.hidden.inside('{"Content-Type": "application/json", "text": ["headers", null, 7051234]}') is None


def test_a_password_in_basic_credentials_is_a_secret() -> None:
    pair = base64.b64encode(b"me:hunter22").decode()
    keys = filled([Secret("header", "Authorization", "Basic ${PAIR}")], {"PAIR": pair})
    assert keys.hidden.without(["it is hunter22"])[0] == ["it is [removed]"]
    assert "hunter22" not in repr(keys)
    assert pair not in repr(keys)
    key = base64.b64encode(b"key-4f7a91:x").decode()
    keys = filled([Secret("header", "Authorization", "Basic ${PAIR}")], {"PAIR": key})
    assert keys.hidden.without(["it is key-4f7a91"])[0] == ["it is [removed]"]
    # What is written out in tools.json is no secret if it cannot be one.
    assert filled([Secret("header", "Authorization", "Basic bWU6cGFzc3dk")], {}).hidden.inside("passwd") is None


def test_no_password_of_a_netrc_is_sent(server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter22\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    one(server, tmp_path / "p", reply(200, {}, {"Set-Cookie": "a=1"}))
    one(server, tmp_path / "p", reply(200, {}))
    assert not any({"authorization", "cookie"} & headers.keys() for _, _, headers, _ in server.seen)
