"""Adapters at inference: what they change, what stays as it was, and how they are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from stesim.errors import ModelError
from stesim.models import lora
from stesim.models.header import fingerprint, read_header
from stesim.records import Message
from tests.tiny import make_adapter, make_tiny
from tests.unit.lora.asked import TALK, Load, ask, predicted


def merged(files: Path, scale: float, out: Path) -> Path:
    """The tiny model with the adapter in its weights."""
    model, adapter = read_header(files / "tiny.gguf"), read_header(files / "adapter.gguf")
    data, changes = bytearray((files / "tiny.gguf").read_bytes()), (files / "adapter.gguf").read_bytes()

    def weights(side: str) -> Any:
        found = adapter.tensors[side]
        array = numpy.frombuffer(changes, numpy.float16, found.size // 2, adapter.data + found.offset)  # type: ignore[operator]
        return array.reshape(found.shape[::-1]).astype(numpy.float32)

    for name in {name.removesuffix(".lora_a") for name in adapter.tensors if name.endswith(".lora_a")}:
        before = weights(f"{name}.lora_a")
        factor = scale * (adapter.number("adapter.lora.alpha") or 0) / len(before)
        start = model.data + model.tensors[name].offset
        change = factor * weights(f"{name}.lora_b") @ before
        old = numpy.frombuffer(data, numpy.float32, change.size, start).reshape(change.shape)
        data[start : start + old.nbytes] = (old + change).tobytes()
    out.write_bytes(data)
    return out


@pytest.mark.parametrize("scale", [1.0, 0.5, -1.0])
def test_an_adapter_counts_as_much_as_in_the_weights(scale: float, files: Path, load: Load, tmp_path: Path) -> None:
    plain = predicted(load())
    found = predicted(load(f"{files / 'adapter.gguf'}:{scale}"))
    into = predicted(load(model=merged(files, scale, tmp_path / "merged.gguf")))
    assert abs(found - plain).max() > 5
    assert abs(found - into).max() < 0.2  # the cache holds half precision


@pytest.mark.parametrize("context", [None, 256])  # None loads twice, since the model has less than the usual context
def test_an_adapter_changes_replies_and_one_of_zeros_does_not(context: int | None, files: Path, load: Load) -> None:
    zeros = make_adapter(files / "zeros.gguf", spread=0)
    plain, changed, same = (load(each, context=context) for each in (None, files / "adapter.gguf", zeros))
    texts = [model.complete(ask(*TALK)).text for model in (plain, changed, same)]
    assert texts[0] == texts[2] != texts[1]
    assert (predicted(plain) == predicted(same)).all()


def test_qwen2(tmp_path: Path, load: Load) -> None:
    model = make_tiny(tmp_path / "tiny.gguf", architecture="qwen2")
    adapter = make_adapter(tmp_path / "adapter.gguf", architecture="qwen2")
    assert abs(predicted(load(adapter, model)) - predicted(load(model=model))).max() > 1


@pytest.mark.parametrize("half", [True, False])
def test_one_for_every_layer_and_projection_has_room_in_the_context(half: bool, tmp_path: Path, load: Load) -> None:
    model = make_tiny(tmp_path / "tiny.gguf", layers=40, context=128)
    every = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    adapter = make_adapter(tmp_path / "adapter.gguf", layers=40, targets=every, spread=0.01, half=half)
    assert (predicted(load(adapter, model)) != predicted(load(model=model))).any()


def test_vectors_of_texts_are_those_of_the_model_without_it(files: Path, load: Load) -> None:
    plain, changed = load(), load(files / "adapter.gguf")
    texts = ["the weather", "in the town"]
    assert changed.embed(texts) == plain.embed(texts)
    assert abs(predicted(changed) - predicted(plain)).max() > 1  # embedding has not taken it away


def test_a_reply_depends_on_the_request_alone_whatever_was_asked_before(files: Path, load: Load) -> None:
    """Prompts are put aside and brought back: these hold figures of the changed weights."""
    used = load(files / "adapter.gguf")
    long = [Message("user", f"{word} is the weather. " * 40) for word in ("rain", "snow", "fog")]
    asked = [ask(each, seed=seed) for seed in (1, 2) for each in long]
    texts = [used.complete(request).text for request in asked]
    assert any(used.complete(request).reused_tokens for request in asked)
    assert texts == [load(files / "adapter.gguf").complete(request).text for request in asked]


def test_names_and_fingerprints(files: Path, load: Load) -> None:
    plain, path = load(), files / "adapter.gguf"
    whole, half, again = load(path), load(f"{path}:0.5"), load(f"{path}:1.0")
    assert plain.adapter is None
    assert "lora" not in plain.describe()
    assert len({plain.fingerprint, whole.fingerprint, half.fingerprint}) == 3
    assert whole.fingerprint == again.fingerprint
    assert whole.name == plain.name == "tiny"
    told = {"spec": str(path), "fingerprint": fingerprint(path), "base": plain.fingerprint, "data": "d" * 64}
    assert whole.describe()["lora"] == {**told, "scale": 1.0}
    assert half.describe()["lora"] == {**told, "scale": 0.5}


# -- what is typed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "file", "scale"),
    [
        ("a.gguf", "a.gguf", 1.0),
        ("a.gguf:0.5", "a.gguf", 0.5),
        ("a.gguf:-2", "a.gguf", -2.0),
        ("a.gguf:1e-3", "a.gguf", 0.001),
        ("b:2", "b:2", 1.0),  # a file of that name
        ("b:2:0.5", "b:2", 0.5),
        ("c:/a.gguf", "c:/a.gguf", 1.0),  # no scale, so it is a file that is not there
    ],
)
def test_an_adapter_and_its_scale(
    typed: str, file: str, scale: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.gguf", "b:2"):
        (tmp_path / name).touch()
    assert lora.parse(typed) == (Path(file), scale)
    path, same = lora.parse(lora.lasting(Path(file), scale))
    assert (path, same) == ((tmp_path / file), scale)


@pytest.mark.parametrize("scale", ["0", "nan", "inf", "-inf", "1e9", "-0.0", "x", ""])
def test_a_scale_that_is_no_use(scale: str, files: Path, load: Load) -> None:
    with pytest.raises(ModelError, match="scale"):
        load(f"{files / 'adapter.gguf'}:{scale}")


@pytest.mark.parametrize("spec", ["", ":0.5", ":"])
def test_no_file_is_named(spec: str) -> None:
    with pytest.raises(ModelError, match="names no adapter file"):
        lora.parse(spec)
