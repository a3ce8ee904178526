"""The figures that the paper reports (Wang et al., arXiv 2403.04746, sections 4 and 5), to stand beside those of a run.

    >>> [row.correct for row in RESULTS if row.model == "Mistral-7B-Instruct"]
    [30.1, 47.9, 76.8]
    >>> gains(RESULTS)["Mistral-7B-Instruct"]["FT"]
    46.7
    >>> ABLATIONS["self-reflection"].correct
    60.1

In percent: 50 tools of ToolBench, 15 queries each, replies not constrained; for 19 of the tools a chat model judged the
arguments. Other tools, other queries and larger models than a laptop's: the sizes of the gains can be set side by side,
single figures hardly. Not covered: the paper's own replies, which `stesim eval --predictions` scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SOURCE = "Wang et al., arXiv 2403.04746, section 4"
METHODS = ("baseline", "ICL", "FT")


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A row of the paper's table, in percent; `method` is one of `METHODS`."""

    model: str
    method: str
    well_formed: float
    api_match: float
    correct: float


RESULTS = (
    PaperRow("Llama-2-7B-chat", "baseline", 34.5, 40.2, 10.7),
    PaperRow("Llama-2-7B-chat", "ICL", 58.3, 86.7, 41.7),
    PaperRow("Llama-2-7B-chat", "FT", 99.2, 94.9, 73.3),
    PaperRow("Llama-2-13B-chat", "baseline", 79.3, 53.6, 32.7),
    PaperRow("Llama-2-13B-chat", "ICL", 87.5, 86.6, 62.9),
    PaperRow("Llama-2-13B-chat", "FT", 98.9, 95.1, 74.3),
    PaperRow("Mistral-7B-Instruct", "baseline", 61.7, 69.3, 30.1),
    PaperRow("Mistral-7B-Instruct", "ICL", 69.9, 88.4, 47.9),
    PaperRow("Mistral-7B-Instruct", "FT", 99.1, 95.8, 76.8),
    PaperRow("GPT-3.5", "baseline", 96.9, 77.6, 60.5),
    PaperRow("GPT-3.5", "ICL", 97.6, 90.8, 75.6),
    PaperRow("GPT-4", "baseline", 96.1, 78.1, 60.8),
    PaperRow("GPT-4", "ICL", 97.7, 92.8, 76.3),
    PaperRow("ToolLLaMA-v2", "baseline", 98.1, 49.0, 37.3),
)

# Of its section 5: the fine-tuned Llama-2-7B, by the part of the exploration that was left out; "" for none.
ABLATIONS: Mapping[str, PaperRow] = {
    "": next(row for row in RESULTS if (row.model, row.method) == ("Llama-2-7B-chat", "FT")),
    "execution feedback": PaperRow("Llama-2-7B-chat", "FT", 89.9, 79.4, 50.5),
    "short-term memory": PaperRow("Llama-2-7B-chat", "FT", 99.7, 70.6, 53.9),
    "long-term memory": PaperRow("Llama-2-7B-chat", "FT", 98.7, 79.9, 59.7),
    "self-reflection": PaperRow("Llama-2-7B-chat", "FT", 99.3, 81.7, 60.1),
}


def gains(rows: Sequence[PaperRow]) -> dict[str, Mapping[str, float]]:
    """For each model, by how many points correctness is above its baseline, by the other methods."""
    before = {row.model: row.correct for row in rows if row.method == "baseline"}
    found: dict[str, dict[str, float]] = {model: {} for model in before}
    for row in rows:
        if row.method != "baseline":
            found[row.model][row.method] = round(row.correct - before[row.model], 1)
    return dict(found)
