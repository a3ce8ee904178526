"""A folder on disk that a stage works in: a manifest, JSON lines of what is finished, `completions.jsonl` and a lock.

    >>> import tempfile; from pathlib import Path
    >>> with RunFolder.create(Path(tempfile.mkdtemp()) / "run", {"seed": 0}) as folder: folder.manifest["seed"]
    0

A killed run leaves whole lines; opening it again heals the last one. The manifest is written once, by renaming.
Not covered: what the manifest means (that is the business of whoever makes it), network file systems without
working locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import orjson

from stesim.errors import StoreError
from stesim.files import read_bounded
from stesim.records import Completion, Message, Request, Trial, shared_prefix
from stesim.store import codec, lines
from stesim.store.whole import write_atomically

MANIFEST = "manifest.json"
TRIALS = "trials.jsonl"
COMPLETIONS = "completions.jsonl"
_LOCK = ".lock"
_LARGEST = 1 << 20  # bytes of a manifest

Json = dict[str, Any]


Folder = TypeVar("Folder", bound="StageFolder")


class StageFolder:
    """The folder of a stage, which finishes one unit of work after another; `FINISHED` holds a line for each, and
    `ELSEWHERE` says how a user chooses another folder, empty if he cannot. `ASKS` says whether a model is asked, whose
    completions are kept.

    Made with `create` or `open_` for writing (holds a lock until closed), or `read`.
    """

    FINISHED = "finished.jsonl"
    ELSEWHERE = "choose another --out"
    ASKS = True

    def __init__(self, path: Path, manifest: Json, lock: int | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        self._last: tuple[Message, ...] = ()
        self._grammars: set[str] = set()  # digests of those that stand in the file already
        self._finished = lines.Appender(path / self.FINISHED) if lock is not None else None
        self._completions = lines.Appender(path / COMPLETIONS) if lock is not None and self.ASKS else None

    @classmethod
    def create(cls: type[Folder], path: Path, manifest: Mapping[str, Any]) -> Folder:
        """Make the folder and its manifest; a folder that is there already must be empty."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the run folder {path}: {error.strerror}") from None
        lock = _acquire(path, cls.ELSEWHERE)
        try:
            # The lock and a half-written manifest of a run that was killed at once begin with a dot.
            if any(not entry.name.startswith(".") for entry in path.iterdir()):
                remedy = cls.ELSEWHERE or "move it away"
                raise StoreError(f"{path} is not empty and does not hold a run; {remedy}")
            write_atomically(path / MANIFEST, _as_json(manifest, path))
            folder = cls(path, dict(manifest), lock)
            _sync_folder(path)
            return folder
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def open_(cls: type[Folder], path: Path) -> Folder:
        """Open a run to go on with it; raises `StoreError` if another process writes to it."""
        manifest = _manifest(path)
        lock = _acquire(path, cls.ELSEWHERE)
        try:
            return cls(path, manifest, lock)
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def read(cls: type[Folder], path: Path) -> Folder:
        """Open a run for reading only: takes no lock and changes nothing."""
        return cls(path, _manifest(path))

    def finished(self) -> Iterator[tuple[str, Any]]:
        """What is finished, in order: where each line stands, for error messages, and its value."""
        for number, value in enumerate(lines.read(self.path / self.FINISHED), 1):
            yield f"{self.path / self.FINISHED}, line {number}", value

    def add(self, value: Any, counts: Mapping[str, int] | None = None) -> None:
        """Append something finished; when this returns, it and its completions are on the disk.

        `counts` are the token counts asked for since the last completion.
        """
        if self._finished is None:
            raise StoreError(f"{self.path} is open for reading only")
        if self._completions is not None:
            if counts:
                self._completions.append({"counts": dict(counts)})
            self._completions.sync()
        self._finished.append(value)
        self._finished.sync()

    def completions(self) -> Iterator[tuple[Request, Completion]]:
        """The recorded model calls, in order."""
        before: tuple[Message, ...] = ()
        grammars: dict[str, str] = {}
        for number, value in enumerate(lines.read(self.path / COMPLETIONS), 1):
            try:
                if value.keys() == {"counts"}:
                    continue
                request = codec.request_from_json(value, before, grammars)
                completion = codec.completion_from_json(value)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                where = f"{self.path / COMPLETIONS}, line {number}"
                raise StoreError(f"{where} does not hold a completion: {codec.misfit(error)}") from None
            before = request.messages
            grammars[codec.digest(request.grammar)] = request.grammar
            yield request, completion

    def counts(self) -> dict[str, int]:
        """All token counts that were asked for, by a digest of the messages."""
        found: dict[str, int] = {}
        for number, value in enumerate(lines.read(self.path / COMPLETIONS), 1):
            counts = value.get("counts") if isinstance(value, dict) else None
            if not isinstance(counts, dict) or not all(isinstance(count, int) for count in counts.values()):
                raise StoreError(f"{self.path / COMPLETIONS}, line {number} does not hold counts")
            found |= counts
        return found

    def add_completion(self, request: Request, completion: Completion, counts: Mapping[str, int]) -> None:
        """Append a model call; messages shared with the call before it are stored as their number, and a grammar's
        text where it occurs first.
        """
        if self._completions is None:
            raise StoreError(f"{self.path} is open for reading only")
        shared = shared_prefix(self._last, request.messages)
        asked = codec.request_to_json(request, shared, self._grammars)
        self._completions.append(asked | codec.completion_to_json(completion) | {"counts": dict(counts)})
        self._last = request.messages
        self._grammars.add(codec.digest(request.grammar))

    def close(self) -> None:
        """Close the files and give the lock back."""
        for appender in (self._finished, self._completions):
            if appender is not None:
                appender.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self: Folder) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class RunFolder(StageFolder):
    """One run's folder; what is finished are its trials."""

    FINISHED = TRIALS

    def trials(self) -> Iterator[Trial]:
        """The finished trials, in order."""
        for where, value in self.finished():
            yield codec.trial_from_json(value, where)

    def add_trial(self, trial: Trial, counts: Mapping[str, int] | None = None) -> None:
        """Append a finished trial, as `add` does."""
        self.add(codec.trial_to_json(trial), counts)


