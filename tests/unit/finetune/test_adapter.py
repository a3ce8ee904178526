"""An adapter as GGUF: what llama.cpp plays is what was trained, and what is not is found out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest

from stesim.errors import ModelError, UserError
from stesim.finetune import adapter as adapters
from stesim.finetune import network
from stesim.finetune.adapter import permuted, write_adapter
from stesim.finetune.base import full_precision
from stesim.finetune.rows import Encoded
from stesim.finetune.training import Training, TrainSettings
from stesim.finetune.verify import check_base, choose, verify
from stesim.models.llamacpp import LlamaCppModel
from stesim.models.lora import BASE
from tests.tiny import make_tiny

ROWS = [Encoded([1, *range(30, 50), 30 + place], [50 + place % 3, 60, 70, 2], f"{place}") for place in range(8)]
SETTINGS = TrainSettings(rank=8, alpha=32.0, epochs=12, batch=4, learning_rate=2e-2, held_out=0.0)


@dataclass
class Made:
    """A model and what was trained on it."""

    model: Path
    base: Path
    training: Training

    def write(self, out: Path, **about: str) -> Path:
        write_adapter(out, self.training.weights(), self.base, SETTINGS.alpha, about)
        return out


def made(folder: Path, architecture: str) -> Made:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        model = make_tiny(folder / f"{architecture}.gguf", architecture=architecture)
        base = full_precision(model)
    training = Training(base, ROWS, SETTINGS, threads=1)
    assert list(training.steps())[-1].loss < 1
    return Made(model, base, training)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("llama"), "llama")


def test_llama_cpp_plays_what_was_trained(llama: Made, tmp_path: Path) -> None:
    found = verify(llama.model, llama.write(tmp_path / "adapter.gguf"), llama.training.net, ROWS)
    assert found.kl < found.bound
    assert found.kl < 1e-3 * found.kl_to_base
    assert (found.rows, found.positions) == (8, 32)


def test_so_it_does_where_rows_stay_in_their_order(tmp_path: Path) -> None:
    qwen = made(tmp_path, "qwen2")
    found = verify(qwen.model, qwen.write(tmp_path / "adapter.gguf"), qwen.training.net, ROWS)
    assert found.kl < 1e-3 * found.kl_to_base


def test_a_permutation_left_out_is_found(llama: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "permuted", lambda array, module, config: array)
    out = llama.write(tmp_path / "adapter.gguf")
    with pytest.raises(UserError, match=r"is not what was trained: llama.cpp is .* nats a token away"):
        verify(llama.model, out, llama.training.net, ROWS)


def test_another_alpha_is_found(llama: Made, tmp_path: Path) -> None:
    write_adapter(tmp_path / "adapter.gguf", llama.training.weights(), llama.base, SETTINGS.alpha / 2, {})
    with pytest.raises(UserError, match="is not what was trained"):
        verify(llama.model, tmp_path / "adapter.gguf", llama.training.net, ROWS)


def test_an_adapter_that_changes_nothing_is_found(llama: Made, tmp_path: Path) -> None:
    nothing = {name: value * 0 for name, value in llama.training.weights().items()}
    write_adapter(tmp_path / "adapter.gguf", nothing, llama.base, SETTINGS.alpha, {})
    with pytest.raises(UserError, match="as it does without it"):
        verify(llama.model, tmp_path / "adapter.gguf", llama.training.net, ROWS)


def test_a_copy_that_is_of_another_model_is_found(llama: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, out = make_tiny(tmp_path / "other.gguf", seed=1), llama.write(tmp_path / "adapter.gguf")
    check_base(llama.model, llama.training.net, ROWS)
    for check in (
        lambda: check_base(other, llama.training.net, ROWS),
        lambda: verify(other, out, llama.training.net, ROWS),
    ):
        with pytest.raises(
            UserError, match=r"nats a token away from the full-precision copy of .*: remove .* made anew"
        ):
            check()
    real = network.reply_logits
    monkeypatch.setattr(network, "reply_logits", lambda *words: (real(*words)[0] * float("nan"), None))
    with pytest.raises(UserError, match="nan nats a token away"):
        verify(llama.model, out, llama.training.net, ROWS)


def test_what_is_compared_is_bounded() -> None:
    long = Encoded([1] * 100, [2] * 400, "long")
    assert [len(row.reply) for row in choose([long] * 20)] == [128] * 8
    assert choose([Encoded([1] * 9000, [2]), Encoded([1] * 5000, [2] * 500)]) == [Encoded([1] * 5000, [2] * 128)]


@pytest.mark.parametrize("left", [10, 200, 5000, -1])
def test_a_truncated_adapter_is_refused(llama: Made, tmp_path: Path, left: int) -> None:
    out = llama.write(tmp_path / "adapter.gguf")
    out.write_bytes(out.read_bytes()[:left])
    with pytest.raises(ModelError):
        verify(llama.model, out, llama.training.net, ROWS)


def test_the_adapter_goes_with_its_own_model_alone(llama: Made, tmp_path: Path) -> None:
    fingerprint = LlamaCppModel(llama.model, context=64, thread_count=1).fingerprint
    out = llama.write(tmp_path / "adapter.gguf", **{BASE: fingerprint})
    LlamaCppModel(llama.model, context=64, thread_count=1, lora=str(out)).close()
    other = make_tiny(tmp_path / "other.gguf", seed=1)
    with pytest.raises(ModelError, match="was trained on another model"):
        LlamaCppModel(other, context=64, thread_count=1, lora=str(out))


def test_equal_weights_give_equal_bytes(llama: Made, tmp_path: Path) -> None:
    one, two = llama.write(tmp_path / "one.gguf"), llama.write(tmp_path / "two.gguf")
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gguf", "two.gguf"]


def test_the_halves_of_a_head_are_interleaved() -> None:
    array = numpy.arange(8).reshape(8, 1)
    config = {"num_attention_heads": 2, "num_key_value_heads": 1}
    assert permuted(array, "layers.0.self_attn.q_proj", config).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert permuted(array, "layers.0.self_attn.k_proj", config).ravel().tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert permuted(array, "layers.0.self_attn.v_proj", config).ravel().tolist() == list(range(8))
