"""Rules of comparison, one row each; `wrong` must not pass."""

from __future__ import annotations

from typing import Any

import pytest

from mocktools import MockToolsError
from mocktools.compare import Difference, RightCall, check_rule, check_value, compare, matches


@pytest.mark.parametrize(
    ("rule", "wanted", "right", "wrong"),
    [
        ("exact", 3, [3, 3.0], ["3", True, 3.1, None, [3]]),
        ("exact", True, [True], [1, "true"]),
        ("exact", {"a": [1, {"b": 2}]}, [{"a": [1.0, {"b": 2}]}], [{"a": [{"b": 2}, 1]}, {"a": [1]}, {}]),
        ("folded", "São Paulo", ["sao paulo", " SÃO  PAULO "], ["Paulo", 3, None, ["São Paulo"]]),
        ({"within": 0.5}, 48.85, [48.85, 49, 48.4], [50, "48.85", True]),
        ("date", "2026-10-30", ["2026-10-30", " 2026-10-30 "], ["30.10.2026", "2026-10-31", "20261030", 20261030]),
        ("moment", "2026-10-30T14:00:00Z", ["2026-10-30T16:00+02:00", "2026-10-30 14:00"], ["2026-10-30T14:01Z", "14:00"]),
        ({"any_of": ["NYC"]}, "New York", ["nyc", "New-York"], ["York", 1]),
        ({"words": ["milk", "two litres"]}, "", ["Buy two litres of milk!"], ["two small litres of milk", "milky", 2]),
        ({"words": [["milk", "oat drink"], "buy"]}, "", ["buy OAT drink", "Buy milk"], ["buy oat", "milk"]),
        ("free", "x", ["anything"], ["", "  ", 1]),
        ({"list": "folded"}, ["a", "b"], [["B", "A"]], [["a"], ["a", "b", "b"], ["a", "a"], "ab"]),
        ({"members": {"c": "folded"}}, {"c": "Rome", "n": 1}, [{"c": "rome", "n": 1}], [{"c": "rome"}, {"c": "rome", "n": 2}]),
        ({"list": {"members": {"c": "folded"}}}, [{"c": "Rome"}], [[{"c": "ROME"}]], [[{"d": "ROME"}]]),
    ],
)  # fmt: skip
def test_a_rule(rule: Any, wanted: Any, right: list[Any], wrong: list[Any]) -> None:
    assert [value for value in right if not matches(rule, wanted, value)] == []
    assert [value for value in wrong if matches(rule, wanted, value)] == []
    check_rule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "like",
        3,
        None,
        {},
        {"within": "1"},
        {"within": True},
        {"any_of": "x"},
        {"words": ["a"], "within": 1},
        {"words": [1]},
        {"words": [[]]},
        {"words": [""]},
        {"words": [["a", None]]},
        {"any_of": [["a"]]},
    ],
)
def test_what_is_no_rule(rule: Any) -> None:
    with pytest.raises(MockToolsError, match="no rule of comparison; there are: exact"):
        check_rule(rule)


def test_a_rule_within_a_rule_is_looked_at() -> None:
    for rule in ({"list": "like"}, {"members": {"a": {"list": "like"}}}):
        with pytest.raises(MockToolsError, match="'like' is no rule"):
            check_rule(rule)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("folded", 3), ("date", None), ({"words": ["a"]}, ["a"]), ({"within": 1}, "1"), ({"within": 1}, True),
        ({"list": "folded"}, "a"), ({"list": "folded"}, ["a", 1]), ({"members": {"a": "date"}}, {"a": 1}),
        ({"members": {}}, []),
    ],
)  # fmt: skip
def test_a_value_that_its_rule_cannot_compare(rule: Any, value: Any) -> None:
    with pytest.raises(MockToolsError, match="does not go with the value"):
        check_value(rule, value)
    check_value({"members": {"a": {"list": "folded"}, "b": "date"}}, {"a": ["x"]})


RIGHT = RightCall(
    "t", {"city": "Paris", "days": 2}, {"city": "folded"}, {"date": {"value": "2026-10-30", "rule": "date"}}
)
SCHEMA = {"properties": {"days": {"default": 2}, "limit": {"default": 10}}}


@pytest.mark.parametrize(
    ("arguments", "difference"),
    [
        ({"city": "paris", "days": 2}, ((), (), ())),
        ({"city": "paris"}, ((), (), ())),  # the right value is the default
        ({"city": "paris", "days": 3}, ((), ("days",), ())),
        ({"days": 2}, (("city",), (), ())),
        ({"city": None, "days": 2}, (("city",), (), ())),
        ({"city": "Paris", "limit": 10}, ((), (), ())),
        ({"city": "Paris", "limit": 9, "why": ""}, ((), (), ("limit", "why"))),
        ({"city": "Paris", "date": "2026-10-30", "x": None}, ((), (), ())),
        ({"city": "Paris", "date": "2026-10-31"}, ((), (), ("date",))),
    ],
)
def test_a_call_is_held_against_the_right_one(
    arguments: dict[str, Any], difference: tuple[tuple[str, ...], ...]
) -> None:
    found = compare(RIGHT, arguments, SCHEMA)
    assert found == Difference(*difference)
    assert found.none == (difference == ((), (), ()))
