"""A judge's verdict written as JSON: an object with one member for each aspect, or a list of three.

    from stesim.parsing.verdict_json import read_json
    read_json('{"informative": "Yes", "faithful": {"verdict": "No", "reason": "made up"}, "appropriate": true}', 99)

A verdict is a text led by yes or no, or true or false. Not covered: scores, and objects beyond the first.
"""

from __future__ import annotations

import re
from typing import Any

from stesim.parsing.aspects import asks_for
from stesim.parsing.json_tolerant import Found, read_object
from stesim.parsing.reflection import leading
from stesim.parsing.values import decode
from stesim.records import Judgement, Verdict

_OPENING = re.compile(r"^[ \t]*(?:json[ \t]*)?(?=[\[{])", re.MULTILINE)
_FENCE = re.compile(r"(?:```|~~~)\w*\Z")
_NUMBERED = re.compile(r"\W*(?:(?:aspect|criterion|question)[ _]*)?(?P<number>[1-3])\W*\Z", re.IGNORECASE)
_USE_OF_CALLS = re.compile(
    r"(?:api|tool)s?(?:[ _-]?calls?)?[ _-]?(?:use|usage)"
    r"|(?:use|usage)[ _](?:of[ _])?(?:the[ _])?(?:api|tool)s?(?:[ _]calls?)?",
    re.IGNORECASE,
)
_WRAPPERS = ("verdict", "judgement", "judgment", "result", "evaluation", "aspects", "answer")
_VERDICT_KEYS = ("verdict", "judgment", "judgement", "answer", "result", "decision", "value", "label", "evaluation")
_REASON_KEYS = ("explanation", "reason", "reasoning", "justification", "rationale", "comment")
_ASPECT_KEYS = ("aspect", "number", "id", "criterion")


def read_json(text: str, limit: int) -> Judgement | None:
    """The verdict in the JSON that begins a line before `limit`; None if there is none, or no aspect in it."""
    opening = _OPENING.search(text, 0, limit)
    if not opening:
        return None
    at = opening.end()
    value: Any
    if text[at] == "{":
        found = read_object(text, at, len(text))
        if not isinstance(found, Found):
            return None
        value = found.value
    else:
        decoded = decode(text, at)
        if decoded is None:
            return None
        value = decoded[0]
    aspects = _aspects(value)
    read = [_aspect(each) for each in aspects] if aspects else []
    if all(verdict == "unparsed" for verdict, _ in read):
        return None
    one, two, three = read
    before = text[:at].strip()
    preamble = bool(_FENCE.sub("", before).strip())
    repairs = (("dropped_preamble",) if preamble else ()) + ("verdict_json",)
    return Judgement(one[0], two[0], three[0], (one[1], two[1], three[1]), repairs)


def _aspects(value: Any) -> list[Any] | None:
    """The three aspects, None for one that is missing; inside one other member if need be."""
    if isinstance(value, dict):
        key, inner = next(iter(value.items()), ("", None))
        if len(value) == 1 and isinstance(inner, (dict, list)) and key.strip().lower() in _WRAPPERS:
            return _aspects(inner)
        found = [[each for key, each in value.items() if _key(key) == aspect] for aspect in range(3)]
        return [each[0] if len(each) == 1 else None for each in found]
    if not isinstance(value, list) or len(value) != 3:
        return None
    named = [_number(each) for each in value]
    if all(number is None for number in named):
        return value
    return [value[named.index(aspect)] for aspect in range(3)] if sorted(map(str, named)) == ["0", "1", "2"] else None


def _number(value: Any) -> int | None:
    """The aspect that an object of a list, or the one key of an object, names."""
    if not isinstance(value, dict):
        return None
    names = [value[key] for key in _ASPECT_KEYS if isinstance(value.get(key), (str, int))] or list(value)[:1]
    return _key(str(names[0])) if names else None


def _key(name: str) -> int | None:
    """The aspect that a name is the number of, or names in its good sense ("is_informative", not "uninformative")."""
    name = name[:200]
    number = _NUMBERED.match(name)
    if number:
        return int(number["number"]) - 1
    asked = 2 if _USE_OF_CALLS.fullmatch(name) else asks_for(name)
    digits = re.findall("[0-9]+", name)
    return asked if asked is not None and digits in ([], [str(asked + 1)]) else None


def _aspect(value: Any) -> tuple[Verdict, str]:
    """The verdict and the reason in a text, a truth value, or an object of both."""
    if isinstance(value, bool):
        return ("pass" if value else "fail"), ""
    if isinstance(value, dict):
        reason = next((value[key] for key in _REASON_KEYS if isinstance(value.get(key), str)), "")
        verdicts = [value[key] for key in _VERDICT_KEYS if isinstance(value.get(key), (str, bool))]
        verdict, more = _aspect(verdicts[0]) if len(verdicts) == 1 else ("unparsed", "")
        return verdict, (reason.strip() or more) if verdict != "unparsed" else ""
    lead = leading(value) if isinstance(value, str) else None
    if not isinstance(value, str) or lead is None or lead.answer is None:
        return "unparsed", ""
    return ("pass" if lead.answer == "yes" else "fail"), value[lead.end :].lstrip(" .,:;!–—-*").rstrip()
