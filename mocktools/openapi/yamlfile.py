"""Read YAML that somebody else wrote: plain data only, every name once, and no more of it than the bytes explain.

    python -c "from mocktools.openapi import yamlfile; print(yamlfile.parse('a: [1, no]', 'a.yaml'))"

Words are read as YAML 1.2 has it (`no` and `2026-01-02` are texts), names of members are texts. The parser of libyaml
gives one event after another, so depth costs no stack; an alias counts as much as what it stands for, so that a few
lines cannot become millions of values. Not covered: tags other than those of plain data, several documents in one file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import FileError, shown

MOST_VALUES = 1_000_000
DEEPEST = 64
_NEEDS = "needs PyYAML: pip install 'stesim[openapi]' (or give it as JSON)"
_CORE = "tag:yaml.org,2002:"
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
          "false": False, "False": False, "FALSE": False}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,5})?", re.ASCII)
_BASES = {"0o": 8, "0x": 16}


def parse(text: str, file: str) -> Any:
    """The one document in `text`; raises `FileError` with the line, and `MockToolsError` without PyYAML."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise MockToolsError(f"{file} {_NEEDS}") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(file, f"line {mark.line + 1}" if mark else "", f"is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise FileError(file, "", f"is not YAML: {shown(str(error))}") from None
    return builder.document


@dataclass
class _Open:
    """A list or object that is being read. `size` counts the values in it, `key` is the name that waits for one."""

    value: Any
    line: int
    anchor: str | None
    size: int = 1
    key: str | None = None
    waiting: bool = False
    merged: list[Any] = field(default_factory=list)


class _Builder:
    """Builds the data from the events of the parser."""

    def __init__(self, file: str) -> None:
        self.document: Any = None
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._size = 0

    def take(self, event: Any) -> None:
        """Take in one event; raises `FileError`."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            value = self._scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = value, 1
            self._put(value, 1, event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if event.tag not in (None, "!", _CORE + "map", _CORE + "seq"):
                raise self._error(event, f"the tag {shown(event.tag, 60)} is not plain data")
            if len(self._open) >= DEEPEST:
                raise self._error(event, f"is nested more than {DEEPEST} levels deep")
            line = event.start_mark.line + 1
            self._open.append(_Open({} if kind == "MappingStartEvent" else [], line, event.anchor))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            done = self._open.pop()
            for source in done.merged:
                done.value |= {name: value for name, value in source.items() if name not in done.value}
            if done.anchor:
                self._anchors[done.anchor] = done.value, done.size
            self._put(done.value, done.size, event, counted=True)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise self._error(event, f"the alias {shown(event.anchor, 60)} stands for nothing, or for itself")
            self._put(*self._anchors[event.anchor], event)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "a second document begins; one is read")

    def _put(self, value: Any, size: int, event: Any, counted: bool = False) -> None:
        """Put a finished value where it belongs."""
        if not counted:
            self._size += size
            if self._size > MOST_VALUES:
                raise self._error(event, f"has more than {MOST_VALUES:,} values, aliases counted")
        if not self._open:
            self.document = value
            return
        holder = self._open[-1]
        holder.size += size
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif not holder.waiting:
            holder.key = self._key(value, event, holder)
            holder.waiting = True
        else:
            holder.waiting = False
            if holder.key is None:
                self._merge(holder, value, event)
            else:
                holder.value[holder.key] = value

    def _key(self, value: Any, event: Any, holder: _Open) -> str | None:
        """The name of a member; None for `<<`, whose value is merged."""
        if isinstance(value, list | dict):
            raise self._error(event, "a name must be a text, not a list or an object")
        if type(event).__name__ == "ScalarEvent":
            if event.value == "<<" and event.implicit[0]:
                return None
            value = event.value  # as it is written: 200, on, 1.10
        name = str(value)
        if name in holder.value:
            raise self._error(event, f"the name {shown(name, 60)} is twice in one object (from line {holder.line})")
        holder.value[name] = None  # a second one is found before its value is read
        return name

    def _merge(self, holder: _Open, value: Any, event: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error(event, "<< must be followed by an object or a list of objects")
        holder.merged += sources

    def _scalar(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag in ("!", _CORE + "str") or (tag is None and not event.implicit[0]):
            return text
        if tag is not None and tag not in (_CORE + "int", _CORE + "float", _CORE + "bool", _CORE + "null"):
            raise self._error(event, f"the tag {shown(tag, 60)} is not plain data")
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text, _BASES.get(text[:2], 10))
        if _FLOAT.fullmatch(text):
            return float(text)
        return text

    def _error(self, event: Any, message: str) -> FileError:
        return FileError(self._file, f"line {event.start_mark.line + 1}", message)
