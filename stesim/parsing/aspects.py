"""Where the aspects of a judge's verdict begin: the number or the label, and the yes or no that leads.

    from stesim.parsing.aspects import find_heads
    [(head.aspect, head.verdict) for head in find_heads("(1) Yes, it is.\\nFaithful: No.")]
    # [(0, 'pass'), (1, 'fail')]

Every line that begins like an aspect is found, also one within an explanation; which of them make up the verdict is
decided in `verdict`. Not here: letters or words for numbers ("a)", "First"), and numbers beyond three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from stesim.parsing.reflection import leading
from stesim.records import Verdict

# One character for one, so that places in the text stay what they are.
_NARROW = str.maketrans(
    {**{chr(0xFF01 + n): chr(0x21 + n) for n in range(0x5E) if not chr(0x21 + n).isalpha()},
     "①": "1", "②": "2", "③": "3", "⑴": "1", "⑵": "2", "⑶": "3", "\u3000": " ", "\u00a0": " "}
)  # fmt: skip
_DECOR = re.compile(r"(?:[^\w\n(\[{]|_){0,16}")
_SIGN = r"(?:[)\].:、]{1,2}|[–—|/]|-{1,2}(?=[\s*_]))?"
_NUMBER = re.compile(
    r"(?P<word>(?:aspect|criterion|question|point|item|part)[ \t]{0,4})?(?P<open>[(\[#]?)"
    r"(?:(?P<digit>[1-3])(?![0-9]|[.,:][0-9])|(?P<roman>i{1,3})(?![^\W_]))"
    rf"[\ufe0f\u20e3]{{0,2}}[*_`]{{0,3}}[ \t]?(?P<sign>{_SIGN})",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[\s*_`]{0,8}[(\[](?P<label>[^()\[\]\n]{1,80})[)\]]")
_SEPARATOR = re.compile(r"[:?|–—→=]|\s-+\s|\Z")
_ASKS = re.compile(r"(?:whether|does|did|do|is|was|are|were|has|have)\b", re.IGNORECASE)
# Two questions that name no aspect and yet ask for it.
_QUESTIONS = {
    0: re.compile(
        r"(?:does|did) the (?:response|reply|assistant) answer the (?:user['’]s )?(?:query|question)", re.IGNORECASE
    ),
    2: re.compile(r"(?:are|were) the (?:api |tool )?calls (?:fine|correct|right)", re.IGNORECASE),
}
_SENTENCE_ENDS = re.compile(r"(?<!e\.g)(?<!i\.e)[.!;]\s", re.IGNORECASE)
_SAYS = re.compile(r"\b(?:says?|said|states?|stated|claims?|did|does|not|yes|no)\b", re.IGNORECASE)
# A label with one of these may ask for the opposite: "Unfaithful", "Errors in the use of APIs".
_NEGATES = re.compile(
    r"\b(?:not|non|no|un|never|neither|nor|nothing|none|without|hardly|barely|less|lack\w*|miss(?:ing|es|ed)|fail\w*"
    r"|(?:in|un|im|ir)(?:appropriate|faithful|informative|correct|necessary|proper|needed|relevant)\w*|mis\w+|overus\w+"
    r"|bad|poor\w*|wrong\w*|redundant\w*|excessive\w*|superfluous|invalid\w*|errors?|issues?|problems?"
    r"|concerns?|violat\w*|deviat\w*|gaps?|hallucinat\w*|fabricat\w*|invent\w*|made[ -]up|mak(?:es?|ing) up"
    r"|contradict\w*|false\w*)\b|n['’]t\b",
    re.IGNORECASE,
)
# A question, or a name in JSON, that consists of these words asks for what is good.
_WORDS = re.compile(
    r"a|an|the|its?|is|was|were|are|be|do|does|did|has|have|whether|of|for|to|in|with|respect|and|by|on|this|that|these"
    r"|aspect|criterion|question|point|item|part|verdict|judge?ment|responses?|reply|answers?|assistant|model|users?|s"
    r"|query|request|way|uses?|used|using|usage|apis?|tools?|functions?|calls?|made|execution|results?|outputs?"
    r"|returned|provided|given|content|information|fully|really|well"
)
_POSITIVE = tuple(
    re.compile(word)
    for word in ("informative(?:ly|ness)?|informativity", "faithful(?:ly|ness)?", "appropriate(?:ly|ness)?")
)
_KEYWORDS = tuple(re.compile(word, re.IGNORECASE) for word in (r"\binformativ", r"\bfaithful", r"\bappropriate"))
_USE_OF_CALLS = re.compile(
    r"\b(?:use|using|usage)\b.*\b(?:apis?|tools?)\b|\b(?:apis?|tools?)\b.*\b(?:use|usage|calls?)\b", re.IGNORECASE
)
_LONGEST_LABEL = 240
_MOST_LABEL_WORDS = 9
_MOST_HEADS = 400
# "1)", also directly after a sentence ("1)No.2)Yes."); group `said` if a yes or no follows.
_INLINE = re.compile(
    r"(?:(?<![^\s*_(\[#])|(?<=[^\W\d_][.!,;])(?=[1-3][)]))"
    r"[(\[]?[1-3][*_]{0,3}(?P<sign>[)\].:])[)\].:]?[\s*_]{0,4}(?P<said>(?=(?:yes|no)\b))?",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*_`\"“”>|~]+|^#{1,6}\s+|^[^\w(\[#（【＃①-③⑴-⑶]+|[^\w)\].:?、）］．：？\s\ufe0f\u20e3–—-]+\Z")
_AROUND_WORD = re.compile(r"[*_`\"'”’)\]|]")
# What stands between the verdict and its reason.
_AFTER = re.compile(
    r"[*_`\"'”’)\]>]{0,4}(?:[.,:;!。，：]|[ \t]+[–—:|-]+(?=\s)|[–—|])?(?:[*_`]{1,3}(?=\s|\Z)|[\"'”’)\]]{1,2})?"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an aspect (0 to 2) on a line: from `start`, up to `end` where the reason begins.

    `verdict` is `unparsed` where the words after the number are no clear yes or no; `says` tells whether they begin
    with one of the two all the same ("Yes/No", "No errors"). `style` tells the ways of numbering apart, `depth` is
    how far the line is indented.
    """

    aspect: int
    style: str
    depth: int
    start: int
    end: int
    verdict: Verdict
    says: bool
    repairs: tuple[str, ...] = ()


