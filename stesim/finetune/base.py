"""A GGUF model as transformers can train it: its weights in full precision, without the rest, kept for the next time.

    folder = full_precision(Path("smollm2.gguf"))     # config.json and model.safetensors in the user's cache

The copy is named by the model's fingerprint and made once, by one process at a time. Tokens and chat template are not
in it: the training takes them from llama.cpp, as whoever asks the trained model does. Not covered: models whose layers
transformers reads from no GGUF, and adapters for them; whether a copy is still what was written (`verify`).
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stesim.errors import ModelError, UserError
from stesim.finetune.heavy import need
from stesim.models.header import Header, fingerprint, read_header

ARCHITECTURES = ("llama", "qwen2")
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
_BYTES = 4  # of a weight in full precision
_MOST_LAYERS = 512  # llama.cpp ends the process at more


def full_precision(path: Path) -> Path:
    """The folder with the full-precision copy of a GGUF file, made if it is not there yet.

    Raises `UserError` for a model that cannot be trained (`check_trainable`), or if the copy cannot be written, and
    `ModelError` for a file that cannot be read.
    """
    check_trainable(path)
    folder = copy_of(path)
    if not _is_whole(folder):
        with _alone(folder.parent):
            if not _is_whole(folder):  # another process may have made it meanwhile
                _check_room(
                    path, read_header(path), shutil.disk_usage(folder.parent).free, f"on disk, and {cache()} has"
                )
                _make(path, folder)
    return folder


def copy_of(path: Path) -> Path:
    """Where the full-precision copy of a GGUF file is, or would be."""
    return cache() / "full-precision" / fingerprint(path)


def cache() -> Path:
    """Where such copies are kept: `stesim` in `$XDG_CACHE_HOME`, or in `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path(os.path.expanduser("~/.cache"))) / "stesim"


def check_trainable(path: Path) -> None:
    """Raise `UserError` unless the model can be trained and asked in a conversation, `ModelError` if it is damaged.

    That is: an architecture of `ARCHITECTURES` without experts, a chat template, and weights that have room in memory.
    """
    header = read_header(path)
    architecture = header.text("general.architecture")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(f"{path} is of the architecture {architecture[:40]!r}; fine-tuning knows {known}")
    if header.metadata.get(f"{architecture}.expert_count"):
        raise UserError(f"{path} is a mixture of experts; fine-tuning knows models without experts")
    layers = header.metadata.get(f"{architecture}.block_count")
    if not isinstance(layers, int) or not 1 <= layers <= _MOST_LAYERS:
        raise ModelError(f"{path} is damaged: it says that it has {str(layers)[:40]} layers")
    if not header.text("tokenizer.chat_template"):
        raise UserError(f"{path} has no chat template; fine-tuning takes a model that is made for conversations")
    _check_room(path, header, _memory(), "in memory, and this machine has")


def _memory() -> int:
    """The machine's, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _check_room(path: Path, header: Header, there: int, where: str) -> None:
    """Raise `UserError` if the weights in full precision take more than so many bytes."""
    needed = _BYTES * sum(math.prod(each.shape) for each in header.tensors.values())
    if needed > there:
        raise UserError(
            f"{path} takes {needed / 1e9:.1f} GB in full precision {where} {there / 1e9:.1f}; train a smaller model"
        )


def _is_whole(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making a copy in the folder; waits for one that does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise UserError(f"cannot write in the cache {folder}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _make(path: Path, folder: Path) -> None:
    """Read the GGUF with transformers and keep its weights; the folder is there whole or not at all."""
    making = folder.with_name(".making")
    shutil.rmtree(making, ignore_errors=True)  # of a process that was killed
    try:
        making.mkdir()
        _save(_read(path, making), making)
        shutil.rmtree(folder, ignore_errors=True)  # a copy that lost one of its files
        making.rename(folder)
    except OSError as error:
        raise UserError(f"cannot write the full-precision copy to {folder.parent}: {error.strerror or error}") from None
    except Exception as error:  # safetensors' own, for a full disk too
        if type(error).__module__.startswith("safetensors"):
            raise UserError(f"cannot write the full-precision copy to {folder.parent}: {error}") from None
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _read(path: Path, making: Path) -> Any:
    """The network, read through a link in `making`: transformers also takes what lies beside a file."""
    torch, transformers = need("torch", "transformers")
    need("accelerate", "gguf")
    link = making / "model.gguf"
    link.symlink_to(path.resolve())
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            str(making), gguf_file=link.name, dtype=torch.float32, local_files_only=True
        )
    except MemoryError:
        raise UserError(f"there is not enough memory for {path} in full precision") from None
    except Exception as error:  # whatever transformers makes of a file that it does not know
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"transformers cannot read {path}: {type(error).__name__}: {reason}") from None
    finally:
        link.unlink()


def _save(net: Any, folder: Path) -> None:
    from safetensors.torch import save_file

    state = net.state_dict()
    if net.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    save_file({name: value.contiguous() for name, value in state.items()}, folder / WEIGHTS, {"format": "pt"})
    if hasattr(net.config, "quantization_config"):
        del net.config.quantization_config
    net.config.to_json_file(folder / CONFIG)
