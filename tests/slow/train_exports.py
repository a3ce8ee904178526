"""Loads and trains on exported files with `datasets`, TRL and transformers; test_exports.py runs it where these are.

    python train_exports.py FOLDER      # messages.jsonl, react.jsonl, sharegpt.jsonl, paper.json, expected.json

It needs no network and nothing of stesim: it knows what a user of the files knows.
"""

from __future__ import annotations

import json
import math
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import datasets
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer, maybe_convert_to_chatml

FOLDER = Path(sys.argv[1])
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]


def load(name: str) -> Any:
    """A file as anyone loads it."""
    return datasets.load_dataset("json", data_files=str(FOLDER / name), split="train", cache_dir=str(FOLDER / "cache"))


def template(name: str) -> str:
    """The chat template of a model that uses tools, as TRL comes with it."""
    return (files("trl") / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A small tokenizer of bytes, learnt from the files."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1500, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.jsonl"))]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=template("qwen2_5")
    )


def train(dataset: Any, tokenizer: PreTrainedTokenizerFast) -> Any:
    """Two steps of fine-tuning of a tiny random model; gives the trainer."""
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=8192, **size))
    before = model.lm_head.weight.detach().clone()
    settings = SFTConfig(
        output_dir=str(FOLDER / "model"), max_steps=2, per_device_train_batch_size=2, max_length=None, report_to="none",
        save_strategy="no", logging_steps=1, use_cpu=True, learning_rate=1e-3, bf16=False,
    )  # fmt: skip
    trainer = SFTTrainer(model=model, args=settings, train_dataset=dataset, processing_class=tokenizer)
    loss = trainer.train().training_loss
    assert math.isfinite(loss), loss
    assert not torch.equal(before, model.lm_head.weight.detach())
    return trainer


def check_messages(tokenizer: PreTrainedTokenizerFast) -> None:
    dataset = load("messages.jsonl")
    assert len(dataset) == len(EXPECTED["messages"])
    for row, wanted in zip(dataset, EXPECTED["messages"], strict=True):
        assert json.dumps(row["messages"]) == json.dumps(wanted["messages"])  # also the order of keys, and no key more
        tools = json.loads(row["tools"])
        assert tools == wanted["tools"]
        calls = [call["function"] for message in wanted["messages"] for call in message.get("tool_calls", [])]
        assert all(type(call["arguments"]) is dict for call in calls)
        for name in ("qwen2_5", "qwen3"):
            text = tokenizer.apply_chat_template(
                row["messages"], tools=tools, tokenize=False, chat_template=template(name)
            )
            said = re.findall(r"<tool_call>\n(.*)\n</tool_call>", text.rpartition("</tools>")[2])
            said = [json.loads(call) for call in said[1:]]  # the first one is in the instructions
            assert json.dumps(said) == json.dumps(calls), (name, said, calls)
            offered = re.search(r"<tools>\n(.*)\n</tools>", text, re.DOTALL)
            assert offered is not None
            assert [json.loads(line) for line in offered[1].splitlines()] == tools
        text = tokenizer.apply_chat_template(
            row["messages"], tools=tools, tokenize=False, chat_template=template("llama3_2")
        )
        for call in calls:
            wanted_text = json.dumps(call["arguments"], ensure_ascii=False)
            assert f'{{"name": "{call["name"]}", "parameters": {wanted_text}}}' in text
    trained = train(dataset, tokenizer).train_dataset
    for tokens, wanted in zip(trained["input_ids"], EXPECTED["messages"], strict=True):
        text = tokenizer.decode(tokens)
        for message in wanted["messages"]:
            assert (message["content"] or "") in text
            for call in message.get("tool_calls", []):
                assert json.dumps(call["function"]["arguments"], ensure_ascii=False) in text


def check_react(tokenizer: PreTrainedTokenizerFast) -> None:
    dataset = load("react.jsonl")
    assert dataset.column_names == ["prompt", "completion"]
    assert [dict(row) for row in dataset] == EXPECTED["react"]
    trained = train(dataset, tokenizer).train_dataset
    for tokens, labels, wanted in zip(trained["input_ids"], trained["labels"], EXPECTED["react"], strict=True):
        learnt = [token for token in labels if token != -100]  # the loss is on these
        assert tokenizer.decode(learnt) == wanted["completion"] + tokenizer.eos_token
        assert tokenizer.decode(tokens) == wanted["prompt"] + wanted["completion"] + tokenizer.eos_token


def check_sharegpt() -> None:
    dataset = load("sharegpt.jsonl")
    assert [dict(row) for row in dataset] == EXPECTED["sharegpt"]
    for row, wanted in zip(
        dataset.map(maybe_convert_to_chatml, remove_columns="conversations"), EXPECTED["sharegpt"], strict=True
    ):
        assert [[turn["role"], turn["content"]] for turn in row["messages"]] == [
            [turn["from"], turn["value"]] for turn in wanted["conversations"]
        ]
        assert json.loads(row["tools"]) == json.loads(wanted["tools"])


def check_paper() -> None:
    assert [dict(row) for row in load("paper.json")] == EXPECTED["paper"]


datasets.disable_progress_bars()
words = make_tokenizer()
check_messages(words)
check_react(words)
check_sharegpt()
check_paper()
print("all four files were read, two were trained on")
