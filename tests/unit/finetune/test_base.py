"""The full-precision copy of a model: whole, made once, and of the file that was named."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import gguf
import pytest

from stesim.errors import ModelError, UserError
from stesim.finetune import base
from stesim.finetune.base import CONFIG, WEIGHTS, check_trainable, copy_of, full_precision
from stesim.finetune.heavy import need
from tests.tiny import make_tiny


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stesim" / "full-precision"


def changed(path: Path, name: str, value: int) -> Path:
    """The file with another number of 32 bits in its metadata."""
    data = bytearray(path.read_bytes())
    start = data.index(name.encode()) + len(name) + 4
    data[start : start + 4] = value.to_bytes(4, "little")
    path.write_bytes(data)
    return path


def test_what_lies_beside_a_file_is_not_read(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "store").mkdir()
    model = make_tiny(tmp_path / "store" / "4f2a")
    for name in ("adapter_config.json", "config.json", "generation_config.json"):
        (tmp_path / "store" / name).write_text('{"base_model_name_or_path": "/nowhere", "model_type": "gpt2"}')
    link = tmp_path / "model.gguf"
    link.symlink_to(model)
    assert full_precision(link) == full_precision(model) == copy_of(model)
    assert sorted(path.name for path in copy_of(model).iterdir()) == [CONFIG, WEIGHTS]
    assert sorted(path.name for path in cache.iterdir()) == [".lock", copy_of(model).name]


def test_a_copy_that_is_not_whole_is_made_anew(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_tiny(tmp_path / "tiny.gguf")
    weights = (full_precision(model) / WEIGHTS).read_bytes()
    (copy_of(model) / CONFIG).unlink()
    (cache / ".making").mkdir()  # of a process that was killed
    (cache / ".making" / WEIGHTS).write_bytes(b"half")
    assert (full_precision(model) / CONFIG).is_file()
    (copy_of(model) / WEIGHTS).unlink()
    assert (full_precision(model) / WEIGHTS).read_bytes() == weights
    assert sorted(path.name for path in cache.iterdir()) == [".lock", copy_of(model).name]
    monkeypatch.setattr(base, "_make", lambda *_: pytest.fail("it is made once more"))
    full_precision(model)


def test_a_cache_that_cannot_be_written(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_tiny(tmp_path / "tiny.gguf")
    cache.parent.mkdir(parents=True)
    cache.write_text("a file")
    with pytest.raises(UserError, match="cannot write in the cache"):
        full_precision(model)
    cache.unlink()

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "_save", stopped)
    with pytest.raises(KeyboardInterrupt):
        full_precision(model)
    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_models_that_cannot_be_trained(tmp_path: Path) -> None:
    layers = changed(make_tiny(tmp_path / "layers.gguf"), "llama.block_count", 1 << 20)
    with pytest.raises(ModelError, match="says that it has 1048576 layers"):
        check_trainable(layers)
    with pytest.raises(UserError, match="no chat template"):
        check_trainable(make_tiny(tmp_path / "silent.gguf", template=None))
    with pytest.raises(UserError, match="architecture 'gpt2'"):
        check_trainable(make_tiny(tmp_path / "gpt2.gguf", architecture="gpt2", context=1024))
    experts = tmp_path / "experts.gguf"
    writer = gguf.GGUFWriter(experts, "llama")
    writer.add_expert_count(8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(UserError, match="mixture of experts"):
        check_trainable(experts)


def test_a_model_without_room_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_tiny(tmp_path / "tiny.gguf")
    numbers = sum(tensor.n_elements for tensor in gguf.GGUFReader(model).tensors)
    monkeypatch.setattr(base, "_memory", lambda: 4 * int(numbers) - 1)
    with pytest.raises(UserError, match=r"takes 0\.0 GB in full precision in memory, and this machine has 0\.0; train"):
        check_trainable(model)
    monkeypatch.setattr(base, "_memory", lambda: 4 * int(numbers))
    check_trainable(model)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4 * int(numbers) - 1))
    with pytest.raises(UserError, match=r"in full precision on disk, and .*/stesim has 0\.0; train a smaller model"):
        full_precision(model)
    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_a_package_that_lacks_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(UserError, match=r"cannot use the package torch: libgomp\.so\.1"):
        need("torch")
