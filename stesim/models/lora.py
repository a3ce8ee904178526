"""LoRA adapters: small files of trained differences, which llama.cpp adds to a model's weights while it is asked.

    adapter = read_adapter("adapter.gguf:0.5", Path("smollm2.gguf"), fingerprint(Path("smollm2.gguf")))
    adapter.describe()

llama-cpp-python goes on without a word where an adapter cannot be used, and llama.cpp ends the process at some damaged
files. So an adapter is read and held against the model here first, tensor by tensor, and must be taken by llama.cpp
then. One that `stesim finetune` made names the model that it was trained on, and goes with no other.

Not covered: several adapters at once; adapters of embeddings, of norms and of experts; adapters that begin at certain
tokens.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from stesim.errors import ModelError
from stesim.models.header import BLOCKS, Header, TensorInfo, fingerprint, read_header

BASE = "stesim.base.fingerprint"  # fields of an adapter that `stesim finetune` made
BASE_NAME = "stesim.base.name"
DATA = "stesim.data.fingerprint"
_TYPE, _ARCHITECTURE, _KIND, _ALPHA = "general.type", "general.architecture", "adapter.type", "adapter.lora.alpha"
_BEGINS = "adapter.alora.invocation_tokens"
_SIDES = (".lora_a", ".lora_b")
_MOST = 100.0  # of a scale
_AT_ONCE = 1 << 24  # bytes of weights that are looked at
_LONGEST = 80  # characters of a name or a fingerprint that is told


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that goes with a model, and by how much it counts. `base` and `data` are the fingerprints of the model
    and of the examples that it was trained on; empty where it does not say so."""

    path: Path
    scale: float
    fingerprint: str
    base: str
    data: str

    def describe(self) -> Mapping[str, Any]:
        """What a manifest says of it; `spec` is the file, as it can be found from any folder."""
        return {
            "spec": str(self.path.resolve()), "scale": self.scale, "fingerprint": self.fingerprint, "base": self.base,
            "data": self.data,
        }  # fmt: skip

    def fingerprint_of(self, model: str) -> str:
        """The fingerprint of the model with the adapter, from the model's own."""
        return hashlib.sha256(f"{model}\0{self.fingerprint}\0{self.scale!r}".encode()).hexdigest()


def parse(spec: str | Path) -> tuple[Path, float]:
    """The file and the scale that `ADAPTER[:SCALE]` means; raises `ModelError` for a scale that is no use.

    A path is taken as it is, with the scale 1.

    >>> parse("adapter.gguf:0.5")
    (PosixPath('adapter.gguf'), 0.5)
    """
    if isinstance(spec, Path):
        return spec, 1.0
    if not spec or spec.startswith(":"):
        raise ModelError(f"{spec!r} names no adapter file")
    whole = Path(os.path.expanduser(spec))
    before, colon, last = spec.rpartition(":")
    if not colon or os.path.lexists(whole):
        return whole, 1.0
    path = Path(os.path.expanduser(before))
    try:
        scale = float(last)
    except ValueError:
        if os.path.lexists(path):
            raise ModelError(f"the scale {last[:_LONGEST]!r} of the adapter {before} is not a number") from None
        return whole, 1.0
    if not math.isfinite(scale) or not 0 < abs(scale) <= _MOST:
        raise ModelError(
            f"the scale {last[:_LONGEST]} of the adapter {before} is not a number up to {_MOST:g} other than 0"
        )
    return path, scale


def lasting(path: Path, scale: float) -> str:
    """The text from which `parse` reads this file and this scale, whatever the current folder."""
    return str(path.resolve()) if scale == 1 else f"{path.resolve()}:{scale}"


def read_adapter(spec: str | Path, model: Path, model_fingerprint: str) -> Adapter:
    """The adapter that a text such as `adapter.gguf:0.5` means, held against the model's file.

    Raises `ModelError` with one line for what is missing, no adapter, damaged, or made for another model.
    """
    path, scale = parse(spec)
    if not os.path.exists(path):
        raise ModelError(f"no adapter file {path}")
    header = read_header(path)
    _check_kind(header, path)
    base = header.text(BASE)
    if base and base != model_fingerprint:
        name = repr(header.text(BASE_NAME)[:_LONGEST])
        raise ModelError(
            f"the adapter {path} was trained on another model, {name} (fingerprint {base[:12]}), not on {model} "
            f"({model_fingerprint[:12]}); name that model with --model"
        )
    _check_fits(header, path, model)
    _check_weights(header, path)
    return Adapter(path, scale, fingerprint(path), base, header.text(DATA)[:_LONGEST])


def attach(llm: Any, api: Any, adapter: Adapter) -> None:
    """Let a model that was just loaded, with nothing in its cache, be asked with the adapter. Raises `ModelError`.

    llama.cpp wants to know of adapters before it makes a context, so that there is room for them in it.
    """
    handle = api.llama_adapter_lora_init(llm._model.model, os.fsencode(adapter.path))
    if not handle:
        raise ModelError(f"llama.cpp cannot use the adapter {adapter.path} with this model")
    llm._stack.callback(api.llama_adapter_lora_free, handle)
    llm._ctx.close()
    llm._ctx = type(llm._ctx)(model=llm._model, params=llm.context_params, verbose=False)
    llm._stack.callback(llm._ctx.close)
    handles = (api.llama_adapter_lora_p_ctypes * 1)(handle)
    if api.llama_set_adapters_lora(llm.ctx, handles, 1, (ctypes.c_float * 1)(adapter.scale)):
        raise ModelError(f"llama.cpp does not take the adapter {adapter.path} (scale {adapter.scale:g})")
    _check_predicts(llm, api, adapter)


