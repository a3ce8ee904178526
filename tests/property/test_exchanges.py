"""Requests that mean the same are the same; files come back as they were written; no text makes matching slow."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from mocktools.exchanges import format, secrets
from mocktools.exchanges.format import ABSENT, Call, Exchange, FixtureFile, Request, Response
from mocktools.exchanges.matching import canonical, canonical_json, differences, fits, glob
from mocktools.exchanges.patterns import covers, overlap, wildcards
from mocktools.tools import Outgoing

few = st.text("ab*", max_size=6)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["*", "...", "{a}", "%2A", "a+b"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
pairs = st.lists(st.tuples(st.sampled_from("abc") | texts, texts), max_size=5)
segments = st.lists(st.text("aZ0-._~é /%", min_size=1, max_size=5).filter(lambda text: text.strip(".")), max_size=3)


def url(path: list[str], query: list[tuple[str, str]]) -> str:
    from urllib.parse import quote

    address = "https://api.example/" + "/".join(quote(segment, safe="") for segment in path)
    return f"{address}?{urlencode(query)}" if query else address


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def reordered(value: Any) -> Any:
    """The same JSON with the members the other way round and whole numbers written as floats."""
    if isinstance(value, dict):
        return {name: reordered(inner) for name, inner in reversed(value.items())}
    if isinstance(value, list):
        return [reordered(inner) for inner in value]
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if whole else value


@given(path=segments, query=pairs, value=values)
@example(path=["%2F"], query=[("a", "1"), ("b", ""), ("a", "0")], value={"a": -0.0})
def test_the_order_of_names_and_the_spelling_of_a_request_do_not_count(
    path: list[str], query: list[tuple[str, str]], value: Any
) -> None:
    by_name = sorted(
        query, key=lambda pair: pair[0], reverse=True
    )  # a stable sort: values of one name keep their order
    one = canonical("post", url(path, query), body(value))
    other = canonical("POST", url(path, by_name).replace("api.example", "API.Example:443"), body(reordered(value)))
    assert (one, str(one), hash(one)) == (other, str(other), hash(other))
    # A canonical form is its own.
    assert canonical(one.method, one.url, one.body.encode()) == one


requests = st.builds(
    lambda method, path, query, value: canonical(method, url(path, query), body(value)),
    st.sampled_from(["POST", "PUT"]),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=3),
    st.recursive(
        st.sampled_from([1, 1.0, True, "1", None]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
)


@given(one=requests, other=requests)
def test_exact_is_the_same_request_and_a_pattern_without_wildcards_is_exact(one: Any, other: Any) -> None:
    same = one == other
    assert (not differences(one, other, wild=False)) == same == (str(one) == str(other))
    assert wildcards(one) == 0
    assert fits(one, other) == overlap(one, other) == covers(one, other) == same


@given(pattern=few, text=st.text("ab", max_size=8))
@example(pattern="a*a", text="a")
@example(pattern="*ab*b", text="ab")
def test_a_star_stands_for_any_text(pattern: str, text: str) -> None:
    expected = ".*".join(map(re.escape, pattern.split("*")))
    assert glob(pattern, text) == bool(re.fullmatch(expected, text))


class Counted(str):
    """A text that counts how often it is searched."""

    steps = 0

    def find(self, *arguments: Any) -> int:
        Counted.steps += 1
        return super().find(*arguments)


@given(pieces=st.lists(st.text("ab", max_size=3), max_size=200))
@example(pieces=["a"] * 5000)
def test_a_pattern_is_searched_for_at_most_once_a_star(pieces: list[str]) -> None:
    Counted.steps = 0
    glob("*".join(pieces) + "*b", Counted("a" * 10_000))
    assert Counted.steps <= len(pieces) + 1


def asked(text: str) -> Any:
    return canonical("GET", url([], [("q", text)]))


@given(one=few, other=few, text=st.text("ab", max_size=8))
def test_overlap_and_cover_agree_with_what_matches(one: str, other: str, text: str) -> None:
    mine, theirs, request = asked(one), asked(other), asked(text)
    if fits(mine, request) and fits(theirs, request):
        assert overlap(mine, theirs)
    if covers(mine, theirs) and fits(theirs, request):
        assert fits(mine, request)
    assert overlap(mine, theirs) == overlap(theirs, mine)
    if overlap(mine, theirs) and "*" in one and "*" in other:
        # The text that proves it: the longer beginning, what lies between the stars of both, the longer end.
        (first, *middle, last), (begin, *centre, end) = one.split("*"), other.split("*")
        proof = asked("".join([max(first, begin, key=len), *middle, *centre, max(last, end, key=len)]))
        assert fits(mine, proof)
        assert fits(theirs, proof)


responses = st.builds(
    Response,
    st.integers(200, 203) | st.integers(400, 599),
    st.dictionaries(st.sampled_from(["X-Id", "Content-Type"]), st.sampled_from(["1", "text/html"]), max_size=2),
    st.just(ABSENT) | values,
) | st.builds(lambda text: Response(text=text), texts)
queries = st.dictionaries(texts, texts | st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=2)
asking = st.builds(
    lambda path, query, value: Request("POST", url(path, []), query, value), segments, queries, st.just(ABSENT) | values
) | st.builds(lambda text: Request("PUT", "http://a.example:8080", text=text), texts)
exchanges = st.builds(
    lambda request, response, match: Exchange(request, response, match=match),
    asking,
    responses,
    st.sampled_from(["exact", "pattern"]),
) | st.builds(
    lambda arguments, response, many: Exchange(
        None, response, Call("t", arguments), "table", "rows", {"a": "b"}, many, response
    ),
    st.dictionaries(texts, values, max_size=2),
    st.none() | responses,
    st.booleans(),
)
said = texts.filter(lambda text: re.search(r"\S", text))
files = st.builds(
    FixtureFile,
    said,
    said,
    said,
    texts,
    st.lists(exchanges, max_size=3).map(tuple),
    st.dictionaries(texts, st.lists(st.dictionaries(texts, values, max_size=2), max_size=3), max_size=2),
)


@given(content=files)
def test_a_file_comes_back_as_it_was_written(content: FixtureFile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        format.write(path, content)
        again = format.read(path)
        assert again == content
        data = path.read_bytes()
        format.write(path, again)
        assert path.read_bytes() == data


@given(path=segments, query=pairs, sent=st.none() | texts.map(str.encode) | values.map(body), got=texts)
def test_a_recorded_exchange_answers_the_request_that_it_was_made_of(
    path: list[str], query: list[tuple[str, str]], sent: bytes | None, got: str
) -> None:
    outgoing = Outgoing("POST", url(path, query), {}, sent)
    exchange = Exchange.of(outgoing, 200, {"Content-Type": "text/plain"}, got.encode())
    assert exchange.request is not None
    assert exchange.request.canonical() == canonical("POST", outgoing.url, sent)
    assert exchange.response is not None
    assert exchange.response.body() == got.encode()


@given(value=values)
def test_canonical_json_is_json_and_its_own_canonical_form(value: Any) -> None:
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


pieces = st.sampled_from(
    [
        "ghp_" + "a1B2" * 6,
        "AKIA" + "ABCD1234" * 2,
        "ann@firm.org",
        "https://me:pass@h/",
        "Bearer 1234567890ab",
        "@",
        ".",
        "://",
    ]
)
leaking = st.lists(pieces | texts, max_size=6).map("".join)
names = st.sampled_from(["token", "api_key", "password", "Authorization", "note"]) | leaking


@given(
    content=st.recursive(leaking, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))
)
@example(content="https://a:b@c:d@host/")
@example(content="ann@firm.org-other.org")
def test_nothing_is_found_in_what_was_scrubbed(content: Any) -> None:
    cleaned = secrets.scrub(content)
    assert secrets.find(cleaned) == []
    assert secrets.scrub(cleaned) == cleaned
    assert secrets.find(content) or cleaned == content
