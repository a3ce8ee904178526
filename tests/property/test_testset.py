"""Properties of the test sets: what is chosen for tools, and a comparison that copes with whatever a model writes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mocktools.testsets import bundled
from stesim.parsing.values import storable
from stesim.testset import BUNDLED, cases, compare
from stesim.toolbox import tool_names

ANSWERABLE = [case for case in bundled() if case.calls]
TOOLS = tool_names("all")
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=[]), max_size=12), st.sampled_from(["2026-11-03", "2026-11-03T10:00:00Z"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(st.lists(st.sampled_from([*TOOLS, "mine"]), min_size=1, max_size=6, unique=True), st.booleans())
def test_each_query_goes_with_a_chosen_tool(tools: list[str], unanswerable: bool) -> None:
    tools = [*tools, *(["add_date"] if tools == ["mine"] else [])]
    chosen = cases(BUNDLED, tools, unanswerable)
    answerable = [case for case in chosen if case.calls]
    assert {call.tool for case in answerable for call in case.calls} == set(tools) - {"mine"}
    order = [tools.index(case.calls[0].tool) for case in answerable]
    assert order == sorted(order)
    assert len(answerable) == 15 * len(set(tools) - {"mine"})
    assert len(chosen) - len(answerable) == (100 if unanswerable else 0)
    assert [case.id for case in chosen if not case.calls] == [case.id for case in bundled() if not case.calls][
        : len(chosen) - len(answerable)
    ]


@given(st.sampled_from(ANSWERABLE), st.data())
def test_any_arguments_can_be_compared(case: Any, data: st.DataObject) -> None:
    right = case.calls[0]
    names = [*right.arguments, *right.may, "other"]
    given_ = data.draw(st.dictionaries(st.sampled_from(names), VALUES).filter(storable))
    found = compare(right, given_)
    assert set(found.missing) <= set(right.arguments)
    assert set(found.wrong) <= set(right.arguments) & set(given_)
    assert set(found.extra) <= set(given_) - set(right.arguments)
    assert compare(right, {**given_, **right.arguments}).missing == compare(right, right.arguments).wrong == ()
    assert not set(found.missing) & set(found.wrong)
