"""What went wrong, looked at more closely: which tool was called instead, and which values were copied badly.

    >>> nearly_same("Thesaloniki", "Thessaloniki"), nearly_same("Athens", "Thessaloniki")
    (True, False)

A small model often finds the right value and slips in writing it; that asks for another remedy than a value that it
made up. Not covered: other forms of the right value that a test set accepts, which are no mistakes to begin with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

import orjson

from stesim.evaluate.measure import Mark
from stesim.records import Action

NEAR = 0.6  # how alike two texts are at least, of which one is a bad copy of the other (difflib's ratio)
_SHORT = 2  # characters: of so few, half agree by chance
_LOOKED_AT = 200  # characters of a value: the time goes with their square
_MOST = 10  # pairs of tools


def confusions(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """The pairs of tools of which one was called instead of the right one, with the number of `answers`, at most ten;
    the most frequent first.
    """
    found = Counter(
        (mark.right.tool, mark.answer.reply.tool)
        for mark in marks
        if mark.failure == "wrong_tool" and mark.right and isinstance(mark.answer.reply, Action)
    )
    return [{"right": right, "called": called, "answers": n} for (right, called), n in found.most_common(_MOST)]


def wrong_values(marks: Sequence[Mark]) -> dict[str, int]:
    """Of the answers with a wrong value: in how many all of them are near the right ones (`miscopied`), and the others.

    A missing argument counts for more than a wrong value, so answers that lack one are not among them.
    """
    wrong = [mark for mark in marks if mark.failure == "wrong_value"]
    miscopied = sum(all(nearly_same(given, right) for given, right in mark.wrong) for mark in wrong)
    return {"miscopied": miscopied, "other": len(wrong) - miscopied}


def nearly_same(given: Any, right: Any) -> bool:
    """Whether a value is a near copy of another: as texts, large and small letters alike, by difflib's ratio.

    Of one or two characters only the same ones are: by the ratio 2 would be near 12.
    """
    one, other = _text(given), _text(right)
    if min(len(one), len(other)) <= _SHORT:
        return one == other
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= NEAR


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text[:_LOOKED_AT].casefold()
