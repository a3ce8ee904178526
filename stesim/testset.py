"""The door to test queries with known right calls, and to the rules by which a call is compared with the right one.

    >>> first = cases("bundled", ["add_date"], unanswerable=False)[0]
    >>> right = first.calls[0]
    >>> compare(right, right.arguments).none
    True

A test set is `bundled` (15 queries a bundled tool, and 100 that no tool can serve), `dev` (a small one, to try things
out on) or the path of a file in their format; see `mocktools/testsets.py`. Not covered: making the calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from mocktools import compare as rules
from mocktools import testsets
from mocktools.compare import Difference, RightCall
from mocktools.testsets import Case
from stesim.errors import UserError
from stesim.files import check_regular
from stesim.toolbox import user_errors

__all__ = ["BUNDLED", "DEV", "Case", "Difference", "RightCall", "cases", "compare", "fingerprint"]

BUNDLED, DEV = "bundled", "dev"
_MOST_NAMES = 5  # that an error lists
_GUIDE = "docs/test-sets.md"


def cases(testset: str, tools: Sequence[str], unanswerable: bool) -> tuple[Case, ...]:
    """The queries of a test set for these tools (their names), by tool in this order, those of a tool as they stand.

    A query whose usual right call is to another tool is left out, and so are other right calls to such. With
    `unanswerable`, those that no tool can serve come last. Raises `UserError` for a file that cannot be read, with
    the line that is broken, and for a test set that has no query left, or queries for other tools alone; then it says
    which ways there are.
    """
    with user_errors():
        whole = testsets.bundled() if testset == BUNDLED else testsets.dev() if testset == DEV else _read(testset)
        chosen = testsets.choose(whole, tools, unanswerable=unanswerable)
    if any(case.calls for case in chosen) or (chosen and not any(case.calls for case in whole)):
        return chosen
    name = testset if testset in (BUNDLED, DEV) else repr(testset)
    if not any(case.calls for case in whole):
        raise UserError(f"test set {name} has {'only unanswerable queries' if whole else 'no query'}")
    more = f" and {len(tools) - _MOST_NAMES} more" if len(tools) > _MOST_NAMES else ""
    shown = ", ".join(tool[:60] for tool in tools[:_MOST_NAMES]) or "no tool"
    raise UserError(f"test set {name} has no query for the chosen tools ({shown}{more}); {_ways(testset, tools)}")


def _ways(testset: str, tools: Sequence[str]) -> str:
    """What to give instead of a test set that has no query for these tools."""
    ways = []
    for name, whole in ((BUNDLED, testsets.bundled), (DEV, testsets.dev)):
        if name != testset:
            with user_errors():
                count = len(testsets.choose(whole(), tools, unanswerable=False))
            ways += [f"--testset {name}, which has {count} for them"] if count else []
    return f"give {' or '.join([*ways, f'a file of your own ({_GUIDE})'])}"


def compare(right: RightCall, arguments: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> Difference:
    """How arguments differ from the right ones; `parameters` is the tool's schema, whose defaults need not be given.

    Raises `ToolError` for a right call with a rule that there is not; one of `cases` has none.
    """
    with user_errors():
        return rules.compare(right, arguments, parameters)


def fingerprint(chosen: Sequence[Case]) -> str:
    """SHA-256 of queries and their right calls, in their order."""
    told = [
        [case.id, case.query, [[call.tool, call.arguments, call.rules, call.may] for call in case.calls]]
        for case in chosen
    ]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(testset: str) -> tuple[Case, ...]:
    path = Path(testset).expanduser()
    try:
        check_regular(path)
    except FileNotFoundError:
        raise UserError(f"no test set {testset!r}: give {BUNDLED}, {DEV} or the path of a file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"test set {testset!r} cannot be read: {why}") from None
    found = testsets.read(path)
    try:
        fingerprint(found)
    except orjson.JSONEncodeError as error:  # deeper than JSON is written
        raise UserError(f"test set {testset!r} cannot be used: {error}") from None
    return found
