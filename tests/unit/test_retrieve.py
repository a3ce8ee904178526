"""Which texts are near to a query, and which tools are offered for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stesim.errors import ModelError, ToolError
from stesim.records import Tool
from stesim.retrieve import by_embedding, by_words, candidates, tool_text
from stesim.toolbox import EVERY, Toolbox

ROOT = Path(__file__).resolve().parents[2]
QUERIES = [
    "What's the weather in São Paulo for the next 3 days?",
    "Convert 20 dollars to euros",
    "How many days are there between 2026-10-30 and Christmas?",
    "When is the next public holiday in Norway?",
    "Which countries border Chad?",
    "Is 4111 1111 1111 1111 a valid card number?",
]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("weather in Oslo for the next 5 days", 0),
        ("sao paulo", 0),
        ("SÃO PAULO’S", 0),
        ("five dollar", 1),
        ("convert 3.5 euro", 1),
        ("how long until 2027-01-02", 2),
        ("holidays, Norway", 3),
        ("what country borders it", 4),
        ("a card", 5),
    ],
)
def test_words_are_compared_without_case_accents_endings_and_the_numbers_value(query: str, best: int) -> None:
    assert by_words(QUERIES).nearest(query, 1) == [best]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("next 3 days", "next 15 days"),
        ("next 3 days", "next twenty-five days"),
        ("1,250.50 dollars", "two hundred and five dollars"),
        ("on the 3rd", "on the 21st"),
        ("by 2026-11-03", "by 2027-1-3"),
        ("at 9:30", "at 17:05"),
        ("cities and countries", "city and country"),
        ("boxes, matches, dishes, classes", "box, match, dish, class"),
        ("what's Peru’s capital", "What is the capital of Peru?"),
        ("Łódź", "lodz"),
        ("５ ｄａｙｓ", "7 days"),
    ],
)
def test_what_counts_as_the_same(one: str, other: str) -> None:
    """Texts that differ in what does not count are equally near to either, so that the first stands first."""
    filling = ["rain", "snow", "nothing of the kind at all"]
    for texts in ([*filling, one, other], [*filling, other, one]):
        assert by_words(texts).nearest(one, 2) == by_words(texts).nearest(other, 2) == [3, 4]


def test_what_does_not_count_as_the_same() -> None:
    texts = ["from Rome", "to Rome", "when", "where", "12 $", "12 €", "bus", "status", "May 1", "us"]
    for place, text in enumerate(texts):
        assert by_words(texts).nearest(text, 1) == [place], text


def test_a_text_of_stop_words_alone_keeps_them() -> None:
    assert by_words(["rain", "so be it", "it is"]).nearest("so be it", 1) == [1]


@pytest.mark.parametrize("query", ["", " \n", "?!", "xyzzy", "\ud800", "日本"])
def test_a_query_that_nothing_matches_gives_the_first_ones(query: str) -> None:
    assert by_words(QUERIES).nearest(query, 3) == [0, 1, 2]
    assert by_words(QUERIES).nearest(query, 2, among={5, 4, 2}) == [2, 4]


@pytest.mark.parametrize("texts", [[], [""], ["", "?"], ["", "rain", ""], ["rain"]])
def test_small_and_empty_corpora(texts: list[str]) -> None:
    everything = sorted(range(len(texts)), key=lambda place: "rain" not in texts[place])
    for index in (by_words(texts), by_embedding(texts, lambda asked: [[1.0, 0.5 * len(text)] for text in asked])):
        assert sorted(index.nearest("rain", 9)) == list(range(len(texts)))
        assert index.nearest("rain", 0) == index.nearest("rain", -1) == index.nearest("rain", 3, among=[]) == []
    assert by_words(texts).nearest("Rain?", 9) == everything


def test_among_must_be_there() -> None:
    for places in ([6], [-1], [0, 7]):
        with pytest.raises(IndexError, match="there are 6 texts"):
            by_words(QUERIES).nearest("rain", 1, among=places)


def test_nothing_depends_on_the_order_of_sets() -> None:
    code = (
        "from stesim.retrieve import by_words\n"
        f"index = by_words({QUERIES * 3!r})\n"
        "print([index.nearest(q, 9) for q in ('days in the next weeks', 'a card of Norway', 'convert days to countries')])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(outputs) == 1


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    by_words(QUERIES).nearest("weather", 3)
    assert capfd.readouterr() == ("", "")


def test_the_libraries_are_loaded_when_they_are_needed() -> None:
    code = (
        "import sys, stesim.retrieve, stesim.bootstrap, stesim.testset\n"
        "print([name for name in ('bm25s', 'numpy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


class Directions:
    """Embeds a text as a direction by its first word, all of them close to one far corner."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        kinds = {"rain": (0.1, 0.0), "money": (0.0, 0.1), "snow": (0.09, 0.03)}
        return [[9.0 + kinds[text.split()[0]][0], 9.0 + kinds[text.split()[0]][1], 9.0] for text in texts]


