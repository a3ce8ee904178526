"""The arguments of a call: where the object begins, what may stand in its place, and what surrounds it.

    from stesim.parsing.arguments import read_arguments
    read_arguments("```json\\n[{'a': 1}]\\n```", 0, 21, cut=True).value     # {'a': 1}

Not here: the members of the object (`json_tolerant`), and objects that name the tool too (`envelope`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from stesim.parsing.json_tolerant import Broken, Found, read_members, read_object
from stesim.parsing.markers import find_marks
from stesim.parsing.values import INVISIBLE, decode, storable, too_large

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_OPENING = re.compile(rf"(?:[\s{INVISIBLE}]|\\n|[*_]{{1,3}}(?=\s)|`{{1,3}}(?:json5?|JSON|python|javascript|js)?)*")
_NOTHING = re.compile(
    r"\(?(?:none|null|nil|n/a|empty|-|no (?:arguments?|inputs?|parameters?|action input)"
    r"(?: (?:is |are )?(?:needed|required|necessary))?|''|‘’|“”)\)?\.?[`*]*(?:\s*\n|\s*\Z)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"the (?:input parameters|arguments|parameters|input)\b|(?:the )?json (?:object|string)\b|\{?<|\.\.\.",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"<(\w[\w.-]{0,80})>[^<]{0,2000}</\1>")
# What joins two objects of which the model means one or both.
_JOINED = re.compile(r"(?:[\s,;/|`()\]}]|\\n|\b(?:or|and|then|json)\b)*(?=\{)", re.IGNORECASE)
_MOST_OBJECTS = 8
_QUOTED_KEY = re.compile(r"""["'“][^"'”\n]{1,80}["'”]\s*[:：]""")
_PLACEHOLDER_KEY = re.compile(r"(?:key|name|arg|argument|param|parameter)(?:_?[0-9n])?\Z")
_PLACEHOLDER_VALUE = re.compile(r"<?value(?:_?[0-9n])?>?\Z")
_BRACES = re.compile(r"\{(?:\s*\{)*")
_LONGEST_REST = 2000
_INSIDE = re.compile(r"""["'”]\s*[:：]|\[""")
_END = re.compile(r"[}\s]*(?:,\s*)?")
_GOES_ON = re.compile(r"""["'“]?[^"'”\n]{0,80}["'”]\s*[:：]""")
_QUOTE = re.compile("[\"']")
_CLOSE = re.compile(r"\s*\}")
_MEMBER = re.compile(r"(?:[{\s]|(?:#|//)[^\n]*\n)*[\"'“\w]")
_EMPTY = re.compile(r"\{\s*\}")
_ESCAPED_OPEN = re.compile(r"\{(?:\s|\\n)*\\\"")
_ESCAPED = re.compile(r"\\([\\\"])")


def read_arguments(text: str, start: int, end: int, *, cut: bool, several: bool = False) -> Found | Broken:
    """The arguments between `start` and `end`; `cut` says that the reply may have been cut off at `end`.

    Nothing, `none` or `[]` are no arguments. Values that cannot be stored are `bad_value`. A second object with other
    members right after the first leaves it open which is meant, unless `several` says that each is a call of its own.
    """
    opening = _OPENING.match(text, start, end)
    at = opening.end() if opening else start
    opened = text[start:at]
    fence = (("code_fence",) if "`" in opened else ()) + (("invisible",) if _INVISIBLE.search(opened) else ())
    found = _read_here(text, at, end, cut)
    if isinstance(found, Broken):
        return found
    if not storable(found.value):
        large = too_large(found.value) and "nfinity" not in text[at : found.end]
        return Broken("bad_value", found.repairs, "large" if large else "")
    if is_placeholder(found.value):
        return Broken("template_echo", found.repairs)
    if _in_doubt(text, found.end, end) or ("missing_comma" in found.repairs and _CLOSE.match(text, found.end, end)):
        return Broken("not_json", found.repairs, "quotes" if '"' in text[found.end : end] else "")
    if not several and _goes_on_otherwise(text, found, end):
        return Broken("not_json", found.repairs, "objects")
    return replace(found, repairs=fence + found.repairs)


def is_placeholder(arguments: Mapping[str, object]) -> bool:
    """Whether the arguments are the `{"key_1": "value_1"}` of a prompt."""
    return bool(arguments) and all(
        isinstance(value, str) and _PLACEHOLDER_KEY.match(key) and _PLACEHOLDER_VALUE.match(value)
        for key, value in arguments.items()
    )


def _goes_on_otherwise(text: str, found: Found, end: int) -> bool:
    """Whether another object with members follows at once, and it is not the same one again."""
    at = found.end
    for _ in range(_MOST_OBJECTS):
        joined = _JOINED.match(text, at, end)
        if not joined or not _MEMBER.match(text, _inmost(text, joined.end(), end) + 1, end):
            return False
        second = read_object(text, _inmost(text, joined.end(), end), end, cut=False)
        if isinstance(second, Broken) or second.value != found.value:
            return True
        at = second.end
    return False


def _in_doubt(text: str, at: int, end: int) -> bool:
    """Whether it goes on as if the object had ended too early: `{"q": "use "} here"}`, `{"a": 1}, "b": 2}`."""
    ended = _END.match(text, at, end)
    onwards = _GOES_ON.match(text, ended.end() if ended else at, end)
    if onwards and text.find("}", onwards.end(), end) >= 0:
        return True
    newline = text.find("\n", at, end)
    rest = text[at : min(newline if newline >= 0 else end, at + _LONGEST_REST)]
    if "}" not in rest or not _QUOTE.search(rest):
        return False
    marks = find_marks(rest)
    rest = rest[: marks[0].start] if marks else rest
    return bool(_QUOTE.search(rest[: max(rest.rfind("}"), 0)])) and rest.count("}") > rest.count("{")


