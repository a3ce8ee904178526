"""How many threads to decode with: a short measurement, not a guess.

llama.cpp's threads wait for one another at every layer. If they wait busily and another process wants the same
cores, decoding can fall to a hundredth; if they sleep at once, waking them costs more than the work. So the wait is
short (`calm_openmp`), the count is measured at the start (`fastest`), and a run whose speed collapses measures
again. The number of threads changes the speed only, not the text.

    >>> fastest([1, 2], lambda threads: {1: 80.0, 2: 120.0}[threads])
    (2, 120.0)

Not covered: pinning threads to cores, machines with fast and slow cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

# Rounds of busy waiting before a thread sleeps. On 2 cores, SmolLM2-135M: 1000 decodes as fast as endless waiting
# on an idle machine, and several times faster beside a busy process.
_SPIN = "1000"


def calm_openmp() -> None:
    """Shorten OpenMP's busy waiting, unless the user has set it; has to run before llama.cpp is loaded."""
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = _SPIN


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def candidates(cores: int) -> list[int]:
    """The thread counts worth measuring on a machine with so many cores."""
    return sorted({count for count in (1, cores // 2, cores - 1, cores) if 1 <= count <= 64})


def fastest(counts: Sequence[int], speed: Callable[[int], float]) -> tuple[int, float]:
    """The count with the highest speed (tokens a second) and that speed; the smaller count if it is within 5 %."""
    best = (counts[0], speed(counts[0]))
    for count in counts[1:]:
        measured = speed(count)
        if measured > 1.05 * best[1]:
            best = (count, measured)
    return best
