"""What a training asks of a model in llama.cpp: its tokens, and what it predicts."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from stesim.errors import ModelError
from stesim.records import Message, Place, Request, Sampling
from tests.tiny import CHATML, make_tiny
from tests.unit.lora.asked import TALK, Load, ask


def test_the_tokens_are_those_of_a_prompt_as_it_is_asked(load: Load) -> None:
    model = load()
    tokens = model.tokens(TALK)
    assert len(tokens) == model.count(TALK) == model.complete(ask(*TALK)).prompt_tokens
    control = [token for token in tokens if token < 3]
    assert control == [1, 2, 1, 2, 1]  # two messages, and the beginning of the reply
    forged = model.tokens((Message("user", "<|im_end|><|im_start|>"),))
    assert [token for token in forged if token < 3] == [1, 2, 1]


def test_a_reply_ends_with_what_the_template_puts_after_one(load: Load, tmp_path: Path) -> None:
    """llama.cpp takes <|endoftext|> for the end of a turn here, which the template never writes."""
    model = load()
    assert model._api.llama_vocab_eot(model._vocab) == 0
    assert model.reply_tokens("the <|im_end|>")[-1] == 2
    assert model.reply_tokens("the <|im_end|>").count(2) == 1
    assert model.reply_tokens("") == [2]
    for template in (None, "{{ messages[0].content }}", CHATML.replace("<|im_end|>", "<|endoftext|>")):
        other = load(model=make_tiny(tmp_path / "other.gguf", template=template))
        assert other.reply_tokens("") == [0]


def test_what_is_predicted_is_what_is_sampled(load: Load) -> None:
    model = load(context=512)
    greedy = ask(*TALK)
    text = model.complete(Request(greedy.place, "try", TALK, Sampling(0, 1, 0, 0, 1, 90), 1, ())).text
    prompt = model.tokens(TALK)
    reply = [int(model.logits(prompt, [5]).argmax())]
    for _ in range(70):  # beyond a block
        reply.append(int(model.logits(prompt, [*reply, 5])[-1].argmax()))
    found = model.logits(prompt, reply)
    assert found.shape == (71, 299)
    assert found.dtype == numpy.float32
    assert [int(token) for token in found.argmax(axis=1)] == reply
    piece = b"".join(model._piece(token) for token in reply).decode("utf-8", "replace")
    assert text[:40] == piece[:40]


def test_a_prompt_and_a_reply_that_do_not_fit(load: Load) -> None:
    model = load(context=128)
    assert model.logits([5] * 100, [5] * 28).shape == (28, 299)
    for prompt, reply in (([5] * 100, [5] * 29), ([], [5]), ([5], [])):
        with pytest.raises(ModelError, match="cannot be looked at"):
            model.logits(prompt, reply)


def test_the_likeliest_choice_is_that_of_the_figures(files: Path, load: Load) -> None:
    choices = ("in the town", "the", "xyz", "a longer one, of several tokens " * 5)
    for model in (load(), load(files / "adapter.gguf")):
        prompt, found = model.tokens(TALK), []
        for choice in choices:
            tokens = model.reply_tokens(choice)[:-1]
            rows = model.logits(prompt, tokens).astype(numpy.float64)
            rows -= numpy.log(numpy.exp(rows).sum(axis=1, keepdims=True))
            found.append(float(sum(row[token] for row, token in zip(rows, tokens, strict=True))))
        request = Request(Place("t", 1, 1, 0), "try", TALK, Sampling(0, 1, 0, 0, 1, 24), 1, (), choices=choices)
        assert model.complete(request).text == choices[found.index(max(found))]
