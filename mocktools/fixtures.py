"""Read the fixture files, each once and not before it is needed.

    python -c "from mocktools import fixtures; print(fixtures.table('rates')['as_of'])"

A fixture file is a JSON object with `source`, `as_of`, `license` and the data; `fixtures/README.md`
documents each. Not covered: checking the records themselves, which the tests of the providers do.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mocktools.errors import MockToolsError
from mocktools.paths import fixtures_dir

HEADER = ("source", "as_of", "license")


def table(name: str) -> dict[str, Any]:
    """The content of `<name>.json`; shared and cached, so do not change it.

    Raises `MockToolsError` with one line that names the file if it is missing or broken.
    """
    return _read(fixtures_dir() / f"{name}.json")


@cache
def _read(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(_bytes(path))
    except orjson.JSONDecodeError as error:
        raise MockToolsError(
            f"fixture file {path} is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    if not isinstance(content, dict):
        raise MockToolsError(f"fixture file {path} must hold a JSON object, not a {type(content).__name__}")
    missing = [key for key in HEADER if key not in content]
    if missing:
        raise MockToolsError(f"fixture file {path} lacks {', '.join(missing)}")
    return content


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MockToolsError(f"fixture file {path} cannot be read: {error.strerror}") from None
