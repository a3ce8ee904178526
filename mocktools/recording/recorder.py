"""Make calls to live APIs and keep what they answer in the fixtures of a toolset folder.

    recorder = Recorder("mytools/")
    for step in recorder.plan([Call("get_pet", {"petId": 1})]):
        print(recorder.record(step).kind)

`plan` finds the user's mistakes before anything is sent; `record` sends one request and writes one file, all at once.
An answer that has not changed leaves the file as it was; several recorders may work in one folder. Not
covered: undoing.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from mocktools import transport
from mocktools.errors import MockToolsError
from mocktools.exchanges import format, misfits, secrets
from mocktools.exchanges.files import FileError, place_of, shown, unfit
from mocktools.exchanges.format import ABSENT, Call, Exchange, FixtureFile, Response
from mocktools.exchanges.matching import Canonical, canonical, canonical_json
from mocktools.exchanges.routes import Book
from mocktools.exchanges.rules import url_problem
from mocktools.params import placeholders
from mocktools.recording import kept
from mocktools.recording.calls import SAFE
from mocktools.recording.hidden import Keys, filled
from mocktools.recording.live import Limits, Unreachable, Wire
from mocktools.refusals import missing
from mocktools.sources import folder
from mocktools.tools import Outgoing, Tool

Kind = Literal["new", "changed", "unchanged", "skipped", "failed"]
PREFIX = "recorded-"
LICENSE = "unknown: see the API's terms"
# Answers that say nothing of what was asked: too many requests, a server that is down.
BUSY = frozenset({429, 502, 503, 504})
_UNKNOWN = frozenset({401, 407})
_GIVE_UP = 3  # failures of a host in a row
_SHOWN = 60
_LONGEST = 90  # bytes


@dataclass(frozen=True, slots=True)
class Options:
    """What may be done. `base_url` stands in for the scheme and host of every tool; `missing` asks only for what no
    fixture answers; `keep_busy` also stores answers such as 429; `keep_personal` does not take out e-mail addresses;
    `allow_invalid` also sends arguments that do not fit a tool's parameters, to learn what the API says then.
    """

    base_url: str = ""
    allow_writes: bool = False
    missing: bool = False
    keep_personal: bool = False
    keep_busy: bool = False
    allow_invalid: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A call that is planned; `skip` says why it need not be made."""

    call: Call
    sent: Outgoing
    wanted: Canonical
    keys: Keys
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step; `message` explains a kind other than new and unchanged, `notes` say what was taken out."""

    call: Call
    kind: Kind
    status: int | None = None
    file: Path | None = None
    message: str = ""
    notes: tuple[str, ...] = ()


class Recorder:
    """Records calls of the tools in a toolset folder or JSON file; use it as a context manager, or `close` it.

    `environment` has the values of secrets, `today` is what recordings are dated with. Raises `MockToolsError` for a
    path without a sound toolset, for a Python file, and within `mocktools.activate`.
    """

    def __init__(
        self,
        path: Path | str,
        options: Options | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        today: datetime.date | None = None,
    ) -> None:
        self.path, self.options = Path(path).expanduser(), options or Options()
        self._environment = os.environ if environment is None else environment
        self._today = today or datetime.datetime.now(datetime.timezone.utc).date()
        self._found = _opened(self.path)
        self.tools: tuple[Tool, ...] = self._found.tools
        self.fixtures = (self.path if self.path.is_dir() else self.path.parent) / "fixtures"
        self._tools = {tool.name: tool for tool in self.tools}
        self._book = Book(self.tools, self._found.files)
        self._stored = {
            entry.wanted: (Path(entry.file), entry.index)
            for entry in self._book.entries
            if entry.exchange.match == "exact"
        }
        self._wire = Wire(limits, self.options.base_url)
        self._failures: Counter[str] = Counter()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.__exit__(None, None, None)

    def plan(self, calls: Iterable[Call]) -> list[Step]:
        """What to do for these calls; raises `MockToolsError` for one that cannot be made. Nothing is sent."""
        steps: list[Step] = []
        seen: set[Canonical] = set()
        keys: dict[str, Keys] = {}
        for call in calls:
            step = self._step(call, seen)
            seen.add(step.wanted)
            if not step.skip:
                tool = self._tools[call.tool]
                self._check_tool(tool)
                if tool.name not in keys:
                    keys[tool.name] = filled(tool.secrets, self._environment, tool.name)
                step = replace(step, keys=keys[tool.name])
                self._wire.check(step.sent, step.keys)
                self._check_arguments(call, step.keys)
            steps.append(step)
        if any(not step.skip for step in steps):
            self._check_folder()
        return steps

    def wrong(self, call: Call) -> str:
        """Why a call must not be sent, in words; empty if it may be.

        A path that lacks an argument is another address, where a DELETE could do more than was meant.
        """
        tool = self._tools[call.tool]
        lacking = [name for name in placeholders(tool.url) if call.arguments.get(name) in (None, "")]
        if lacking:
            return f"{missing(*lacking).message} (a part of the address)"
        if self.options.allow_invalid:
            return ""
        if not misfits.problems(tool.parameters, call.arguments, closed=True):
            return ""
        found = misfits.problems(tool.parameters, self._showable(call, tool), closed=True)
        words = "; ".join(found) or "an argument that looks like a secret does not fit"
        return f"{words} (to record what the API says to that: --allow-invalid)"

    def _showable(self, call: Call, tool: Tool) -> dict[str, Any]:
        """The arguments without secrets."""
        arguments: dict[str, Any] = secrets.scrub(dict(call.arguments))
        with contextlib.suppress(MockToolsError):
            arguments, _ = filled(tool.secrets, self._environment, tool.name).hidden.without(arguments)
        return arguments

    def record(self, step: Step) -> Outcome:
        """Make one call and store what comes; raises `MockToolsError` only if the fixture file cannot be written."""
        call = step.call
        if step.skip:
            return Outcome(call, "skipped", message=step.skip)
        host = urlsplit(self._wire.address(step.sent)).netloc.lower()
        if self._failures[host] >= _GIVE_UP:
            return Outcome(call, "failed", message=f"not sent, as the last {_GIVE_UP} calls to {host} failed")
        try:
            answer = self._wire.ask(step.sent, step.keys)
        except Unreachable as error:
            self._failures[host] += 1
            return Outcome(call, "failed", message=str(error))
        refused = self._refusal(answer.status, answer.headers)
        if refused:
            self._failures[host] += 1
            return Outcome(call, "failed", answer.status, message=refused)
        self._failures[host] = 0
        try:
            found = kept.response(step.sent, answer, step.keys.hidden, self.options.keep_personal)
        except Unreachable as error:
            return Outcome(call, "failed", answer.status, message=str(error))
        alone = format.content_of(FixtureFile("-", "-", "-", exchanges=(_exchange(call, found.response),)))
        if wrong := unfit(alone) or next((words for _, words in format.problems(alone)), None):
            return Outcome(call, "failed", answer.status, message=f"the answer cannot be stored: it {wrong}")
        with self._alone():
            return self._store(step, found)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One recorder at a time reads the file of a tool and writes it again; others wait."""
        try:
            self.fixtures.mkdir(exist_ok=True)
            folder = os.open(self.fixtures, os.O_RDONLY)
        except OSError as error:
            raise FileError(self.fixtures, "", f"cannot be made: {error.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _step(self, call: Call, seen: set[Canonical]) -> Step:
        """What to do for one call, still without its secrets."""
        if wrong := self.wrong(call):
            raise MockToolsError(f"tool {shown(call.tool)}: {wrong}")
        sent = self._tools[call.tool].request(call.arguments)
        wanted = canonical(sent.method, sent.url, sent.body)
        file, index = self._stored.get(wanted, (None, 0))
        skip = ""
        if wanted in seen:
            skip = "the same request is recorded already"
        elif self.options.missing and self._book.entry(wanted) is not None:
            skip = "a fixture answers it already"
        elif file is not None and not file.name.startswith(PREFIX):
            skip = f"{file.name}: {place_of(['exchanges', index])}, which was written by hand, answers it"
        elif odd := url_problem(sent.url) or _dots(wanted):
            raise MockToolsError(f"tool {shown(call.tool)}: the address for {_shown(call)} {odd}")
        return Step(call, sent, wanted, Keys(), skip)

    def _check_tool(self, tool: Tool) -> None:
        """Raises `MockToolsError` for a tool that must not or cannot be asked."""
        if tool.method not in SAFE and not self.options.allow_writes:
            words = f"a {tool.method} can change things on the live server; allow it with --allow-writes"
            raise MockToolsError(f"tool {shown(tool.name)}: {words}")
        host = urlsplit(tool.url).hostname or ""
        if host.endswith(".example") and not self.options.base_url:
            words = f"{host} is a made-up host; record from a server of your own with --base-url http://127.0.0.1:8000"
            raise MockToolsError(f"tool {shown(tool.name)}: {words}")

    def _check_arguments(self, call: Call, keys: Keys) -> None:
        """Raises `MockToolsError` for arguments that must not be stored; what the user typed may be an address."""
        inside = keys.hidden.inside(json.dumps(dict(call.arguments), ensure_ascii=False))
        found = [] if self.options.keep_personal else secrets.find({"arguments": dict(call.arguments)})
        kinds = [inside] if inside else [f"a secret ({kind})" for kind, _ in found if kind != "e-mail address"]
        if kinds:
            words = f'the arguments hold {kinds[0]}, which must not be stored; name it under "secrets" in tools.json'
            raise MockToolsError(f"tool {shown(call.tool)}: {words}")

    def _check_folder(self) -> None:
        """Raises `FileError` before anything is sent if nothing could be written afterwards."""
        place = self.fixtures if self.fixtures.exists() else self.fixtures.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise FileError(place, "", "cannot be written to")

    def _refusal(self, status: int, headers: Mapping[str, str]) -> str:
        """Why an answer of this status is not worth keeping; empty if it is."""
        if status in _UNKNOWN:
            return f'the API wants credentials (HTTP {status}); name them under "secrets" in tools.json, or check them'
        if status in BUSY and not self.options.keep_busy:
            wait = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
            later = f", try again after {wait} seconds" if wait.isdecimal() and len(wait) < 9 else ""
            return f"the API is busy (HTTP {status}{later}); store such an answer with --keep-busy"
        return ""

    def _store(self, step: Step, found: kept.Kept) -> Outcome:
        path = self._stored.get(step.wanted, (self.fixtures / file_name(step.call.tool), 0))[0]
        content = format.read(path) if path.exists() else None
        status, notes = found.response.status, found.notes
        exchanges = list(content.exchanges) if content else []
        index = next((at for at, one in enumerate(exchanges) if self._is(one, step.wanted)), None)
        kind: Kind = "new"
        message = ""
        if index is None:
            exchanges.append(_exchange(step.call, found.response))
        else:
            message = _difference(exchanges[index].response, found.response)
            if not message:
                return Outcome(step.call, "unchanged", status, path, notes=notes)
            kind = "changed"
            exchanges[index] = replace(exchanges[index], response=found.response)
        made = self._headed(content, self._tools[step.call.tool])
        format.write(path, replace(made, exchanges=tuple(exchanges)))
        self._stored[step.wanted] = (path, len(exchanges) - 1 if index is None else index)
        return Outcome(step.call, kind, status, path, message, notes)

    def _is(self, exchange: Exchange, wanted: Canonical) -> bool:
        """Whether an exchange answers just this request."""
        if exchange.match != "exact":
            return False
        if exchange.request is not None:
            return exchange.request.canonical() == wanted
        assert exchange.call is not None, "the schema wants a request or a call"
        tool = self._tools.get(exchange.call.tool)
        if tool is None:
            return False
        sent = tool.request(exchange.call.arguments)
        return canonical(sent.method, sent.url, sent.body) == wanted

    def _headed(self, content: FixtureFile | None, tool: Tool) -> FixtureFile:
        """The file with a head that is true of what is recorded today."""
        host = urlsplit(tool.url).netloc.lower()
        if self.options.base_url:
            host = f"{urlsplit(self.options.base_url).hostname} in place of {host}"
        day = self._today.isoformat()
        if content is None:
            return FixtureFile(f"recorded from {host}", day, LICENSE)
        source = content.source
        if source.startswith("recorded from ") and host not in source.removeprefix("recorded from ").split(", "):
            source += f", {host}"
        return replace(content, source=source, as_of=day)


def _exchange(call: Call, response: Response) -> Exchange:
    return Exchange(call=Call(call.tool, dict(call.arguments)), response=response)


def file_name(tool: str) -> str:
    """The name of the fixture file for a tool; tools with names that are nearly the same share one."""
    kept_signs = "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in tool)
    slug = "-".join(part for part in kept_signs.split("-") if part) or "tool"
    # A file system allows 255 bytes, of which the writing of the file needs some.
    return f"{PREFIX}{slug.encode()[:_LONGEST].decode('utf-8', 'ignore')}.json"


def _opened(path: Path) -> folder.Folder:
    """The toolset at `path`; raises `MockToolsError`."""
    if _is_intercepted():
        raise MockToolsError("nothing can be recorded within mocktools.activate, which keeps requests from the network")
    if path.suffix == ".py" and not path.is_dir():
        raise MockToolsError(f"{path}: tools in a Python file are not recorded; describe the API's in a tools.json")
    if not path.exists():
        raise MockToolsError(f"{path}: there is no such file or folder; it must be a toolset folder or its tools.json")
    found = folder.examine(path)
    if found.problems or found.book is None:
        raise found.problems[0]
    return found


def _dots(wanted: Canonical) -> str | None:
    """What is wrong with a path whose argument is only dots: clients would take it out."""
    return "has a segment . or .., which clients take out" if {".", ".."} & set(wanted.path) else None


def _is_intercepted() -> bool:
    try:
        transport.active()
    except MockToolsError:
        return False
    return True


def _difference(old: Response | None, new: Response) -> str:
    """What is different in a new answer, in words; empty if nothing is."""
    if old is None:
        return "there is an answer now"
    parts = []
    if old.status != new.status:
        parts.append(f"the status is {new.status}, not {old.status} as before")
    if dict(old.headers) != dict(new.headers):
        parts.append("other headers")
    if _body(old) != _body(new):
        parts.append("another body")
    return ", ".join(parts)


def _body(response: Response) -> tuple[str, str]:
    if response.json is not ABSENT:
        return "json", canonical_json(response.json)
    return "text", response.text or ""


def _shown(call: Call) -> str:
    return shown(dict(call.arguments), _SHOWN)
