"""Reading files that a user names: regular ones of a bounded size, never a pipe or a device.

read_bounded(Path("prompts/system.txt"), 1000)
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; raises `OSError` for anything else."""
    check_regular(path)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(0, f"it is larger than {limit // 1024} KiB")
    return data


def check_regular(path: Path) -> None:
    """Raise `OSError` unless the path is a regular file (or a link to one); opening a pipe would wait for ever."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(0, "it is not a regular file")
