"""Tools from functions: a typed function with a docstring is what a model is told, and what answers its calls.

    >>> import mocktools
    >>> from mocktools.functions import tool, toolset
    >>> @tool(tags=["maths"])
    ... def double(number: int) -> int:
    ...     '''Double a number.
    ...
    ...     Args:
    ...         number: A number, e.g. 3.
    ...     '''
    ...     return 2 * number
    >>> with mocktools.activate(toolset("maths", [double])) as tools:
    ...     print(tools.get("double").call({"number": "21"}).body)
    42

A call goes through `requests` like one to any other mock API. `sources/python_file.py` reads a whole file of them. Not
covered: functions that hang, that keep something in their module, that ask the clock or chance, or that make a list of
a set: they make a run that does not repeat; what a program that they start prints, or a thread after the reply.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload
from urllib.parse import quote

from mocktools import signatures
from mocktools.errors import MockToolsError
from mocktools.mistakes import ADDRESS, one_line, said, text_of
from mocktools.refusals import ApiError
from mocktools.router import Incoming, Reply, Route
from mocktools.server import body_of
from mocktools.signatures import Signature
from mocktools.tools import Tool
from mocktools.toolset import Toolset

Function = TypeVar("Function", bound=Callable[..., Any])

_LARGEST_RESULT = 1 << 20  # bytes of a reply
_LONGEST_MESSAGE = 500  # characters of an exception's text
_NAME = re.compile(r"[^\W\d][\w.%-]{0,63}(?: [\w.%-]{1,64}){0,8}")
_MARK = "__mocktools_tool__"
_OPTIONS = {"name": "a text", "tags": 'a list of texts, as in tags=["travel"]', "example": "arguments that work"}


@dataclass(frozen=True, slots=True)
class Marked:
    """A function that is a tool, and what its decorator says of it."""

    function: Callable[..., Any]
    name: str
    tags: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = field(default=None, hash=False)
    mistake: str = ""  # of the decorator's own options

    @property
    def line(self) -> int:
        """Where the function begins (with its decorators), or 0."""
        function = self.function
        with contextlib.suppress(ValueError):  # of one that wraps itself
            function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        return code.co_firstlineno if isinstance(code, types.CodeType) else 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a function, or a file of them, from being used.

    `line` is 0 and `function` empty where there is none to name.
    """

    line: int
    function: str
    message: str

    @property
    def place(self) -> str:
        """ "line 3, forecast", as much of it as is known."""
        return ", ".join([f"line {self.line}"] * bool(self.line) + [self.function] * bool(self.function))

    def told(self, source: str) -> str:
        """One line that names the file too."""
        return f"{', '.join(filter(None, [source, self.place]))}: {self.message}"


_printing_lock = threading.Lock()
_printing = 0
_stdout = sys.stdout
_collected: ContextVar[list[Marked] | None] = ContextVar("_collected", default=None)


@contextlib.contextmanager
def collected() -> Iterator[list[Marked]]:
    """The functions that are decorated within the block, in that order."""
    found: list[Marked] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


@contextlib.contextmanager
def prints_aside() -> Iterator[None]:
    """What is printed within the block goes to standard error: it must not end up in the output of the program that
    runs a function or a file. Calls may come from several threads at once, which `redirect_stdout` would mix up.
    """
    global _stdout, _printing
    with _printing_lock:
        if not _printing:
            _stdout, sys.stdout = sys.stdout, sys.stderr
        _printing += 1
    try:
        yield
    finally:
        with _printing_lock:
            _printing -= 1
            if not _printing:
                sys.stdout = _stdout


@overload
def tool(function: Function, /) -> Function:
    """Written bare above a function."""


@overload
def tool(
    *, name: str | None = None, tags: Sequence[str] = (), example: Mapping[str, Any] | None = None
) -> Callable[[Function], Function]:
    """Written with options above a function."""


def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    tags: Sequence[str] = (),
    example: Mapping[str, Any] | None = None,
    **unknown: Any,
) -> Any:
    """Make a tool of a typed function with a docstring; the function itself stays as it is.

    `name` is the tool's if it is not the function's, `example` are arguments that work. Use it bare or with options.
    Raises `MockToolsError` for what is no function and for wrong options; the rest is checked when the toolset is
    loaded, as are the options in a file that is one.
    """
    mistake = _wrong_option(name, tags, unknown)
    if mistake and _collected.get() is None:
        raise MockToolsError(mistake)
    marking = partial(_mark, name=name, tags=() if mistake else tags, example=example, mistake=mistake)
    return marking if function is None else marking(function)


