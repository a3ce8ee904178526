"""Files that cannot be read as a file of tools, one line each; and where prints go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import mocktools
from mocktools.functions import prints_aside
from mocktools.sources.python_file import examine, load
from tests.unit.mocktools.test_functions import HEAD, KINDS, call, write


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
        ("line 3, first", 'the tags of @tool must be a list of texts, as in tags=["travel"]'),
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
        ("class X(BaseException): pass\nraise X('boo')", "line 2", "X: boo"),
        ("\nraise GeneratorExit", "line 2", "GeneratorExit"),
        ("class X(Exception):\n  def __str__(self): 1 / 0\nraise X", "line 3", "X: (no text)"),
        ("class X(Exception):\n  def __str__(self): return 5\nraise X", "line 3", "X: (no text)"),
        (
            "import mocktools\nclass X(mocktools.MockToolsError):\n  def __str__(self): exit(5)\nraise X",
            "line 4",
            "(no text)",
        ),
        ("import sys\nsys.modules.pop(__name__)\nraise ValueError('x')", "line 3", "ValueError: x"),
        ("import pytest\npytest.skip('x', allow_module_level=True)", "line 2", "Skipped: x"),
        ("x = 1", "", "no function is a tool; write @mocktools.tool above those that are"),
    ],
)
def test_a_file_that_does_not_run_has_one_problem(text: str, place: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text, encoding="utf-8")
    before = sys.modules.get("toolset_odd")
    _, problems = examine(path)
    assert [(problem.place, problem.message) for problem in problems] == [(place, message)]
    assert sys.modules.get("toolset_odd") is before or not problems[0].line
    assert examine(tmp_path / "none.py")[1][0].message == "there is no such file"


AT = HEAD.count("\n") + KINDS.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("@tool\nasync def f(x: int): 'Do.'", "line 1, f", "it is async; write a plain `def`"),
        ("@tool\ndef f(*x: int): 'Do.'", "line 1, f", "a tool cannot have *x: take a list instead"),
        ("@tool\ndef f(**x: int): 'Do.'", "line 1, f", "a tool cannot have **x: name each parameter instead"),
        ("@tool\ndef f(x: int, /): 'Do.'", "line 1, f", "a tool cannot have positional-only x: leave out the slash"),
        ("\n@tool\ndef f(x): 'Do.'", "line 2, f", "parameter 'x' has no annotation; write one, as in x: str"),
        ("@tool\ndef f(x: int): pass", "line 1, f", "it has no docstring that says what the tool does; write one"),
        ("@tool\ndef f(x: 'Nope'): 'Do.'", "line 1, f", "an annotation cannot be read: NameError: name 'Nope' is not defined"),
        ("@tool\ndef f(y: int, x: list[World]): 'Do.'", "line 1, f", "the annotation of parameter 'x' has no JSON Schema: Unable to generate"),
        ("@tool\ndef f(x: Any = object()): 'Do.'", "line 1, f", "the default of parameter 'x' cannot be written as JSON, being object"),
        ("@tool\ndef f(x: Union[int, World] = 1): 'Do.'", "line 1, f", "the annotation of parameter 'x' has no JSON Schema: "),
        ("@tool\ndef f(x: typing.Callable): 'Do.'", "line 1, f", "the annotation of parameter 'x' has no JSON Schema: "),
        ("@tool\ndef f(x: int = 'a'): 'Do.'", "line 1, f", "the default of parameter 'x' does not fit its annotation: Input should be"),
        ("@tool\ndef f(): 'Do.'\n@tool\ndef f(): 'Do.'", "line 3, f", f"another tool is called 'f' (line {AT}); rename one, or use @tool(name=...)"),
        ("@tool(name='a{b}')\ndef f(): 'Do.'", "line 1, f", "'a{b}' is no name for a tool"),
        ("@tool(example={'y': 1})\ndef f(x: int = 1): 'Do.'", "line 1, f", "its example has 'y', which is not a parameter"),
        ("@tool(example={})\ndef f(x: int): 'Do.'", "line 1, f", "its example does not work: Missing required parameter: x"),
        ("class A:\n  @tool\n  def f(self): 'Do.'", "line 2, f", "it is inside a class or a function"),
        ("@tool\nclass A: pass", "line 1", "@tool is for functions, not for the class A"),
        ("@tool('x')\ndef f(): 'Do.'", "line 1", "@tool is for functions, not for a str; write @tool or @tool(name=...)"),
        ("@tool(tags='x')\ndef f(): 'Do.'", "line 1, f", "the tags of @tool must be a list of texts, as in tags=[\"travel\"]"),
        ("@tool(tags=5)\ndef f(): 'Do.'", "line 1, f", "the tags of @tool must be a list of texts"),
        ("@tool(name=5)\ndef f(): 'Do.'", "line 1, f", "the name of @tool must be a text, not int"),
        ("@tool(bogus=5)\ndef f(): 'Do.'", "line 1, f", "@tool has no option 'bogus'; there are: name (a text), tags (a list of texts"),
        ("tool(print)", "line 1", "@tool cannot mark 'print', a builtin_function_or_method; call it in a `def`"),
        ("@tool\ndef f(a: \"__import__('sys').exit(7)\"): 'Do.'", "line 1, f", "an annotation cannot be read: SystemExit: 7"),
        ("@tool\ndef f(a: Annotated[str, pydantic.BeforeValidator(lambda v: 1 / 0), Field(examples=['a'])]): 'Do.'", "line 1, f", "its example does not work: ZeroDivisionError: division by zero"),
        ("@tool\ndef f(a: Annotated[str, pydantic.BeforeValidator(lambda v: exit(3))] = 'a'): 'Do.'", "line 1, f", "it cannot be read: SystemExit: 3"),
        ("@tool\ndef f(a: Annotated[str, pydantic.BeforeValidator(lambda v: 1 / 0)] = 'a'): 'Do.'", "line 1, f", "the default of parameter 'a' cannot be checked: ZeroDivisionError"),
        ("@tool\ndef f(): 'Do.'\nf.__signature__ = 5", "line 1, f", "its signature cannot be read: TypeError: unexpected object 5"),
        ("@tool\ndef f(): 'Do.'\nf.__wrapped__ = f", "line 1, f", "its signature cannot be read: ValueError: wrapper loop when unwrapping <function f>"),
        ("@tool\ndef f(): 'Do \\ud800.'", "line 1, f", "its description has \\ud800, half of a character, which is no text; take it out"),
        ("@tool\ndef f(a: Annotated[int, Field(description='\\udfff')]): 'Do.'", "line 1, f", "parameter 'a' has \\udfff, half of a character"),
        ("@tool(tags=['\\ud800'])\ndef f(): 'Do.'", "line 1, f", "a tag has \\ud800, half of a character"),
        ("@tool\ndef f(a: set[str] = {'x', 'y'}): 'Do.'", "line 1, f", "the default of parameter 'a' cannot be told: a set has no order; make it a list"),
        ("@tool\ndef f(a: Annotated[str, Field(json_schema_extra={'enum': {'x', 'y'}})]): 'Do.'", "line 1, f", "the extra schema of parameter 'a' cannot be told: a set has no order"),
        ("def f(x: int): 'Do.'", "", "no function is a tool; write @mocktools.tool above those that are"),
        ("\nimport nope.at.all", "line 2", "ModuleNotFoundError: No module named 'nope'; install it"),
        ("def f(): return 1 / 0\nf()", "line 1", "ZeroDivisionError: division by zero"),
        ("raise SystemExit('stop\\n\\x1b[31m now')", "line 1", "SystemExit: stop"),
        ("def f(:", "line 1", "invalid syntax"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(text: str, place: str, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(mocktools.MockToolsError) as caught:
        load(path)
    shown = str(path) if len(str(path)) <= 100 else str(path)[:100] + "..."
    if place:
        number, _, rest = place.removeprefix("line ").partition(",")
        place = f", line {int(number) + AT - 1}{',' * bool(rest)}{rest}"
    assert f": {reason}" in str(caught.value)
    if sys.version_info >= (3, 11):  # before that a decorator that raises had its function's line
        assert str(caught.value).startswith(f"{shown}{place}: {reason}")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_ctrl_c_goes_through(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text("raise KeyboardInterrupt", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        load(path)


TWICE = """
seen = []

