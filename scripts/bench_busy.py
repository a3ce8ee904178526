"""How fast the default model decodes by itself and beside busy processes.

    make bench-busy

Prints the threads chosen, and tokens a second (prompt and reply together) for each of a few replies. Not covered:
other models, machines with fast and slow cores.
"""

from __future__ import annotations

import subprocess

from stesim.models.default import smollm2_path
from stesim.models.llamacpp import LlamaCppModel
from stesim.models.threads import available_cores
from stesim.records import Message, Place, Request, Sampling

SAMPLING = Sampling(temperature=0.8, top_p=0.95, top_k=40, min_p=0.05, repeat_penalty=1.05, max_tokens=60)
REPLIES = 4


def rates(model: LlamaCppModel) -> str:
    """Tokens a second of a few replies, and the threads in use at the end."""
    found = []
    for number in range(REPLIES):
        messages = (Message("user", f"Write a long story about ship {number}."),)
        completion = model.complete(Request(Place("bench", 1, 1, number), "try", messages, SAMPLING, number))
        found.append(f"{completion.tokens / completion.seconds:.0f}")
    return f"{', '.join(found)} tokens/s; threads: {model.threads}"


def main() -> None:
    """Measure with nothing beside, then with half of the cores busy, then with all."""
    model = LlamaCppModel(smollm2_path(), context=2048)
    print(f"by itself:                        {rates(model)}")
    for busy in sorted({max(1, available_cores() // 2), available_cores()}):
        others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(busy)]
        try:
            print(f"{busy} busy processes came after:     {rates(model)}")
            print(f"{busy} busy processes were there:     {rates(LlamaCppModel(smollm2_path(), context=2048))}")
        finally:
            for other in others:
                other.kill()
                other.wait()


if __name__ == "__main__":
    main()
