"""No secret of the recorder's is stored or sent elsewhere, whatever the server does with it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mocktools.errors import MockToolsError
from mocktools.exchanges.format import Call
from mocktools.recording.hidden import Hidden, filled
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
        "number": 1234567,
        "fine": 12,
    }
    body = reply(200, echo, {"Link": f"</pets?key={quote(TOKEN)}>; rel=next", "X-Token": TOKEN, "Set-Cookie": TOKEN})
    server.answers["/pets/1"] = body
    folder = pets(tmp_path / "p", secrets=SECRETS)
    (outcome,) = run(folder, [Call("get_pet", {"id": 1})], server.base, {"PETS": f"{TOKEN}\n", "PETS_ID": "1234567"})
    kept = stored(outcome)
    assert server.seen[0][2]["cookie"] == "id=x1234567"
    assert outcome.file is not None
    text = outcome.file.read_text()
    for part in (TOKEN, "S3cret", quote(TOKEN, safe=""), "czNjcmV0", "UzNjcmV0", "1234567", TOKEN.encode().hex()):
        assert part not in text
    assert kept.json["headers"] == {"auth": "Bearer [removed]"}
    assert kept.json["nested"] == '{"t": "[removed]"}'
    assert (kept.json["number"], kept.json["fine"]) == ("[removed]", 12)
    assert kept.json["key [removed]"] == "[removed]"
    assert "removed ${PETS} in json.headers.auth" in outcome.notes
    assert not any(TOKEN in note for note in outcome.notes)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=4, max_size=40))
@example("a%2Fb")
@example("&amp;&")
@example("[removed]")
def test_a_value_is_found_in_every_writing(value: str) -> None:
    hidden = Hidden({"${X}": value})
    pad = "some text before "
    writings = {
        "raw": value, "url": quote(value, safe=""), "json": json.dumps(value), "hex": value.encode().hex(),
        "base64": base64.b64encode((pad + value + "?").encode()).decode(),
    }  # fmt: skip
    for name, text in writings.items():
        clean, found = hidden.without({"a": f"<{text}>"})
        assert found == ["${X} in a"], name
        if value not in "[removed]":
            assert value not in clean["a"], name


def test_a_form_that_cannot_be_taken_out_is_refused(server: Live, tmp_path: Path) -> None:
    odd = "".join(f"%{ord(sign):02x}" for sign in TOKEN)
    server.answers["/pets/1"] = reply(200, {"odd": odd})
    folder = pets(tmp_path / "p", secrets=[AUTH])
    (outcome,) = run(folder, [Call("get_pet", {"id": 1})], server.base, {"PETS": TOKEN})
    assert "${PETS} in a form that cannot be taken out" in outcome.message
    assert not (folder / "fixtures").exists()


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
        (AUTH, {"PETS": "abc"}, "fewer than 4 characters"),
        (AUTH, {"PETS": "to\nken-123"}, "signs that a header cannot hold"),
        (AUTH, {"PETS": "tökén"}, "signs that a header cannot hold"),
        ({**AUTH, "in": "cookie", "value": "${PETS}"}, {"PETS": "a;bcd"}, "signs that a cookie cannot hold"),
        ({**AUTH, "value": "${1}"}, {}, "write ${NAME}"),
        ({**AUTH, "name": "A b"}, {"PETS": "tokens"}, "a name that cannot be sent"),
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


@pytest.mark.parametrize("value", ["json", "text", "headers", "removed", "type", "null"])
def test_a_secret_may_be_a_common_word(server: Live, tmp_path: Path, value: str) -> None:
    server.answers["/pets/1"] = reply(200, {"a": f"my {value}"})
    folder = pets(tmp_path / "p", secrets=[AUTH])
    (outcome,) = run(folder, [Call("get_pet", {"id": 1})], server.base, {"PETS": value})
    assert stored(outcome).json == {"a": "my [removed]"}


def test_a_password_in_basic_credentials_is_a_secret() -> None:
    pair = base64.b64encode(b"me:hunter22").decode()
    keys = filled([Secret("header", "Authorization", "Basic ${PAIR}")], {"PAIR": pair})
    assert keys.hidden.without(["it is hunter22"])[0] == ["it is [removed]"]
    assert "hunter22" not in repr(keys)
    assert pair not in repr(keys)


def test_no_password_of_a_netrc_is_sent(server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter22\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    one(server, tmp_path / "p", reply(200, {}, {"Set-Cookie": "a=1"}))
    one(server, tmp_path / "p", reply(200, {}))
    assert not any({"authorization", "cookie"} & headers.keys() for _, _, headers, _ in server.seen)
