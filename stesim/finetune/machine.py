"""What the machine at hand trains fastest with.

    >>> precision("fp32")
    'fp32'

Not covered: choosing among several GPUs.
"""

from __future__ import annotations

from pathlib import Path

from stesim.finetune.heavy import need

_FLAGS = ("avx512_bf16", "amx_bf16")  # processors that calculate with bf16 themselves; others only convert it
_CPU = Path("/proc/cpuinfo")


def precision(wanted: str) -> str:
    """`bf16` or `fp32` as wanted; for `auto` the one that the processor, or the GPU, is made for."""
    if wanted != "auto":
        return wanted
    torch = need("torch")
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    try:
        told = _CPU.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "fp32"
    words = set(told.split())
    return "bf16" if any(flag in words for flag in _FLAGS) else "fp32"
