"""Putting an adapter into a copy of its model: one GGUF file that needs no adapter any more.

    merge(Path("smollm2.gguf"), Path("adapter.gguf"), Path("merged.gguf"), {"stesim.version": "0.1"})

The weights that the adapter changes are written as Q8_0: in 4 bits most of its change would be lost in rounding. All
else, the tokens among it, is taken over as it is. Not covered: adapters that were not written by `adapter`, and other
precisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stesim.errors import ModelError, StoreError, UserError
from stesim.finetune.heavy import need
from stesim.models.header import check_gguf, read_header
from stesim.store.whole import replacing

_BLOCK = 32  # numbers of a row that Q8_0 packs together
_A, _B = ".lora_a", ".lora_b"


@dataclass(frozen=True, slots=True)
class _Change:
    """What an adapter adds to one tensor: the product of two matrices, times `scale`."""

    down: Any
    up: Any
    scale: float

    def __call__(self, weights: Any) -> Any:
        return weights + self.scale * (self.up @ self.down)


def merge(model: Path, adapter: Path, out: Path, about: Mapping[str, str]) -> None:
    """Write the model with the adapter in it to `out`, whole or not at all; `about` are further fields of text.

    Raises `UserError` if the adapter does not fit, `ModelError` for a damaged file, `StoreError` if it cannot be
    written.
    """
    base, changes = _reader(model), _changes(adapter)
    for name, change in changes.items():
        found = next((tensor for tensor in base.tensors if tensor.name == name), None)
        if found is None or _rows(found) != (len(change.up), len(change.down[0])):
            raise UserError(f"{adapter} does not belong to {model}: look at {name[:60]}")
    try:
        with replacing(out) as new:
            _write(base, changes, new, about)
    except OSError as error:
        raise StoreError(f"cannot write the merged model {out}: {error.strerror or error}") from None


def text_field(path: Path, name: str) -> str:
    """A field of text in a GGUF file, empty where there is none; raises `ModelError` for a damaged file."""
    return read_header(path).text(name)


def _reader(path: Path) -> Any:
    gguf = need("gguf")
    check_gguf(path)
    try:
        return gguf.GGUFReader(path)
    except (ValueError, IndexError, KeyError, TypeError, OSError, OverflowError, MemoryError) as error:
        raise ModelError(f"{path} is damaged or cut off ({error})") from None


def _rows(tensor: Any) -> tuple[int, ...]:
    """The shape as rows and columns; GGUF has it the other way round."""
    return tuple(int(size) for size in reversed(tensor.shape))


def _changes(adapter: Path) -> dict[str, _Change]:
    """What the adapter adds, by the name of the tensor."""
    gguf, numpy = need("gguf", "numpy")
    reader = _reader(adapter)
    alpha = reader.get_field(gguf.Keys.Adapter.LORA_ALPHA)
    found = {tensor.name: tensor for tensor in reader.tensors}
    names = [name.removesuffix(_A) for name in found if name.endswith(_A)]
    if alpha is None or not names or any(name + _B not in found for name in names) or len(found) != 2 * len(names):
        raise UserError(f"{adapter} is not a LoRA adapter that can be merged")
    changes = {}
    for name in names:
        down, up = (_numbers(found[name + part]).astype(numpy.float32) for part in (_A, _B))
        if down.ndim != 2 or up.ndim != 2 or len(down) != len(up[0]) or not len(down):
            raise UserError(f"{adapter} is not a LoRA adapter that can be merged: look at {name[:60]}")
        changes[name] = _Change(down, up, float(alpha.contents()) / len(down))
    return changes


def _numbers(tensor: Any) -> Any:
    gguf = need("gguf")
    try:
        return gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(_rows(tensor))
    except NotImplementedError:
        raise UserError(f"weights of the type {tensor.tensor_type.name} cannot be merged") from None


def _write(base: Any, changes: Mapping[str, _Change], path: Path, about: Mapping[str, str]) -> None:
    """The fields, then the list of tensors, then one tensor after the other: never all of them in memory."""
    gguf, numpy = need("gguf", "numpy")
    kinds = gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(path, base.get_field(gguf.Keys.General.ARCHITECTURE).contents())
    try:
        for name, value, kind, inner in _fields(base, about):
            writer.add_key_value(name, value, kind, sub_type=inner)
        writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
        types = {}
        for tensor in base.tensors:
            shape, dtype, size, kind = tensor.data.shape, tensor.data.dtype, tensor.data.nbytes, tensor.tensor_type
            if tensor.name in changes:
                rows, columns = _rows(tensor)
                packed = columns % _BLOCK == 0
                kind = kinds.Q8_0 if packed else kinds.F16
                shape = gguf.quant_shape_to_byte_shape((rows, columns), kind) if packed else (rows, columns)
                dtype = numpy.dtype(numpy.uint8 if packed else numpy.float16)
                size = int(numpy.prod(shape)) * dtype.itemsize
            types[tensor.name] = kind
            writer.add_tensor_info(tensor.name, shape, dtype, size, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in base.tensors:
            change = changes.get(tensor.name)
            data = tensor.data
            if change is not None:
                data = gguf.quants.quantize(change(_numbers(tensor)), types[tensor.name])
            writer.write_tensor_data(data)
    finally:
        writer.close()


def _fields(base: Any, about: Mapping[str, str]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, value, type and inner type of each field of the merged model, but for those that it has of its own."""
    gguf = need("gguf")
    general = gguf.Keys.General
    own = (general.ARCHITECTURE, general.FILE_TYPE, general.ALIGNMENT)
    for field in base.fields.values():
        kind = field.types[0]
        empty = kind == gguf.GGUFValueType.ARRAY and not len(field.data)  # there is no way to write such a one
        if field.name in own or field.name in about or field.name.startswith("GGUF.") or empty:
            continue
        yield field.name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
    for name, value in sorted(about.items()):
        yield name, value, gguf.GGUFValueType.STRING, None
