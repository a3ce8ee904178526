"""A language model of a few kilobytes, made on the spot: two layers with random weights, in a GGUF file.

    path = make_tiny(tmp_path / "tiny.gguf")
    model = LlamaCppModel(path, thread_count=1)

`make_adapter` writes a LoRA adapter for it. llama.cpp and transformers both read the model (gpt2 with a context of 1024
only). It says nothing that makes sense, but it does say it always alike, it can be held to a grammar, trained, and
changed by an adapter: all that a test asks of a model. Its vocabulary is made of single bytes, a few frequent pairs, and
the control tokens of ChatML. Not covered: mixtures of experts, quantized files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
    "'\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_PAIRS = (
    "Ġ t", "Ġ a", "h e", "i n", "r e", "o n", "e r", "Ġt he", "Ġ s", "a t", "Ġ o", "e n", "Ġ c", "i t", "i s", "a n",
    "o r", "e s", "Ġ b", "e d", "Ġ f", "in g", "Ġ p", "o u", "Ġa n", "a l", "a r", "Ġt o", "Ġ m", "Ġo f", "Ġ in", "Ġ d",
    "Ġ h", "Ġan d", "i c", "a s", "l e", "Ġt h", "i on", "o m",
)  # fmt: skip
_PRE = {"llama": "smollm", "qwen2": "qwen2", "gpt2": "gpt-2"}
_EPSILON = 1e-5


def make_tiny(
    path: Path, *, architecture: str = "llama", seed: int = 0, template: str | None = CHATML, layers: int = 2,
    hidden: int = 64, heads: int = 4, kv_heads: int = 2, context: int = 2048, name: str = "tiny",
) -> Path:  # fmt: skip
    """Write a model of the architecture (`llama`, `qwen2` or `gpt2`) to `path`; the weights depend on `seed` alone.

    `template` None leaves the chat template out.
    """
    import gguf

    if architecture not in _PRE:
        raise ValueError(f"no tiny model of the architecture {architecture!r}")
    writer = gguf.GGUFWriter(path, architecture)
    words = [*CONTROLS, *_letters(), *(pair.replace(" ", "") for pair in _PAIRS)]
    writer.add_name(name)
    writer.add_context_length(context)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length((4 if architecture == "gpt2" else 2) * hidden)
    writer.add_head_count(heads)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    if architecture == "gpt2":
        writer.add_layer_norm_eps(_EPSILON)
    else:
        writer.add_head_count_kv(kv_heads)
        writer.add_layer_norm_rms_eps(_EPSILON)
        writer.add_rope_freq_base(10_000.0)
        writer.add_rope_dimension_count(hidden // heads)
        writer.add_vocab_size(len(words))
    _add_vocabulary(writer, words, _PRE[architecture], template)
    shapes = _gpt2(hidden, context) if architecture == "gpt2" else _llama(hidden, heads, kv_heads, architecture)
    random = numpy.random.default_rng(seed)
    for tensor, shape in _all_shapes(shapes, len(words), hidden, layers, bias=architecture == "gpt2").items():
        writer.add_tensor(tensor, _weights(random, tensor, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def make_adapter(
    path: Path, *, architecture: str = "llama", seed: int = 0, layers: int = 2, hidden: int = 64, rank: int = 4,
    alpha: float = 8.0, spread: float = 0.3, targets: tuple[str, ...] = ("attn_q", "attn_v", "ffn_down"),
    about: Mapping[str, str] | None = None, half: bool = True,
) -> Path:  # fmt: skip
    """Write an adapter of random weights for a tiny model; `about` are further fields of text.

    With `spread` 0 it changes nothing, as one that was not trained yet.
    """
    import gguf

    shapes = _llama(hidden, 4, 2, architecture)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for key, value in (about or {}).items():
        writer.add_string(key, value)
    random = numpy.random.default_rng(seed)
    kind = numpy.float16 if half else numpy.float32
    for layer in range(layers):
        for target in targets:
            rows, columns = shapes[f"{target}.weight"]
            for side, shape, size in (("a", (rank, columns), 1.0), ("b", (rows, rank), spread)):
                weights = size * random.standard_normal(shape) / rank**0.5
                writer.add_tensor(f"blk.{layer}.{target}.weight.lora_{side}", weights.astype(kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _letters() -> list[str]:
    """The 256 bytes as GPT-2 writes them: those that cannot be seen as letters from 256 on."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    unseen = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) for byte in seen] + [chr(256 + number) for number in range(len(unseen))]


def _add_vocabulary(writer: Any, words: list[str], pre: str, template: str | None) -> None:
    import gguf

    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(words)
    writer.add_token_types([control] * len(CONTROLS) + [normal] * (len(words) - len(CONTROLS)))
    writer.add_token_merges(list(_PAIRS))
    writer.add_bos_token_id(words.index("<|im_start|>"))
    writer.add_eos_token_id(words.index("<|im_end|>"))
    writer.add_unk_token_id(words.index("<|endoftext|>"))
    writer.add_pad_token_id(words.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)


def _llama(hidden: int, heads: int, kv_heads: int, architecture: str) -> dict[str, tuple[int, ...]]:
    """The tensors of a layer, and their shapes."""
    kv = hidden // heads * kv_heads
    found: dict[str, tuple[int, ...]] = {
        "attn_norm.weight": (hidden,),
        "attn_q.weight": (hidden, hidden), "attn_k.weight": (kv, hidden), "attn_v.weight": (kv, hidden),
        "attn_output.weight": (hidden, hidden),
        "ffn_norm.weight": (hidden,),
        "ffn_gate.weight": (2 * hidden, hidden), "ffn_up.weight": (2 * hidden, hidden),
        "ffn_down.weight": (hidden, 2 * hidden),
    }  # fmt: skip
    if architecture == "qwen2":
        found |= {"attn_q.bias": (hidden,), "attn_k.bias": (kv,), "attn_v.bias": (kv,)}
    return found


def _gpt2(hidden: int, context: int) -> dict[str, tuple[int, ...]]:
    weights: dict[str, tuple[int, ...]] = {
        "attn_norm.weight": (hidden,), "attn_qkv.weight": (3 * hidden, hidden),
        "attn_output.weight": (hidden, hidden), "ffn_norm.weight": (hidden,),
        "ffn_up.weight": (4 * hidden, hidden), "ffn_down.weight": (hidden, 4 * hidden),
    }  # fmt: skip
    biases = {name.replace("weight", "bias"): shape[:1] for name, shape in weights.items()}
    return {**weights, **biases, "position_embd.weight": (context, hidden)}


def _all_shapes(
    shapes: dict[str, tuple[int, ...]], words: int, hidden: int, layers: int, *, bias: bool
) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"token_embd.weight": (words, hidden), "output_norm.weight": (hidden,)}
    if bias:
        found["output_norm.bias"] = (hidden,)
    for name, shape in shapes.items():
        if name.startswith("position"):
            found[name] = shape
    for layer in range(layers):
        found |= {f"blk.{layer}.{name}": shape for name, shape in shapes.items() if not name.startswith("position")}
    return found


def _weights(random: Any, tensor: str, shape: tuple[int, ...]) -> Any:
    """Random weights, such that what a layer adds is about as large as what it is given."""
    if tensor.endswith("norm.weight"):
        return numpy.ones(shape, numpy.float32)
    spread = 0.3 if "embd" in tensor else 0.1 if tensor.endswith("bias") else shape[-1] ** -0.5
    if "attn_q" in tensor or "attn_k" in tensor:  # looks at few of the tokens, so that replies are not all of one kind
        spread *= 2
    return (spread * random.standard_normal(shape)).astype(numpy.float32)
