"""The network that is trained: a full-precision copy with LoRA on all its linear layers, by transformers and PEFT.

    net = with_lora(folder, rank=16, alpha=32.0)
    loss(net, batch, "bf16").backward()

Not covered: the order of the batches (`training`), and other ways to train than LoRA (Hu et al., 2021).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim.errors import StoreError, UserError
from stesim.finetune.heavy import need
from stesim.finetune.rows import Encoded

_PREFIX = "base_model.model."


def with_lora(folder: Path, rank: int, alpha: float) -> Any:
    """The network of a full-precision copy, ready to be trained; raises `UserError` if the copy cannot be used."""
    torch, transformers, peft = need("torch", "transformers", "peft")
    try:
        net = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    except Exception as error:  # whatever transformers makes of a damaged copy
        raise UserError(
            f"the full-precision copy in {folder} cannot be used ({type(error).__name__}); remove it to have it made "
            "anew"
        ) from None
    wanted = peft.LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = peft.get_peft_model(net, wanted)
    return net.to("cuda" if torch.cuda.is_available() else "cpu")


def loss(net: Any, batch: Sequence[Encoded], precision: str) -> Any:
    """The mean cross-entropy of the tokens of the replies."""
    torch = need("torch")
    logits, wanted = reply_logits(net, batch, precision)
    return torch.nn.functional.cross_entropy(logits.float(), wanted)


def reply_logits(net: Any, batch: Sequence[Encoded], precision: str) -> tuple[Any, Any]:
    """What the network predicts before each token of the replies (a row of logits each), and these tokens.

    The head, which is a large part of a small model, is applied to these places only.
    """
    torch = need("torch")
    device = next(net.parameters()).device
    longest = max(len(row.prompt) + len(row.reply) for row in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    there = torch.zeros(len(batch), longest, dtype=torch.long)
    replies = torch.zeros(len(batch), longest, dtype=torch.bool)
    for place, row in enumerate(batch):
        whole = [*row.prompt, *row.reply]
        tokens[place, : len(whole)] = torch.tensor(whole)
        there[place, : len(whole)] = 1
        replies[place, len(row.prompt) : len(whole)] = True
    tokens, there, replies = tokens.to(device), there.to(device), replies.to(device)
    inner = net.base_model.model
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        hidden = inner.model(input_ids=tokens, attention_mask=there, use_cache=False).last_hidden_state
        logits = inner.lm_head(hidden[:, :-1][replies[:, 1:]])
    return logits, tokens[:, 1:][replies[:, 1:]]


def lora(net: Any) -> dict[str, Any]:
    """A copy of the adapter's tensors, by PEFT's names without its prefix."""
    return {
        name.removeprefix(_PREFIX): value.detach().to("cpu", copy=True).contiguous()
        for name, value in net.named_parameters()
        if "lora_" in name
    }


def fill(net: Any, tensors: Mapping[str, Any], path: Path | None) -> None:
    """Put an adapter's tensors into the network; raises `UserError`, naming `path`, if they are of another one."""
    torch = need("torch")
    own = {name.removeprefix(_PREFIX): value for name, value in net.named_parameters() if "lora_" in name}
    if {name: tuple(value.shape) for name, value in own.items()} != {
        name: tuple(value.shape) for name, value in tensors.items()
    }:
        raise UserError(f"the adapter in {path} is of another rank or another model")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(tensors[name])


def write(path: Path, tensors: Mapping[str, Any]) -> bytes:
    """The tensors as the bytes of a safetensors file; `path` names it in errors."""
    from safetensors.torch import save

    data: bytes = save(dict(tensors), {"format": "pt"})
    if not data:
        raise StoreError(f"there is nothing to write to {path}")
    return data


def read(path: Path) -> dict[str, Any]:
    """The tensors in a safetensors file; raises `UserError`."""
    need("safetensors")
    from safetensors.torch import load_file

    try:
        found: dict[str, Any] = load_file(path)
    except Exception as error:  # safetensors' own
        raise UserError(f"cannot read the weights {path}: {error}") from None
    return found
