"""A GGUF model as transformers can train it: its weights in full precision, without the rest, kept for the next time.

    folder = full_precision(Path("smollm2.gguf"))     # config.json and model.safetensors in the user's cache

The copy is named by the model's fingerprint and made once. Tokens and chat template are not in it: the training takes
them from llama.cpp, as whoever asks the trained model does. Not covered: models whose layers transformers reads from no
GGUF, and adapters for them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from stesim.errors import ModelError, UserError
from stesim.finetune.heavy import need
from stesim.models.llamacpp import check_gguf, fingerprint

ARCHITECTURES = ("llama", "qwen2")
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
_ARCHITECTURE, _TEMPLATE = "general.architecture", "tokenizer.chat_template"


def full_precision(path: Path) -> Path:
    """The folder with the full-precision copy of a GGUF file, made if it is not there yet.

    Raises `UserError` for a model without a chat template or of an architecture that is not in `ARCHITECTURES`, and
    `ModelError` for a file that cannot be read.
    """
    check_gguf(path)
    check_trainable(path)
    folder = cache() / "full-precision" / fingerprint(path)
    if not (folder / CONFIG).is_file():
        _make(path, folder)
    return folder


def cache() -> Path:
    """Where such copies are kept: `stesim` in `$XDG_CACHE_HOME`, or in `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "stesim"


def check_trainable(path: Path) -> None:
    """Raise `UserError` unless the model can be trained and asked in a conversation, `ModelError` if it is damaged."""
    fields = _fields(path, _ARCHITECTURE, _TEMPLATE)
    architecture = str(fields.get(_ARCHITECTURE, ""))
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(f"{path} is of the architecture {architecture[:40]!r}; fine-tuning knows {known}")
    if not fields.get(_TEMPLATE):
        raise UserError(f"{path} has no chat template; fine-tuning takes a model that is made for conversations")


def architecture_of(path: Path) -> str:
    """The architecture that a GGUF file names, such as `llama`."""
    return str(_fields(path, _ARCHITECTURE).get(_ARCHITECTURE, ""))


def _fields(path: Path, *names: str) -> dict[str, Any]:
    gguf = need("gguf")
    try:
        reader = gguf.GGUFReader(path)
        found = {name: reader.get_field(name) for name in names}
        return {name: field.contents() for name, field in found.items() if field is not None}
    except (ValueError, IndexError, KeyError, TypeError, OSError, OverflowError, MemoryError) as error:
        raise ModelError(f"{path} is damaged or cut off ({error})") from None


def _make(path: Path, folder: Path) -> None:
    """Read the GGUF with transformers and keep its weights; the folder is there whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    except OSError as error:
        raise UserError(f"cannot write in the cache {folder.parent}: {error.strerror}") from None
    try:
        _save(_read(path), making)
        if not folder.exists():
            making.rename(folder)
    except OSError as error:
        raise UserError(f"cannot write the full-precision copy to {folder.parent}: {error.strerror or error}") from None
    except Exception as error:  # safetensors' own, for a full disk too
        if type(error).__module__.startswith("safetensors"):
            raise UserError(f"cannot write the full-precision copy to {folder.parent}: {error}") from None
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _read(path: Path) -> Any:
    torch, transformers = need("torch", "transformers")
    need("accelerate", "gguf")
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            str(path.resolve().parent), gguf_file=path.name, dtype=torch.float32, local_files_only=True
        )
    except MemoryError:
        raise UserError(f"there is not enough memory for {path} in full precision") from None
    except Exception as error:  # whatever transformers makes of a file that it does not know
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"transformers cannot read {path}: {type(error).__name__}: {reason}") from None


def _save(net: Any, folder: Path) -> None:
    from safetensors.torch import save_file

    state = net.state_dict()
    if net.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    save_file({name: value.contiguous() for name, value in state.items()}, folder / WEIGHTS, {"format": "pt"})
    if hasattr(net.config, "quantization_config"):
        del net.config.quantization_config
    net.config.to_json_file(folder / CONFIG)
