"""The seeds of the fuzzer, its minimized finds among them, through the oracle that it uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.oracle import check

SEEDS = sorted((Path(__file__).resolve().parents[2] / "fuzz" / "corpus").glob("*.txt"))


def test_there_are_seeds() -> None:
    assert len(SEEDS) > 100


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_seed(seed: Path) -> None:
    check(seed.read_bytes().decode("utf-8", "surrogateescape"))