def _wrong_option(name: Any, tags: Any, unknown: Mapping[str, Any]) -> str:
    """What is wrong with the options of a decorator, if anything is."""
    if unknown:
        listed = ", ".join(f"{option} ({wanted})" for option, wanted in _OPTIONS.items())
        return f"@tool has no option {next(iter(unknown))[:40]!r}; there are: {listed}"
    if not isinstance(name, str | None):
        return f"the name of @tool must be {_OPTIONS['name']}, not {one_line(type(name).__name__, 40)}"
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        return f"the tags of @tool must be {_OPTIONS['tags']}"
    return ""


def _mark(function: Any, *, name: str | None, tags: Any, example: Mapping[str, Any] | None, mistake: str) -> Any:
    found, marked = _collected.get(), Marked(function, _named(function), tuple(tags), example, mistake)
    if isinstance(name, str):
        marked = dataclasses.replace(marked, name=name)
    try:
        setattr(function, _MARK, marked)
    except AttributeError:
        kind = type(function).__name__
        raise MockToolsError(f"@tool cannot mark {marked.name[:100]!r}, a {kind}; call it in a `def`") from None
    if found is not None:
        found.append(marked)
    return function


def _named(function: Any) -> str:
    """A function's own name; raises `MockToolsError` for what is no function."""
    if not callable(function) or isinstance(function, type) or not isinstance(getattr(function, "__name__", 0), str):
        kind = function if isinstance(function, type) else type(function)
        what = f"{'the class' if kind is function else 'a'} {one_line(kind.__name__, 100)}"
        raise MockToolsError(f"@tool is for functions, not for {what}; write @tool or @tool(name=...) above a `def`")
    found: str = function.__name__
    return found


def toolset(
    name: str, functions: Sequence[Callable[..., Any] | Marked], parts: Sequence[Path] = (), source: str = ""
) -> Toolset:
    """A toolset of these functions, decorated or not, in this order.

    `parts` are the files that decide the answers; `source` names the file in errors. Raises `MockToolsError` with one
    line that names the function and says what to do if it cannot be a tool, if two have one name, and if there is none.
    """
    found, problems = examine(name, functions, parts)
    if found is None:
        raise MockToolsError(problems[0].told(source or name))
    return found


def examine(
    name: str, functions: Sequence[Callable[..., Any] | Marked], parts: Sequence[Path] = ()
) -> tuple[Toolset | None, list[Problem]]:
    """The toolset of these functions, or None and all that is wrong with them, in their order.

    Raises `MockToolsError` for what is no function.
    """
    host = f"{host_label(name)}.functions.example"
    lines: dict[str, int] = {}
    pairs: list[tuple[Tool, Route]] = []
    problems: list[Problem] = []
    for one in map(_marked, functions):
        with prints_aside():  # what checks a default is code of the author, too
            pair, faults = _tried(one, name, host, lines)
        pairs += [pair] if pair else []
        called = one_line(text_of(getattr(one.function, "__name__", "")), 100)
        problems += [Problem(one.line, called, one_line(fault, 400)) for fault in faults]
        lines.setdefault(one.name, one.line)
    if not pairs and not problems:
        problems.append(Problem(0, "", "no function is a tool; write @mocktools.tool above those that are"))
    if problems:
        return None, problems
    return Toolset(name, tuple(tool for tool, _ in pairs), tuple(route for _, route in pairs), tuple(parts)), []


def _tried(
    marked: Marked, provider: str, host: str, lines: Mapping[str, int]
) -> tuple[tuple[Tool, Route] | None, list[str]]:
    """Both sides of a tool, or what keeps the function from being one."""
    try:
        faults = [*_misnamed(marked, lines), *signatures.faults(marked.function)]
        return (None, faults) if faults else (_bound(marked, provider, host), [])
    except KeyboardInterrupt:
        raise
    except MockToolsError as error:
        return None, [str(error)]
    except BaseException as error:  # annotations, validators and the function itself may do anything
        return None, [f"it cannot be read: {said(error)}"]