def is_run(path: Path) -> bool:
    """Whether the folder holds a run."""
    return os.path.isfile(path / MANIFEST)


@contextlib.contextmanager
def held(path: Path, name: str = _LOCK) -> Iterator[None]:
    """Keep every other process from writing to a stage's folder; raises `StoreError` if one does.

    `name` is the lock's file: that of the stage, or of a command that chains stages.
    """
    lock = _acquire(path, "", name)
    try:
        yield
    finally:
        os.close(lock)


def _as_json(manifest: Mapping[str, Any], path: Path) -> bytes:
    try:
        return orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError as error:  # a path that is not UTF-8
        raise StoreError(f"cannot write {path / MANIFEST}: {error}") from None


def read_object(path: Path, limit: int) -> Json:
    """The JSON object in a file of at most `limit` bytes; raises `StoreError` with one line that names the file."""
    try:
        value = orjson.loads(read_bounded(path, limit))
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{path} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise StoreError(f"{path} is not a JSON object")
    return value


def _manifest(path: Path) -> Json:
    try:
        os.stat(path / MANIFEST)
    except FileNotFoundError:
        raise StoreError(f"no run in {path}: there is no {MANIFEST}") from None
    except OSError:
        pass  # what is wrong with it shows when it is read
    return read_object(path / MANIFEST, _LARGEST)


def _sync_folder(path: Path) -> None:
    """Wait until the names of the files in the folder are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _acquire(path: Path, elsewhere: str, name: str = _LOCK) -> int:
    """Lock the folder for this process; the system gives the lock back however the process ends."""
    try:
        lock = os.open(path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise StoreError(f"cannot write in {path}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        remedy = f"wait for it, or {elsewhere}" if elsewhere else "wait for it"
        raise StoreError(f"{path} is being written by another stesim; {remedy}") from None
    return lock
