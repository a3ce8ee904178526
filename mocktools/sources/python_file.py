"""Tools from a Python file: every function in it with `@mocktools.tool` above it.

    stesim tools list --toolset examples/mytools.py
    python -c "import mocktools; print(mocktools.load('examples/mytools.py').tools[0].parameters)"

The file is run from its path, once a load; its folder is not put on `sys.path`, and what it prints goes to standard
error. It is code, and can do what its author can: load only files that you would run. Not covered: modules beside the
file (put them into a package and install it), and the fingerprint of what the file imports or reads.
"""

from __future__ import annotations

import stat
import sys
import types
from pathlib import Path

from mocktools import functions
from mocktools.errors import MockToolsError
from mocktools.signatures import one_line
from mocktools.toolset import Toolset

_LARGEST = 1 << 20  # bytes of a file


def load(path: Path) -> Toolset:
    """The toolset in the Python file at `path`, named after it.

    Raises `MockToolsError` with one line that names the file and the line if it cannot be read or run, if a decorated
    function cannot be a tool, and if there is none.
    """
    shown = one_line(str(path), 100)
    source = _source(path, shown)
    path = path.absolute()
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise MockToolsError(f"{shown}, line {error.lineno or 1}: {one_line(error.msg)}") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise MockToolsError(f"{shown}: Python cannot read it: {one_line(str(error))}") from None
    with functions.collected() as found:
        name = _run(code, path, shown)
    own = [marked for marked in found if marked.function.__module__ == name]
    return functions.toolset(path.stem, own, (path,), shown)


def _source(path: Path, shown: str) -> str:
    """The text of a regular file of bounded size."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise MockToolsError(f"{shown} is a folder; name a Python file in it")
        if not stat.S_ISREG(mode):
            raise MockToolsError(f"{shown} is not a file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise MockToolsError(f"{shown}: there is no such file") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise MockToolsError(f"{shown} cannot be read: {why}") from None
    if len(data) > _LARGEST:
        raise MockToolsError(f"{shown} is larger than {_LARGEST >> 20} MiB, too large for a file of tools")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MockToolsError(f"{shown}, line {line}: it is not UTF-8 text; save it as UTF-8") from None


def _run(code: types.CodeType, path: Path, shown: str) -> str:
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
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        if not isinstance(error, Exception | SystemExit):
            raise
        raise MockToolsError(_explained(error, path, shown)) from None
    return name


def _explained(error: BaseException, path: Path, shown: str) -> str:
    """One line that says what happened at which line of the file."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, MockToolsError):
        return f"{shown}, line {line}: {one_line(str(error), 400)}"
    text = f"{shown}, line {line}: {type(error).__name__}: {one_line(str(error))}".removesuffix(": ")
    if isinstance(error, ModuleNotFoundError):
        text += "; install it (modules beside the file are not found)"
    return text