def _misnamed(marked: Marked, lines: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with a function apart from its parameters; `lines` are those of the names that are taken."""
    if marked.mistake:
        yield marked.mistake
    if not _NAME.fullmatch(marked.name):
        yield (
            f"{marked.name[:100]!r} is no name for a tool; it is one line that begins with a letter and has only "
            "letters, digits, '_', '-', '.', '%' and single spaces"
        )
    elif marked.name in lines:
        earlier = f" (line {lines[marked.name]})" if lines[marked.name] else ""
        yield f"another tool is called {marked.name!r}{earlier}; rename one, or use @tool(name=...)"
    if "." in getattr(marked.function, "__qualname__", ""):
        yield "it is inside a class or a function; a tool is a function of the file itself"


def host_label(name: str) -> str:
    """`name` as a part of a host name: "My tools" is my-tools."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:63].strip("-") or "tools"


def _marked(function: Callable[..., Any] | Marked) -> Marked:
    if isinstance(function, Marked):
        return function
    name, found = _named(function), getattr(function, _MARK, None)
    return dataclasses.replace(found, function=function) if isinstance(found, Marked) else Marked(function, name)


def _bound(marked: Marked, provider: str, host: str) -> tuple[Tool, Route]:
    """Both sides of a tool."""
    signature = signatures.read(marked.function)
    example = signature.example if marked.example is None else marked.example
    if example or marked.example is not None:
        _check_example(signature, example)
    path = "/" + quote(marked.name, safe="")
    tool = Tool(
        name=marked.name,
        description=signature.description,
        parameters=signature.schema,
        provider=provider,
        tags=marked.tags,
        url=f"https://{host}{path}",
        example=dict(example),
        method="POST",
    )
    _check_writable(tool)
    return tool, Route("POST", host, path, partial(_answer, marked.function, signature), _worded)


def _check_writable(tool: Tool) -> None:
    """Raises `MockToolsError` unless what a caller is told can be written down as JSON in UTF-8."""
    parts: dict[str, Any] = {"its description": tool.description, "a tag": tool.tags, "its example": tool.example}
    parts |= {f"parameter {name!r}": schema for name, schema in tool.parameters["properties"].items()}
    for what, value in [*parts.items(), ("its JSON Schema", tool.parameters)]:
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])[1:-1]
            raise MockToolsError(f"{what} has {half}, half of a character, which is no text; take it out") from None
        except (TypeError, ValueError, RecursionError) as error:
            raise MockToolsError(f"{what} cannot be written as JSON: {said(error)}") from None


def _check_example(signature: Signature, example: Mapping[str, Any]) -> None:
    try:
        json.dumps(example, allow_nan=False)
        unknown = [name for name in [*example.keys()] if name not in signature.schema["properties"]]
    except (TypeError, ValueError, AttributeError):
        raise MockToolsError('its example is no JSON object; write one, as in example={"city": "Paris"}') from None
    try:
        signature.checked(example)
    except ApiError as error:
        raise MockToolsError(f"its example does not work: {error.message}") from None
    except Exception as error:  # of a validator
        raise MockToolsError(f"its example does not work: {said(error)}") from None
    if unknown:
        raise MockToolsError(f"its example has {unknown[0]!r}, which is not a parameter")


def _answer(function: Callable[..., Any], signature: Signature, incoming: Incoming) -> Reply:
    """The reply to a call: what the function returns, or what went wrong, which is data for the caller."""
    with prints_aside():  # validators, generators and properties of a result are the author's code as well
        return _reply(function, signature, incoming)


def _reply(function: Callable[..., Any], signature: Signature, incoming: Incoming) -> Reply:
    doing = ""
    try:
        arguments = signature.checked(body_of(incoming))
        arguments |= dict.fromkeys(signature.worlds, incoming.world)
        result = function(**arguments)
        doing = "the result is not JSON: "
        body = signatures.written(result)
    except BaseException as error:
        if isinstance(error, _meant_for_others()):
            raise
        return _failed(error, doing)
    if len(body) > _LARGEST_RESULT:
        return _error(500, f"the result is larger than {_LARGEST_RESULT >> 20} MiB")
    return Reply(200, body)


def _meant_for_others() -> tuple[type[BaseException], ...]:
    """What goes through a function's tool: Ctrl-C, and what ends a test (`pytest.fail` in a function)."""
    outcomes = sys.modules.get("_pytest.outcomes")
    return (KeyboardInterrupt, outcomes.OutcomeException, outcomes.Exit) if outcomes else (KeyboardInterrupt,)


def _failed(error: BaseException, doing: str) -> Reply:
    if doing or not isinstance(error, ApiError):
        return _error(500, doing + _told(error))
    status = getattr(error, "status", None)  # a class of the author's may have none
    if isinstance(status, int) and 400 <= status <= 599:
        return _error(int(status), text_of(getattr(error, "message", error)))
    return _error(500, f"ApiError with the status {text_of(status, 40)}, which is no error")


def _told(error: BaseException) -> str:
    """ "ValueError: message" of bounded length, without addresses in memory, which differ from run to run."""
    message = ADDRESS.sub("", text_of(error, 4 * _LONGEST_MESSAGE))
    message = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."
    return f"{type(error).__name__}: {message}".removesuffix(": ")


def _worded(error: ApiError) -> Mapping[str, Any]:
    return {"error": error.message}


def _error(status: int, message: str) -> Reply:
    text = json.dumps({"error": message[: 4 * _LONGEST_MESSAGE]}, ensure_ascii=False, separators=(",", ":"))
    return Reply(status, text.encode("utf-8", "replace"))
