"""Writing a file so that it is there whole or not at all, whenever the process or the machine stops.

    with replacing(Path("adapter.gguf")) as new:
        new.write_bytes(data)

Not covered: two files that have to change together.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator
from pathlib import Path

from stesim.errors import StoreError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path` to write to, which takes its place at the end, synced; gone after any exception.

    What a killed process left of one is removed first. Raises `OSError`.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        number = left.name.rpartition(".")[2]
        if number.isdecimal() and not _is_alive(int(number)):
            _drop(left)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield new
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        _drop(new)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all; raises `StoreError` if it cannot be."""
    try:
        with replacing(path) as new:
            new.write_bytes(data)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None


def _is_alive(process: int) -> bool:
    """Whether there is such a process, as far as can be told."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # that of another user
        return True
    return True


def _drop(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
