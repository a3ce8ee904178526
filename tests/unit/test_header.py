"""The header of a GGUF file: what is read of it, and that no file can claim more than it holds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from stesim.errors import ModelError
from stesim.models.header import TensorInfo, check_gguf, fingerprint, read_header
from tests.tiny import CHATML, make_adapter, make_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf", context=64)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def gguf(
    *entries: bytes, tensors: tuple[bytes, ...] = (), version: int = 3, counts: tuple[int, int] | None = None
) -> bytes:
    counts = counts or (len(tensors), len(entries))
    return b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(entries) + b"".join(tensors)


def tensor(name: str, *shape: int, kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def write(folder: Path, data: bytes) -> Path:
    path = folder / "made.gguf"
    path.write_bytes(data)
    return path


def test_a_model_is_read_as_the_library_reads_it(tiny: Path) -> None:
    import gguf as library

    found, other = read_header(tiny), library.GGUFReader(tiny)
    assert found.text("general.architecture") == "llama"
    assert found.text("tokenizer.chat_template") == CHATML
    assert found.metadata["llama.context_length"] == 64
    assert found.metadata["tokenizer.ggml.add_bos_token"] is False
    assert found.number("llama.attention.layer_norm_rms_epsilon") == pytest.approx(1e-5)
    assert "tokenizer.ggml.tokens" not in found.metadata
    assert found.kinds["tokenizer.ggml.tokens"] == 9
    assert found.size == tiny.stat().st_size
    assert {
        name: (each.shape, each.kind, found.data + each.offset, each.size) for name, each in found.tensors.items()
    } == {
        each.name: (tuple(map(int, each.shape)), each.tensor_type, each.data_offset, each.n_bytes)
        for each in other.tensors
    }


def test_numbers_and_lists_of_each_kind(tmp_path: Path) -> None:
    kinds = {0: ("B", 200), 1: ("b", -3), 2: ("H", 60000), 3: ("h", -300), 4: ("I", 1 << 31), 5: ("i", -5),
             6: ("f", 0.5), 7: ("?", True), 10: ("Q", 1 << 60), 11: ("q", -(1 << 60)), 12: ("d", 0.1)}  # fmt: skip
    entries = [entry(f"n{kind}", kind, struct.pack(f"<{form}", value)) for kind, (form, value) in kinds.items()]
    lists = [
        entry(f"l{kind}", 9, struct.pack("<IQ", kind, 3) + 3 * struct.pack(f"<{form}", value))
        for kind, (form, value) in kinds.items()
    ]
    words = entry("words", 9, struct.pack("<IQ", 8, 2) + text("a") + text("bc"))
    found = read_header(write(tmp_path, gguf(*entries, *lists, words, entry("last", 8, text("ok")))))
    assert dict(found.metadata) == {f"n{kind}": value for kind, (_, value) in kinds.items()} | {"last": "ok"}
    assert found.number("n6") == 0.5
    assert found.number("n12") is None
    assert found.number("n4") is None


@pytest.mark.parametrize(
    ("shape", "kind", "size"),
    [
        ((64, 3), 0, 768),
        ((64, 3), 1, 384),
        ((64, 3), 30, 384),
        ((64, 3), 8, 204),
        ((40, 3), 8, None),
        ((64, 3), 2, None),
    ],
)
def test_sizes_of_tensors(shape: tuple[int, ...], kind: int, size: int | None) -> None:
    assert TensorInfo(shape, kind, 0).size == size


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gguf(version=1), "version"),
        (gguf(counts=(0, 1 << 60)), "holds"),
        (gguf(counts=(1 << 60, 0)), "holds"),
        (gguf(counts=(0, 3)), "cut off"),
        (gguf(struct.pack("<Q", 1 << 62)), "cut off"),
        (gguf(struct.pack("<Q", 2000) + b"x" * 2000), "2000 bytes"),
        (gguf(entry("a", 99, b"")), "kind 99"),
        (gguf(entry("a", 9, struct.pack("<IQ", 8, 1 << 61))), "cut off"),
        (gguf(entry("a", 9, struct.pack("<IQ", 10, 1 << 61))), "cut off"),
        (gguf(entry("a", 9, struct.pack("<IQ", 9, 1))), "kind 9"),
        (gguf(entry("a", 4, b"1234"), entry("a", 4, b"1234")), "twice"),
        (gguf(tensors=(tensor("t", 4), tensor("t", 4))), "twice"),
        (gguf(tensors=(tensor("t", 0),)), "empty"),
        (gguf(tensors=(tensor("t", 1 << 50),)), "holds"),
        (gguf(tensors=(tensor("t", 1, 1, 1, 1, 1),)), "5 sides"),
        (gguf(entry("general.alignment", 4, struct.pack("<I", 3))), "alignment"),
        (gguf(entry("general.alignment", 4, struct.pack("<I", 0))), "alignment"),
        (gguf(entry("general.alignment", 8, text("32"))), "alignment"),
    ],
)  # fmt: skip
def test_what_a_file_claims_and_does_not_hold(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said) as error:
        read_header(write(tmp_path, data))
    assert "\n" not in str(error.value)
    assert "made.gguf" in str(error.value)


def test_a_header_cut_off_anywhere_is_said_to_be(tmp_path: Path) -> None:
    data = make_adapter(tmp_path / "adapter.gguf", layers=1, targets=("attn_q",), about={"a": "b"}).read_bytes()
    header = read_header(tmp_path / "adapter.gguf")
    end = data.index(b"lora_b") + len(b"lora_b") + 4 + 16 + 4 + 8
    assert end <= header.data
    for size in range(end):
        with pytest.raises(ModelError, match=r"cut off|not a GGUF"):
            read_header(write(tmp_path, data[:size]))
    assert read_header(write(tmp_path, data[:end])).tensors == header.tensors


def test_what_is_no_file(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "no model file"), (tmp_path, "not a regular file")):
        with pytest.raises(ModelError, match=said):
            check_gguf(path)


def test_a_fingerprint_is_of_the_whole_of_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"GGUF" + bytes(1000))
    before = fingerprint(path)
    for place in (5, 500, 1003):
        data = bytearray(path.read_bytes())
        data[place] = 1
        changed = tmp_path / "b"
        changed.write_bytes(data)
        assert fingerprint(changed) != before
    path.write_bytes(b"GGUF" + bytes(1001))
    assert fingerprint(path) != before