def test_vectors_are_centred_and_texts_are_embedded_once() -> None:
    embed = Directions()
    index = by_embedding(["money a", "rain b", "", "snow c", "rain d"], embed)
    # Without centring all of these would be within a hundredth of each other.
    assert index.nearest("rain now", 5) == [1, 4, 3, 2, 0]
    assert index.nearest("money now", 1) == [0]
    assert index.nearest("rain now", 2, among=[0, 3, 4]) == [4, 3]
    assert index.nearest(" ", 2) == [0, 1]
    assert embed.asked == [["money a", "rain b", "snow c", "rain d"], ["rain now"], ["money now"], ["rain now"]]


def test_equal_vectors_keep_their_order() -> None:
    index = by_embedding(["rain 1", "rain 2", "rain 3"], Directions())
    assert index.nearest("money", 3) == [0, 1, 2]
    assert index.nearest("rain", 3, among=(2, 1)) == [1, 2]


def test_a_model_without_embeddings_says_so() -> None:
    def embed(texts: Sequence[str]) -> list[list[float]]:
        raise ModelError("scripted has no embeddings")

    with pytest.raises(ModelError, match="no embeddings"):
        by_embedding(QUERIES, embed)


def test_what_a_tool_is_found_by() -> None:
    parameters = {
        "properties": {
            "sortBy": {"description": "Order of the list.", "enum": ["price", "name", 3]},
            "many": {"enum": [f"word{n}" for n in range(13)]},
            "anything": True,
        }
    }
    told = "Shop API find things. Find things. buying, shop. sort By: Order of the list. price, name. many. anything."
    assert tool_text(Tool("Shop API%%find_things", "Find things.", parameters, tags=("buying", "shop"))) == told
    assert tool_text(Tool("now", "", {})) == "now."


QUERY_OF = {
    "forecast_weather": "will I need an umbrella, what is the weather forecast for Lima",
    "convert_currency": "convert 5 euros into another currency",
    "get_country": "which languages does this country have",
    "add_date": "add 12 days to a date",
}


@pytest.mark.parametrize(("name", "query"), QUERY_OF.items())
def test_candidates_come_in_the_toolsets_order(name: str, query: str) -> None:
    with Toolbox.open() as toolbox:
        tools = toolbox.tools
    index = by_words([tool_text(tool) for tool in tools])
    offered = candidates(tools, query, 3, index)
    assert len(offered) == 3
    assert name in [tool.name for tool in offered]
    assert [tool for tool in tools if tool in offered] == offered
    assert candidates(tools, query, 99, index) == list(tools)


def test_the_oracle_offers_the_right_tool_and_its_neighbours_whatever_the_query() -> None:
    with Toolbox.open() as toolbox:
        tools = toolbox.tools
    index = by_words([tool_text(tool) for tool in tools])
    for tool in tools:
        offered = candidates(tools, "", 4, index, right=tool.name)
        assert tool in offered
        assert len(offered) == 4
        assert offered == candidates(tools, "any other query", 4, index, right=tool.name)
        assert candidates(tools, "", 0, index, right=tool.name) == candidates(tools, "", 1, index, tool.name) == [tool]
    with pytest.raises(ToolError, match="'no_such' is not among"):
        candidates(tools, "", 4, index, right="no_such")


@pytest.mark.parametrize(
    "family",
    [
        {"get_current_weather", "forecast_weather", "get_weather_history"},
        {"create_event", "list_events", "update_event", "delete_event"},
        {"convert_currency", "get_exchange_rate", "get_exchange_rates", "get_exchange_rate_history"},
        {"list_channels", "post_message", "list_messages", "delete_message"},
    ],
)
def test_the_nearest_tool_is_one_about_the_same(family: set[str]) -> None:
    with Toolbox.open(EVERY) as toolbox:
        tools = toolbox.tools
    index = by_words([tool_text(tool) for tool in tools])
    for name in family:
        assert {tool.name for tool in candidates(tools, "", 2, index, right=name)} <= family
