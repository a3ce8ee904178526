"""Rewordings: how many there are to be, what is wrong with one, and the conversation."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from stesim.errors import PromptError, StoreError
from stesim.models import ScriptedModel
from stesim.models.base import OnText
from stesim.models.driving import drive
from stesim.paraphrase import ParaphraseSettings, Paraphrasing, choose, demonstrations, share
from stesim.paraphrase.checks import REASONS, Check
from stesim.paraphrase.stage import worked
from stesim.prompts import load_stage_prompts
from stesim.queries import LONGEST_QUERY, clean_query
from stesim.records import Completion, Demonstration, Paraphrased, Request, Sampling, Tool
from stesim.store.codec import paraphrased_from_json, paraphrased_to_json
from stesim.toolbox import Toolbox

SAMPLING = Sampling(0.6, 0.95, 40, 0.05, 1.05, max_tokens=96)
SETTINGS = ParaphraseSettings(seed=0, sampling=SAMPLING, context=2048)


def example(trial: int, query: str = "", tool: str = "get_country", name: str = "Peru") -> Demonstration:
    query = query or f"What is the capital of {name}, number {trial}?"
    return Demonstration(tool, query, {"name": name}, "{}", "Lima.", episode=1, trial=trial)


# -- balance -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "each"), [(0, 0), (1, 6), (21, 6), (22, 6), (25, 5), (30, 4), (37, 4), (38, 3), (50, 2), (51, 2), (75, 1),
                    (76, 1), (149, 1), (150, 0), (1000, 0)]
)  # fmt: skip
def test_the_share_is_the_papers(n: int, each: int) -> None:
    assert share(n, wanted=150, most=6) == each


def test_a_tool_with_more_than_enough_is_cut_by_a_seeded_choice() -> None:
    many = [example(n) for n in range(1, 31)]
    first, again, other = choose(many, 10, 0), choose(many, 10, 0), choose(many, 10, 1)
    assert first == again != other
    assert len(first) == len(other) == 10
    assert [one.trial for one in first] == sorted(one.trial for one in first)
    assert [one.trial for one in first] != list(range(1, 11))


def test_each_tool_is_cut_by_itself_also_if_they_are_mixed() -> None:
    mixed = [example(n, tool=tool) for n in range(1, 5) for tool in ("a", "b")]
    assert [one.tool for one in choose(mixed, 2, 0)] == ["a", "a", "b", "b"]


def test_first_rewordings_go_before_second_ones() -> None:
    originals = [example(n) for n in (1, 2, 3)]
    reworded = {
        ("get_country", 1, 1): Paraphrased("get_country", 1, 1, ("1a", "1b", "1c"), {}, 3),
        ("get_country", 1, 3): Paraphrased("get_country", 1, 3, ("3a", "3b"), {}, 3),
    }
    found = demonstrations(originals, reworded, wanted=6, seed=0)
    places = [(one.trial, one.paraphrase) for one in found]
    assert {(1, 0), (1, 1), (2, 0), (3, 0), (3, 1)} < set(places)
    assert places == sorted(places)
    assert len(places) == 6
    assert next(one for one in found if (one.trial, one.paraphrase) == (3, 1)).query == "3a"
    assert len(demonstrations(originals, reworded, wanted=100, seed=0)) == 8
    assert demonstrations(originals, {}, wanted=100, seed=0) == originals
    assert demonstrations([], {}, wanted=100, seed=0) == []


# -- what is wrong with a rewording --------------------------------------------------------------------------------

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
MONEY = Tool("convert_money", "", {"properties": {
    "amount": NUMBER, "from": {**TEXT, "description": "Currency code"}, "to": {**TEXT, "description": "Currency code"},
}})  # fmt: skip
HOTEL = Tool("find_hotel", "", {"properties": {"city": TEXT, "checkin": {**TEXT, "format": "date"}, "guests": NUMBER}})
TODAY = datetime.date(2026, 5, 1)
DOLLARS = Check(MONEY, {"amount": 250, "from": "USD", "to": "JPY"}, "How much is 250 US dollars in Japanese yen?")
ROOMS = Check(
    HOTEL, {"city": "Porto", "checkin": "2026-06-03", "guests": 2},
    "Are there any hotels in Porto for two people from 3 June?", today=TODAY, alien=frozenset({"cinema"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("check", "text", "fault"),
    [
        (DOLLARS, "I'd like to know how much 250 US dollars are in Japanese yen.", ""),
        (DOLLARS, "How many yen do I get for 250 dollars?", "swapped"),
        (DOLLARS, "How much is 250 Japanese yen in US dollars?", "swapped"),
        (DOLLARS, "how much is 250 us dollars in japanese yen", "same"),
        (DOLLARS, "How much is 200 US dollars in Japanese yen, please?", "lost_value"),
        (DOLLARS, "How much is 250 US dollars worth these days?", "lost_value"),
        (DOLLARS, "How much is 250 US dollars in Japanese yen on 5 May 2020?", "new_value"),
        (DOLLARS, "How much is 250 US dollars in Japanese yen at Travelex?", "new_value"),
        (DOLLARS, "Use convert_money for 250 US dollars in Japanese yen.", "names_tool"),
        (DOLLARS, "", "empty"),
        (DOLLARS, "?!", "empty"),
        (DOLLARS, "x" * LONGEST_QUERY, "cut_off"),
        (ROOMS, "Please find hotels for 2 people in Porto from 3 June.", ""),
        (ROOMS, "On June 3, are there hotels in Porto for a party of two people?", ""),
        (ROOMS, "Are there hotels in Porto, Portugal, for two people from 3 June?", "new_value"),
        (ROOMS, "Is there a hotel with a cinema in Porto for two people from 3 June?", "echo"),
        (ROOMS, "The river of Porto froze over on 3 June and two poets sang of it all night long.", "drifted"),
    ],
)
def test_faults(check: Check, text: str, fault: str) -> None:
    assert check.fault(text) == fault
    assert fault in ("", *REASONS)


def test_a_reply_that_was_cut_off_is_none() -> None:
    assert DOLLARS.fault("I'd like to know how much 250 US dollars are in Japanese yen.", cut_off=True) == "cut_off"


def test_rewordings_must_differ_from_one_another() -> None:
    one = "I'd like to know how much 250 US dollars are in Japanese yen."
    assert DOLLARS.fault(one, [one.lower().rstrip(".")]) == "same"
    assert DOLLARS.fault(one, ["Please convert 250 US dollars to Japanese yen."]) == ""


def test_only_what_the_query_says_must_be_kept() -> None:
    check = replace(DOLLARS, query="What is the worth of 250 dollars there?")
    assert check.fault("Please find out what 250 dollars are worth there.") == ""


def test_values_must_be_kept_even_where_queries_need_not_be_grounded() -> None:
    assert replace(DOLLARS, how="off").fault("How much are those US dollars in Japanese yen?") == "lost_value"


def test_the_opening_does_not_count_as_drift() -> None:
    check = Check(HOTEL, {"city": "Porto"}, "Hotels in Porto?")
    text = "Would somebody kindly look around and find hotels in Porto"
    assert check.fault(text) == "drifted"
    assert check.fault(text, opening="Would somebody kindly look around and find") == ""
    assert replace(check, overlap=0).fault(text) == ""


def test_codes_may_be_said_by_name() -> None:
    check = replace(DOLLARS, query="How much is 250 USD in JPY?")
    assert check.fault("I need to know how much 250 US Dollars are in Yen.") == ""
    assert replace(DOLLARS, overlap=0).fault("I need to know how much 250 USD is in JPY.") == ""


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("Hotels in Porto for two? What can I do for you?", "Hotels in Porto for two?"),
        ("I am off to Porto. Are there hotels?", "I am off to Porto. Are there hotels?"),
        ("What can I do? Anything else?", "What can I do?"),
        ("", ""),
    ],
)
def test_sentences_that_have_nothing_of_the_query_are_trimmed(text: str, trimmed: str) -> None:
    assert ROOMS.trimmed(text) == trimmed


# -- the conversation ----------------------------------------------------------------------------------------------


def reword(
    texts: Sequence[str],
    originals: Sequence[Demonstration],
    settings: ParaphraseSettings = SETTINGS,
    finished: Sequence[Paraphrased] = (),
    prompts: Path | None = None,
    model: ScriptedModel | None = None,
) -> tuple[list[Paraphrased], ScriptedModel]:
    kept: list[Paraphrased] = []
    model = model or ScriptedModel(texts)
    with Toolbox.open(["get_country"]) as box:
        stage = Paraphrasing(
            box, load_stage_prompts("paraphrase", prompts), settings, model.count, kept.append, finished
        )
        drive(stage.ask(originals), model)
    return kept, model


CAPITAL = "What is the capital of Peru?"


def test_it_asks_until_there_are_enough_and_not_more_often_than_allowed() -> None:
    texts = [
        "I want to know the capital of Peru.",
        "Nothing.",
        "Please find the capital of Peru.",
        "Nothing.",
        "x",
        "y",
    ]
    kept, model = reword(texts, [example(1, CAPITAL)], replace(SETTINGS, wanted=3))
    assert kept == [Paraphrased("get_country", 1, 1, (texts[0], texts[2]), {"lost_value": 1}, 3)]
    kept, model = reword(texts, [example(1, CAPITAL)], replace(SETTINGS, wanted=4))
    assert (kept[0].paraphrases, kept[0].asked) == ((texts[0], texts[2]), 6)
    assert [request.place.call for request in model.requests] == [1, 2, 3, 4, 5, 6]


def test_the_seeds_and_openings_are_of_the_place() -> None:
    texts = [f"Please find the capital of Peru{sign}" for sign in (".", " for me.", " today.", " now.")]
    _, once = reword(texts, [example(1, CAPITAL), example(2, "Peru's capital?")], replace(SETTINGS, wanted=4, most=1))
    _, alone = reword(texts, [example(2, "Peru's capital?")], replace(SETTINGS, wanted=4, most=1))
    assert once.requests[1].seed == alone.requests[0].seed
    assert once.requests[1].prefill == alone.requests[0].prefill
    _, other = reword(texts, [example(2, "Peru's capital?")], replace(SETTINGS, wanted=4, most=1, seed=1))
    assert other.requests[0].seed != alone.requests[0].seed


def test_the_same_text_is_not_taken_twice_for_a_tool() -> None:
    texts = ["Please find the capital of Peru."] * 2
    kept, _ = reword(texts, [example(1, CAPITAL), example(2, "Capital city of Peru?")], replace(SETTINGS, most=1))
    assert [one.dropped for one in kept] == [{}, {"same": 1}]
    kept, _ = reword([CAPITAL], [example(1, "Which city is the capital of Peru?"), example(2, CAPITAL)],
                     replace(SETTINGS, wanted=3, most=1), kept[1:])  # fmt: skip
    assert [one.dropped for one in kept] == [{"same": 1}]


def test_what_is_finished_is_not_asked_again_but_counts() -> None:
    finished = [Paraphrased("get_country", 1, 1, ("Please find the capital of Peru.",), {}, 1)]
    originals = [example(1, CAPITAL), example(2, "Capital city of Peru?")]
    kept, model = reword(["Please find the capital of Peru."], originals, replace(SETTINGS, most=1), finished)
    assert [(one.trial, one.dropped) for one in kept] == [(2, {"same": 1})]
    assert len(model.requests) == 1


def test_a_full_context_forgets_the_oldest_rewordings_and_then_stops() -> None:
    texts = [f"Please find the capital of Peru {word}." for word in ("now", "quickly", "for me", "somehow", "at last")]
    _, model = reword([*texts, "z"], [example(1, CAPITAL)])
    sizes = [model.count(request.messages) for request in model.requests]
    context = sizes[2] + SAMPLING.max_tokens + 16
    kept, small = reword([*texts, "z"], [example(1, CAPITAL)], replace(SETTINGS, context=context))
    assert kept[0].paraphrases == tuple(texts)
    assert max(small.count(request.messages) for request in small.requests) <= sizes[2]
    assert texts[0] not in [message.content for message in small.requests[4].messages]
    assert texts[3] in [message.content for message in small.requests[4].messages]
    kept, _ = reword([], [example(1, CAPITAL)], replace(SETTINGS, context=150))
    assert kept == [Paraphrased("get_country", 1, 1, (), {}, 0)]


def test_without_examples_and_openings_it_is_the_papers_conversation(tmp_path: Path) -> None:
    for name in ("system", "examples", "openings"):
        (tmp_path / f"paraphrase_{name}.txt").write_text("")
    texts = ['Here is a paraphrase:\n\n"Tell me the capital city of Peru."\n\nDo you want another', "x"]
    kept, model = reword(texts, [example(1, CAPITAL)], replace(SETTINGS, most=2), prompts=tmp_path)
    assert kept[0].paraphrases == ("Tell me the capital city of Peru.",)
    assert kept[0].dropped == {"lost_value": 1}
    assert [message.role for message in model.requests[0].messages] == ["user"]
    assert model.requests[0].prefill == ""
    assert model.requests[0].stop == ()


@pytest.mark.parametrize(
    ("text", "finish", "fault"),
    [
        ("Please find the capital of Peru", "stop", {}),
        ("Please find the capital of Peru", "length", {"cut_off": 1}),
        ("Please find the capital of Peru.\n\nOr else", "length", {}),
    ],
)
def test_a_query_without_an_end_is_dropped(text: str, finish: Literal["stop", "length"], fault: dict[str, int]) -> None:
    class Cut(ScriptedModel):
        def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
            return Completion(text, finish)

    kept, _ = reword([], [example(1, CAPITAL)], replace(SETTINGS, most=1), model=Cut([]))
    assert kept[0].dropped == fault


def test_worked_examples(tmp_path: Path) -> None:
    examples, openings = worked(load_stage_prompts("paraphrase"))
    assert all(len(lines) >= 3 for lines in examples)
    assert len(openings) >= 6
    (tmp_path / "paraphrase_examples.txt").write_text("a\nb\n=====\nonly a query\n")
    with pytest.raises(PromptError, match="paraphrase_examples: each example must have"):
        worked(load_stage_prompts("paraphrase", tmp_path))


# -- files and queries ---------------------------------------------------------------------------------------------


def test_lines_of_rewordings() -> None:
    one = Paraphrased("get_country", 1, 2, ("a", "b"), {"same": 2}, 4)
    value = paraphrased_to_json(one)
    assert paraphrased_from_json({**value, "paraphrases": list(one.paraphrases)}) == one
    for wrong in ({**value, "dropped": {"same": "x"}}, {**value, "asked": "4"}, {}, [], None, {**value, "more": 1}):
        with pytest.raises(StoreError, match="here does not hold rewordings"):
            paraphrased_from_json(wrong, "here")


def test_a_query_is_one_line_of_bounded_length() -> None:
    text = clean_query("Question: " + "word\n" * 1000)
    assert "\n" not in text
    assert len(text) == LONGEST_QUERY