def _read_here(text: str, at: int, end: int, cut: bool) -> Found | Broken:
    nothing = _NOTHING.match(text, at, end)
    if at >= end or nothing:
        return Found({}, nothing.end() if nothing else end, ("no_arguments",))
    char = text[at]
    if char == "{":
        return _braced(text, at, end, cut)
    if char == "[":
        return _listed(text, at, end, cut)
    if char == "｛" and (wide := _wide(text, at, end)):
        return wide
    if char in "\"'“" and (found := _quoted(text, at, end, cut)):
        return found
    return _after_text(text, at, end, cut)


def _wide(text: str, at: int, end: int) -> Found | None:
    """The object in full-width braces; what stands inside strings is kept as it is."""
    last = text.rfind("｝", at, end)
    if last < 0:
        return None
    found = read_object(f"{text[:at]}{{{text[at + 1 : last]}}}", at, last + 1, cut=False)
    if isinstance(found, Broken) or found.end <= last:
        return None
    return replace(found, repairs=(*found.repairs, "full_width"))


def _braced(text: str, at: int, end: int, cut: bool) -> Found | Broken:
    """The object at `at`, after doubled braces or one empty pair before it."""
    first = at
    at = _inmost(text, at, end)
    empty = _EMPTY.match(text, at, end)
    if empty and text.startswith("{", empty.end(), end):
        full = read_object(text, _inmost(text, empty.end(), end), end, cut=cut)
        # A second pair that was only opened says nothing; one with members in it was meant.
        if isinstance(full, Found) or _MEMBER.match(text, empty.end(), end):
            return replace(full, repairs=("double_braces", *full.repairs))
    repairs = ("double_braces",) if at > first else ()
    escaped = _ESCAPED_OPEN.match(text, at, end)
    found = _escaped(text, at, end, cut) if escaped else read_object(text, at, end, cut=cut)
    return replace(found, repairs=repairs + found.repairs)


def _inmost(text: str, at: int, end: int) -> int:
    """The last of the opening braces that stand one after the other from `at`."""
    braces = _BRACES.match(text, at, end)
    return braces.end() - 1 if braces else at


def _escaped(text: str, at: int, end: int, cut: bool) -> Found | Broken:
    """An object whose quotes are all escaped, as if it stood in a string."""
    plain = _ESCAPED.sub(r"\1", text[at:end])
    found = read_object(plain, 0, len(plain), cut=cut)
    repairs = ("escaped_quotes", *found.repairs)
    if isinstance(found, Broken):
        return replace(found, repairs=repairs)
    # What follows the object counts by its length: the end of the text is the same in both.
    return Found(found.value, end - (len(plain) - found.end), repairs)


def _listed(text: str, at: int, end: int, cut: bool) -> Found | Broken:
    """`[]` for no arguments, or a list of the one object."""
    inner = at + 1 + len(text[at + 1 : end]) - len(text[at + 1 : end].lstrip())
    if text.startswith("]", inner, end):
        return Found({}, inner + 1, ("no_arguments",))
    if not text.startswith("{", inner, end):
        return Broken("truncated" if inner >= end and cut else "not_an_object")
    found = _braced(text, inner, end, cut)
    if isinstance(found, Broken):
        return found
    rest = text[found.end : end].lstrip(" \t\n\r,")
    if rest.startswith(("{", "[", '"')):
        return Broken("not_an_object", found.repairs, "objects" if rest.startswith("{") else "")
    closed = text.index("]", found.end) + 1 if rest.startswith("]") else found.end
    return Found(found.value, closed, ("list_unwrapped", *found.repairs))


def _quoted(text: str, at: int, end: int, cut: bool) -> Found | Broken | None:
    """An object in quotes, escaped or not; or members without an opening brace. None for any other string."""
    string = decode(text, at) if text[at] == '"' else None
    if string and isinstance(string[0], str) and string[1] <= end:
        inside = string[0].strip()
        if not inside and not _QUOTED_KEY.match(text, at, end):
            return Found({}, string[1], ("no_arguments",))
        if inside.startswith("{"):
            found = _braced(inside, 0, len(inside), cut=False)
            if isinstance(found, Found) and found.end == len(inside):
                return Found(found.value, string[1], ("double_encoded", *found.repairs))
    if _QUOTED_KEY.match(text, at, end):
        found = read_members(text, at, end, "}", cut=cut)
        if isinstance(found, Broken) and found.fault == "bare_end":
            # Whether it goes on cannot be told: not even the braces would say so.
            return Broken("not_an_object", ("missing_open_brace", *found.repairs), "braces")
        return replace(found, repairs=("missing_open_brace", *found.repairs))
    if text.startswith("{", at + 1, end):
        found = _braced(text, at + 1, end, cut)
        return replace(found, repairs=("code_fence", *found.repairs))
    return None


def _after_text(text: str, at: int, end: int, cut: bool) -> Found | Broken:
    """The first object after other words, unless an invented part of the conversation begins before it."""
    brace = text.find("{", at, end)
    before = text[at:brace] if brace >= 0 else ""
    if _INSIDE.search(before):
        # The brace belongs to a member of something that did not begin as an object.
        return Broken("not_json" if '"' in before else "not_an_object")
    if brace >= 0 and all(mark.kind == "thought" for mark in find_marks(before)):
        found = _braced(text, brace, end, cut)
        return replace(found, repairs=("dropped_text", *found.repairs))
    if _ELEMENT.match(text, at, end):
        return Broken("not_an_object", (), "tags")
    return Broken("template_echo" if _TEMPLATE.match(text, at, end) else "not_an_object")
