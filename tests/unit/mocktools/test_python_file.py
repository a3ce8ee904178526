"""Files that cannot be read as a file of tools, one line each; and where prints go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import mocktools
from mocktools.functions import prints_aside
from mocktools.sources.python_file import load


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = 1\n# caf\xe9\n", ", line 2: it is not UTF-8 text; save it as UTF-8"),
        (b"\xef\xbb\xbfx = 1", ": no function is a tool"),
        (b"x = '\0'", ": "),
        (b"(" * 100_000, ", line 1: too many nested parentheses"),
        (b"-" * 200_000 + b"1", ": Python cannot read it"),
        (b"#" * (1 << 20) + b"#", " is larger than 1 MiB, too large for a file of tools"),
        (None, ": there is no such file"),
    ],
)
def test_files_that_cannot_be_read_are_one_line(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(mocktools.MockToolsError) as caught:
        load(path)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_or_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    for name, reason in (("pipe", "is not a file"), ("folder", "is a folder; name a Python file in it")):
        with pytest.raises(mocktools.MockToolsError, match=reason):
            load(tmp_path / f"{name}.py")


def test_prints_of_several_calls_at_once_do_not_mix_up_stdout() -> None:
    before, first, second = sys.stdout, prints_aside(), prints_aside()
    for enter_or_leave in (first.__enter__, second.__enter__):
        enter_or_leave()
        assert sys.stdout is sys.stderr
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert sys.stdout is before
