"""Models: the `Model` protocol (`base`) and what implements it.

`llamacpp` runs a GGUF file (with `chat` for its template, `lora` for adapters, `header` for what files hold, `stops`
for stop texts, `threads` for speed), `scripted` plays a list, `replay` repeats a recorded run, `default` finds the
model that comes with the extra. Imports only `records` and `errors`; llama-cpp-python is imported when a GGUF is loaded
and not before.
"""

from stesim.models.base import Model, OnText, digest, estimate_tokens
from stesim.models.replay import ReplayModel
from stesim.models.scripted import ScriptedModel

__all__ = ["Model", "OnText", "ReplayModel", "ScriptedModel", "digest", "estimate_tokens"]
