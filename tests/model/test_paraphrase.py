"""Rewording with the real default model: most replies keep what the call needs, and come again."""

from __future__ import annotations

from pathlib import Path

from stesim.models.driving import drive
from stesim.models.llamacpp import LlamaCppModel
from stesim.paraphrase import ParaphraseSettings, Paraphrasing
from stesim.prompts import load_stage_prompts
from stesim.records import Demonstration, Paraphrased, Sampling
from stesim.toolbox import Toolbox

SETTINGS = ParaphraseSettings(seed=0, sampling=Sampling(0.6, 0.95, 40, 0.05, 1.05, 48), context=1024, wanted=6, most=2)
EXAMPLES = [
    Demonstration("get_country", "How many people live in Norway?", {"name": "Norway"}, "{}", "5 million.", 1, 1),
    Demonstration("forecast_weather", "How warm will it be in Rome over the next 4 days?", {"city": "Rome", "days": 4},
                  "{}", "Warm.", 1, 1),
]  # fmt: skip


def reworded(model: LlamaCppModel) -> list[Paraphrased]:
    kept: list[Paraphrased] = []
    with Toolbox.open(["get_country", "forecast_weather"]) as box:
        stage = Paraphrasing(box, load_stage_prompts("paraphrase"), SETTINGS, model.count, kept.append)
        drive(stage.ask(EXAMPLES), model)
    return kept


def test_most_rewordings_are_kept_and_come_again(gguf: Path) -> None:
    model = LlamaCppModel(gguf, context=1024, thread_count=1)
    first, again = reworded(model), reworded(model)
    model.close()
    assert first == again
    texts = [text for one in first for text in one.paraphrases]
    assert len(texts) >= 2
    assert all("Norway" in text or ("Rome" in text and "4" in text) for text in texts)
