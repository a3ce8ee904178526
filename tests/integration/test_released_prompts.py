"""The paper's released prompt folder works as it is (skips where it is missing)."""

from __future__ import annotations

from pathlib import Path

import pytest

from stesim.store import RunFolder
from tests.integration.conftest import SETTINGS, Type

RELEASED = Path(__file__).resolve().parents[3] / "shared" / "paper" / "prompts"


@pytest.mark.skipif(not RELEASED.is_dir(), reason="the paper's released prompts are not here")
def test_a_study_with_the_released_prompts(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", "--prompts", RELEASED, *SETTINGS)
    requests = [request for request, _ in RunFolder.read(Path("r")).completions()]
    imagine = [request.messages for request in requests if request.purpose == "imagine"]
    assert imagine[0][1].content.startswith("Your task is to answer the user's query as best you can.")
    assert "API name: forecast_weather" in imagine[0][1].content
    assert imagine[1][-1].content.endswith("- solved: What will the weather be in Paris?\n\nUser Query:")
    first_try = next(request for request in requests if request.purpose == "try")
    assert '{\n    "key_1": "value_1",' in first_try.messages[-1].content
    assert 'the only values that should follow "Action:" are: forecast_weather' in first_try.messages[-1].content
    assert first_try.prefill == ""
    assert len(list(RunFolder.read(Path("r")).trials())) == 6
    type_("run", "--out", "r")  # the folder of the prompts is remembered