@tool
def act(x: "Node", w: World) -> list[Any]:
    "Do it."
    seen.append(x)
    kept = w.state("kept", lambda today: [])
    kept.append(x.value)
    return [len(seen), isinstance(x, Node), pydantic.TypeAdapter(list["Node"]).validate_python([x]), kept]
"""


def test_a_load_does_not_disturb_an_earlier_one(tmp_path: Path) -> None:
    """Also where another file has the same name: module, state and what annotations in quotes mean stay apart."""
    (tmp_path / "other").mkdir()
    toolsets = [load(write(tmp_path, TWICE)), load(tmp_path / "mine.py"), load(write(tmp_path / "other", "\n" + TWICE))]
    for number in (1, 2):
        for toolset in toolsets:
            assert call(toolset, x={"value": 3}) == (200, [number, True, [{"value": 3, "below": []}], [3]])


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
    return list(printing())
"""


def test_what_a_file_prints_does_not_reach_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever its code is called: at load, to check a default or an argument, to make the result."""
    assert call(load(write(tmp_path, "import threading" + PRINTING))) == (200, [{"name": "x"}])
    printed = capsys.readouterr()
    assert printed.out == ""
    words = {"loaded", "validator", "called", "thread", "generator", "property"}
    assert set(printed.err.split()) == words
