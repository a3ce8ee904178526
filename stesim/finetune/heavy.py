"""The large packages of the extra `finetune`, imported when they are needed and not before.

torch, peft = need("torch", "peft")

Not covered: which of their versions fit together; that is said in setup.cfg.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

from stesim.errors import UserError

PACKAGES = ("torch", "transformers", "peft", "accelerate", "gguf", "safetensors")
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}


def need(*names: str) -> Any:
    """The packages of these names: a list of modules, or the one module if one is named.

    They are kept off the network. Raises `UserError` that says what to install.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    found = [_imported(name) for name in names]
    return found[0] if len(found) == 1 else found


def missing() -> str:
    """The first of the packages that is not installed, or nothing."""
    import importlib.util

    return next((name for name in PACKAGES if importlib.util.find_spec(name) is None), "")


def _imported(name: str) -> Any:
    package = name.partition(".")[0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs, of each other's versions
            module = importlib.import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == package:
            raise UserError(
                f"fine-tuning needs the package {package}; install it with: pip install 'stesim[finetune]'"
            ) from None
        raise UserError(f"fine-tuning cannot use the package {package}: {error}") from None
    except OSError as error:  # a library of the system is missing
        raise UserError(f"fine-tuning cannot use the package {package}: {' '.join(str(error).split())}") from None
    if package == "transformers":
        module.utils.logging.set_verbosity_error()
        module.utils.logging.disable_progress_bar()
    return module
