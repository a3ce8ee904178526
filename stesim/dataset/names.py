"""Other names for tools: such as chat templates and the APIs of model providers take.

    >>> from stesim.records import Tool
    >>> legal_names([Tool("Entity Graph%%Disambiguate", "", {}), Tool("add_date", "", {})])
    {'Entity Graph%%Disambiguate': 'Entity_Graph_Disambiguate'}

Not covered: the names of arguments, which any JSON takes; masking does these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stesim.dataset.lesson import Lesson
from stesim.records import Tool

LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST = 64


def legal_names(tools: Sequence[Tool]) -> dict[str, str]:
    """A name of 1 to 64 letters (a to z, A to Z), digits, `_` and `-` for each tool whose own is not such.

    Accents go, anything else that is not allowed becomes `_`. A name that is taken gets a number, in the order of the
    tools; a legal name is never changed.
    """
    taken = {tool.name for tool in tools if LEGAL.fullmatch(tool.name)}
    found: dict[str, str] = {}
    for tool in tools:
        if LEGAL.fullmatch(tool.name):
            continue
        bare = unicodedata.normalize("NFKD", tool.name).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^a-zA-Z0-9-]+", "_", bare).strip("_")[:_LONGEST] or "tool"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem[: _LONGEST - len(str(number)) - 1]}_{number}"
        taken.add(name)
        found[tool.name] = name
    return found


def rename(lesson: Lesson, names: Mapping[str, str]) -> Lesson:
    """The lesson with other names for tools: in the tools, in what they say of each other, and in the call."""
    tools = tuple(
        replace(tool, name=names.get(tool.name, tool.name), description=reword(tool.description, names))
        for tool in lesson.tools
    )
    shown = lesson.demonstration
    if shown is not None:
        shown = replace(shown, tool=names.get(shown.tool, shown.tool))
    return replace(lesson, tools=tools, demonstration=shown)


def reword(text: str, names: Mapping[str, str], quoted: Mapping[str, str] | None = None) -> str:
    """A description in which `names` stand for their others wherever they are words of their own.

    Those in `quoted` are usual words too ("city"): they are replaced between quotes or backticks alone.
    """
    words = {**(quoted or {}), **names}
    if not words:
        return text
    either = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))

    def other(match: re.Match[str]) -> str:
        word = match[0]
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if word in names or (before in _OPENING and after in _CLOSING and before and after):
            return words[word]
        return word

    return re.sub(rf"(?<!\w)(?:{either})(?!\w)", other, text)


_OPENING, _CLOSING = "`'\"“‘«", "`'\"”’»"