def narrow(text: str) -> str:
    """The text with full-width signs and digits, and numbers in circles, as ASCII; of the same length."""
    return text.translate(_NARROW)


def find_heads(text: str) -> list[Head]:
    """The lines that begin an aspect, in order (of a text that repeats them without end, the first many)."""
    return list(islice(_heads(text, narrow(text)), _MOST_HEADS))


def find_inline_heads(text: str) -> list[Head]:
    """Numbers that a clear yes or no follows, wherever they stand: `1) Yes. Fine. 2) No. Not so. 3) Yes.`"""
    plain = narrow(text)
    heads = []
    for match in islice((each for each in _INLINE.finditer(plain) if each["said"] is not None), _MOST_HEADS):
        number = _NUMBER.match(plain, match.start())
        lead = number and leading(plain, number.end())
        if number and number["digit"] and lead and lead.answer:
            heads.append(_clear(text, plain, int(number["digit"]) - 1, "", match.start(), lead.start, lead.end, ()))
    return heads


def are_one_list(text: str, inline: list[Head], heads: list[Head]) -> bool:
    """Whether inline heads are 1, 2 and 3 in order, and each line that begins an aspect is one of them.

    Otherwise one may be a quotation ("2) Yes. See 1) yes") that stands in for an aspect that is not readable; so it may
    if there are numbers between them.
    """
    if [head.aspect for head in inline] != [0, 1, 2]:
        return False
    plain = narrow(text)
    places = {head.start for head in inline}
    begun = {(plain.rfind("\n", 0, head.start) + 1, head.aspect) for head in inline}
    begun = {(at, aspect) for at, aspect in begun if any(_begins(plain, at, place) for place in places)}
    if not {(head.start, head.aspect) for head in heads} <= begun:
        return False
    first, last = inline[0].start, inline[-1].start
    marks = [(match.start(), match["sign"]) for match in _INLINE.finditer(plain, first, inline[-1].end)]
    signs = {sign for at, sign in marks if at in places}
    return all(at in places or sign not in signs for at, sign in marks if at < last)


def _begins(plain: str, at: int, place: int) -> bool:
    """Whether nothing but decoration stands between the beginning of a line and a place."""
    decor = _DECOR.match(plain, at)
    return at <= place <= (decor.end() if decor else at) + 1


def asks_for(words: str) -> int | None:
    """The aspect whose good sense is all that the words (a question, a name in JSON) name; None if there is none."""
    split = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).lower())
    rest = [word for word in split if not _WORDS.fullmatch(word)]
    fitting = (aspect for aspect, keyword in enumerate(_POSITIVE) if rest and all(map(keyword.fullmatch, rest)))
    return next(fitting, None)


