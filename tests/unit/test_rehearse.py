"""Rounds, what they train on, and the matrix of what was learned: checked against figures counted by hand."""

from __future__ import annotations

import pytest

from stesim.errors import UserError
from stesim.records import Demonstration
from stesim.rehearse import Share, difference, gains, measure, mixed, split

ROUNDS = (("a", "b"), ("c",), ("d",))


def shown(tool: str, trial: int) -> Demonstration:
    return Demonstration(tool, f"{tool} {trial}?", {"n": trial}, "1", "One.", 1, trial)


EACH = [shown(tool, trial) for trial in range(1, 21) for tool in "dcba"]


def test_tools_are_split_in_their_order() -> None:
    assert split("abcdefghij", 4) == (("a", "b", "c"), ("d", "e", "f"), ("g", "h"), ("i", "j"))
    assert split(["a", "b"], 2) == (("a",), ("b",))


@pytest.mark.parametrize("rounds", [0, -1, 3])
def test_too_many_rounds_are_refused(rounds: int) -> None:
    with pytest.raises(UserError, match=f"2 tools cannot be split into {rounds} rounds"):
        split(["a", "b"], rounds)


@pytest.mark.parametrize(
    ("tools", "rounds", "said"),
    [
        (
            "a",
            4,
            "1 tool cannot be split into 4 rounds, each with one at least; the fewest are --rounds 2, of two tools",
        ),
        ("ab", 0, "2 tools cannot be split into 0 rounds, each with one at least; try --rounds 2"),
        ("abc", 4, "3 tools cannot be split into 4 rounds, each with one at least; try --rounds 3"),
        (
            "",
            1,
            "0 tools cannot be split into 1 round, each with one at least; the fewest are --rounds 2, of two tools",
        ),
    ],
)
def test_how_many_rounds_there_could_be_is_said(tools: str, rounds: int, said: str) -> None:
    with pytest.raises(UserError) as error:
        split(tools, rounds)
    assert str(error.value) == said


def test_a_round_trains_on_its_own_tools_and_a_share_of_each_earlier_one() -> None:
    found = mixed(EACH, ROUNDS, 2, 0.1, seed=0)
    assert found[:20] == [shown("d", trial) for trial in range(1, 21)]
    assert [each.tool for each in found[20:]] == ["a", "a", "b", "b", "c", "c"]
    assert len({(each.tool, each.trial) for each in found}) == len(found)


def test_the_first_round_has_nothing_to_rehearse() -> None:
    first = [each for each in EACH if each.tool in "ab"]
    assert mixed(EACH, ROUNDS, 0, 0.0, 0) == mixed(EACH, ROUNDS, 0, 1.0, 5) == first


def test_a_share_is_rounded_up_and_never_by_a_rounding_error() -> None:
    """0.07 of 100 is 7, although 0.07 * 100 is a little more."""
    many = [shown("a", trial) for trial in range(100)] + [shown("b", 1)]
    for share, wanted in ((0.07, 7), (0.001, 1), (0.0, 0), (0.111, 12)):
        assert len(mixed(many, [["a"], ["b"]], 1, share, 0)) == 1 + wanted


def test_what_is_rehearsed_changes_with_the_round_and_the_seed() -> None:
    rounds = [["a"], ["b"], ["c"]]
    drawn = {tuple(each.trial for each in mixed(EACH, rounds, number, 0.2, seed) if each.tool == "a")
             for number, seed in ((1, 0), (2, 0), (1, 1))}  # fmt: skip
    assert len(drawn) == 3


def test_what_is_rehearsed_of_a_tool_does_not_depend_on_the_others() -> None:
    alone = [each for each in EACH if each.tool in "ad"]
    assert [each for each in mixed(EACH, ROUNDS, 2, 0.3, 0) if each.tool in "ad"] == mixed(alone, ROUNDS, 2, 0.3, 0)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_no_share(share: float) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        mixed(EACH, ROUNDS, 1, share, 0)


AFTER = [
    {"a": [True, False], "b": [True, True]},
    {"a": [True, True], "b": [True, True], "c": [True]},
    {"a": [False, False], "b": [True, False], "c": [True], "d": [False, False, True]},
]


def test_the_matrix() -> None:
    found = measure(ROUNDS, AFTER)
    assert [[share.value for share in row] for row in found.cells] == [
        [75.0], [100.0, 100.0], [25.0, 100.0, 33.333],
    ]  # fmt: skip
    assert [share.of for share in found.cells[2]] == [4, 1, 3]
    assert [share.value for share in found.pooled] == [75.0, 100.0, 37.5]
    assert [share.of for share in found.pooled] == [4, 5, 8]


def test_forgetting_is_from_the_best_backward_transfer_from_the_first_figure() -> None:
    found = measure(ROUNDS, AFTER)
    assert [share.value for share in found.backward] == [-50.0, 0.0]
    assert found.backward_transfer == -25.0
    assert found.forgetting == (75.0, 0.0)
    assert found.mean_forgetting == 37.5


def test_a_difference_is_paired() -> None:
    """Both answer the same queries, so where each gains one there is no doubt about the difference."""
    assert difference([True] * 4, [False] * 4) == Share(100.0, 100.0, 100.0, 4)
    mixed_up = difference([True, False] * 10, [False, True] * 10)
    assert mixed_up.value == 0
    assert (mixed_up.low or 0) < 0 < (mixed_up.high or 0)
    assert difference([True, False] * 10, [True, False] * 10) == Share(0.0, 0.0, 0.0, 20)
    with pytest.raises(ValueError, match="cannot be paired"):
        difference([True], [])


def test_gains_by_round_and_in_all() -> None:
    found = gains(ROUNDS, AFTER[2], {**AFTER[2], "a": [True, True]})
    assert [share.value for share in found] == [-50.0, 0.0, 0.0, -25.0]


def test_rounds_not_finished_yet_and_rounds_without_queries() -> None:
    found = measure(ROUNDS, AFTER[:1])
    assert (found.backward, found.forgetting, found.backward_transfer, found.mean_forgetting) == ((), (), None, None)
    assert measure(ROUNDS, []).cells == ()
    empty = measure([["a"], ["b"], ["c"]], [{}, {"b": [None]}, {"b": [None], "c": [True]}])
    assert [share.value for share in empty.cells[2]] == [None, None, 100.0]
    assert [share.value for share in empty.pooled] == [None, None, 100.0]
    assert (empty.forgetting, empty.backward_transfer) == ((None, None), None)
    with pytest.raises(ValueError, match="answers after 2 rounds"):
        measure([["a"]], AFTER[:2])
