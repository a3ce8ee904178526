"""Merged models: each changed tensor is the base's and the adapter's together, all else is as it was."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy
import pytest

from stesim.errors import ModelError, StoreError, UserError
from stesim.finetune.merge import merge, text_field
from stesim.models.llamacpp import LlamaCppModel
from stesim.records import Message
from tests.tiny import make_adapter, make_tiny

KINDS = gguf.GGMLQuantizationType
QUESTION = [Message("user", "Hi!")]


def tensors(path: Path) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


def numbers(tensor: Any) -> Any:
    return gguf.quants.dequantize(tensor.data, tensor.tensor_type)


def requantized(path: Path, out: Path, kind: Any) -> Path:
    """A copy of a model with its large tensors in fewer bits."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, "llama")
    for field in reader.fields.values():
        if field.name != "general.architecture" and not field.name.startswith("GGUF."):
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    for tensor in reader.tensors:
        packed = len(tensor.shape) == 2
        data = gguf.quants.quantize(tensor.data, kind) if packed else numpy.asarray(tensor.data)
        writer.add_tensor(tensor.name, data, raw_dtype=kind if packed else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


@pytest.mark.parametrize("kind", [KINDS.F32, KINDS.F16, KINDS.Q4_0, KINDS.Q4_1, KINDS.Q8_0])
def test_the_change_is_added_to_the_weights(tmp_path: Path, kind: Any) -> None:
    model, out = make_tiny(tmp_path / "tiny.gguf"), tmp_path / "merged.gguf"
    base = requantized(model, tmp_path / "base.gguf", kind)
    adapter = make_adapter(tmp_path / "adapter.gguf")
    merge(base, adapter, out, {"stesim.version": "x"})
    before, after, changes = tensors(base), tensors(out), tensors(adapter)
    alpha = gguf.GGUFReader(adapter).get_field("adapter.lora.alpha").contents()
    assert list(after) == list(before)
    changed = 0
    for name, tensor in after.items():
        if f"{name}.lora_a" not in changes:
            assert tensor.tensor_type == before[name].tensor_type
            assert tensor.data.tobytes() == before[name].data.tobytes()
            continue
        changed += 1
        down, up = (numbers(changes[f"{name}.lora_{part}"]).astype(numpy.float64) for part in "ab")
        wanted = numbers(before[name]) + alpha / len(down) * up @ down
        assert tensor.tensor_type == KINDS.Q8_0
        assert abs(numbers(tensor) - wanted).max() <= abs(wanted).max() / 127
        assert abs(numbers(before[name]) - wanted).max() > abs(wanted).max() / 20
    assert changed
    assert text_field(out, "stesim.version") == "x"
    fields = [{name: field.contents() for name, field in gguf.GGUFReader(path).fields.items() if "." in name}
              for path in (base, out)]  # fmt: skip
    for each in fields:
        for name in list(each):
            if name.startswith(("GGUF.", "stesim.", "general.file_type")):
                del each[name]
    assert fields[0] == fields[1]


def test_llama_cpp_plays_it_as_it_plays_the_adapter(tmp_path: Path) -> None:
    base, out = make_tiny(tmp_path / "tiny.gguf"), tmp_path / "merged.gguf"
    adapter = make_adapter(tmp_path / "adapter.gguf")
    merge(base, adapter, out, {})
    found = []
    for path, lora in ((base, str(adapter)), (out, None), (base, None)):
        model = LlamaCppModel(path, context=256, thread_count=1, lora=lora)
        found.append(model.logits(model.tokens(QUESTION), model.reply_tokens("Hello, who is there?")))
        model.close()
    near, far = abs(found[1] - found[0]).mean(), abs(found[2] - found[0]).mean()
    assert near < 0.1 * far


def test_a_model_with_another_alignment_and_an_empty_list(tmp_path: Path) -> None:
    """gguf can write neither of both as any other field."""
    data = make_tiny(tmp_path / "tiny.gguf").read_bytes()
    last = gguf.GGUFReader(tmp_path / "tiny.gguf").tensors[-1].field
    weights = gguf.GGUFReader(tmp_path / "tiny.gguf").data_offset
    names = data[24 : last.offset + sum(part.nbytes for part in last.parts)]
    count = int.from_bytes(data[16:24], "little") + 2
    empty = struct.pack("<Q12sIIQ", 12, b"general.tags", 9, 8, 0)
    aligned = struct.pack("<Q17sII", 17, b"general.alignment", 4, 64)
    head = data[:16] + struct.pack("<Q", count) + empty + aligned + names
    base, out = tmp_path / "base.gguf", tmp_path / "merged.gguf"
    base.write_bytes(head + bytes(-len(head) % 64) + data[weights:])
    merge(base, make_adapter(tmp_path / "adapter.gguf"), out, {})
    LlamaCppModel(out, context=64, thread_count=1).close()


def test_what_cannot_be_merged_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    base, out = make_tiny(tmp_path / "tiny.gguf"), tmp_path / "merged.gguf"
    adapter = make_adapter(tmp_path / "adapter.gguf")
    wider = make_tiny(tmp_path / "wider.gguf", hidden=128)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(adapter.read_bytes()[:300])
    for model, lora, error, said in (
        (wider, adapter, UserError, "does not belong to"),
        (base, base, UserError, "is not a LoRA adapter"),
        (base, cut, ModelError, "is damaged or cut off"),
        (base, tmp_path / "none.gguf", ModelError, "no model file"),
    ):
        with pytest.raises(error, match=said):
            merge(model, lora, out, {})
    with pytest.raises(StoreError, match="cannot write the merged model"):
        merge(base, adapter, tmp_path / "none" / "merged.gguf", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter.gguf", "cut.gguf", "tiny.gguf", "wider.gguf"]
