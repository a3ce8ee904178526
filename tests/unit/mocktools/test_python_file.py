"""Files that cannot be read as a file of tools, one line each; and where prints go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import mocktools
from mocktools.functions import prints_aside
from mocktools.sources.python_file import examine, load
from tests.unit.mocktools.test_functions import call, write


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


WRONG = """\
from mocktools import tool

@tool(tags="office")
async def first(*rest: int, x, y): pass

@tool
def good(x: int = 1): "Do."

@tool(name="good")
def second(x: "Nope"): "Do."

class Third:
    @tool
    def inside(x: int = "a"): "Do."
"""


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(WRONG, encoding="utf-8")
    toolset, problems = examine(path)
    assert toolset is None
    assert [(problem.place, problem.message.split(";")[0]) for problem in problems] == [
        ("line 3, first", 'the tags of first must be a list of texts, as in tags=["travel"]'),
        ("line 3, first", "it is async"),
        ("line 3, first", "it has no docstring that says what the tool does"),
        ("line 3, first", "a tool cannot have *rest: take a list instead"),
        ("line 3, first", "parameter 'x' has no annotation"),
        ("line 3, first", "parameter 'y' has no annotation"),
        ("line 9, second", "another tool is called 'good' (line 6)"),
        ("line 13, inside", "it is inside a class or a function"),
    ]
    with pytest.raises(mocktools.MockToolsError) as caught:
        load(path)
    assert str(caught.value) == f"{path}, {problems[0].place}: {problems[0].message}"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("import mocktools\n1 / 0\n", "line 2", "ZeroDivisionError: division by zero"),
        ("x =", "line 1", "invalid syntax"),
        ("x = 1", "", "no function is a tool; write @mocktools.tool above those that are"),
    ],
)
def test_a_file_that_does_not_run_has_one_problem(text: str, place: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text, encoding="utf-8")
    _, problems = examine(path)
    assert [(problem.place, problem.message) for problem in problems] == [(place, message)]
    assert examine(tmp_path / "none.py")[1][0].message == "there is no such file"


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


PRINTING = """
print("loaded")
def loud(x):
    print("validator")
    return x

class Found(BaseModel):
    @pydantic.computed_field
    def name(self) -> str:
        print("property")
        return "x"

@tool
def act(x: Annotated[int, pydantic.AfterValidator(loud)] = 1):
    "Do it."
    def printing():
        threading.Thread(target=print, args=("thread",)).start()
        print("generator")
        yield Found()
    print("called")
    return printing()
"""


def test_what_a_file_prints_does_not_reach_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever its code is called: at load, to check a default or an argument, to make the result."""
    assert call(load(write(tmp_path, "import threading" + PRINTING))) == (200, [{"name": "x"}])
    printed = capsys.readouterr()
    assert printed.out == ""
    words = {"loaded", "validator", "called", "thread", "generator", "property"}
    assert set(printed.err.split()) == words