def _check_predicts(llm: Any, api: Any, adapter: Adapter) -> None:
    """Raise `ModelError` if the changed weights are too large to reckon with; the model would only ever say nothing."""
    import numpy

    llm.eval([0])
    predicted = numpy.ctypeslib.as_array(api.llama_get_logits_ith(llm.ctx, -1), shape=(llm.n_vocab(),))
    if not numpy.isfinite(predicted).all():
        raise ModelError(f"with the adapter {adapter.path} (scale {adapter.scale:g}) the model predicts no numbers")
    llm.reset()


def _check_kind(header: Header, path: Path) -> None:
    """Raise `ModelError` unless it is a LoRA adapter by its own word, in fields of the types that llama.cpp expects."""
    kind = header.text(_TYPE)
    if kind != "adapter":
        what = "a model" if kind in ("", "model") and header.tensors else f"of the type {kind[:_LONGEST]!r}"
        raise ModelError(f"{path} is {what}, not an adapter")
    if header.text(_KIND) != "lora":
        raise ModelError(f"{path} is not a LoRA adapter, but of the type {header.text(_KIND)[:_LONGEST]!r}")
    if _BEGINS in header.kinds:
        raise ModelError(f"{path} is an adapter that begins at certain tokens; such ones cannot be used here")
    alpha = header.number(_ALPHA)
    if _ALPHA in header.kinds and (alpha is None or not math.isfinite(alpha)):
        raise ModelError(f"{path} is damaged: its {_ALPHA} is not a number of 32 bits")
    if not header.tensors:
        raise ModelError(f"{path} is an adapter without weights")


def _check_fits(header: Header, path: Path, model: Path) -> None:
    """Raise `ModelError` unless each tensor of the adapter goes with one of the model."""
    of = read_header(model)
    ours, theirs = header.text(_ARCHITECTURE), of.text(_ARCHITECTURE)
    if ours != theirs:
        raise ModelError(f"the adapter {path} is for the architecture {ours[:_LONGEST]!r}; {model} is {theirs!r}")
    for name in header.tensors:
        target = name[:-7]
        if not name.endswith(_SIDES) or not (target.startswith("blk.") or target == "output.weight"):
            raise ModelError(f"the adapter {path} holds {name[:_LONGEST]!r}, which is not covered")
        pair = [header.tensors.get(target + side) for side in _SIDES]
        changed = of.tensors.get(target)
        if changed is None:
            raise ModelError(f"the adapter {path} changes {target[:_LONGEST]!r}, which {model} does not have")
        if None in pair:
            raise ModelError(f"the adapter {path} is damaged: it has only one half of {target[:_LONGEST]!r}")
        _check_shapes(path, target, changed, *pair)  # type: ignore[arg-type]


def _check_shapes(path: Path, target: str, changed: TensorInfo, before: TensorInfo, after: TensorInfo) -> None:
    """Raise `ModelError` unless the two halves, multiplied, have the shape of the weights that they change."""
    if len(before.shape) != 2 or len(after.shape) != 2 or before.shape[1] != after.shape[0]:
        raise ModelError(f"the adapter {path} is damaged: the halves of {target!r} do not go together")
    product = (before.shape[0], after.shape[1])
    if product != changed.shape:
        sides = " x ".join(map(str, product)), " x ".join(map(str, changed.shape))
        raise ModelError(f"the adapter {path} is for another model: {target!r} is {sides[0]} in it, not {sides[1]}")


def _check_weights(header: Header, path: Path) -> None:
    """Raise `ModelError` unless all weights are in the file, and are numbers."""
    with path.open("rb") as file:
        for name, tensor in header.tensors.items():
            size = tensor.size
            if size is None:
                raise ModelError(f"the adapter {path} has weights of a kind that is not covered, {tensor.kind}")
            if header.data + tensor.offset + size > header.size:
                raise ModelError(f"the adapter {path} is cut off: the weights of {name[:_LONGEST]!r} are not all there")
            file.seek(header.data + tensor.offset)
            if not _is_finite(file, tensor.kind, size):
                raise ModelError(f"the adapter {path} is damaged: {name[:_LONGEST]!r} holds what is not a number")


def _is_finite(file: BinaryIO, kind: int, size: int) -> bool:
    """Whether the next `size` bytes of a file, weights of the kind, hold neither NaN nor infinity."""
    import numpy

    most = {0: (0x7F800000, "<u4"), 30: (0x7F80, "<u2")}.get(kind, (0x7C00, "<u2"))  # an exponent of ones alone
    block = BLOCKS[kind][0]
    for start in range(0, size, _AT_ONCE // block * block):
        data = file.read(min(_AT_ONCE // block * block, size - start))
        if kind == 8:  # a block begins with its scale, the rest are whole numbers
            data = numpy.frombuffer(data, numpy.uint8).reshape(-1, block)[:, :2].tobytes()
        if (numpy.frombuffer(data, most[1]) & most[0] == most[0]).any():
            return False
    return True
