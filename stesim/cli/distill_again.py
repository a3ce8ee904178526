"""What a distillation is asked for once more: the same, which only shows it, or something else, which begins anew.

    refuse_others(Path("runs/first"), ["--paraphrases was 6, not 2"])       # raises `StoreError`
    set_aside(Path("runs/first"))                                           # Path("runs/first/distill-1")

Not covered: evaluations and exports made of what is set aside; they stay as they are.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim.cli.distill_folders import JUDGE, PARAPHRASE, Values
from stesim.demonstrations import DEMONSTRATIONS
from stesim.errors import StoreError
from stesim.report.study import DISTILLED
from stesim.store.folder import held

AGAIN = "add --again, which sets aside what is there and begins anew"
# The options by the settings' names.
_OPTIONS: Mapping[str, str] = {
    "judge": "the judge (--no-judge)",
    "context": "--ctx",
    "wanted": "--per-tool",
    "most": "--paraphrases",
    "seed": "--seed",
    "constrain": "--constrain",
    "grounding": "--grounding",
    "similar": "--similar",
    "temperature": "--temperature",
    "overlap": "--overlap",
    "paraphrase": "--paraphrase",
    "toolset": "--toolset",
}


def differs(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """That a setting was another one, by the name of its option."""
    return f"{_OPTIONS.get(name, name)} was {_said(before.get(name))}, not {_said(after.get(name))}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "nothing" if value is None else str(value)


def others(typed: Values, begun: Mapping[str, Any]) -> list[str]:
    """The typed settings that are not those that the work was begun with, each in words."""
    found = {name: value for name, value in typed.items() if value is not None and name in begun}
    if found.get("constrain") == "auto":
        del found["constrain"]
    elif "constrain" in found:
        found["constrain"] = found["constrain"] == "on"
    return [differs(name, begun, found) for name, value in found.items() if value != begun[name]]


def refuse_others(run: Path, differences: Sequence[str]) -> None:
    """Raise `StoreError` that names the differences, if there are any, and how to begin anew."""
    if differences:
        raise StoreError(
            f"{run} was distilled with other settings: {'; '.join(differences)}. Leave these out to have the same, or "
            f"{AGAIN}"
        )


def set_aside(run: Path) -> Path | None:
    """Move all that a distillation has made into a new folder `distill-1`, or the next free number; None if there is
    nothing.

    Raises `StoreError` if another process is at work there.
    """
    # The results first: whatever the moment it is killed in, what is left is gone on with.
    there = [run / name for name in (DISTILLED, DEMONSTRATIONS, PARAPHRASE, JUDGE) if (run / name).exists()]
    if not there:
        return None
    with contextlib.ExitStack() as locks:
        for path in there:
            if path.is_dir():
                locks.enter_context(held(path))
        aside = next(path for n in itertools.count(1) if not (path := run / f"distill-{n}").exists())
        try:
            aside.mkdir()
            for path in there:
                path.rename(aside / path.name)
        except OSError as error:
            raise StoreError(
                f"cannot move {run / JUDGE} and what was made of it to {aside}: {error.strerror}"
            ) from None
    return aside
