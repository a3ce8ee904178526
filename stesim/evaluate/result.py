"""The files that an evaluation leaves: `result.json` with its figures, and `predictions.json` in the released format.

    folder = AnswerFolder.read(Path("runs/first/eval/icl"))
    print(json.loads(make_predictions(marks, tools))["add_date"][0]["model_output"])

`stesim eval --predictions` gives the same three figures for the predictions: of several right calls they hold the one
that the answer came closest to, and the tools' names are all there, so that a name means the same. Not covered:
comparing evaluations, which `stesim report` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from stesim.evaluate.answers import Answer
from stesim.evaluate.asking import AnswerSettings
from stesim.evaluate.measure import Mark, by_tool, examples, failures, figures
from stesim.evaluate.mistakes import confusions, wrong_values
from stesim.records import Action, Completion, Demonstration, FinalAnswer, ParseFailure

RESULT = "result.json"
PREDICTIONS = "predictions.json"


def different_calls(answers: Iterable[Answer], demonstrations: Mapping[int, Demonstration]) -> float | None:
    """How many different calls the demonstrations shown with a query have, on average; None where none were shown.

    Many that were made of one call (paraphrases, mostly) teach less than their number says.
    """
    shown = [[demonstrations[line] for line in answer.demonstrations] for answer in answers]
    calls = [{(one.tool, orjson.dumps(one.arguments, option=orjson.OPT_SORT_KEYS)) for one in each} for each in shown]
    return round(sum(map(len, calls)) / len(calls), 2) if any(calls) else None


def make_result(
    marks: Sequence[Mark], settings: AnswerSettings, completions: Iterable[Completion], **about: Any
) -> dict[str, Any]:
    """What `result.json` says; `about` are the name, the model, its adapter if it has one, the toolset and what else is
    known of the input.
    """
    wrong = failures(marks)
    return {
        **about,
        "mode": settings.mode,
        **({"describe": settings.describe} if settings.mode == "ft" else {}),
        "testset": settings.testset,
        "constrained": settings.constrain,
        "tools": len(settings.tools),
        "queries": sum(mark.right is not None for mark in marks),
        "unanswerable": sum(mark.right is None for mark in marks),
        **{name: getattr(settings, name) for name in ("shots", "retrieval", "candidates", "oracle", "limit", "seed")},
        "not_offered": sum(mark.answer.tool not in mark.answer.candidates for mark in marks if mark.right),
        "left_out": {
            "queries": sum(bool(mark.answer.left_out) for mark in marks),
            "demonstrations": sum(len(mark.answer.left_out) for mark in marks),
        },
        "metrics": figures(marks),
        "by_tool": by_tool(marks, settings.tools),
        "failures": {kind: len(found) for kind, found in wrong.items()},
        "wrong_values": wrong_values(marks),
        "confusions": confusions(marks),
        "examples": {kind: examples(found) for kind, found in wrong.items()},
        **_cost(completions),
        "flags": {mark.answer.id: dict(mark.flags) for mark in marks},
    }


def _cost(completions: Iterable[Completion]) -> dict[str, Any]:
    """Tokens and the model's time in seconds, also those of replies that were asked for twice."""
    tokens, seconds = {"prompt": 0, "reused": 0, "generated": 0}, 0.0
    for each in completions:
        tokens["prompt"] += each.prompt_tokens
        tokens["reused"] += each.reused_tokens
        tokens["generated"] += each.tokens
        seconds += each.seconds
    return {"tokens": tokens, "seconds": round(seconds, 2)}


def make_predictions(marks: Sequence[Mark], tools: Sequence[str]) -> bytes:
    """The answers to the answerable queries in the format of the paper's released predictions, as JSON."""
    found: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
    for mark in marks:
        if mark.right is not None:
            found[mark.right.tool].append(_prediction(mark, mark.right.arguments))
    return orjson.dumps(found, option=orjson.OPT_INDENT_2)


def _prediction(mark: Mark, right: Mapping[str, Any]) -> dict[str, Any]:
    """A record of the released format; its flags are those of this reading, by the paper's definitions."""
    reply = mark.answer.reply
    matched = mark.flags.get("api_match", False)
    return {
        "query": mark.answer.query,
        "action": mark.right.tool if mark.right else "",
        "action_input": json.dumps(dict(right), ensure_ascii=False),
        "model_output": mark.answer.text,
        "err": int(isinstance(reply, ParseFailure)),
        "no_call": int(isinstance(reply, FinalAnswer)),
        "api_match": int(isinstance(reply, Action) and matched),
        **({"args_correct": int(mark.flags["correct"])} if matched else {}),
    }
