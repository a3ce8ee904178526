"""Drills: other values in the query and in the call alike."""

from __future__ import annotations

import json
import random
import re

import jsonschema
import pytest

from stesim.finetune.drills import DrillPlan, brief, drills, plain, swap
from stesim.finetune.values import codes_like, first_value, invented, other_value
from stesim.grounding import ungrounded
from stesim.prompts import load_stage_prompts
from stesim.records import Demonstration, Tool
from stesim.toolbox import Toolbox

PROMPTS = load_stage_prompts("tool_mode")
WEATHER = Tool("forecast", "Get the weather forecast of a city for some days.", {
    "type": "object", "required": ["city", "days"],
    "properties": {"city": {"type": "string", "description": "City, e.g. Paris."},
                   "days": {"type": "integer", "minimum": 1, "maximum": 7}},
})  # fmt: skip
MONEY = Tool("convert", "Convert money.", {
    "type": "object", "required": ["amount", "from", "to"],
    "properties": {"amount": {"type": "number", "minimum": 0}, "from": {"type": "string", "description": "Currency code"},
                   "to": {"type": "string", "description": "Currency code"}},
})  # fmt: skip


def demonstration(tool: str, query: str, **arguments: object) -> Demonstration:
    return Demonstration(tool, query, arguments, "", "", 1, 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_swap_puts_the_same_new_values_into_query_and_call(seed: int) -> None:
    shown = demonstration("forecast", "What is the weather in Paris for 3 days?", city="Paris", days=3)
    found = swap(shown, WEATHER, random.Random(seed))
    assert found is not None
    query, action = found
    city = action.arguments["city"]
    assert city != "Paris"
    assert "Paris" not in query
    assert city in query
    assert 1 <= action.arguments["days"] <= 7
    assert not ungrounded(action.arguments, query, WEATHER)
    assert query.startswith("What is the weather in ")


@pytest.mark.parametrize("seed", range(20))
def test_codes_are_swapped_with_what_people_call_them(seed: int) -> None:
    found = swap(demonstration("convert", "20 euros in yen?", amount=20, **{"from": "EUR", "to": "JPY"}), MONEY,
                 random.Random(seed))  # fmt: skip
    assert found is not None
    query, action = found
    assert not ungrounded(action.arguments, query, MONEY)
    assert action.arguments["from"] in codes_like("EUR", "from Currency code")


def test_a_value_that_is_said_twice_or_not_at_all_stays() -> None:
    twice = demonstration("forecast", "Paris weather, I mean Paris in France", city="Paris", days=3)
    assert swap(twice, WEATHER, random.Random(0)) is None
    part = demonstration("forecast", "weather in Parisville on day 31", city="Paris", days=3)
    assert swap(part, WEATHER, random.Random(0)) is None


@pytest.mark.parametrize("toolset", ["starter", "all"])
def test_plain_drills_are_valid_calls_of_the_tool_where_nothing_is_left_out(toolset: str) -> None:
    valid = 0
    with Toolbox.open(toolset) as box:
        for tool in box.tools:
            query, arguments = plain(tool, random.Random(7))
            assert query.strip()
            errors = list(jsonschema.Draft202012Validator(tool.parameters).iter_errors(arguments))
            valid += not errors
            assert all(error.validator in ("required", "pattern", "anyOf", "oneOf", "minItems") for error in errors), (
                tool.name, arguments, errors,
            )  # fmt: skip
        assert valid > 0.6 * len(box.tools)


@pytest.mark.parametrize("seed", range(200))
def test_a_new_value_does_not_land_in_another_new_one(seed: int) -> None:
    """What people call a code may hold the name of another: the dollar of Bermuda, and dollars."""
    shown = demonstration("convert", "I want to convert 1842 to Euro and US dollars.", amount=1842,
                          **{"from": "EUR", "to": "USD"})  # fmt: skip
    found = swap(shown, MONEY, random.Random(seed))
    assert found is not None
    query, action = found
    assert re.fullmatch(r"I want to convert \S+ to .+ and .+\.", query)
    assert not ungrounded(action.arguments, query, MONEY)
    said = query.split(" to ", 2)[2]
    assert all(said.count(each) < 2 for each in ("Euro", "US dollars"))


@pytest.mark.parametrize("seed", range(30))
def test_two_arguments_with_one_place_in_the_query_are_not_torn_apart(seed: int) -> None:
    shown = demonstration("convert", "How much is 20 in USD?", amount=20, **{"from": "USD", "to": "USD"})
    found = swap(shown, MONEY, random.Random(seed))
    if found is not None:  # else the new query would no longer say one of the two
        assert not ungrounded(found[1].arguments, found[0], MONEY)


@pytest.mark.parametrize("seed", range(30))
def test_a_whole_number_is_written_as_one(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        for new in (other_value("amount", 20.5, {"minimum": 0}, rng), first_value("n", {"type": "number"}, rng)):
            assert isinstance(new, int) or not new.is_integer()


def test_one_query_stands_there_once_with_one_right_call() -> None:
    """Tools that take no argument have only their words, and two tools may share these."""
    none = {"type": "object", "properties": {}}
    tools = [
        Tool("get_cart", "Show the shopping cart now.", none),
        Tool("get_list", "Show the shopping list now.", none),
    ]
    found = drills([], tools, PROMPTS, DrillPlan(each=400))
    queries = [row.messages[-1].content for row in found]
    assert len(queries) == len({query.casefold() for query in queries}) > 300
    assert {row.tool for row in found} == {"get_cart", "get_list"}
    of_two_words = [row for row in found if row.messages[-1].content.casefold() in ("shopping now", "shopping now?")]
    assert {row.tool for row in of_two_words} == {"get_cart"}
    assert not any(query.casefold() in ("cart", "list", "shopping", "now") for query in queries)


def test_other_values_are_of_the_same_kind() -> None:
    rng = random.Random(3)
    assert other_value("year", 2026, {"minimum": 2024, "maximum": 2027}, rng) in range(2024, 2028)
    assert other_value("kind", "asc", {"enum": ["asc", "desc"]}, rng) == "desc"
    assert other_value("kind", "asc", {"enum": ["asc"]}, rng) is None
    assert other_value("days", -3, {}, rng) < 0
    assert other_value("flag", True, {}, rng) is None
    assert re.fullmatch(r"P-\d\d\d", other_value("id", "P-100", {}, rng))
    assert re.fullmatch(r"[A-Z]\d[A-Z]\d", other_value("id", "X1Y2", {}, rng))
    assert len(str(other_value("date", "2026-01-01", {"format": "date"}, rng))) == 10
    assert other_value("city", "New York", {}, rng).istitle()
    assert len(other_value("topic", "deep sea fish", {}, rng).split()) == 3
    assert other_value("list", ["a"], {}, rng) is None
    assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", other_value("at", "14:30", {}, rng))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:00Z", other_value("at", "2026-05-09T14:30:20Z", {}, rng))
    assert re.fullmatch(r"[a-z]+@mail\.example\.org", other_value("to", "ann.b+x@mail.example.org", {}, rng))


@pytest.mark.parametrize("kind", ["date", "time", "date-time", "email", "uuid"])
def test_values_in_a_format_are_valid(kind: str) -> None:
    validator = jsonschema.Draft202012Validator(
        {"type": "string", "format": kind}, format_checker=jsonschema.FormatChecker()
    )
    found = {first_value("x", {"type": "string", "format": kind}, random.Random(seed)) for seed in range(30)}
    assert len(found) > 15
    assert all(validator.is_valid(value) for value in found)
    if kind in ("date", "uuid"):  # what jsonschema checks by itself
        assert not validator.is_valid("Example")


def test_no_drill_is_a_call_that_the_schema_does_not_allow() -> None:
    """A value that cannot be made up and may not be missing leaves a tool without plain drills."""
    place = {"type": "object", "required": ["city"], "properties": {
        "city": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}, "days": {"type": ["integer", "null"]},
    }}  # fmt: skip
    closed = {
        "type": "object",
        "required": ["plate"],
        "properties": {"plate": {"type": "string", "pattern": "^[A-Z]+$"}},
    }
    tools = [Tool("forecast", "Get the weather.", place), Tool("look", "Look a car up by its plate.", closed)]
    found = drills([], tools, PROMPTS, DrillPlan(each=40))
    assert {row.tool for row in found} == {"forecast"}
    assert 30 < len(found) <= 40
    calls = [json.loads(row.reply.split("Action Input: ")[1]) for row in found]
    assert all(jsonschema.Draft202012Validator(place).is_valid(call) for call in calls)
    assert {type(call.get("days")) for call in calls} == {int, type(None)}
    shown = demonstration("look", "Whose is the car ABC?", plate="ABC")
    assert drills([shown], tools[1:], PROMPTS, DrillPlan(each=10)) == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_days_at_the_ends_of_the_calendar(day: str) -> None:
    for seed in range(20):
        assert len(str(other_value("date", day, {"format": "date"}, random.Random(seed)))) == 10


