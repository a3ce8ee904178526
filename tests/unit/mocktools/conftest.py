"""All mock tools, on the air for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mocktools


@pytest.fixture
def tools() -> Iterator[mocktools.Toolset]:
    with mocktools.activate("extended") as toolset:
        yield toolset
