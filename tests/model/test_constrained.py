"""Constrained decoding with the real default model: always well-formed, always valid, and as repeatable as without."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from click.testing import CliRunner

from stesim.cli import main
from stesim.errors import ModelError
from stesim.grammar import YES_NO, Bounds, reply_grammar, verdict_grammar
from stesim.models.llamacpp import LlamaCppModel
from stesim.parsing import parse_strict, parse_verdict
from stesim.records import Action, FinalAnswer, Message, Place, Request, Sampling
from stesim.store import RunFolder
from stesim.toolbox import Toolbox, describe

SAMPLING = Sampling(temperature=0.4, top_p=0.95, top_k=40, min_p=0.05, repeat_penalty=1.05, max_tokens=64)
WILD = replace(SAMPLING, temperature=5.0, top_p=1.0, top_k=0, min_p=0.0)


@pytest.fixture(scope="module")
def model(gguf: Path) -> Iterator[LlamaCppModel]:
    model = LlamaCppModel(gguf, context=2048, thread_count=2)
    yield model
    model.close()


@pytest.fixture
def box() -> Iterator[Toolbox]:
    with Toolbox.open("starter") as box:
        yield box


def ask(content: str, grammar: str, seed: int = 1, sampling: Sampling = SAMPLING, prefill: str = "") -> Request:
    messages = (Message("system", "You are a helpful assistant who uses APIs."), Message("user", content))
    return Request(Place("t", 1, 1, 0), "try", messages, sampling, seed, ("Paris", "Observation:"), prefill, grammar)


def test_however_wild_the_sampling_a_reply_is_well_formed_and_valid(model: LlamaCppModel, box: Toolbox) -> None:
    """At temperature 5, with every token of the vocabulary in the draw: what the model prints is noise, in form."""
    for seed, tool in enumerate(box.tools):
        prefill = "Action:" if seed % 2 else ""
        request = ask(describe(tool), reply_grammar([tool], Bounds.of(24)), seed, WILD, prefill)
        completion = model.complete(request)
        reply = parse_strict(completion.text, [tool.name])
        assert completion.finish == "stop"
        assert isinstance(reply, Action | FinalAnswer), completion.text
        if isinstance(reply, Action):
            jsonschema.validate(reply.arguments, tool.parameters)
        assert isinstance(reply, Action) or not prefill


def test_a_call_may_hold_a_stop_text_and_more_tokens_than_the_limit(model: LlamaCppModel, box: Toolbox) -> None:
    tool = box.get("forecast_weather")
    request = ask("The weather in Paris for 2 days?", reply_grammar([tool], Bounds.of(64)), prefill="Action:")
    short = replace(request, sampling=replace(SAMPLING, max_tokens=1))
    completion = model.complete(short)
    reply = parse_strict(completion.text, [tool.name])
    assert isinstance(reply, Action)
    assert reply.arguments["city"] == "Paris"
    assert completion.text == model.complete(request).text
    assert completion.tokens > 1


def test_a_reply_depends_on_its_request_alone(gguf: Path, model: LlamaCppModel, box: Toolbox) -> None:
    """Warm or cold, in whatever order, with one thread or two, after replies without a grammar: the same text."""
    requests = [
        ask(describe(tool) * (1 + number % 3), grammar, seed=number, prefill=prefill)
        for number, tool in enumerate(box.tools[:3])
        for grammar, prefill in [(reply_grammar([tool], Bounds.of(32)), "Thought: I"), (YES_NO, ""), ("", "")]
    ]
    texts = [model.complete(request).text for request in requests]
    other = LlamaCppModel(gguf, context=2048, thread_count=1)
    order = list(range(len(requests)))
    random.Random(3).shuffle(order)
    for index in order:
        assert other.complete(requests[index]).text == texts[index]
    other.close()


def test_what_is_heard_piece_by_piece_is_the_text(model: LlamaCppModel, box: Toolbox) -> None:
    heard: list[str] = []
    grammar = reply_grammar(box.tools, Bounds.of(32))
    completion = model.complete(ask("What is the capital of Japan?", grammar, prefill="Thought: I"), heard.append)
    assert "".join(heard) == completion.text
    assert isinstance(parse_strict(completion.text, [tool.name for tool in box.tools]), Action | FinalAnswer)


def test_verdicts_and_yes_or_no(model: LlamaCppModel) -> None:
    for seed in range(3):
        assert model.complete(ask("Is Paris in France?", YES_NO, seed, WILD)).text in ("Yes", "No")
        judged = parse_verdict(model.complete(ask("Judge.", verdict_grammar(Bounds.of(20)), seed, WILD)).text)
        assert judged.verdict in ("pass", "fail")


def test_where_the_context_ends_the_reply_is_cut_off(model: LlamaCppModel, box: Toolbox) -> None:
    grammar = reply_grammar([box.get("forecast_weather")], Bounds.of(600))
    room = 12
    empty = model.count(ask("", grammar).messages)
    words = " word" * (model.context - empty - room)
    completion = model.complete(ask(words, grammar))
    assert completion.finish == "length"
    assert 0 < completion.tokens <= room


def test_a_beginning_that_the_grammar_does_not_admit(model: LlamaCppModel) -> None:
    with pytest.raises(ModelError, match="does not admit the beginning"):
        model.complete(ask("x", YES_NO, prefill="Perhaps"))


def test_a_run_over_the_starter_tools(gguf: Path, tmp_path: Path) -> None:
    """Every reply well-formed as printed, every call valid."""
    assert gguf.is_file()
    words = ["run", "--out", str(tmp_path / "r"), "--constrain", "on", "--episodes", "1", "--trials", "1", "--json"]
    result = CliRunner().invoke(main, [*words, "--max-calls", "2"], catch_exceptions=False)
    report: dict[str, Any] = orjson.loads(result.stdout)
    assert report["constrained"] is True
    assert report["all"]["replies"] == report["all"]["well_formed"] == report["all"]["readable"] >= 10
    with Toolbox.open("starter") as box:
        for trial in RunFolder.read(tmp_path / "r").trials():
            for step in trial.steps:
                if isinstance(step.reply, Action):
                    jsonschema.validate(step.reply.arguments, box.get(trial.tool).parameters)


def test_a_run_without_a_constraint(gguf: Path, tmp_path: Path) -> None:
    assert gguf.is_file()
    words = ["--constrain", "off", "--tools", "get_country", "--episodes", "1", "--trials", "1", "--json"]
    result = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "r"), *words], catch_exceptions=False)
    assert orjson.loads(result.stdout)["constrained"] is False
    assert {request.grammar for request, _ in RunFolder.read(tmp_path / "r").completions()} == {""}
