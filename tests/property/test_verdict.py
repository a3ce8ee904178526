"""Properties of the judge's verdict: any text is read, and what was rendered is read back through noise."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import assume, example, given
from hypothesis import strategies as st

from stesim.parsing import parse_verdict, render_verdict
from stesim.parsing.aspects import find_inline_heads
from stesim.parsing.reflection import LONGEST
from stesim.parsing.vocabulary import VERDICT_REPAIRS
from stesim.records import Judgement, Verdict

FRAGMENTS = (
    "1) ", "2) ", "3) ", "1. ", "2. ", "3. ", "(1) ", "1: ", "**2)** ", "① ", "i) ", "Aspect 3: ", "Informative: ",
    "Faithful – ", "Appropriate use of API calls: ", "Yes", "No", "yes", "NO", "Yes. ", "No. ", "Yes/No. ", "No errors ",
    "Now ", "No. 5 ", "**Yes**. ", "So: Yes.", "Verdict: no", "It is so. ", "\n", "\n", "\n\n", "   ", "- ", "> ", "| ",
    "```\n", "<think>", "</think>", "</s>", "User: ", '{"informative": "Yes", ', '"faithful": false', "}", "[", "]",
    "\r\n", "\t", "\u3000", "１）", "🎉", "\ud800", "\x00",
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=16).map("".join))
VERDICTS: st.SearchStrategy[Verdict] = st.sampled_from(["pass", "fail", "unparsed"])
READ: st.SearchStrategy[Verdict] = st.sampled_from(["pass", "fail"])

# What an explanation may not hold to be read back: everything else may stand in it, lists and verdicts too.
MARKERS = ("<think", "</think", "</s>", "<|", "<end_of_turn>", "[INST]")
BEGINS_LIKE_A_VERDICT = re.compile(
    r"[\W_]*(?:(?:or|and|but|then|rather|actually)[\W_]+)?(?:yes|no)(?![^\W_])", re.IGNORECASE
)


def readable(explanation: str) -> bool:
    """Whether it holds none of what `parse_verdict` says that it cannot read back."""
    return (
        explanation == explanation.strip()
        and not explanation[:1].isdigit()
        and not BEGINS_LIKE_A_VERDICT.match(explanation)
        and not any(marker in explanation.lower() for marker in MARKERS)
        and not any(word in explanation.lower() for word in ("user", "human", "an assistant is"))
    )


EXPLANATIONS = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=40),
    st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
).map(str.strip).filter(readable)  # fmt: skip
PLAIN = st.lists(
    st.sampled_from(["It is so,", "No. 5", "no", "Yes", "(see)", "now.", "\n- a", "\n   1) No."]), max_size=4
)
REASONS = PLAIN.map(lambda words: " ".join(words).strip()).filter(lambda text: not BEGINS_LIKE_A_VERDICT.match(text))


def numbers_a_verdict(explanation: str) -> bool:
    return bool(find_inline_heads(explanation.replace("\n", " ")))


def judgement(verdicts: tuple[Verdict, ...], reasons: tuple[str, ...]) -> Judgement:
    one, two, three = (
        reason if verdict != "unparsed" else "" for verdict, reason in zip(verdicts, reasons, strict=True)
    )
    return Judgement(verdicts[0], verdicts[1], verdicts[2], (one, two, three))


JUDGEMENTS = st.builds(
    judgement, st.tuples(VERDICTS, VERDICTS, VERDICTS), st.tuples(EXPLANATIONS, EXPLANATIONS, EXPLANATIONS)
)
COMPLETE = st.builds(judgement, st.tuples(READ, READ, READ), st.tuples(REASONS, REASONS, REASONS))


def aspects(read: Judgement) -> tuple[Verdict, Verdict, Verdict]:
    return read.informative, read.faithful, read.appropriate


@given(TEXTS)
@example("1)")
@example("```\n1) Yes")
@example("{")
@example('[{"aspect": 1}, {}, []]')
@example('{"informative": {"informative": {"1": true}}}')
@example("1) It is. So: Yes." * 30)
def test_any_text_is_read(text: str) -> None:
    read = parse_verdict(text)
    assert isinstance(read, Judgement)
    assert set(read.repairs) <= set(VERDICT_REPAIRS)
    assert len(set(read.repairs)) == len(read.repairs)
    for verdict, explanation in zip(aspects(read), read.explanations, strict=True):
        assert verdict in ("pass", "fail") or not explanation


@given(JUDGEMENTS)
@example(judgement(("pass", "fail", "pass"), ("No. 5 is wrong", "a\u2028b", "1) No.\n2) No.\n3) No.")))
@example(judgement(("unparsed", "pass", "pass"), ("", "", ":\n1)")))
@example(judgement(("pass", "fail", "unparsed"), ("a\n1) No.\n2) Yes.\n3) No.", "", "")))
def test_a_rendered_verdict_is_read_back(judged: Judgement) -> None:
    text = render_verdict(judged)
    assume(len(text) <= LONGEST)
    assume("unparsed" not in aspects(judged) or not any(map(numbers_a_verdict, judged.explanations)))
    assert parse_verdict(text) == judged


@given(TEXTS)
def test_the_reading_is_stable(text: str) -> None:
    """What was read is rendered and read the same, without repairs."""
    read = parse_verdict(text)
    assume(all(readable(explanation) for explanation in read.explanations))
    assume("unparsed" not in aspects(read) or not any(map(numbers_a_verdict, read.explanations)))
    again = parse_verdict(render_verdict(read))
    assert again == replace(read, repairs=())
    assert render_verdict(again) == render_verdict(read)


@given(
    COMPLETE,
    st.sampled_from(
        ["", "Sure, here is my evaluation:\n\n", "<think>1) No. I think.</think>\n", "No. 1 first.\n", "\n "]
    ),
    st.sampled_from(
        ["", "\n\nI hope this helps!", "\n\nOverall: No.", "</s>1) No.", "\n\nUser: sure?\n1) No.", "\n```"]
    ),
    st.sampled_from(["{})", "{}.", "({})", "{}:", "**{})**", "- {})", "### {})", "#{}:", "Aspect {}:", "> {})"]),
    st.sampled_from(["{}.", "**{}**.", "**{}.**", "{},", "{} –", '"{}".', "{}:"]),
    st.permutations([0, 1, 2]),
)
def test_a_verdict_survives_what_is_around_it(
    judged: Judgement, before: str, after: str, number: str, word: str, order: list[int]
) -> None:
    lines = render_verdict(judged).split("\n")
    entries: list[str] = []
    for line in lines:
        if line.startswith("   "):
            entries[-1] += "\n" + line
        else:
            said = "Yes" if line[3:].startswith("Yes") else "No"
            rest = line[3 + len(said) + 1 :]
            entries.append(f"{number.format(len(entries) + 1)} {word.format(said)}{rest}")
    text = before + "\n".join(entries[aspect] for aspect in order) + after
    assert aspects(parse_verdict(text)) == aspects(judged)


@given(COMPLETE, COMPLETE, st.sampled_from(["\n", "\n\nOn second thought:\n"]))
def test_the_last_complete_verdict_counts(first: Judgement, second: Judgement, between: str) -> None:
    read = parse_verdict(render_verdict(first) + between + render_verdict(second))
    assert read == replace(second, repairs=("dropped_verdict",))


@given(COMPLETE, st.integers(min_value=1))
def test_a_verdict_that_is_cut_off_gives_no_other_one(judged: Judgement, cut: int) -> None:
    text = render_verdict(judged)
    read = parse_verdict(text[: len(text) - cut % len(text)])
    assert all(verdict in ("unparsed", whole) for verdict, whole in zip(aspects(read), aspects(judged), strict=True))
