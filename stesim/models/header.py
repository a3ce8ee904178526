"""The header of a GGUF file, read without any library and before llama.cpp reads it: metadata, tensors, sizes.

    found = read_header(Path("adapter.gguf"))
    found.text("general.architecture"), found.tensors["blk.0.attn_q.weight"].shape

llama.cpp ends the whole process at some damaged files; what is asked of a file here is that everything that it says it
holds is really in it. Numbers and texts of the metadata are kept, lists are only passed over. Not covered: the weights
themselves, files in several parts, and files of the other byte order.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stesim.errors import ModelError
from stesim.files import check_regular

Value = str | int | float | bool
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_ALIGNMENT = "general.alignment"
_MOST = 1 << 17  # entries and tensors of a file
_LONGEST_NAME = 1 << 10
_LONGEST_TEXT = 1 << 24  # a chat template, a licence
_LARGEST_SIDE = 1 << 40  # of a tensor
_TEXT, _LIST = 8, 9
_SCALARS: Mapping[int, str] = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_INTEGERS = {0, 1, 2, 3, 4, 5, 10, 11}
_FLOAT32 = 6
# Kinds of tensors of which an adapter is made: bytes of a block, and how many weights are in one.
BLOCKS: Mapping[int, tuple[int, int]] = {0: (4, 1), 1: (2, 1), 8: (34, 32), 30: (2, 1)}  # F32, F16, Q8_0, BF16


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a file says of a tensor: its sides (the shortest stride first, as llama.cpp counts), ggml's number of its
    kind, and where its weights begin, in bytes from the first one's."""

    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def size(self) -> int | None:
        """Its bytes; None for a kind that is not in `BLOCKS`, or where the sides do not go with it."""
        if self.kind not in BLOCKS:
            return None
        size, weights = BLOCKS[self.kind]
        return None if self.shape[0] % weights else math.prod(self.shape) // weights * size


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata and the tensors of a GGUF file. `kinds` are GGUF's numbers of the metadata's types, also of lists;
    `data` is where the weights begin, `size` how large the file is, in bytes."""

    metadata: Mapping[str, Value]
    kinds: Mapping[str, int]
    tensors: Mapping[str, TensorInfo]
    data: int
    size: int

    def text(self, name: str) -> str:
        """A text of the metadata; empty where there is none."""
        found = self.metadata.get(name)
        return found if isinstance(found, str) else ""

    def number(self, name: str) -> float | None:
        """A number of the metadata in 32 bits, as llama.cpp reads such ones; None where there is none."""
        found = self.metadata.get(name)
        return float(found) if self.kinds.get(name) == _FLOAT32 and isinstance(found, float) else None


def read_header(path: Path) -> Header:
    """The header of a GGUF file; raises `ModelError` with one line for a file that is none, cut off, or damaged."""
    check_gguf(path)
    try:
        with path.open("rb") as file:
            return _Reader(file, path, path.stat().st_size).header()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from None


class _Reader:
    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file, self._path, self._size = file, path, size
        self._at = 0

    def header(self) -> Header:
        self._take(len(_MAGIC))
        version = self._number("I")
        if version not in _VERSIONS:
            raise ModelError(f"{self._path} is a GGUF file of a version that is not known, {version}")
        tensors, entries = self._count(_MOST), self._count(_MOST)
        metadata: dict[str, Value] = {}
        kinds: dict[str, int] = {}
        for _ in range(entries):
            name = self._text(_LONGEST_NAME)
            if name in kinds:
                raise self._damaged(f"{name[:80]!r} is in it twice")
            kinds[name] = self._number("I")
            if (value := self._value(kinds[name])) is not None:
                metadata[name] = value
        found: dict[str, TensorInfo] = {}
        for _ in range(tensors):
            name = self._text(_LONGEST_NAME)
            if name in found:
                raise self._damaged(f"{name[:80]!r} is in it twice")
            found[name] = self._tensor()
        alignment = metadata.get(_ALIGNMENT, 32)
        if (
            kinds.get(_ALIGNMENT, 4) != 4
            or not isinstance(alignment, int)
            or alignment < 1
            or alignment & (alignment - 1)
        ):
            raise self._damaged(f"{_ALIGNMENT} is {alignment!r}")
        return Header(metadata, kinds, found, -(-self._at // alignment) * alignment, self._size)

    def _tensor(self) -> TensorInfo:
        sides = self._number("I")
        if not 1 <= sides <= 4:
            raise self._damaged(f"a tensor has {sides} sides")
        shape = tuple(self._count(_LARGEST_SIDE) for _ in range(sides))
        if 0 in shape:
            raise self._damaged("a tensor is empty")
        return TensorInfo(shape, self._number("I"), self._number("Q"))

    def _value(self, kind: int) -> Value | None:
        if kind == _TEXT:
            return self._text(_LONGEST_TEXT)
        if kind == _LIST:
            self._pass_list()
            return None
        if kind not in _SCALARS:
            raise self._damaged(f"a value is of the kind {kind}, which there is not")
        found = struct.unpack("<" + _SCALARS[kind], self._take(struct.calcsize(_SCALARS[kind])))[0]
        return int(found) if kind in _INTEGERS else bool(found) if kind == 7 else float(found)

    def _pass_list(self) -> None:
        kind, count = self._number("I"), self._number("Q")
        if kind == _TEXT:
            if 8 * count > self._size:
                raise self._cut()
            for _ in range(count):
                self._pass(self._number("Q"))
        elif kind in _SCALARS:
            self._pass(count * struct.calcsize(_SCALARS[kind]))
        else:
            raise self._damaged(f"a list is of the kind {kind}, which there is not")

    def _text(self, longest: int) -> str:
        length = self._number("Q")
        if length > self._size - self._at:
            raise self._cut()
        if length > longest:
            raise self._damaged(f"a text has {length} bytes")
        return self._take(length).decode("utf-8", "replace")

    def _count(self, most: int) -> int:
        count = self._number("Q")
        if count > most:
            raise self._damaged(f"it says that it holds {count} of a thing")
        return count

    def _number(self, form: str) -> int:
        return int.from_bytes(self._take(4 if form == "I" else 8), "little")

    def _take(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise self._cut()
        self._at += length
        return data

    def _pass(self, length: int) -> None:
        if length > self._size - self._at:
            raise self._cut()
        self._file.seek(length, 1)
        self._at += length

    def _cut(self) -> ModelError:
        return ModelError(
            f"{self._path} is cut off: it has {self._size} bytes, and its header says that there are more"
        )

    def _damaged(self, why: str) -> ModelError:
        return ModelError(f"{self._path} is damaged: {why}")


def check_gguf(path: Path) -> None:
    """Raise `ModelError` unless the file is there and begins as a GGUF does."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise ModelError(f"no model file {path}") from None
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from None
    if head[:4] != _MAGIC:
        raise ModelError(f"{path} is not a GGUF file")
    if len(head) < 8:
        raise ModelError(f"{path} is a GGUF file cut off after {len(head)} bytes")


def fingerprint(path: Path) -> str:
    """SHA-256 over the file's size, its first and last 8 MiB and 64 blocks of 64 KiB spread over it.

    Reading all of a file of many gigabytes at each start would take longer than loading it.
    """
    size, edge, block = path.stat().st_size, 8 << 20, 64 << 10
    starts = {0: edge, max(0, size - edge): edge} | {size * part // 64: block for part in range(1, 64)}
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for start, length in sorted(starts.items()):
            file.seek(start)
            found.update(file.read(length))
    return found.hexdigest()
