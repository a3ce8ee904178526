"""Loading a GGUF file with llama-cpp-python, which is imported here and not before, and with every failure as one line.

with quiet():
    llm, api = load(Path("mistral.gguf"), context=4096, block=64)
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stesim.errors import ModelError
from stesim.models import threads
from stesim.models.lora import Adapter, attach

_CONTEXT = 4096  # tokens, unless the user asks for more or the model was trained with less
INSTALL = "llama-cpp-python is not installed; install it with: pip install llama-cpp-python"


def load(path: Path, context: int | None, block: int, adapter: Adapter | None = None) -> tuple[Any, Any]:
    """The loaded file and the library; `block` is how many tokens of a prompt are evaluated at once, `adapter` is what
    changes the weights.

    Raises `ModelError` with one line.
    """
    threads.calm_openmp()
    try:
        import llama_cpp
    except ImportError as error:
        raise ModelError(
            INSTALL if error.name == "llama_cpp" else f"llama-cpp-python cannot be used: {error}"
        ) from None
    options: dict[str, Any] = {
        "n_batch": block, "n_ubatch": block, "flash_attn": False, "n_gpu_layers": 0,
        "n_threads": 1, "n_threads_batch": 1, "verbose": False,
    }  # fmt: skip
    try:
        with _interrupt_afterwards(), quiet():
            llm = llama_cpp.Llama(str(path), n_ctx=context or _CONTEXT, **options)
            if context is None and (trained := llm._model.n_ctx_train()) < _CONTEXT:
                llm.close()
                llm = llama_cpp.Llama(str(path), n_ctx=trained, **options)
            if adapter is not None:
                attach(llm, llama_cpp, adapter)
    except ModelError:
        llm.close()
        raise
    except (ValueError, RuntimeError, AssertionError, MemoryError, OSError, TypeError, LookupError) as error:
        if "context" in str(error) or isinstance(error, MemoryError):
            raise ModelError(f"there is not enough memory for a context of {context or _CONTEXT} tokens") from None
        raise ModelError(
            f"llama.cpp cannot load {path}: the file is damaged, cut off, or of an unknown kind ({error})"
        ) from None
    except Exception as error:  # a template that Jinja cannot compile raises Jinja's own tree
        raise ModelError(f"llama.cpp cannot use {path}: {type(error).__name__}: {error}") from None
    return llm, llama_cpp


@contextlib.contextmanager
def _interrupt_afterwards() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block: raised inside a callback of llama.cpp it would be swallowed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep llama.cpp's own lines off the user's screen: what it cannot load is said in one line of ours."""
    sys.stderr.flush()
    with open(os.devnull, "wb") as nowhere:
        saved = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
