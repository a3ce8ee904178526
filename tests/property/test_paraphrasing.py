"""Properties of rewordings: the balance holds for any numbers, and no text breaks a check."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stesim.paraphrase import choose, demonstrations, share
from stesim.paraphrase.checks import REASONS, Check
from stesim.records import Demonstration, Paraphrased, Tool

TOOL = Tool("find_train", "", {"properties": {"from": {"type": "string"}, "to": {"type": "string"}}})


@given(
    counts=st.lists(st.integers(0, 6), min_size=0, max_size=12),
    wanted=st.integers(1, 20),
    most=st.integers(0, 6),
    seed=st.integers(0, 3),
)
def test_the_balance(counts: list[int], wanted: int, most: int, seed: int) -> None:
    """No more than wanted, nothing twice, and nothing left out while there is room."""
    originals = [Demonstration("t", f"q{n}", {}, "", "", 1, n) for n in range(len(counts))]
    chosen = choose(originals, wanted, seed)
    each = share(len(originals), wanted, most)
    made = {
        ("t", 1, n): Paraphrased("t", 1, n, tuple(f"q{n}.{k}" for k in range(min(count, each))), {}, count)
        for n, count in enumerate(counts)
    }
    found = demonstrations(chosen, made, wanted, seed)
    whole = len(chosen) + sum(len(made["t", 1, one.trial].paraphrases) for one in chosen)
    assert len(found) == min(whole, wanted)
    places = [(one.trial, one.paraphrase) for one in found]
    assert places == sorted(set(places))
    assert all(one in found for one in chosen)
    if most >= each > 0 and each * len(originals) + len(originals) < wanted:
        assert each == most  # only the bound keeps it from what is wanted
    left_out = [
        number
        for one in chosen
        for number in range(1, len(made["t", 1, one.trial].paraphrases) + 1)
        if (one.trial, number) not in places
    ]
    kept = [number for _, number in places if number]
    assert not left_out or not kept or max(kept) <= min(left_out)


@given(
    text=st.text(max_size=80) | st.lists(st.sampled_from(
        ["Is", "there", "a", "train", "from", "Berlin", "to", "Prague", "6", "pm", "?", "I", "USD", ".", "find_train", "x"]
    ), max_size=14).map(" ".join),
    query=st.sampled_from(["Is there a train from Berlin to Prague after 6 pm?", "", "?", "train"]),
    how=st.sampled_from(["words", "strict", "off"]),
)  # fmt: skip
def test_any_text_gets_a_reason_or_none(text: str, query: str, how: str) -> None:
    check = Check(TOOL, {"from": "Berlin", "to": "Prague"}, query, how)  # type: ignore[arg-type]
    fault = check.fault(check.trimmed(text))
    assert fault in ("", *REASONS)
    if not fault and "Berlin" in query:
        assert text.lower().index("berlin") < text.lower().index("prague")
    assert check.fault(query) in ("same", "empty")
