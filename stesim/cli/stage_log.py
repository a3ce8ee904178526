"""What a command that chains others was begun with, and how long its stages took: JSON lines in its folder.

    log = StageLog(Path("runs/bench-smollm2"), "bench")
    with log.begun({"model": "smollm2"}):
        log.add_begin("run")
        log.add_end("run", 312.5, 0)

The first line holds the settings, each further one that a stage began, or that it ended. The file's name begins with a
dot, since the folder of a run is empty for a new one. Not covered: what the stages themselves were started with, which
is in their manifests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim.errors import StoreError
from stesim.store import lines
from stesim.store.folder import held

REFUSED = 2  # the exit code for a user's mistake


class StageLog:
    """The log `.KIND.jsonl` of a folder, read when it is made.

    `kind` is the chain's, such as bench; `texts` names the settings that are texts. Messages say `called` of the whole
    chain, if that is another word. Raises `StoreError`, naming the line, for a file of another shape.
    """

    def __init__(self, folder: Path, kind: str, texts: Sequence[str] = (), called: str = "") -> None:
        self.kind = kind
        self.called = called or kind
        self._folder = folder
        self._path = _path(folder, kind)
        self._entries: list[Mapping[str, Any]] = []
        for number, entry in enumerate(lines.read(self._path), 1):
            if not (_is_beginning(entry, texts) if number == 1 else _is_stage(entry)):
                article = "an" if self.called[0] in "aeiou" else "a"
                raise StoreError(
                    f"{self._path}, line {number} is not of {article} {self.called}; remove the file to begin a new one"
                )
            self._entries.append(entry)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that it was begun with; empty for a new one."""
        return self._entries[0]["settings"] if self._entries else {}

    @property
    def is_new(self) -> bool:
        """Whether nothing is in it yet."""
        return not self._entries

    @contextlib.contextmanager
    def begun(self, settings: Mapping[str, Any], prepared: str = "") -> Iterator[None]:
        """Keep the folder to this process; the settings are written down the first time, all but those that are None.

        They are forgotten again if a stage refuses them before anything was made, so that they can be typed rightly;
        files of the name `prepared`, which are there before the stages begin, go with them.
        Raises `StoreError` if another process works in the folder, or did since the log was read.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the folder {self._folder}: {error.strerror}") from None
        with held(self._folder, f".{self.kind}.lock"):
            if list(lines.read(self._path)) != self._entries:
                raise StoreError(f"another stesim has worked in {self._folder} meanwhile; type the command again")
            if self.is_new:
                self._add({"settings": {name: value for name, value in settings.items() if value is not None}})
            try:
                yield
            finally:
                self._forget_refused(prepared)

    def _forget_refused(self, prepared: str) -> None:
        """Remove the log of stages that refused what was typed and left nothing behind, with what was prepared."""
        codes = {entry["code"] for entry in self._entries[1:] if "code" in entry}
        left = [path for path in self._folder.rglob("*") if not (path.is_dir() or path.name.startswith("."))]
        if codes == {REFUSED} and all(path.name == prepared for path in left):
            for path in left:
                path.unlink()
                with contextlib.suppress(OSError):  # something else is there
                    path.parent.rmdir()
            self._path.unlink(missing_ok=True)
            self._entries.clear()

    def add_begin(self, stage: str) -> None:
        """A stage begins."""
        self._add({"stage": stage})

    def add_end(self, stage: str, seconds: float, code: int) -> None:
        """A stage is over, after so many seconds, with this exit code."""
        self._add({"stage": stage, "seconds": round(seconds, 2), "code": code})

    @property
    def has_finished(self) -> bool:
        """Whether any stage has come to its end."""
        return any(entry.get("code") == 0 for entry in self._entries[1:])

    def is_finished(self, stage: str) -> bool:
        """Whether the stage has come to its end."""
        return any(entry["code"] == 0 for entry in self._ends(stage))

    def seconds(self, stage: str) -> float:
        """How long the stage took, all attempts together."""
        return sum(float(entry["seconds"]) for entry in self._ends(stage))

    def is_whole(self, stage: str) -> bool:
        """Whether every attempt's time is known: none was killed."""
        begun = sum("code" not in entry for entry in self._of(stage))
        return begun == sum(1 for _ in self._ends(stage))

    def _of(self, stage: str) -> Iterator[Mapping[str, Any]]:
        return (entry for entry in self._entries[1:] if entry["stage"] == stage)

    def _ends(self, stage: str) -> Iterator[Mapping[str, Any]]:
        return (entry for entry in self._of(stage) if "code" in entry)

    def _add(self, entry: Mapping[str, Any]) -> None:
        with lines.Appender(self._path) as file:
            file.append(entry)
            file.sync()
        self._entries.append(entry)


def is_begun(folder: Path, kind: str) -> bool:
    """Whether a chain of this kind was begun in a folder."""
    return _path(folder, kind).is_file()


def _path(folder: Path, kind: str) -> Path:
    return folder / f".{kind}.jsonl"


def _is_beginning(entry: object, texts: Sequence[str]) -> bool:
    settings = entry.get("settings") if isinstance(entry, dict) else None
    return isinstance(settings, dict) and all(isinstance(settings.get(name, ""), str) for name in texts)


def _is_stage(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    ended = "code" not in entry or (type(entry["code"]) is int and type(entry.get("seconds")) in (int, float))
    return isinstance(entry.get("stage"), str) and ended
