"""What counts as a secret, what does not, and that searching takes a bounded number of steps."""

from __future__ import annotations

from typing import Any

import pytest

from mocktools.exchanges import secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEY = "Zk3vQ9xL1mT7bW2pR8sN"

FOUND = [
    ("sk-proj-abcdefghij0123456789", "OpenAI-style key"),
    ("see AKIAIOSFODNN7EXAMPLE.", "AWS key"),
    ("ghp_" + "a1B2c3" * 6, "GitHub token"),
    ("github_pat_" + "a1B2c3" * 6, "GitHub token"),
    ("glpat-" + "a1B2c3" * 4, "GitLab token"),
    ("xox" + "b-123456789012-abcdef", "Slack token"),
    ("AIza" + "a1B2c" * 7, "Google key"),
    ("hf_" + "a1B2c" * 6, "Hugging Face token"),
    ("sk_live_" + "a1B2c3d4" * 3, "Stripe key"),
    (JWT, "JSON web token"),
    ("Authorization: Bearer abc.123-DEF_456", "bearer token"),
    ("Basic dXNlcjpwYXNzd29yZA==", "basic credentials"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "private key"),
    ("-----BEGIN PRIVATE KEY-----\\nMIIE", "private key"),
    ("https://ann:hunter2@api.example/v1", "password in a URL"),
    (f"https://api.example/v1?lang=de&api_key={KEY}", "key in a URL"),
    (f"https://api.example/v1?appid={KEY}#top", "key in a URL"),
    ("https://api.example/v1?password=hunter2", "key in a URL"),
    ("write to Ann.Lee+x@mail.firm.org, please", "e-mail address"),
    ({"Set-Cookie": "id=1"}, "header Set-Cookie"),
    ({"authorization": "anything"}, "header authorization"),
    ({"X-API-Key": "1"}, "header X-API-Key"),
    ({"clientSecret": KEY}, "value of clientSecret"),
    ({"access_token": KEY}, "value of access_token"),
    ({"tokens": [KEY]}, "value of tokens"),
    ({"password": "hunter2"}, "value of password"),
    ({"ann@firm.org": 1}, "e-mail address"),
]
HARMLESS = [
    "a plain text with the word token and secret and Bearer of news",
    "https://api.example/v1?key=apple&token=3&q=secret",
    "https://api.example:8080/v1@2",
    "ann@example.com, bob@mail.example.org, cy@firm.example, dee@localhost, e@host.test, f@a.invalid",
    "Basic knowledge == power",
    {"next_page_token": KEY, "pageToken": KEY, "syncToken": KEY, "cursor": KEY},
    {"max_tokens": 100, "token": "abc", "author": "Zk3vQ9xL1mT7bW2pR8sN", "id": KEY, "hash": "a" * 40},
    {"Authorization": "Bearer ${PETSTORE_TOKEN}", "api_key": "${KEY}", "password": "<password>", "secret": "REMOVED"},
    {"in": "header", "name": "Authorization", "value": "Bearer ${PETSTORE_TOKEN}"},
    {"password": {"type": "string", "description": "At least eight characters."}},
    {"Cookie": ""},
    {"api_key_id": KEY, "tokenId": KEY, "password": "********"},
    {"total": 1.5, "none": None, "truth": True},
]


@pytest.mark.parametrize(("content", "kind"), FOUND, ids=[kind for _, kind in FOUND])
def test_a_secret_is_found_and_taken_out(content: Any, kind: str) -> None:
    assert kind in [found for found, _ in secrets.find(content)]
    cleaned = secrets.scrub(content)
    assert secrets.find(cleaned) == []
    assert type(cleaned) is type(content)


@pytest.mark.parametrize("content", HARMLESS)
def test_what_is_no_secret_stays(content: Any) -> None:
    assert secrets.find(content) == []
    assert secrets.scrub(content) == content


def test_places_are_told_but_no_secret() -> None:
    content = {"exchanges": [{"a": 1}, {"response": {"headers": {"Set-Cookie": KEY}}}], "ann@firm.org": {"note": JWT}}
    found = secrets.find(content)
    assert ("header Set-Cookie", "exchanges[1].response.headers.Set-Cookie") in found
    assert "ann@" not in str(found)
    assert KEY not in str(found)
    assert JWT not in str(found)


def test_what_only_its_name_makes_a_secret_is_masked() -> None:
    content = {"password": "hunter2", "list": [{"tokens": [KEY]}], "token": "abc", "note": KEY, "secret_id": KEY}
    stars = "*" * len(KEY)
    found = secrets.masked(content)
    assert found == {**content, "password": "*" * 7, "list": [{"tokens": [stars]}], "secret_id": stars}
    assert secrets.find(found) == []


def test_what_stays_is_the_text_around_a_secret() -> None:
    assert (
        secrets.scrub(f"a https://u:p@h.example/?q=1&token={KEY}&r=2 b")
        == "a https://h.example/?q=1&token=REMOVED&r=2 b"
    )
    assert secrets.scrub(["to ann@firm.org", {"n": 1}]) == ["to removed@example.com", {"n": 1}]


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "-eyJ", "a.", "a@", "a:", "a://", "?key=", "Bearer ", "Basic A", "AKIA", "-----BEGIN ", "${", "<", "."],
)
def test_a_long_text_of_beginnings_is_searched_in_linear_time(piece: str) -> None:
    """No clock: a text a hundred times as long as one that takes quadratic time would not come back."""
    text = piece * (400_000 // len(piece))
    secrets.find({"token": text, "note": text})
