"""Append-only JSON-lines files: a line is there whole or not at all.

    >>> from pathlib import Path; import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "x.jsonl"
    >>> with Appender(path) as out: out.append({"a": 1})
    >>> list(read(path))
    [{'a': 1}]

A line torn by a kill (the last one, without its newline) is cut off when the file is opened for appending and
ignored when it is read. Not covered: several writers (the run folder's lock sees to that), compression.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from stesim.errors import StoreError
from stesim.files import check_regular


def read(path: Path) -> Iterator[Any]:
    """The values of a JSON-lines file in order; nothing if there is no such file. A torn last line is left out.

    Raises `StoreError` with the line's number where a line is not JSON.
    """
    if not os.path.lexists(path):
        return
    try:
        check_regular(path)
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise StoreError(f"{path}, line {number} is not JSON: {error}") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


class Appender:
    """Appends values to a JSON-lines file, one line each; heals a torn last line first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            self._size = _whole_lines(self._file)
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None

    def append(self, value: Any) -> None:
        """Write one line.

        If the disk is full the part that was written is taken back and `StoreError` is raised: the file
        still holds whole lines only.
        """
        try:
            line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        except orjson.JSONEncodeError as error:
            raise StoreError(f"cannot write {self._path}: {error}") from None
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise StoreError(
                f"cannot write {self._path}: {error.strerror}; everything finished so far is kept"
            ) from None
        self._size += len(line)

    def sync(self) -> None:
        """Wait until everything written is on the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from None

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Appender:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _whole_lines(file: int) -> int:
    """The size of the file up to and with its last newline, in bytes."""
    end = os.lseek(file, 0, os.SEEK_END)
    block = 64 * 1024
    while end > 0:
        start = max(0, end - block)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
