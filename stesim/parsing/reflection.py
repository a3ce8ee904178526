"""The model's own verdict on a trial: Yes or No (section 3.1, self-reflection).

    from stesim.parsing.reflection import parse_reflection
    parse_reflection("**No**, I could not find it.")      # 'no'

The paper takes any "No" in the text, that of "Now" too, for a no; here words count, and the first word before all
others. Not covered: verdicts in other words or other languages; they are `unparsed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from stesim.parsing.markers import split_thinking

# "No errors occurred" is not a verdict. A "no" that leads to a sentence is: these words begin one.
_GOES_ON = (
    "i|it|its|the|this|that|these|those|we|you|he|she|they|my|your|there|because|since|as|not|but|and|so|sorry"
    "|unfortunately|however|although"
)
# What a reply may say before it answers; "The tool's answer: No" is not such a preamble.
_PREAMBLE = (
    r"(?:(?:sure|certainly|of course|okay|ok|so|therefore|thus|well|here is|here['’]s|based on [^\n,:]{1,60})"
    r"[,!.]?[ \n]{1,2}){0,3}"
)
_LABEL = (
    rf"(?:yes ?(?:/|or) ?no|(?:query )?fulfilled|assistant|{_PREAMBLE}(?:the |my |final ){{0,2}}"
    r"(?:answer|reflection|verdict|result|conclusion|response|evaluation|assessment|judge?ment|thought)(?: is)?)"
)
_NUMBER = re.compile(r"[\W_]*[0-9]{1,2}[.)]")
_LEAD = re.compile(
    rf"[\W_]*(?:{_LABEL}[*_]{{0,3}} ?[:：?][\W_]*)?(?P<word>yes|no)(?![^\W_]|['’\-][^\W_])"
    r"(?P<after>[*_]{0,3} ?(?:(?:/|\||,? ?or|,? ?and) ?(?:yes|no)\b|(?![0-9]{1,2}[)])[^\W_]+"
    r"|[.][*_]{0,3} ?[0-9](?![0-9]?[)]))?)",
    re.IGNORECASE,
)
_BOTH = re.compile(r"[*_]{0,3},? ?(?:/|\||or|and) ?(?:yes|no)\b", re.IGNORECASE)
# "Yes. No.", "Yes – No" and "Yes, but no.", but not "Yes. No errors", "Yes, but no details" or "Yes. No. 5".
_TAKEN_BACK = re.compile(
    r"(?:(?:[^\w\n]|_){1,40}|[\W_]{1,40}(?:or|and|but|then|rather|actually)\b(?:[^\w\n]|_){1,9})"
    r"(?P<other>yes|no)(?![^\W_]|['’\-][^\W_])"
    rf"(?![ \t*_`\"'“”‘’()\[\]]{{0,9}}(?!(?:{_GOES_ON})\b)[^\W_]|[.][ \t]{{0,9}}\#?[0-9](?![0-9]?[)]))",
    re.IGNORECASE,
)
_YES = re.compile(r"(?<![^\W_])yes(?![^\W_])", re.IGNORECASE)
# Within a text, "no" before another word is part of that sentence; at its end or in capitals it is a verdict.
_NO = re.compile(
    r"(?<![^\W_])(?:[Nn]o(?=[*_\"'”’]{0,4}(?:[.,;!?)\]\n]|\s*\Z))|No(?=[*_]{1,3}|\")|NO(?![^\W_]))(?!\. ?[0-9])"
)
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Lead:
    """A leading yes or no from `start` to `end`; `answer` is None where it is no verdict ("No errors occurred").

    `both` tells that it is none because the other word goes with it ("Yes or no").
    """

    answer: Literal["yes", "no"] | None
    start: int
    end: int
    both: bool


def leading(text: str, at: int = 0) -> Lead | None:
    """The yes or no that the text begins with at `at`, after decoration or a label; None if other words lead."""
    lead = _LEAD.match(text, at)
    if not lead:
        return None
    answer: Literal["yes", "no"] = "yes" if lead["word"].lower() == "yes" else "no"
    both = _both(lead)
    clear = not both and (answer == "yes" or _goes_on(lead["after"]))
    return Lead(answer if clear else None, lead.start("word"), lead.end("word"), both)


def parse_reflection(text: str) -> Literal["yes", "no", "unparsed"]:
    """Whether a reflection says that the query was fulfilled (paper: section 3.1); it never raises.

    A leading yes or no decides (after decoration or a label such as `Answer:`). Without one, the words of the whole
    text decide if they agree. Anything else, also a reflection that ends within its thinking, is `unparsed`.
    """
    text = text[:LONGEST]
    if ends_in_thinking(text):
        return "unparsed"
    text = split_thinking(text).rest
    number = _NUMBER.match(text)
    lead = leading(text, number.end() if number else 0)
    if lead and (lead.answer or lead.both):
        return lead.answer or "unparsed"
    yes, no = _YES.search(text), _NO.search(text)
    if bool(yes) == bool(no):
        return "unparsed"
    return "yes" if yes else "no"


def ends_in_thinking(text: str) -> bool:
    """Whether a think block was opened and none was closed, so that nothing was said yet."""
    lowered = text.lower()
    return "<think" in lowered and "</think" not in lowered


def _both(lead: re.Match[str]) -> bool:
    """Whether the other word goes with the leading one: "Yes or no", "Yes. No."."""
    other = _TAKEN_BACK.match(lead.string, lead.end("word"))
    return bool(_BOTH.match(lead["after"]) or (other and other["other"].lower() != lead["word"].lower()))


def _goes_on(after: str) -> bool:
    """Whether a "no" is a verdict, and not "No errors" or "No. 5"."""
    word = re.search(r"[^\W_]+", after)
    return word is None or word.group().lower() in _GOES_ON.split("|")
