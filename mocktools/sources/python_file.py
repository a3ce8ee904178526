"""Tools from a Python file: every function in it with `@mocktools.tool` above it.

    stesim tools list --toolset examples/mytools.py
    python -c "import mocktools; print(mocktools.load('examples/mytools.py').tools[0].parameters)"

The file is run from its path, each time that it is loaded, which may be more than once in a program: each load has a
module of its own, and tools of an earlier one go on working. Its folder is not put on `sys.path`, and what it prints
goes to standard error. It is code, and can do what its author can: load only files that you would run. Not covered:
modules beside the file (put them into a package and install it), the fingerprint of what the file imports or reads, and
what it does outside its own module, which is done with each load.
"""

from __future__ import annotations

import stat
import sys
import types
from pathlib import Path

from mocktools import functions
from mocktools.errors import MockToolsError
from mocktools.functions import Problem
from mocktools.mistakes import one_line, said, text_of
from mocktools.toolset import Toolset

_LARGEST = 1 << 20  # bytes of a file


class _Broken(Exception):
    """The file as a whole cannot be used; `problem` says why."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.problem = Problem(line, "", message)


def load(path: Path) -> Toolset:
    """The toolset in the Python file at `path`, named after it.

    Raises `MockToolsError` with one line that names the file and the line if it cannot be read or run, if a decorated
    function cannot be a tool, and if there is none.
    """
    found, problems = examine(path)
    if found is None:
        raise MockToolsError(problems[0].told(one_line(str(path), 100)))
    return found


def examine(path: Path) -> tuple[Toolset | None, list[Problem]]:
    """The toolset in the Python file at `path`, or None and all that is wrong with it, in the order of the file.

    Of a file that cannot be read, or run to its end, only that is told. Raises nothing but `KeyboardInterrupt`.
    """
    try:
        path, source = path.absolute(), _source(path)
        if not path.stem.isprintable():
            raise _Broken("its name is not printable text; rename it")
        code = _compiled(source, path)
        with functions.collected() as found:
            name = _run(code, path)
    except _Broken as error:
        return None, [error.problem]
    own = [marked for marked in found if marked.function.__module__ == name]
    return functions.examine(path.stem, own, (path,))


def _compiled(source: str, path: Path) -> types.CodeType:
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _Broken(one_line(error.msg), error.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _Broken(f"Python cannot read it: {one_line(str(error))}") from None


def _source(path: Path) -> str:
    """The text of a regular file of bounded size."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _Broken("it is a folder; name a Python file in it")
        if not stat.S_ISREG(mode):
            raise _Broken("it is not a file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise _Broken("there is no such file") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise _Broken(f"it cannot be read: {why}") from None
    if len(data) > _LARGEST:
        raise _Broken(f"it is larger than {_LARGEST >> 20} MiB, too large for a file of tools")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Broken("it is not UTF-8 text; save it as UTF-8", line) from None


def _run(code: types.CodeType, path: Path) -> str:
    """Run the file as a module; returns the module's name.

    The name does not depend on where the file lies, since a schema may show it. The module stays in `sys.modules`:
    dataclasses and pydantic look there for what an annotation in quotes means.
    """
    name = f"toolset_{functions.host_label(path.stem).replace('-', '_')}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        with functions.prints_aside():
            exec(code, module.__dict__)
    except BaseException as error:
        sys.modules.pop(name, None)  # the file may have done so itself
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _explained(error, path) from None
    return name


def _explained(error: BaseException, path: Path) -> _Broken:
    """What happened at which line of the file."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, MockToolsError):
        return _Broken(one_line(text_of(error), 400), line)
    text = said(error)
    if isinstance(error, ModuleNotFoundError):
        text += "; install it (modules beside the file are not found)"
    return _Broken(text, line)
