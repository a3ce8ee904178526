"""The file of demonstrations, `demonstrations.jsonl`: distillation writes it, evaluations and exports read it.

    found, strangers = read_demonstrations(Path("runs/first/demonstrations.jsonl"), ["add_date", "get_country"])

Not covered: making them, which distillation does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import orjson

from stesim.errors import UserError
from stesim.files import read_bounded
from stesim.records import Demonstration
from stesim.store.codec import demonstration_from_json, demonstration_to_json

DEMONSTRATIONS = "demonstrations.jsonl"
_LARGEST = 256 << 20  # bytes of a file
_NAMED = 5


def read_demonstrations(
    path: Path, tools: Collection[str], advise: Callable[[Collection[str]], str] = lambda _: "choose these with --tools"
) -> tuple[dict[int, Demonstration], Counter[str]]:
    """The demonstrations of these tools by the numbers of their lines, and how many there are of other tools.

    Raises `UserError` with one line if the file cannot be read, holds a broken line, or has none of these tools; then
    `advise` says what to do about the names of those that it has.
    """
    try:
        data = read_bounded(path, _LARGEST)
    except FileNotFoundError:
        hint = f"; make them with: stesim distill {path.parent}" if path.name == DEMONSTRATIONS else ""
        raise UserError(f"there are no demonstrations in {path}{hint}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    found: dict[int, Demonstration] = {}
    strangers: Counter[str] = Counter()
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            demonstration = _demonstration(line, f"{path}, line {number}")
            if demonstration.tool in tools:
                found[number] = demonstration
            else:
                strangers[demonstration.tool] += 1
    if not found and strangers:
        raise UserError(f"{path} has demonstrations of other tools only: {names(strangers)}; {advise(strangers)}")
    if not found:
        raise UserError(f"{path} is empty: no demonstration to show")
    return found, strangers


def to_lines(demonstrations: Iterable[Demonstration]) -> bytes:
    """The content of the file, a line for each demonstration."""
    return b"".join(
        orjson.dumps(demonstration_to_json(one), option=orjson.OPT_APPEND_NEWLINE) for one in demonstrations
    )


def names(tools: Collection[str]) -> str:
    """The first few names of tools, for a message."""
    shown = [name[:60] for name in tools]
    return ", ".join(shown[:_NAMED]) + (f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else "")


def _demonstration(line: bytes, where: str) -> Demonstration:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{where} is not JSON: {error}") from None
    return demonstration_from_json(value, where)
