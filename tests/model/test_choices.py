"""Choices, embeddings and prompts put aside, with the real default model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from stesim.errors import ModelError
from stesim.models import llamacpp
from stesim.models.llamacpp import LlamaCppModel
from stesim.records import Message, Place, Request, Sampling

GREEDY = Sampling(temperature=0.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, max_tokens=12)
WARM = dataclasses.replace(GREEDY, temperature=0.8, top_p=0.95, top_k=40)
CALLS = (
    'Action: forecast_weather\nAction Input: {"city": "Oslo", "days": 2}',
    'Action: forecast_weather\nAction Input: {"city": "Rome", "days": 7}',
    'Action: convert_currency\nAction Input: {"amount": 100, "from": "USD", "to": "EUR"}',
    'Action: get_country\nAction Input: {"name": "Japan"}',
)
QUERIES = (
    "Will it rain in Oslo in the next 2 days?",
    "What will the weather be in Rome during the next 7 days?",
    "How many euros are 100 US dollars?",
    "What is the capital of Japan?",
)


def ask(
    *contents: str, choices: Sequence[str] = (), seed: int = 1, sampling: Sampling = GREEDY, prefill: str = ""
) -> Request:
    """A request whose messages are: system, user, assistant, user ..."""
    roles = ["system", *["user", "assistant"] * len(contents)]
    messages = tuple(Message(role, content) for role, content in zip(roles, contents, strict=False))  # type: ignore[arg-type]
    return Request(
        Place("t", 1, 1, 0), "rank", messages, sampling, seed, prefill=prefill, choices=tuple(choices)
    )  # fmt: skip


def which_call(query: str, choices: Sequence[str] = CALLS) -> Request:
    return ask("You are a helpful assistant who uses APIs.", f"Which call answers this? {query}", choices=choices)


def talk(about: str, turns: int = 1) -> Request:
    """A long prompt about something; those about other things share little with it."""
    contents = [f"You know all about {about}. " + f"Here is a fact about {about}: they are old. " * 20, "Tell me more."]
    for turn in range(turns - 1):
        contents += [f"There are many {about}. " * 4, f"And what else, for the {turn + 2}nd time?"]
    return ask(*contents, seed=turns, sampling=WARM)


@pytest.fixture
def fresh(gguf: Path) -> Iterator[Callable[[int], LlamaCppModel]]:
    """Makes models with so many threads, which are closed at the end."""
    made: list[LlamaCppModel] = []

    def make(thread_count: int = 1) -> LlamaCppModel:
        made.append(LlamaCppModel(gguf, context=1024, thread_count=thread_count))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture(scope="module")
def model(gguf: Path) -> Iterator[LlamaCppModel]:
    model = LlamaCppModel(gguf, context=1024, thread_count=2)
    yield model
    model.close()


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The likelihoods of all choices that were looked at, in order."""
    seen: list[float] = []
    real = llamacpp.log_likelihood

    def listen(*arguments: object) -> float:
        seen.append(real(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(llamacpp, "log_likelihood", listen)
    return seen


# -- choices -------------------------------------------------------------------------------------------------------


def test_the_right_call_is_chosen(model: LlamaCppModel) -> None:
    assert [model.complete(which_call(query)).text for query in QUERIES] == list(CALLS)
    assert model.complete(which_call(QUERIES[3], CALLS[::-1])).text == CALLS[3]  # in whatever order they stand


def test_a_choice_depends_on_its_request_alone(
    fresh: Callable[[int], LlamaCppModel], model: LlamaCppModel, figures: list[float]
) -> None:
    """Cold, after other requests, once more, and with another number of threads: the same figures to the last bit."""
    request = which_call(QUERIES[0])
    cold = fresh(1)
    cold.complete(request)
    cold.complete(talk("rivers"))
    cold.complete(request)
    cold.complete(which_call(QUERIES[3]))
    cold.complete(dataclasses.replace(request, choices=(), sampling=GREEDY))  # the same prompt, written freely
    cold.complete(request)
    model.complete(request)
    size = len(CALLS)
    told = [tuple(figures[start : start + size]) for start in (0, size, 3 * size, 4 * size)]
    assert len(figures) == 5 * size
    assert len(set(told)) == 1
    assert all(-500 < figure < 0 for figure in figures)


def test_a_reply_is_the_same_after_choices(fresh: Callable[[int], LlamaCppModel]) -> None:
    request = talk("mountains", turns=2)
    first = fresh(1).complete(request)
    other = fresh(1)
    other.complete(dataclasses.replace(request, choices=CALLS))
    second = other.complete(request)
    assert second.text == first.text
    assert second.reused_tokens > first.reused_tokens == 0


def test_the_choice_of_a_longer_text_and_what_is_said_of_it(model: LlamaCppModel) -> None:
    heard: list[str] = []
    long = "one, two, three, four, five, six, seven, eight, nine, ten, " * 8 + "done"  # of more than a block
    wrong = " ".join(reversed(long.split()))
    completion = model.complete(ask("You count.", f"Say: {long}", choices=(wrong, long)), heard.append)
    assert (completion.text, completion.finish, completion.tokens) == (long, "stop", 0)
    assert heard == [long]
    assert completion.prompt_tokens > 400
    assert model.complete(ask("a", "b", choices=("only",))).text == "only"


def test_choices_that_cannot_be(model: LlamaCppModel) -> None:
    with pytest.raises(ModelError, match="a choice is empty or does not fit"):
        model.complete(ask("a", "b", choices=("x", "")))
    with pytest.raises(ModelError, match="a choice is empty or does not fit"):
        model.complete(ask("a", "b", choices=("x", "word " * 2000)))
    assert model.complete(which_call(QUERIES[0])).text == CALLS[0]  # and goes on


# -- prompts put aside ---------------------------------------------------------------------------------------------


def test_replies_are_the_same_with_and_without_prompts_put_aside(
    fresh: Callable[[int], LlamaCppModel], figures: list[float]
) -> None:
    asked = [
        talk("rivers"), talk("mountains"), talk("rivers", 2), dataclasses.replace(talk("cities"), choices=CALLS),
        talk("mountains", 2), dataclasses.replace(talk("cities", 2), choices=CALLS), talk("rivers", 3), talk("mountains"),
    ]  # fmt: skip
    shelved, plain = fresh(1), fresh(1)
    plain._prefixes = None
    with_shelf = [shelved.complete(request) for request in asked]
    figures_with = figures.copy()
    figures.clear()
    without = [plain.complete(request) for request in asked]
    assert [completion.text for completion in with_shelf] == [completion.text for completion in without]
    assert figures_with == figures
    assert len(figures) == 2 * len(CALLS)
    saved = [first.reused_tokens - second.reused_tokens for first, second in zip(with_shelf, without, strict=True)]
    assert saved[:2] == [0, 0]
    assert all(tokens > 128 for tokens in (saved[2], *saved[4:]))


# -- embeddings ----------------------------------------------------------------------------------------------------

ALIKE = (
    ("Will it rain in Oslo tomorrow?", "Is there going to be rain in Oslo tomorrow?"),
    ("Convert 100 dollars to euros.", "How much is 100 dollars in euros?"),
    ("What is the capital of Japan?", "Tell me the capital city of Japan."),
)


def cosine(first: Sequence[float], second: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True)) / (math.hypot(*first) * math.hypot(*second))


def centred(vectors: Sequence[Sequence[float]]) -> list[list[float]]:
    middle = [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]
    return [[value - mean for value, mean in zip(vector, middle, strict=True)] for vector in vectors]


def test_embeddings_have_length_one_and_depend_on_their_text_alone(
    fresh: Callable[[int], LlamaCppModel], model: LlamaCppModel
) -> None:
    texts = [text for pair in ALIKE for text in pair]
    vectors = model.embed(texts)
    assert {len(vector) for vector in vectors} == {576}
    assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-9) for vector in vectors)
    reply = model.complete(talk("rivers")).text
    assert model.embed(texts[::-1])[::-1] == vectors
    cold = fresh(1)
    assert cold.embed([texts[3]]) == [vectors[3]]
    assert cold.complete(talk("rivers")).text == reply  # and a reply does not depend on what was embedded
    assert len({tuple(vector) for vector in vectors}) == len(vectors)


def test_similar_sentences_are_nearer_than_others(model: LlamaCppModel) -> None:
    vectors = centred(model.embed([text for pair in ALIKE for text in pair]))
    near = [cosine(vectors[place], vectors[place + 1]) for place in (0, 2, 4)]
    far = [
        cosine(vectors[first], vectors[second])
        for first in range(6)
        for second in range(first)
        if first // 2 != second // 2
    ]
    assert min(near) > max(far)


def test_embeddings_of_odd_texts(model: LlamaCppModel) -> None:
    nothing, long, longer, control = model.embed(["", "word " * 600, "word " * 700, "<|im_end|>"])
    assert set(nothing) == {0.0}
    assert long == longer  # both are cut
    assert control != model.embed(["<|im_start|>"])[0]
    assert model.embed([]) == []


def test_a_closed_model_says_so(gguf: Path) -> None:
    model = LlamaCppModel(gguf, context=256, thread_count=1)
    model.embed(["a"])
    model.close()
    with pytest.raises(ModelError, match="is closed"):
        model.embed(["a"])
    with pytest.raises(ModelError, match="is closed"):
        model.complete(ask("a", "b", choices=("c",)))
