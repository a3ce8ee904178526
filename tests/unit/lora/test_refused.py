"""Adapters that are refused before llama.cpp sees them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy
import pytest

from stesim.errors import ModelError
from stesim.models import lora
from stesim.models.header import fingerprint, read_header
from tests.tiny import make_adapter
from tests.unit.lora.asked import Load, predicted


def field(name: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value


def rewritten(adapter: Path, *fields: bytes, instead: tuple[str, ...] = ()) -> bytes:
    """The adapter with more fields, in the place of those named."""
    import gguf

    data, reader = adapter.read_bytes(), gguf.GGUFReader(adapter)
    kept = []
    for name in (each for each in reader.fields if not each.startswith("GGUF.") and each not in instead):
        parts = reader.fields[name].parts
        kept.append(b"".join(part.tobytes() for part in parts))
    first = min(each.field.offset for each in reader.tensors)
    told = data[first : max(each.field.offset + sum(p.nbytes for p in each.field.parts) for each in reader.tensors)]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(reader.tensors), len(kept) + len(fields))
    head += b"".join([*kept, *fields]) + told
    start = min(each.data_offset for each in reader.tensors)
    return head + bytes(-len(head) % 32) + data[start:]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_rewriting_alone_changes_nothing(files: Path, load: Load) -> None:
    (files / "same.gguf").write_bytes(rewritten(files / "adapter.gguf"))
    assert (predicted(load(files / "same.gguf")) == predicted(load(files / "adapter.gguf"))).all()


@pytest.mark.parametrize(
    ("fields", "instead", "said"),
    [
        ((), ("general.type",), "a model, not an adapter"),
        ((field("general.type", 8, text("mmproj")),), ("general.type",), "'mmproj', not an adapter"),
        ((field("general.type", 4, b"1234"),), ("general.type",), "not an adapter"),
        ((), ("adapter.type",), "not a LoRA adapter"),
        ((field("adapter.type", 4, b"1234"),), ("adapter.type",), "not a LoRA adapter"),
        ((field("adapter.lora.alpha", 4, b"1234"),), ("adapter.lora.alpha",), "alpha"),
        ((field("adapter.lora.alpha", 6, struct.pack("<f", float("nan"))),), ("adapter.lora.alpha",), "alpha"),
        ((field("adapter.alora.invocation_tokens", 9, struct.pack("<IQI", 4, 1, 1)),), (), "begins at certain tokens"),
        ((field("general.architecture", 8, text("qwen2")),), ("general.architecture",), "architecture 'qwen2'"),
        ((field("general.architecture", 4, b"1234"),), ("general.architecture",), "architecture ''"),
        ((field(lora.BASE, 8, text("f" * 64)),), (lora.BASE,), "another model, 'tiny' .fingerprint ffffffffffff"),
    ],
)
def test_fields_that_are_not_those_of_an_adapter_for_this_model(
    fields: tuple[bytes, ...], instead: tuple[str, ...], said: str, files: Path, load: Load, tmp_path: Path
) -> None:
    path = tmp_path / "made.gguf"
    path.write_bytes(rewritten(files / "adapter.gguf", *fields, instead=instead))
    with pytest.raises(ModelError, match=said) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hidden": 32}, "is for another model: 'blk.0.attn_q.weight' is 32 x 32 in it, not 64 x 64"),
        ({"layers": 3}, r"blk\.2\.attn_q\.weight', which .*tiny\.gguf does not have"),
        ({"architecture": "qwen2"}, "architecture 'qwen2'"),
    ],
)
def test_an_adapter_for_another_model(changed: dict[str, Any], said: str, load: Load, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        load(make_adapter(tmp_path / "other.gguf", **changed))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"blk.0.attn_q.weight.lora_b", b"blk.0.attn_k.weight.lora_b", "only one half"),
        (b"blk.0.attn_q.weight.lora_a", b"blk.0.attn_q.weight.lora_c", "not covered"),
        (b"blk.0.attn_q.weight.lora_a", b"abc.0.attn_q.weight.lora_a", "not covered"),
        (struct.pack("<IQQ", 2, 4, 64), struct.pack("<IQQ", 2, 8, 64), "do not go together"),
        (struct.pack("<IQQ", 2, 4, 64), struct.pack("<IQQ", 2, 4, 0), "empty"),
        (struct.pack("<IQQI", 2, 64, 4, 1), struct.pack("<IQQI", 2, 64, 4, 2), "of a kind that is not covered"),
        (struct.pack("<IQQI", 2, 64, 4, 1), struct.pack("<IQQI", 2, 64, 4, 99), "of a kind that is not covered"),
    ],
)
def test_tensors_that_make_no_adapter(
    old: bytes, new: bytes, said: str, files: Path, load: Load, tmp_path: Path
) -> None:
    data = (files / "adapter.gguf").read_bytes()
    assert old in data
    (tmp_path / "made.gguf").write_bytes(data.replace(old, new, 1))
    with pytest.raises(ModelError, match=said):
        load(tmp_path / "made.gguf")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("half", [True, False])
def test_weights_that_are_no_numbers(value: float, half: bool, load: Load, tmp_path: Path) -> None:
    path = make_adapter(tmp_path / "made.gguf", half=half)
    data = bytearray(path.read_bytes())
    header = read_header(path)
    last = max(header.tensors.values(), key=lambda each: each.offset)
    struct.pack_into(
        "<e" if half else "<f", data, header.data + last.offset + (last.size or 0) - (2 if half else 4), value
    )
    path.write_bytes(data)
    with pytest.raises(ModelError, match="what is not a number"):
        load(path)


def test_weights_in_8_bits(files: Path, load: Load, tmp_path: Path) -> None:
    """Made by other programs; one whose scale is no number is refused as well."""
    import gguf

    path = tmp_path / "made.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    random = numpy.random.default_rng(0)
    for side in "ab":
        weights = random.standard_normal((64, 64)).astype(numpy.float32)
        data = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(f"blk.0.attn_q.weight.lora_{side}", data, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert (predicted(load(path)) != predicted(load())).any()
    header, data = read_header(path), bytearray(path.read_bytes())
    struct.pack_into("<e", data, header.data + 34, float("inf"))
    path.write_bytes(data)
    with pytest.raises(ModelError, match="what is not a number"):
        load(path)


def test_what_is_no_adapter_at_all(files: Path, load: Load, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, this is text")
    for path, said in (
        (files / "none.gguf", "no adapter file"),
        (files / "tiny.gguf", "a model, not an adapter"),
        (tmp_path / "text", "not a GGUF file"),
        (tmp_path, "not a regular file"),
    ):
        with pytest.raises(ModelError, match=said):
            load(path)


def test_a_file_cut_off_anywhere_is_refused(files: Path, tmp_path: Path) -> None:
    data, path = (files / "adapter.gguf").read_bytes(), tmp_path / "cut.gguf"
    model = files / "tiny.gguf"
    for size in [*range(0, 600, 23), *range(600, len(data), 997), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"cut off|not a GGUF"):
            lora.read_adapter(path, model, fingerprint(model))


@pytest.mark.parametrize("changed", [{"alpha": 1e38}, {"spread": 1e38, "half": False}])
def test_weights_too_large_to_reckon_with(changed: dict[str, Any], load: Load, tmp_path: Path) -> None:
    """The model would say nothing at all, to anything."""
    with pytest.raises(ModelError, match="the model predicts no numbers"):
        load(make_adapter(tmp_path / "large.gguf", **changed))
    assert numpy.isfinite(predicted(load(make_adapter(tmp_path / "fine.gguf", alpha=800.0)))).all()


def test_a_fingerprint_of_any_length_leaves_the_manifest_small(load: Load, tmp_path: Path) -> None:
    model = load(make_adapter(tmp_path / "talks.gguf", about={lora.DATA: "d" * 3_000_000}))
    assert len(model.describe()["lora"]["data"]) == 80


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [("llama_adapter_lora_init", None, "cannot use the adapter"), ("llama_set_adapters_lora", 1, "does not take")],
)
def test_llama_cpp_has_the_last_word(
    name: str, answer: object, said: str, files: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    import llama_cpp

    monkeypatch.setattr(llama_cpp, name, lambda *_: answer)
    with pytest.raises(ModelError, match=said):
        load(files / "adapter.gguf")
