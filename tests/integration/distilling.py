"""A scripted study that meets every gate, and the replies of a judge and of a model that rewords."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.integration.conftest import Type, answer, call


def weather(query: str, city: str, days: int) -> list[str]:
    return [query, call("forecast_weather", {"city": city, "days": days}), answer("Mild."), "Yes"]


def country(query: str, name: str) -> list[str]:
    return [query, call("get_country", {"name": name}), answer("Here you are."), "Yes"]


# Two tools, one episode of five trials each.
TRIALS = [
    *weather("What will the weather be in Paris for 2 days?", "Paris", 2),  # kept
    *weather("What will the weather be in Paris for the 2 days?", "Paris", 2),  # a duplicate
    *weather("How is the weather in Atlantis for 1 day?", "Atlantis", 1),  # the call fails
    *weather("Will there be snow in Oslo?", "Oslo", 3),  # the days are not in the query
    *weather("Is it going to rain in Rome over the next 4 days?", "Rome", 4),  # kept
    *country("Which languages do people speak in Switzerland?", "Switzerland"),  # kept
    "What is a country?", call("get_country", {"name": 5}), answer("A state."), "Yes",  # arguments of a wrong kind
    *country("What is the capital of Japan?", "Japan"),  # the judge says no
    *country("How many people live in Peru?", "Peru"),  # the judge says nothing, twice
    "Who borders Chile?", call("get_country", {"name": "Chile"}), call("get_country", {"name": "Chile"}), "No",
]  # fmt: skip
PASS = "1) Yes. It says so.\n2) Yes. As the result has it.\n3) Yes. The right call."
FAIL = "1) Yes. It says so.\n2) No. The result says something else.\n3) Yes. The right call."
VERDICTS = [PASS, PASS, PASS, FAIL, "I do not know.", "Well ..."]
# Two originals of the weather get two rewordings each, the one of the country gets three, in three replies at most.
REWORDINGS = [
    "Please tell me about the weather in Paris over 2 days.",
    "Can you tell me about the weather in Paris?",  # the days are lost
    '"For the next 2 days, I\'d like to know the weather in Paris."',
    "Could you find out if there is rain in Rome in the next 4 days? What can I do for you?",
    "I want to know if it will rain in Rome over 4 days.",
    "Which languages do people speak in Switzerland",  # the same
    "What do 9 people speak in Switzerland?",  # a number that the query lacks
    "Please list the languages that people speak in Switzerland.",
]
RUN = ["--tools", "forecast_weather,get_country", "--episodes", "1", "--trials", "5", "--max-calls", "2"]
DISTILL = ["--per-tool", "5", "--paraphrases", "3"]
FILES = ("judge/judged.jsonl", "paraphrase/paraphrased.jsonl", "demonstrations.jsonl", "distill.json")


def script(path: Path, texts: list[str]) -> str:
    """What `--model` takes for these replies."""
    path.write_bytes(orjson.dumps(texts))
    return f"scripted:{path}"


def files_of(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.fixture
def explored(type_: Type, tmp_path: Path) -> Path:
    """The folder of the scripted run, finished."""
    type_("run", "--model", script(tmp_path / "trials.json", TRIALS), "--out", tmp_path / "run", *RUN)
    return tmp_path / "run"


@pytest.fixture
def model(tmp_path: Path) -> str:
    """What `--model` takes for the judge and the rewording."""
    return script(tmp_path / "distill.json", [*VERDICTS, *REWORDINGS])


@pytest.fixture
def done(explored: Path, model: str, type_: Type) -> Path:
    """The folder of the run, distilled."""
    type_("distill", explored, "--model", model, *DISTILL)
    return explored
