"""One form for all requests that mean the same, and whether a request fits what a fixture says.

    >>> one = canonical("get", "https://API.example:443/v1/pets?b=2&a=1")
    >>> one == canonical("GET", "https://api.example/v1/p%65ts?a=1&b=2"), str(one)
    (True, 'GET https://api.example/v1/pets?a=1&b=2')
    >>> differences(canonical("GET", "https://api.example/v1/pets?a=*&b=2"), one, wild=True)
    []

Three ways to match: exact (the same canonical form), pattern and table (`wild`: `{name}` for a segment of the path, `*`
for any text). Not covered: regular expressions, bodies of forms compared field by field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

import requests

from mocktools.exchanges.files import printable, shown, unfit

Form = Literal["none", "json", "text"]
REST = "..."  # in a pattern: any other names are allowed
ANY = "*"
_PORTS = {"https": 443, "http": 80}
_NAMED = re.compile(r"\{([^{}/]+)\}")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Canonical:
    """A request without what makes no difference to a server.

    The host is in lower case without the scheme's own port, `path` are the decoded segments, `query` is sorted by name
    (values of one name keep their order), `body` is a canonical text: of JSON the members sorted, 1.0 written 1.
    `value` is the JSON itself, for comparing piece by piece.
    """

    method: str
    scheme: str
    host: str
    path: tuple[str, ...]
    query: tuple[tuple[str, tuple[str, ...]], ...] = ()
    form: Form = "none"
    body: str = ""
    value: Any = field(default=None, compare=False, hash=False, repr=False)

    @property
    def url(self) -> str:
        """The address in its canonical form."""
        pairs = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, values in self.query for value in values)
        path = "/".join(_quoted(segment) for segment in self.path)
        return f"{self.scheme}://{self.host}/{path}" + (f"?{pairs}" if self.query else "")

    def __str__(self) -> str:
        """The whole request as one text: the same text means the same request."""
        start = f"{self.method} {self.url}"
        return f"{start} {self.body}" if self.form == "json" else start + (f"\n{self.body}" if self.body else "")


def canonical(method: str, url: str, body: bytes | None = None) -> Canonical:
    """The canonical form of a request; any text is a URL here, and any bytes are a body."""
    text = url.encode("utf-8", "replace").decode()
    try:
        address = urlsplit(text)
        scheme, host = address.scheme.lower(), _host(address.scheme.lower(), address.netloc)
        path, query = address.path, address.query
    except ValueError:  # such as a bracket that is not closed
        scheme, host, path, query = "", "", text, ""
    form, body_text, value = _body(body or b"")
    segments = tuple(_decoded(segment) for segment in path.removeprefix("/").split("/"))
    return Canonical(method.upper(), scheme, host, segments, grouped(query), form, body_text, value)


def grouped(query: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names of a query string in alphabetical order, each with its values in the order that they have."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape"):
        found.setdefault(name, []).append(value)
    return tuple((name, tuple(values)) for name, values in sorted(found.items()))


def canonical_json(value: Any) -> str:
    """JSON as one text that does not depend on the order of members, or on whether a number is written 1 or 1.0."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def glob(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, in which `*` stands for any text.

    Each piece between two stars is looked for once, from where the one before ended; so no text makes it slow.
    """
    first, *pieces = pattern.split(ANY)
    if not pieces:
        return pattern == text
    last = pieces.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in pieces:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@lru_cache(maxsize=1000)
def as_sent(host: str) -> str | None:
    """A host, with its port if it has one, as `requests` writes it on the wire, or None if it would not send that."""
    try:
        url = requests.Request("GET", f"https://{host}/").prepare().url or ""
    except (requests.RequestException, ValueError):
        return None
    return url.removeprefix("https://").removesuffix("/").lower()


def placeholder(segment: str) -> str | None:
    """The name in a segment of a path such as "{petId}", or None if it is no placeholder."""
    found = _NAMED.fullmatch(segment)
    return found[1] if found else None


def captures(pattern: Canonical, got: Canonical) -> dict[str, str]:
    """What stands in the path of `got` for each placeholder of a pattern that it fits."""
    pairs = ((placeholder(wanted), segment) for wanted, segment in zip(pattern.path, got.path, strict=False))
    return {name: segment for name, segment in pairs if name}


def differences(wanted: Canonical, got: Canonical, wild: bool) -> list[str]:
    """Why `got` is not what a fixture wants, in words; empty if it is. `wild`: the fixture is a pattern."""
    return list(_differences(wanted, got, wild))


def fits(wanted: Canonical, got: Canonical) -> bool:
    """Whether `got` fits the pattern `wanted`; stops at the first difference."""
    return next(_differences(wanted, got, True), None) is None


def _differences(wanted: Canonical, got: Canonical, wild: bool) -> Iterator[str]:
    for what in ("method", "scheme", "host"):
        mine, other = getattr(wanted, what), getattr(got, what)
        if mine != other:
            yield f"{what} is {_shown(other)}, not {_shown(mine)}"
    if not _same_path(wanted.path, got.path, wild):
        yield f"path is {_path(got)}, not {_path(wanted)}"
    asked, sent = dict(wanted.query), dict(got.query)
    rest = wild and asked.pop(REST, None) == (ANY,)
    yield from _members('query "{}"'.format, asked, sent, rest, lambda mine, other: _same_values(mine, other, wild))
    yield from _bodies(wanted, got, wild)


def _same_path(wanted: tuple[str, ...], got: tuple[str, ...], wild: bool) -> bool:
    if not wild or len(wanted) != len(got):
        return wanted == got
    return all(_same_segment(mine, other) for mine, other in zip(wanted, got, strict=True))


def _same_segment(wanted: str, got: str) -> bool:
    """Whether a segment fits; a placeholder and a lone star want at least one character."""
    if wanted == ANY or placeholder(wanted):
        return bool(got)
    return glob(wanted, got)


def _same_values(wanted: tuple[str, ...], got: tuple[str, ...], wild: bool) -> bool:
    if not wild:
        return wanted == got
    if wanted == (ANY,):
        return True
    return len(wanted) == len(got) and all(glob(mine, other) for mine, other in zip(wanted, got, strict=True))


def _members(
    named: Callable[[str], str],
    wanted: Mapping[str, Any],
    got: Mapping[str, Any],
    rest: bool,
    same: Callable[[Any, Any], bool],
) -> Iterator[str]:
    """Differences between two sets of names with their values."""
    for name, mine in wanted.items():
        if name not in got:
            yield f"{named(name)} is missing"
        elif not same(mine, got[name]):
            yield f"{named(name)} is {_value(got[name])}, not {_value(mine)}"
    if not rest:
        yield from (f"{named(name)} is not in the fixture" for name in got if name not in wanted)


def _bodies(wanted: Canonical, got: Canonical, wild: bool) -> Iterator[str]:
    if wanted.form != "none" and wild and wanted.value == ANY:
        if got.form == "none":
            yield "there is no body"
    elif wanted.form == got.form == "json":
        yield from _json("body", wanted.value, got.value, wild)
    elif wanted.form != got.form:
        names = {"none": "no body", "json": "a JSON body", "text": "a body that is not JSON"}
        yield f"there is {names[got.form]}, not {names[wanted.form]}"
    elif wanted.form == "text" and not (glob(wanted.body, got.body) if wild else wanted.body == got.body):
        yield f"body is {_shown(got.body)}, not {_shown(wanted.body)}"


def _json(place: str, wanted: Any, got: Any, wild: bool) -> Iterator[str]:
    """Differences between two JSON values, each with its place."""
    if wild and wanted == ANY:
        return
    if isinstance(wanted, dict) and isinstance(got, dict):
        rest = wild and wanted.get(REST) == ANY
        for name, mine in wanted.items():
            if rest and name == REST:
                continue
            if name in got:
                yield from _json(f"{place}.{_name(name)}", mine, got[name], wild)
            else:
                yield f"{place}.{_name(name)} is missing"
        if not rest:
            yield from (f"{place}.{_name(name)} is not in the fixture" for name in got if name not in wanted)
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, (mine, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _json(f"{place}[{index}]", mine, other, wild)
    elif not _same_scalar(wanted, got, wild):
        yield f"{place} is {_shown(got)}, not {_shown(wanted)}"


def _same_scalar(wanted: Any, got: Any, wild: bool) -> bool:
    if wild and isinstance(wanted, str) and isinstance(got, str):
        return glob(wanted, got)
    if isinstance(wanted, list | dict) or isinstance(got, list | dict):
        return False
    return canonical_json(wanted) == canonical_json(got)


def _body(body: bytes) -> tuple[Form, str, Any]:
    if not body:
        return "none", "", None
    text = body.decode("utf-8", "surrogateescape")
    try:
        value = json.loads(text, parse_constant=_no_constant)
        if unfit(value) is None:
            return "json", canonical_json(value), value
    except (ValueError, RecursionError):
        pass
    return "text", text, text


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _plain(value: Any) -> Any:
    """`value` with whole floats as integers; at most as deep as `unfit` allows."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _host(scheme: str, netloc: str) -> str:
    host = netloc.rpartition("@")[2].lower()
    name, colon, port = host.rpartition(":")
    if colon and not port.endswith("]") and (not port or port == str(_PORTS.get(scheme))):
        host = name
    return host if host.isascii() else as_sent(host) or host


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment).decode("utf-8", "surrogateescape")


def _quoted(text: str) -> str:
    # A star and the braces of a placeholder stay readable in what is shown of a pattern.
    return quote(text.encode("utf-8", "surrogateescape"), safe="-._~*{},:@")


def _path(request: Canonical) -> str:
    return _shown("/" + "/".join(request.path))


def _value(values: Any) -> str:
    return _shown(values[0] if len(values) == 1 else list(values))


def _shown(value: Any) -> str:
    return shown(value, _SHOWN)


def _name(name: str) -> str:
    return name if name.isidentifier() else printable(shown(name, 40), 60)
