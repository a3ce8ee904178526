"""A live answer as a fixture keeps it: its status, its body as text, and the headers that say something lasting.

    kept = response(tool.request({"petId": 1}), answer, keys.hidden)
    print(kept.response.status, kept.notes)

The letters of a body are kept, or it is refused: in a charset that it names rightly, in one that its first bytes give
away, or in UTF-8. Everything else (dates, cookies, counters, ids of requests, how bytes travelled) is left out. Not
covered: charsets named within a body (HTML, XML), images, archives and other answers that are not text.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges import secrets
from mocktools.exchanges.files import printable
from mocktools.exchanges.format import ABSENT, Exchange, Response
from mocktools.recording.hidden import Hidden
from mocktools.recording.live import Answer, Unreachable
from mocktools.tools import Outgoing

# All other headers are left out; new ones that change with each answer turn up all the time.
STABLE = frozenset({
    "allow", "content-language", "content-type", "deprecation", "link", "location", "retry-after", "sunset",
    "www-authenticate", "x-next-page", "x-page", "x-per-page", "x-prev-page", "x-total", "x-total-count",
    "x-total-pages",
})  # fmt: skip
_BINARY = re.compile(
    r"(?:image|audio|video|font)/(?!svg\+xml\b)|multipart/|"
    r"application/(?:octet-stream|pdf|zip|gzip|x-(?:gzip|tar|7z-compressed|bzip2?|protobuf)|protobuf|msgpack|x-msgpack|cbor|wasm|"
    r"vnd\.(?:ms-excel|openxmlformats|google\.protobuf)|grpc)",
    re.IGNORECASE,
)
_CHARSET = re.compile(r"\s*;\s*charset\s*=\s*[\"']?([^\s\"';,]{0,40})[\"']?", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
          (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
# Python has further codecs, such as idna and unicode_escape, that are no charsets of web pages.
_CHARSETS = re.compile(
    r"ascii|utf-(?:8|16|32)(?:-[lb]e)?|iso8859-\d{1,2}|cp(?:125\d|874|932|949|950)|koi8-[ru]|mac-roman|shift_jis|"
    r"euc_(?:jp|kr)|iso2022_jp|gb2312|gbk|gb18030|big5|tis-620"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of an answer, and in words what was changed or may want a look."""

    response: Response
    notes: tuple[str, ...] = ()


def response(sent: Outgoing, answer: Answer, hidden: Hidden, keep_personal: bool = False) -> Kept:
    """What to store of `answer`: without the values of `hidden`, and without e-mail addresses and tokens unless
    `keep_personal`. Raises `Unreachable` for an answer that cannot be stored.
    """
    kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
    text, notes = _text(answer.body, kind)
    headers = {name: value for name, value in answer.headers.items() if _stable(name, value)}
    for name in headers:
        if name.lower() == "content-type":
            # Without a charset, clients would read some types as Latin-1.
            plain = _CHARSET.sub("", kind)
            headers[name] = plain if text.isascii() and plain == kind else f"{plain}; charset=utf-8"
    try:
        made = Exchange.of(sent, answer.status, headers, text.encode()).response
    except MockToolsError as error:
        raise Unreachable(str(error)) from None
    assert made is not None, "an exact exchange has a response"
    clean = _content(made)
    for place, part in clean.items():
        clean[place], found = hidden.without(part, place)
        notes += [f"removed {one}" for one in found]
    for what, place in secrets.find(clean):
        notes.append(f"{'kept' if keep_personal else 'removed'} {what} in {place}")
    if not keep_personal:
        clean = secrets.scrub(clean)
    left = next(filter(None, (hidden.inside(json.dumps(part, ensure_ascii=False)) for part in clean.values())), None)
    if left:
        raise Unreachable(f"the answer has {left} in a form that cannot be taken out; it is not stored")
    return Kept(_response(made.status, clean), tuple(notes))


def _stable(name: str, value: str) -> bool:
    """Whether a header is worth keeping; a challenge with a nonce is another one each time."""
    lower = name.lower()
    return lower in STABLE and (lower != "www-authenticate" or "nonce" not in value.lower())


def _content(made: Response) -> dict[str, Any]:
    body = {} if made.json is ABSENT else {"json": made.json}
    return {"headers": dict(made.headers)} | body | ({} if made.text is None else {"text": made.text})


def _response(status: int, content: Mapping[str, Any]) -> Response:
    return Response(status, content["headers"], content.get("json", ABSENT), content.get("text"))


def _text(body: bytes, kind: str) -> tuple[str, list[str]]:
    """The letters of a body and what is odd about them; raises `Unreachable` if they cannot be had for sure."""
    if not body:
        return "", []
    shown = printable(kind.strip(), _SHOWN) or "an unknown type"
    if _BINARY.match(kind.strip()):
        raise Unreachable(f"the answer is not text ({shown}); it is not stored")
    text, notes = _decoded(body, kind, shown)
    if _CONTROLS.search(text):
        raise Unreachable(f"the answer is not text ({shown}, with control characters); it is not stored")
    return text, notes


def _decoded(body: bytes, kind: str, shown: str) -> tuple[str, list[str]]:
    found = _CHARSET.search(kind)
    said = found[1] if found else ""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            text = _in(charset, body[len(mark) :])
            if text is None:
                raise Unreachable(f"the answer begins as {charset} and goes on otherwise; it is not stored")
            return text, []
    if "json" in kind.partition(";")[0].lower() or not said:
        # JSON is UTF-8 by its standard, whatever a server says.
        text = _in("utf-8", body)
        if text is not None:
            odd = said and not body.isascii() and _codec(said) != "utf-8"
            return text, [f"the answer is UTF-8, though it says {printable(said, _SHOWN)}"] if odd else []
    if not said:
        raise Unreachable(f"the answer ({shown}) names no charset and is not UTF-8; it is not stored")
    codec = _codec(said)
    if codec is None:
        raise Unreachable(f"the answer is in an unknown charset, {printable(said, _SHOWN)}; it is not stored")
    text = _in(codec, body)
    if text is None:
        raise Unreachable(f"the answer says charset {printable(said, _SHOWN)} and is not in it; it is not stored")
    return text, []


def _codec(name: str) -> str | None:
    """Python's name for a charset of web pages, None if it is none."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if _CHARSETS.fullmatch(found) else None


def _in(codec: str, body: bytes) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        return None
