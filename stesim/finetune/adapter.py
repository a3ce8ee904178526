"""Writing an adapter as a GGUF file that llama.cpp plays.

    write_adapter(Path("adapter.gguf"), training.weights(), base, alpha=32.0, about={"stesim.base.name": "smollm2"})

Tensors get the names of llama.cpp by gguf's own map, in half precision. llama.cpp's llama has the rows of its query
and key projections in another order than transformers, so that the rows of their `lora_b` are brought into it; where
that is left out the adapter still seems to work, and only the distance to the trained network shows it (`verify`).
Not covered: adapters of embeddings or of the head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim.errors import StoreError
from stesim.finetune.base import CONFIG
from stesim.finetune.heavy import need
from stesim.store.folder import read_object
from stesim.store.whole import replacing

_LARGEST_CONFIG = 1 << 20  # bytes
_PERMUTED = ("llama",)  # architectures whose query and key rows llama.cpp has in another order


def write_adapter(out: Path, tensors: Mapping[str, Any], base: Path, alpha: float, about: Mapping[str, str]) -> None:
    """Write the tensors (by PEFT's names) as GGUF, whole or not at all; raises `StoreError`.

    `base` is the folder of the full-precision copy; `about` are further fields of text.
    """
    gguf = need("gguf")
    config = read_object(base / CONFIG, _LARGEST_CONFIG)
    architecture = str(config["model_type"])
    arrays = sorted(renamed(tensors, config).items())
    try:
        with replacing(out) as new:
            _write(gguf.GGUFWriter(new, architecture), alpha, about, arrays)
    except OSError as error:
        raise StoreError(f"cannot write the adapter {out}: {error.strerror}") from None


def _write(writer: Any, alpha: float, about: Mapping[str, str], arrays: Sequence[tuple[str, Any]]) -> None:
    gguf = need("gguf")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for key, value in sorted(about.items()):
        writer.add_string(key, value)
    for name, array in arrays:
        writer.add_tensor(name, array)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def renamed(tensors: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors as llama.cpp has them, by its names: half precision, rows in its order."""
    gguf, numpy = need("gguf", "numpy")
    architecture = str(config["model_type"])
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(kinds[architecture], int(config["num_hidden_layers"]))
    found = {}
    for name, value in tensors.items():
        module, _, part = name.partition(".lora_")
        known = names.get_name(f"{module}.weight", try_suffixes=(".weight",))
        if known is None:
            raise StoreError(f"llama.cpp has no name for the layer {module} of {architecture}")
        array = value.float().numpy()
        if part[0] == "B" and architecture in _PERMUTED:
            array = permuted(array, module, config)
        found[f"{known}.lora_{part[0].lower()}"] = array.astype(numpy.float16)
    return found


def permuted(array: Any, module: str, config: Mapping[str, Any]) -> Any:
    """The rows of a query or key projection in llama.cpp's order (the halves of each head interleaved); others stay."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(module.rpartition(".")[2])
    if heads is None:
        return array
    count = int(config.get(heads) or config["num_attention_heads"])
    rows, columns = array.shape
    return array.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)
