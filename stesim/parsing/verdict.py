"""The judge's verdict on a trial: yes, no or not readable, in three aspects (paper: section 3.2, filtering).

    from stesim.parsing.verdict import parse_verdict
    verdict = parse_verdict("1) Yes. It says 5 May.\\n2) No. The tool failed.\\n3) Yes.")
    (verdict.faithful, verdict.explanations[1])     # ('fail', 'The tool failed.')

The paper takes any "No." in the text for a fail; here each aspect is read by itself, and what is not clearly Yes or No
is `unparsed`. A verdict is a run of the aspects 1, 2 and 3 in any order, numbered or labelled alike, each led by a yes
or no; the last complete run counts. What is numbered deeper, or in another way between two aspects, belongs to an
explanation. Where several readings are left, an aspect in which they differ is `unparsed`.

What follows the third aspect is its explanation, so an "Overall: No" at the end changes nothing. "Yes. No." is neither;
nor is an aspect that a later verdict, cut off before its end, contradicts.

Not covered: other words than yes and no, scores, letters for numbers, an explanation that goes before its verdict
(but for a closing "So: Yes."), and a list of just three yes or no below the third aspect that is numbered anew without
being indented: it is read as a second verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from stesim.parsing.aspects import Head, are_one_list, find_heads, find_inline_heads
from stesim.parsing.markers import END_OF_TURN, split_thinking
from stesim.parsing.reflection import LONGEST, ends_in_thinking, leading
from stesim.parsing.render import INDENT
from stesim.parsing.verdict_json import read_json
from stesim.records import Judgement, Verdict

_TURN = re.compile(
    r"^[ \t>*_#]{0,8}(?:(?:now, ?)?(?:the )?user query(?: is)?|user|human)[*_]{0,3} ?:"
    r"|^An assistant is trying to respond|\[INST\]",
    re.MULTILINE | re.IGNORECASE,
)
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)", re.MULTILINE)
_BEGINS = re.compile(r"(?:[^\w\n]|_){0,16}(?:yes|no)(?![^\W_])", re.IGNORECASE)
_WORD = re.compile(r"\b(?:Yes|YES|yes|No|NO)\b")  # "no" alone is an everyday word
_CLOSING = re.compile(
    r"(?:(?:^|(?<=[.!?;:]))[ \t]*[*_(]{0,3}(?:(?:so|therefore|thus|hence|overall|in conclusion|in summary)\b[,:]? ?"
    r"(?:(?:my|the) (?:final )?(?:answer|verdict|judge?ment|conclusion) is)?"
    r"|(?:(?:my|the) )?(?:final )?(?:answer|verdict|judge?ment|conclusion|rating|evaluation|decision)(?: is)?)"
    r"[*_]{0,3}[:,]?|^)[ \t]*[*_(\"“]{0,4}(?P<word>yes|no)[*_)\"”.!]{0,6}\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_CLOSING = 200
# What a closing yes or no may follow: a sentence; it may answer a question or a heading ("Made-up facts") that asks for
# the opposite.
_SENTENCE = re.compile(r"[.!;][*_\"'”’)\]]{0,4}\s*\Z")
_LISTS = re.compile(r":[*_]{0,3}\s*\Z")
_OWN_VERDICT = re.compile(r"verdict|judge?ment|answer|conclusion|rating|evaluation|decision", re.IGNORECASE)
_VERDICTS: dict[str, Verdict] = {"yes": "pass", "no": "fail"}
_OPPOSITE: dict[Verdict, Verdict] = {"pass": "fail", "fail": "pass"}


def parse_verdict(text: str) -> Judgement:
    """The judge's verdict in a reply; it never raises, and `repairs` names what was not as in the format.

    What `render_verdict` wrote is read back if no explanation has blanks at its ends, begins with a digit or with a yes
    or no of its own ("No.", "or no"), or holds a think tag, the end of a turn or the beginning of an invented one
    (`User:`), and the whole is not longer than 20,000 characters; and if each unparsed aspect is without an
    explanation, and then no other one numbers a yes or no.
    """
    text = text[:LONGEST]
    if ends_in_thinking(text):
        return _judgement({}, ())
    thinking = split_thinking(text)
    text = thinking.rest
    first = ("dropped_thinking",) if thinking.dropped else ()
    over = END_OF_TURN.search(text, len(text) - len(text.lstrip()) + 1)
    text = text[: over.start()] if over else text
    heads = find_heads(text)
    clear = [head for head in heads if head.verdict != "unparsed"]
    turn = _TURN.search(text, clear[0].end) if clear else None
    if turn:
        text = text[: turn.start()]
        heads = [head for head in heads if head.start < turn.start()]
        first = (*first, "dropped_turn")
    judged = read_json(text, clear[0].start if clear else len(text)) or _numbered(text, heads)
    if judged is None and not heads:
        judged = _in_order(text)
    if judged is None:
        return _judgement({}, ())
    return replace(judged, repairs=tuple(dict.fromkeys((*first, *judged.repairs))))


def _judgement(found: dict[int, tuple[Verdict, str]], repairs: Iterable[str]) -> Judgement:
    """The record of what was found for each aspect."""
    one, two, three = (found.get(aspect, ("unparsed", "")) for aspect in range(3))
    return Judgement(one[0], two[0], three[0], (one[1], two[1], three[1]), tuple(dict.fromkeys(repairs)))


def _numbered(text: str, heads: list[Head]) -> Judgement | None:
    """The verdict of the aspects that have a number or a label; None if there is none."""
    groups = _groups(heads)
    complete = [block for group in groups for block in _complete(group)]
    if complete:
        block = max(complete, key=lambda each: each[-1].start)
        earlier = any(each[-1].start < block[0].start for each in complete)
        kept, bounds = _not_taken_back(text, block, groups)
        return _read(text, kept, bounds, ["dropped_verdict"] if earlier else []) if kept else None
    inline = find_inline_heads(text)
    if are_one_list(text, inline, heads):
        return _read(text, inline, [], ["one_line"] if any(_before(text, head.start) for head in inline) else [])
    if not groups:
        return None
    clear = [head for group in groups for head in group if head.verdict != "unparsed"]
    main = next((group for group in groups if not clear or min(clear, key=lambda head: head.start) in group), groups[0])
    chosen, bounds = _agreed(main)
    aspects = {head.aspect for head in main}
    for group in groups:
        if group is not main and aspects.isdisjoint(head.aspect for head in group):
            more, further = _agreed(group)
            chosen, bounds = chosen + more, bounds + further
            aspects |= {head.aspect for head in group}
    chosen += _closed(text, main, chosen)
    within = {(head.aspect, head.verdict) for head in inline if _before(text, head.start)}
    bounds += [head for head in chosen if (head.aspect, _OPPOSITE[head.verdict]) in within]
    chosen = [head for head in chosen if head not in bounds]
    return _read(text, chosen, bounds, []) if chosen else None


def _before(text: str, at: int) -> str:
    """What stands before a place on its line."""
    return text[text.rfind("\n", 0, at) + 1 : at].strip()


def _groups(heads: list[Head]) -> list[list[Head]]:
    """The heads that are numbered alike and indented alike; without those that belong to an explanation."""
    if any(head.verdict != "unparsed" and not head.style.startswith("roman") for head in heads):
        heads = [head for head in heads if not head.style.startswith("roman")]
    groups: dict[tuple[str, int], list[Head]] = {}
    for head in heads:
        groups.setdefault((head.style, head.depth), []).append(head)
    return [group for group in groups.values() if not any(_below(group, other) for other in groups.values())]


def _below(group: Sequence[Head], other: Sequence[Head]) -> bool:
    """Whether a group is a list within the explanations of another: deeper and later, or between two aspects."""
    if group is other or all(head.verdict == "unparsed" for head in other):
        return False
    if group[0].depth > other[0].depth and group[0].start > other[0].start:
        return True
    shared = not {head.aspect for head in group}.isdisjoint(head.aspect for head in other)
    return shared and other[0].start < group[0].start and group[-1].start < other[-1].start


def _complete(group: list[Head]) -> list[list[Head]]:
    """The complete runs of a group, if they follow each other without anything left over between them."""
    runs: list[list[Head]] = [[]]
    for head in group:
        if head.verdict == "unparsed":
            continue
        if any(head.aspect == other.aspect for other in runs[-1]):
            runs.append([])
        runs[-1].append(head)
    complete = [len(run) == 3 for run in runs]
    ordered = all([head.aspect for head in run] == sorted(head.aspect for head in run) for run in runs)
    if not any(complete) or not (ordered or all(complete)):
        return []
    last = len(complete) - 1 - complete[::-1].index(True)
    return runs[: last + 1] if all(complete[:last]) else []


def _not_taken_back(text: str, block: list[Head], groups: list[list[Head]]) -> tuple[list[Head], list[Head]]:
    """The heads of a complete verdict that none of a later one contradicts, and the heads that bound explanations.

    The later one is not complete, maybe cut off; it is none where the line of the third aspect ends in a colon.
    """
    after = [head for group in groups for head in group if head.start > block[-1].start and head.verdict != "unparsed"]
    after.sort(key=lambda head: head.start)
    if not after:
        return block, []
    line = text[block[-1].end : after[0].start]
    if line.count("\n") == 1 and _LISTS.search(line) and not _OWN_VERDICT.search(line):
        return block, []
    said = {(head.aspect, head.verdict) for head in after}
    kept = [head for head in block if (head.aspect, _OPPOSITE[head.verdict]) not in said]
    return kept, [] if len(kept) == len(block) else [*(head for head in block if head not in kept), after[0]]


def _agreed(group: list[Head]) -> tuple[list[Head], list[Head]]:
    """For each aspect the first clear head, if all clear ones say the same; and the heads that bound explanations."""
    chosen: list[Head] = []
    bounds: list[Head] = []
    for aspect in range(3):
        heads = [head for head in group if head.aspect == aspect]
        clear = [head for head in heads if head.verdict != "unparsed"]
        if clear and len({head.verdict for head in clear}) == 1:
            chosen.append(clear[0])
        else:
            bounds += clear or heads[:1]
    return chosen, bounds


def _closed(text: str, group: list[Head], chosen: list[Head]) -> list[Head]:
    """The aspects whose verdict closes their explanation ("So: Yes."), where no other yes or no stands in it."""
    found = []
    for place, head in enumerate(group):
        alone = sum(other.aspect == head.aspect for other in group) == 1
        if head.verdict != "unparsed" or head.says or not alone:
            continue
        following = group[place + 1] if place + 1 < len(group) else None
        if following and following.aspect != head.aspect + 1:
            continue
        section = text[head.end : following.start if following else len(text)].rstrip()
        skipped = max(0, len(section) - _LONGEST_CLOSING)
        closing = _CLOSING.search(section, skipped)
        before = section[: closing.start()] if closing else ""
        stated = _SENTENCE.search(before, skipped) and "?" not in before
        if closing and stated and not _WORD.search(section, 0, closing.start("word")):
            verdict = _VERDICTS[closing["word"].lower()]
            found.append(replace(head, verdict=verdict, repairs=(*head.repairs, "verdict_at_end")))
    return found


def _read(text: str, chosen: list[Head], bounds: list[Head], repairs: list[str]) -> Judgement:
    """The verdict that the chosen heads give, each with what stands up to the next one as its explanation."""
    chosen = sorted(chosen, key=lambda head: head.start)
    starts = sorted(head.start for head in [*chosen, *bounds])
    before = text[: starts[0]].rstrip()
    end = len(text)
    if _FENCE.match(before, before.rfind("\n") + 1):
        repairs.append("verdict_decoration")
        before = before[: before.rfind("\n") + 1]
        closing = _FENCE.search(text, chosen[-1].end)
        end = closing.start() if closing else end
    if before.strip() and "dropped_verdict" not in repairs:
        repairs.append("dropped_preamble")
    if [head.aspect for head in chosen] != sorted(head.aspect for head in chosen):
        repairs.append("aspect_order")
    found = {}
    for head in chosen:
        stop = next((start for start in starts if start > head.start), end)
        found[head.aspect] = (head.verdict, _explanation(text[head.end : stop], text[head.start : head.end], head))
        repairs += head.repairs
    return _judgement(found, repairs)


def _explanation(section: str, before: str, head: Head) -> str:
    """The reason in a section: without the verdict that closes it, a table's bar, or the indent of further lines."""
    if "verdict_at_end" in head.repairs:
        closing = _CLOSING.search(section, max(0, len(section.rstrip()) - _LONGEST_CLOSING))
        section = section[: closing.start()] if closing else section
    section = section.strip()
    if before.lstrip().startswith("|"):
        section = section.strip("| ")
    first, *more = section.split("\n")
    if all(line.startswith(INDENT) for line in more if line):
        more = [line.removeprefix(INDENT) for line in more]
    return "\n".join((first, *more))


def _in_order(text: str) -> Judgement | None:
    """Three lines without numbers that begin with yes or no, and no more of them: read in their order."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    begun = [(at, leading(text, at)) for at in starts if _BEGINS.match(text, at)]
    if len(begun) != 3 or any(lead is None or lead.answer is None for _, lead in begun):
        return None
    heads = [
        Head(aspect, "", 0, at, _skip(text, lead.end), _VERDICTS[lead.answer], True)
        for aspect, (at, lead) in enumerate(begun)
        if lead and lead.answer
    ]
    return _read(text, heads, [], ["no_numbering"])


def _skip(text: str, end: int) -> int:
    after = re.compile(r"[*_`\"'”’)\]]{0,4}[.,:;!]?(?:[*_`]{1,3}(?=\s|\Z))?").match(text, end)
    return after.end() if after else end
