"""What went wrong, looked at more closely: tools taken for others, and values copied badly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.evaluate.measure import Marker, failures
from stesim.evaluate.mistakes import confusions, nearly_same, wrong_values
from tests.unit.test_measure import PERU, REPLIES, WEEKS, box, call, marker, marks_of

__all__ = ["box", "marker"]  # fixtures

NUMBERS = st.integers(-(2**63), 2**63)
VALUES = st.one_of(st.text(max_size=12), NUMBERS, st.lists(NUMBERS, max_size=3), st.none())


@pytest.mark.parametrize(
    ("said", "right", "near"),
    [
        ("Thesaloniki", "Thessaloniki", True),
        ("PERU", "Peru", True),
        ("Peruvian", "Peru", True),
        ("Chile", "Peru", False),
        ("look_through_scientific_literature", "graphene", False),
        ("2026-01-12", "2027-01-12", True),
        (144, -144, True),
        (12, 2, False),  # of so few characters half agree by chance
        ("21", 21, True),
        ("SW", "SE", False),
        ("", "Peru", False),
        ([1, 2, 3], [1, 2, 4], True),
        ({"a": 1}, "Peru", False),
        ("x" * 5000, "x" * 5000 + "y", True),
    ],
)
def test_near_copies(said: Any, right: Any, near: bool) -> None:
    assert nearly_same(said, right) is near


@given(VALUES, VALUES)
def test_a_value_is_near_itself_and_nothing_is_refused(one: Any, other: Any) -> None:
    assert nearly_same(one, one)
    assert nearly_same(one, other) in (True, False)


def test_wrong_values_are_near_copies_or_others(marker: Marker) -> None:
    wrong = [(PERU, call("get_country", name=name)) for name in ("Perux", "Pery", "Chile")]
    marks = marks_of(marker, [*wrong, (WEEKS, call("add_date", days=5)), (WEEKS, call("add_date")), *REPLIES[2:5]])
    assert wrong_values(marks) == {"miscopied": 2, "other": 2}
    assert sum(wrong_values(marks).values()) == len(failures(marks)["wrong_value"])
    assert wrong_values([]) == {"miscopied": 0, "other": 0}


def test_all_wrong_values_must_be_near(marker: Marker) -> None:
    said = [call("add_date", days=days, date="2026-10-31") for days in (2100, 21)]
    marks = marks_of(marker, [(WEEKS, text) for text in said])
    assert [mark.wrong for mark in marks] == [((2100, 21),), ()]  # a date beyond is no wrong value
    assert wrong_values(marks) == {"miscopied": 0, "other": 1}


def test_tools_that_were_taken_for_others(marker: Marker) -> None:
    wrong = [(WEEKS, call("get_country", name="x"))] * 2 + [(PERU, call("add_task", title="x"))]
    marks = marks_of(marker, [*REPLIES, *wrong, (PERU, call("nothing_known"))])
    assert confusions(marks) == [
        {"right": "add_date", "called": "get_country", "answers": 2},
        {"right": "get_country", "called": "add_date", "answers": 1},
        {"right": "get_country", "called": "add_task", "answers": 1},
    ]
    assert sum(pair["answers"] for pair in confusions(marks)) == len(failures(marks)["wrong_tool"])
    assert confusions([]) == []
