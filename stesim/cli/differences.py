"""What an evaluation was begun with, held against what is asked for now, in the words of the options.

    >>> settings({"shots": 8, "limit": None}, {"shots": 4, "limit": 3})
    ['--shots was 8, not 4', '--limit was all, not 3']

So that it can be told before a model is loaded. Not covered: the model, which has to be loaded to be known
(`build.check_same`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim.cli.common import shorten
from stesim.errors import StoreError

_OPTIONS = {"context": "--ctx"}  # of settings whose option has another name
_LONGEST = 100  # characters of a value


def settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Each setting that is another now, by its option; those that `before` lacks are not held against it."""
    return [
        f"{option(name)} was {_said(before[name])}, not {_said(now[name])}"
        for name in before
        if name in now and before[name] != now[name]
    ]


def parts(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What else is another now: the prompts, what the tools say of themselves, the test queries."""
    found = []
    if before["prompts"]["fingerprint"] != now["prompts"]["fingerprint"]:
        found.append("the prompts changed (--prompts)")
    old, new = before["tools"], now["tools"]
    if old["toolset"] != new["toolset"] and old["fingerprint"] != new["fingerprint"]:
        found.append(f"--toolset was {_said(old['toolset'])}, not {_said(new['toolset'])}")
    elif old["fingerprint"] != new["fingerprint"]:
        found.append("the tools changed")
    if before["input"]["testset"] != now["input"]["testset"]:
        found.append("the test set changed")
    return found


def refuse(found: Sequence[str], path: Path, remedy: str) -> None:
    """Raise `StoreError` with all that is another now; nothing happens if nothing is."""
    if found:
        raise StoreError(f"{path} was started differently: {'; '.join(found)}. Use the same settings, or {remedy}")


def option(name: str) -> str:
    """The option that sets a setting."""
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _said(value: object) -> str:
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "on" if value else "off"
    return shorten(",".join(value) if isinstance(value, list) else str(value), _LONGEST)
