"""From what stands after `Action:` to the tool that is meant, or to the reason why none is.

    from stesim.parsing.names import resolve
    resolve("**Forecast\\\\_Weather** (the forecast)", ["forecast_weather"]).tool    # 'forecast_weather'

A name is recognised up to case, spacing and wrapping, and only if one tool alone fits. Never by likeness: a wrong
name is worth an observation, a guessed tool is not what the model asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from stesim.parsing.values import INVISIBLE

# What models write for "no tool", for "I am done", and what they copy from a prompt; folded.
_NO_TOOL = frozenset(
    [
        "no",
        "none",
        "n/a",
        "na",
        "null",
        "nil",
        "nothing",
        "noaction",
        "noactionneeded",
        "noactionrequired",
        "noactionnecessary",
        "notool",
        "notoolneeded",
        "notoolrequired",
        "noapi",
        "noapineeded",
        "noapicall",
        "noapicallneeded",
    ]
)
_ANSWER = frozenset({"finalanswer", "finish"})
_TEMPLATE = frozenset(
    [
        "theapifunctionname",
        "apifunctionname",
        "theapiname",
        "apiname",
        "toolname",
        "thetoolname",
        "nameofthetool",
        "thenameofthetool",
        "onetoolname",
        "functionname",
        "thefunctionname",
        "theactiontotake",
        "theactionname",
        "actionname",
    ]
)

_LEAD = re.compile(
    r"(?:i\s+(?:will|should|need\s+to|can)\s+)?(?:use|using|call|calling|invoke|run|execute)\s+"
    r"(?:the\s+)?(?:(?:tool|api|function)\s+)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:[0-9]{1,2}[.)]|-)\s+")
_BREAK = r"\s*[(\[{:,;=–—]|\s+-|\s+(?:tool|api|function|action|to|for|with|using|or|and|of|is|are)\b|\s*/\s"
_CUT = re.compile(rf"\.(?=\s|$)|{_BREAK}", re.IGNORECASE)
# To search with: not again at every blank of a run.
_NEXT_CUT = re.compile(rf"\.(?=\s|$)|(?<!\s)(?:{_BREAK})", re.IGNORECASE)
_CALL = re.compile(r"(?<!\s)\s*(?:\{|[(\[]{1,2}\s*\{|[(\[]\s*[)\]]|\(\s*\w+\s*=)")
_PAIRS = (
    ("**", "**"),
    ("__", "__"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
    ("“", "”"),
    ("[", "]"),
    ("<", ">"),
    ("(", ")"),
    ("{", "}"),
)
# Where a protocol keeps its functions.
_PREFIX = re.compile(r"(?:functions|default_api|tools)\.")
_JOINS = re.compile(r"\s*(?:[,/;&+|]|->|\b(?:or|and|then)\b)", re.IGNORECASE)
_AFTER_NAME = re.compile(r"[ \t\r]*(?:\n|\Z|Action Input[:：])")
_MOST_CUTS = 16
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Name:
    """What was read: `kind` is `tool`, `unknown_tool`, `several_tools`, `action_none`, `answer` or `template_echo`.

    `rest` is where, in the text given, that begins which is not part of the name.
    """

    kind: str
    tool: str
    rest: int
    repairs: tuple[str, ...] = ()


def fold(name: str) -> str:
    """What is left of a name when case and spacing are ignored."""
    return re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", name).casefold())


def exact(text: str, start: int, tools: Collection[str] | None) -> tuple[str, int] | None:
    """The longest known name that stands right here and ends its line or precedes `Action Input:`."""
    best: tuple[str, int] | None = None
    for tool in tools or ():
        bare = tool.strip()
        end = start + len(bare)
        if bare and (best is None or end > best[1]) and text.startswith(bare, start) and _AFTER_NAME.match(text, end):
            best = tool, end
    return best


class _Known:
    """The allowed names, by themselves and folded; with None any name is known."""

    def __init__(self, tools: Collection[str] | None) -> None:
        self.tools = tools
        self.folded: dict[str, list[str]] = {}
        for tool in tools or ():
            self.folded.setdefault(fold(tool), []).append(tool)

    def find(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        """The one tool of that name, and how its spelling differed."""
        if self.tools is None:
            return (name, ()) if name else None
        if name in self.tools:
            return name, ()
        fitting = self.folded.get(fold(name), [])
        if len(fitting) != 1 or not fold(name):
            return None
        same = fitting[0].casefold() == name.casefold()
        return fitting[0], ("name_case" if same else "name_spacing",)


def _unwrapped(name: str) -> Iterator[str]:
    """The name, then what is left of it as one wrapping after the other comes off."""
    yield name
    name = name.strip()
    for _ in range(8):
        yield name
        before = name
        while name.endswith("\\n"):
            name = name[:-2].rstrip()
        name = name.strip(INVISIBLE).rstrip(".,:;").strip()
        if name == before and name.startswith("<tool_"):
            name = name.removeprefix("<tool_").removesuffix(">").strip()
        for left, right in _PAIRS:
            if (
                name == before
                and len(name) > len(left) + len(right)
                and name[: len(left)] == left
                and name.endswith(right)
            ):
                name = name[len(left) : -len(right)].strip()
        if name == before:
            name = name.strip("*`<>").strip()
        if name == before:
            name = re.sub(r"\\(?=[_*\[\]%#-])", "", name)
        if name == before:
            return


def _bare(name: str) -> str:
    """The name with every wrapping off."""
    *_, last = _unwrapped(name)
    return last


def _lookup(head: str, known: _Known) -> tuple[str, tuple[str, ...]] | None:
    """The tool that `head` names, up to wrapping, case and spacing."""
    if known.tools is None:
        bare = _bare(head)
        return (bare, ("name_wrapping",) if bare != head.strip() else ()) if bare else None
    for depth, name in enumerate(_unwrapped(head)):
        found = known.find(name)
        if found:
            return found[0], (("name_wrapping",) if depth > 1 else ()) + found[1]
        prefix = _PREFIX.match(name)
        if prefix and name[prefix.end() :] in known.tools:
            return name[prefix.end() :], ("name_wrapping",)
    return None


def _special(head: str) -> str | None:
    """Whether the words stand for no tool, for the answer, or are copied from the prompt."""
    word = fold(_bare(head))
    if word in _NO_TOOL:
        return "action_none"
    if word in _ANSWER:
        return "answer"
    return "template_echo" if word in _TEMPLATE else None


def _heads(line: str, known: _Known) -> list[int]:
    """Where the name may end, the longest first."""
    if known.tools is None:
        call = _CALL.search(line)
        return [call.start() if call else len(line)]
    cuts = [cut for cut in islice(_cuts(line), _MOST_CUTS) if cut]
    return [len(line), *reversed(cuts)]


def _cuts(line: str) -> Iterator[int]:
    """Where `_CUT` is found, one after the other; it may begin at the blanks that the one before left over."""
    at = 0
    while cut := _CUT.match(line, at) or _NEXT_CUT.search(line, at):
        yield cut.start()
        at = cut.end()


def _names_another(tail: str, tool: str, known: _Known) -> bool:
    """Whether what follows the name goes on to a second tool (`a or b`, `a, then b`, `a; if not, b`)."""
    joined = _JOINS.match(tail)
    if not joined or known.tools is None:
        return False
    first = re.match(r"\s*(?:(?:or|and|then)\b\s*)*([^\s,;/]+)", tail[joined.end() :])
    other = first and (_lookup(tail[first.start(1) + joined.end() :], known) or _lookup(first[1], known))
    if other and other[0] != tool:
        return True
    rest = tail[joined.end() :]
    return any(each != tool and each.strip() and _holds(rest, each) for each in known.tools)


def _holds(text: str, name: str) -> bool:
    """Whether the name stands in the text, and not within a longer word."""
    at = text.find(name)
    while at >= 0:
        around = text[max(at - 1, 0) : at] + text[at + len(name) : at + len(name) + 1]
        if not any(char.isalnum() or char == "_" for char in around):
            return True
        at = text.find(name, at + 1)
    return False


def resolve(text: str, tools: Collection[str] | None) -> Name:
    """The name that the text (what follows `Action:`) begins with.

    With `tools=None` any name counts: the first line without its wrapping, up to arguments as in code.
    """
    known = _Known(tools)
    start = len(text) - len(text.lstrip())
    newline = text.find("\n", start)
    line = text[start : min(newline if newline >= 0 else len(text), start + _LONGEST)]
    number = _NUMBER.match(line)
    leads: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    if number:
        leads.append((number.end(), ("name_wrapping",)))
    lead = _LEAD.match(line) if tools is not None else None
    if lead:
        leads.append((lead.end(), ("name_lead",)))
    for skip, lead_repairs in leads:
        part = line[skip:]
        for cut in _heads(part, known):
            found = _lookup(part[:cut], known) if tools is not None else None
            # A known name wins over a word that stands for none or for the answer.
            special = None if found else _special(part[:cut])
            if special:
                return Name(special, "", start + skip + cut)
            found = found or _lookup(part[:cut], known)
            if found:
                tail = part[cut:]
                if _names_another(tail, found[0], known):
                    return Name("several_tools", "", start + skip + cut)
                return Name("tool", found[0], start + skip + cut, (*lead_repairs, *found[1]))
    return Name("unknown_tool", "", start + len(line))
