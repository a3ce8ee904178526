"""Properties of the rounds and of what is forgotten between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stesim import bootstrap
from stesim.records import Demonstration
from stesim.rehearse import Value, gains, measure, mixed, split

ROUNDS = [["a", "b"], ["c"], ["d", "e"]]
TOOLS = [tool for tools in ROUNDS for tool in tools]
SHOWN = st.lists(st.sampled_from(TOOLS), max_size=60).map(
    lambda tools: [Demonstration(tool, f"{n}?", {}, "", "", 1, n) for n, tool in enumerate(tools, 1)]
)
ANSWERS = st.fixed_dictionaries({tool: st.lists(st.none() | st.booleans(), min_size=3, max_size=3) for tool in TOOLS})
Answers = dict[str, list[Value]]


@pytest.fixture(autouse=True, scope="module")
def quick_intervals() -> Iterator[None]:
    """How good the intervals are is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        for function in (bootstrap.interval, bootstrap.difference):
            patch.setattr(function, "__defaults__", (0, 40, 0.95))
        yield


@given(st.lists(st.text(max_size=3), min_size=1, max_size=30), st.data())
def test_a_split_keeps_every_tool_in_order(tools: list[str], data: st.DataObject) -> None:
    rounds = data.draw(st.integers(1, len(tools)))
    found = split(tools, rounds)
    assert [tool for each in found for tool in each] == tools
    sizes = [len(each) for each in found]
    assert len(sizes) == rounds
    assert sorted(sizes, reverse=True) == sizes
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


@given(SHOWN, st.integers(0, 2), st.floats(0, 1), st.integers(0, 2**63))
def test_a_round_has_its_own_and_a_share_of_each_earlier_tool(
    demonstrations: list[Demonstration], number: int, share: float, seed: int
) -> None:
    found = mixed(demonstrations, ROUNDS, number, share, seed)
    assert found == mixed(demonstrations, ROUNDS, number, share, seed)
    known, drawn = (Counter(each.tool for each in some) for some in (demonstrations, found))
    trials = [each.trial for each in found]
    assert len(set(trials)) == len(trials)
    assert set(trials) <= {each.trial for each in demonstrations}
    for at, tools in enumerate(ROUNDS):
        for tool in tools:
            if at == number:
                assert drawn[tool] == known[tool]
            elif at < number:
                assert 0 <= drawn[tool] - share * known[tool] + 1e-6 < 1 + 2e-6
                assert bool(drawn[tool]) == bool(known[tool] and share > 1e-7) or share <= 1e-7
            else:
                assert not drawn[tool]


@given(SHOWN, st.integers(0, 2), st.integers(0, 2**63))
def test_without_rehearsal_none_and_with_all_of_it_all(
    demonstrations: list[Demonstration], number: int, seed: int
) -> None:
    assert mixed(demonstrations, ROUNDS, number, 0, seed) == [
        each for each in demonstrations if each.tool in ROUNDS[number]
    ]
    whole = mixed(demonstrations, ROUNDS, number, 1, seed)
    so_far = [tool for tools in ROUNDS[: number + 1] for tool in tools]
    assert sorted(each.trial for each in whole) == [each.trial for each in demonstrations if each.tool in so_far]


@settings(max_examples=30)
@given(ANSWERS, ANSWERS, ANSWERS)
def test_what_is_forgotten(first: Answers, second: Answers, third: Answers) -> None:
    """Never less than what was lost since it was learned, and just that where nothing was better in between."""
    found = measure(ROUNDS, [first, second, third])
    for b, (backward, forgotten) in enumerate(zip(found.backward, found.forgetting, strict=True)):
        learned, last = found.cells[b][b].value, found.cells[2][b].value
        if learned is None or last is None:
            assert backward.value is None
            continue
        assert backward.value is not None
        assert forgotten is not None
        assert math.isclose(backward.value, last - learned, abs_tol=0.002)
        assert forgotten >= -backward.value - 0.002
        between = [found.cells[r][b].value or 0.0 for r in range(b, 2)]
        if max(between) == learned:
            assert math.isclose(forgotten, -backward.value, abs_tol=0.002)
        assert -100 <= (backward.low or 0.0) <= (backward.high or 0.0) <= 100


@settings(max_examples=30)
@given(ANSWERS, ANSWERS)
def test_gains_turn_round_with_the_sides(one: Answers, other: Answers) -> None:
    there, back = gains(ROUNDS, one, other), gains(ROUNDS, other, one)
    assert len(there) == len(ROUNDS) + 1
    for share, inverse in zip(there, back, strict=True):
        assert (share.value is None) == (inverse.value is None)
        assert share.of == inverse.of
        if share.value is not None and inverse.value is not None:
            assert math.isclose(share.value, -inverse.value, abs_tol=0.002)
    assert all(share.value in (0, None) for share in gains(ROUNDS, one, one))
