"""Names and descriptions as a prompt can hold them: one line of plain text.

    >>> sentence("**Finds** <b>pets</b> by [status](https://pets.example/#s).\\n\\nUse `sold` with care.", 40)
    'Finds pets by status.'
    >>> tool_name("repos/list-for user!")
    'repos_list-for_user'

Not covered: tables and pictures in a description are left out or kept as their words.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_NAME = 64
_LONGEST_READ = 4_000
_RULES = (
    (re.compile(r"<!--[^<>]{0,1000}-->|</?[A-Za-z][^<>]{0,300}>"), " "),  # HTML
    (re.compile(r"!?\[([^\[\]]{0,300})\](\([^()\s]{0,500}(\s[^()]{0,100})?\)|\[[^\[\]]{0,100}\])"), r"\1"),  # links
    (re.compile(r"(?m)^[ \t]{0,8}(#{1,6}|[-*+>]|\d{1,3}[.)])[ \t]"), " "),  # headings, lists, quotations
    (re.compile(r"(?m)^[ \t]{0,8}(```.{0,50}|[-=*_|: \t]{3,200})$"), " "),  # fences and rules
    (re.compile(r"`|\*\*|__|~~|(?<![\w*])\*(?=\w)|(?<=\w)\*(?![\w*])"), ""),  # code and emphasis
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
_SHORT = ("e.g.", "i.e.", "etc.", "vs.", "approx.", "incl.", "no.")
_ANY_API = frozenset({
    "A", "AN", "API", "APIS", "FOR", "HTTP", "JSON", "OF", "OPENAPI", "PUBLIC", "REST", "SAMPLE", "SERVICE", "SWAGGER",
    "THE", "V1", "V2", "V3", "WEB",
})  # fmt: skip
_TOO_SHORT = frozenset({"KEY", "TOKEN", "AUTH", "BEARER", "BASIC"})
_NOT_SHOWN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def plain(text: object) -> str:
    """`text` on one line, without markdown, HTML and signs that do not show; empty if it is no text."""
    if not isinstance(text, str):
        return ""
    found = text[:_LONGEST_READ].replace("\r", "\n")
    for rule, by in _RULES:
        found = rule.sub(by, found)
    found = html.unescape(found)
    kept = (" " if sign in "\n\t" or unicodedata.category(sign) in _NOT_SHOWN else sign for sign in found)
    return " ".join("".join(kept).split())


def sentence(text: object, longest: int) -> str:
    """The first sentence of a description as plain text, cut at a word if it is longer than `longest`."""
    found = plain(text)
    pieces = _SENTENCE_END.split(found)
    first = pieces.pop(0)
    while pieces and first.lower().endswith(_SHORT):
        first += " " + pieces.pop(0)
    return cut(first, longest)


def described(summary: object, description: object, longest: int = 300) -> str:
    """What an operation is for: its summary, and the first sentence of its description if that says more."""
    short, long = plain(summary), sentence(description, longest)
    if not short or not long or long.lower().rstrip(".").startswith(short.lower().rstrip(".")):
        return cut(long or short, longest)
    if short.lower().rstrip(".").startswith(long.lower().rstrip(".")):
        return cut(short, longest)
    return cut(f"{short.rstrip('.')}. {long}", longest)


def cut(text: str, longest: int) -> str:
    """`text`, cut after a word if it is longer."""
    if len(text) <= longest:
        return text
    return text[: longest - 4].rpartition(" ")[0].rstrip(" ,;:-") + " ..." if " " in text[:longest] else text[:longest]


def tool_name(text: str) -> str:
    """`text` as a tool's name: letters, digits, `_`, `-` and `.`, at most 64; may be empty."""
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", text[:300]).strip("_.-")
    return found[:LONGEST_NAME].rstrip("_.-")


def slug(text: str, longest: int = 40) -> str:
    """`text` as a name in an address or of a folder: small letters, digits and hyphens; "api" if nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()[:200]).strip("-")[:longest].strip("-") or "api"


def variable(title: str, name: str) -> str:
    """The environment variable for what an API called `title` calls `name`: BOOKSHOP_KEY. Words of the title that any
    API may have are left out, and all of it where the name begins with it.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:100])
    own = [word for word in _signs(title).split("_") if word and word not in _ANY_API and not word.isdecimal()][:3]
    named = _signs(parted) or "API_KEY"
    if not own and named in _TOO_SHORT:
        own = ["API"]
    if own and not named.replace("_", "").startswith(("".join(own), *(word for word in own if len(word) > 3))):
        named = f"{'_'.join(own)}_{named}"
    return named if named[0].isalpha() else f"API_{named}"


def _signs(text: str) -> str:
    """`text` in capitals, digits and underscores."""
    plain_text = unicodedata.normalize("NFKD", text[:100]).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", "_", plain_text.upper()).strip("_")
