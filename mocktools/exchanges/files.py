"""Read a JSON file that somebody else wrote, and say in one line what is wrong with it and where.

    >>> place_of(["exchanges", 3, "request", "url"])
    'exchanges[3].request.url'
    >>> shown("a" * 200)[-5:]
    'a..."'

Not covered: JSON with comments, files in another encoding than UTF-8.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from mocktools.errors import MockToolsError

LARGEST_FILE = 8 * 1024 * 1024  # bytes
DEEPEST = 64  # lists and objects within one another
_SHOWN = 100
_SHOWN_PATH = 300
_SHOWN_MESSAGE = 400
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}", re.ASCII)


class FileError(MockToolsError):
    """Something is wrong with a file; `place` is a JSON path ("exchanges[3].request.url") or empty."""

    def __init__(self, file: Path | str, place: str, message: str) -> None:
        self.file, self.place, self.message = str(file), place, printable(message, _SHOWN_MESSAGE)
        where = printable(self.file, _SHOWN_PATH)
        super().__init__(f"{where}: {place}: {self.message}" if place else f"{where}: {self.message}")


def read_json(path: Path, largest: int = LARGEST_FILE) -> Any:
    """The JSON in a file of at most `largest` bytes; raises `FileError`.

    A name that is twice in an object, NaN, a number beyond a float, half a surrogate pair and more than 64 levels are
    refused: they are not the same for every reader of JSON.
    """
    return parse_json(read_text(path, largest), path)


def read_text(path: Path, largest: int = LARGEST_FILE) -> str:
    """The text of a regular file of at most `largest` bytes of UTF-8; raises `FileError`."""
    try:
        if not path.is_file():
            raise FileError(path, "", "is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as opened:
            data = opened.read(largest + 1)
    except (OSError, ValueError) as error:
        raise FileError(path, "", f"cannot be read: {getattr(error, 'strerror', None) or 'a bad name'}") from None
    if len(data) > largest:
        raise FileError(path, "", f"is larger than {size(largest)}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(path, "", f"is not UTF-8 (line {line})") from None


def parse_json(text: str, file: Path | str) -> Any:
    """The JSON in `text`, which came from `file`; raises `FileError` as `read_json` does."""
    try:
        content = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FileError(file, "", f"is not valid JSON: {error.msg} ({where})") from None
    except RecursionError:
        raise FileError(file, "", f"is nested more than {DEEPEST} levels deep") from None
    except ValueError as error:
        raise FileError(file, "", f"is not valid JSON: {printable(str(error), _SHOWN)}") from None
    wrong = unfit(content)
    if wrong:
        raise FileError(file, "", wrong)
    return content


def unfit(content: Any) -> str | None:
    """What makes a value unfit to be kept as JSON in a file, in words; None if nothing does."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list | tuple) and depth >= DEEPEST:
            return f"is nested more than {DEEPEST} levels deep"
        if isinstance(value, str):
            if not encodable(value):
                return f"has half of a surrogate pair in {shown(value)}"
        elif isinstance(value, float):
            if not math.isfinite(value):
                return "has a number that is too large"
        elif isinstance(value, dict):
            waiting += [(key, depth) for key in value]
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list | tuple):
            waiting += [(inner, depth + 1) for inner in value]
        elif value is not None and not isinstance(value, int):
            return f"has a {type(value).__name__}, which is not JSON"
    return None


def encodable(text: str) -> bool:
    """Whether `text` can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def place_of(steps: Iterable[str | int]) -> str:
    """A JSON path as a person writes it; empty for the whole file."""
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
        elif _WORD.fullmatch(step):
            place += f".{step}" if place else step
        else:
            place += f"[{shown(step, 60)}]"
    return place


def shown(value: Any, longest: int = _SHOWN) -> str:
    """A value as JSON, printable and cut to about `longest` characters."""
    if isinstance(value, str):
        # Cut first: a text of a megabyte need not be encoded to show its beginning.
        cut = value if len(value) <= longest else value[:longest] + "..."
        return printable(json.dumps(cut, ensure_ascii=False), longest + 10)
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__}>"
    return printable(text, longest)


def printable(text: str, longest: int) -> str:
    """`text` on one line without control characters, cut to about `longest` characters."""
    cut = text if len(text) <= longest else text[:longest] + "..."
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cut)


def size(count: int) -> str:
    """A number of bytes in words."""
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name {shown(name, 60)} is twice in one object")
            seen.add(name)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