def _heads(text: str, plain: str) -> Iterator[Head]:
    at = 0
    for line in plain.split("\n"):
        if head := _head(text, plain, at, at + len(line)):
            yield head
        at += len(line) + 1


def _head(text: str, plain: str, start: int, end: int) -> Head | None:
    """The aspect that begins on the line from `start` to `end`."""
    decor = _DECOR.match(plain, start, end)
    begin = decor.end() if decor else start
    number = _NUMBER.match(plain, begin, end)
    if number and number["roman"] and not (number["sign"] or number["word"]):
        number = None
    at = number.end() if number else begin
    aspect = (int(number["digit"]) if number["digit"] else len(number["roman"])) - 1 if number else None
    lead = leading(plain, at) if number else None
    if number and lead and not number["sign"] and "\n" in plain[at : lead.start]:
        lead = None
    label = None if lead or plain.startswith("{", at) else _label(plain, at, end)
    if label:
        lead = leading(plain, label[1])
        if aspect is None and label[0] is None:
            return None
        if aspect is not None and label[0] not in (None, aspect):
            lead = None
        aspect = label[0] if aspect is None else aspect
    if aspect is None or (number and not (number["sign"] or number["word"] or lead)):
        return None
    style = _style(number) if number else "label"
    repairs = ("aspect_label",) if label else ()
    if lead is None or lead.answer is None:
        depth = _depth(text, start)
        return Head(aspect, style, depth, start, label[1] if label else at, "unparsed", lead is not None, repairs)
    return _clear(text, plain, aspect, style, start, lead.start, lead.end, repairs)


def _depth(text: str, start: int) -> int:
    """How far a line is indented, in steps of two blanks: one blank alone is an oversight."""
    line = text[start : start + 80]
    return len(line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4)) // 2


def _clear(
    text: str, plain: str, aspect: int, style: str, start: int, word: int, end: int, repairs: tuple[str, ...]
) -> Head:
    """A head with a clear verdict, the word from `word` to `end`, and what was not as in the format."""
    after = _AFTER.match(plain, end)
    over = after.end() if after else end
    before, sign = text[start:word].strip(), text[end:over]
    bare = _MARKUP.sub("", before).strip()
    found = list(repairs)
    if style != "label" and not re.match(r"[1-3]\)" if repairs else r"[1-3]\)\Z", bare):
        found.append("numbering_style")
    if bare != before or _AROUND_WORD.search(sign):
        found.append("verdict_decoration")
    if text[word:end] not in ("Yes", "No") or not _AROUND_WORD.sub("", sign).startswith("."):
        found.append("verdict_spelling")
    verdict: Verdict = "pass" if text[word:end].lower() == "yes" else "fail"
    return Head(aspect, style, _depth(text, start), start, over, verdict, True, tuple(found))


def _style(number: re.Match[str]) -> str:
    kind = "roman" if number["roman"] else (number["word"] or "").strip().lower()
    return f"{kind}{number['open']}{number['sign']}"


def _label(plain: str, at: int, end: int) -> tuple[int | None, int] | None:
    """The aspect that a label names (None if it names none alone), and where the label ends; None if it is no label."""
    part = plain[at : min(end, at + _LONGEST_LABEL)]
    bracketed = _BRACKETED.match(part)
    if bracketed:
        aspect = _named(bracketed["label"])
        return None if aspect is None else (aspect, at + bracketed.end())
    separator = _SEPARATOR.search(part)
    if separator is None or (separator.start() == len(part) and at + len(part) < end):
        return None
    words = part[: separator.start()].strip(" \t*_`\"'()[]>#.|")
    if not words or _SENTENCE_ENDS.search(words):
        return None
    aspect = _named(words)
    if _ASKS.match(words):
        asked = next((place for place, each in _QUESTIONS.items() if each.fullmatch(words)), asks_for(words))
        return None if asked is None else (asked, at + separator.end())
    if aspect is None or len(words.split()) > _MOST_LABEL_WORDS or _SAYS.search(words):
        return None
    return aspect, at + separator.end()


def _named(words: str) -> int | None:
    """The one aspect that the words name, and do not negate."""
    if _NEGATES.search(words):
        return None
    named = [aspect for aspect, keyword in enumerate(_KEYWORDS) if keyword.search(words)]
    if len(named) == 1:
        return named[0]
    return 2 if not named and _USE_OF_CALLS.search(words) and _SAYS.search(words) is None else None