def test_a_range_without_a_number_in_it_has_no_value() -> None:
    for most in (-5, -5_000_000):
        assert first_value("days", {"type": "integer", "maximum": most}, random.Random(0)) is None
        found = first_value("days", {"type": "integer", "minimum": -(10**8), "maximum": most}, random.Random(0))
        assert -(10**8) <= found <= most


def test_names_are_invented_in_one_way_for_one_seed() -> None:
    assert invented(random.Random(1), 2, capital=True) == invented(random.Random(1), 2, capital=True)
    assert len({invented(random.Random(seed), 1, capital=True) for seed in range(100)}) > 90


def test_each_tool_has_as_many_drills() -> None:
    shown = [
        demonstration("forecast", f"Can you tell me the weather in {city} for 3 days?", city=city, days=3)
        for city in ("Rome", "Bonn", "Bern", "Oslo")
    ]
    plan = DrillPlan(each=20)
    found = drills(shown, [WEATHER, MONEY], PROMPTS, plan)
    assert [row.tool for row in found] == ["forecast"] * 20 + ["convert"] * 20
    assert {row.kind for row in found} == {"drill"}
    assert sum(row.origin.startswith("plain|") for row in found) == 10 + 20
    assert len({row.messages[-1].content for row in found}) > 30
    assert drills(shown, [WEATHER, MONEY], PROMPTS, plan) == found
    assert drills(shown, [WEATHER], PROMPTS, DrillPlan(each=20, seed=1)) != found[:20]
    assert drills(shown, [WEATHER], PROMPTS, DrillPlan(each=0)) == []


@pytest.mark.parametrize(
    ("query", "short"),
    [
        ("Can you tell me the time in Lima?", "the time in Lima?"),
        ("I'd like to know which films are on.", "which films are on."),
        ("Please find me a table for two", "a table for two"),
        ("I need to get up", "I need to get up"),
        ("What is the time?", "What is the time?"),
    ],
)
def test_polite_beginnings_go(query: str, short: str) -> None:
    assert brief(query) == short
