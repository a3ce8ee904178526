"""Records to JSON values and back; the layout of every line that a run writes.

    >>> from stesim.records import FinalAnswer
    >>> reply_to_json(FinalAnswer("42"))["kind"]
    'final_answer'

Reading checks what it reads: a line of a wrong shape is a `StoreError`, never a `KeyError`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stesim.errors import StoreError
from stesim.records import (
    Action,
    Completion,
    FinalAnswer,
    Message,
    Observation,
    ParseFailure,
    Place,
    Reflection,
    Reply,
    Request,
    Sampling,
    Step,
    Trial,
)

Json = dict[str, Any]


def reply_to_json(reply: Reply) -> Json:
    """A parsed reply as it is stored with each step."""
    common = {"thought": reply.thought, "repairs": list(reply.repairs)}
    if isinstance(reply, Action):
        return {"kind": "action", "tool": reply.tool, "arguments": reply.arguments, **common}
    if isinstance(reply, FinalAnswer):
        return {"kind": "final_answer", "text": reply.text, **common}
    return {"kind": "failure", "failure": reply.kind, "observation": reply.observation, **common}


def reply_from_json(value: Json) -> Reply:
    """The inverse of `reply_to_json`."""
    thought, repairs = value["thought"], tuple(value["repairs"])
    if value["kind"] == "action":
        return Action(value["tool"], value["arguments"], thought, repairs)
    if value["kind"] == "final_answer":
        return FinalAnswer(value["text"], thought, repairs)
    return ParseFailure(value["failure"], value["observation"], thought, repairs)


def trial_to_json(trial: Trial) -> Json:
    """A line of `trials.jsonl`. Nothing in it depends on time or on the machine."""
    return {
        "tool": trial.tool,
        "episode": trial.episode,
        "trial": trial.trial,
        "query": trial.query,
        "steps": [
            {
                "text": step.text,
                "reply": reply_to_json(step.reply),
                "observation": asdict(step.observation) if step.observation else None,
            }
            for step in trial.steps
        ],
        "stop_reason": trial.stop_reason,
        "reflection": asdict(trial.reflection) if trial.reflection else None,
        "forgotten": trial.forgotten,
    }


def trial_from_json(value: Json, where: str = "trials.jsonl") -> Trial:
    """The inverse of `trial_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        steps = tuple(
            Step(
                text=step["text"],
                reply=reply_from_json(step["reply"]),
                observation=Observation(**step["observation"]) if step["observation"] else None,
            )
            for step in value["steps"]
        )
        return Trial(
            tool=value["tool"],
            episode=int(value["episode"]),
            trial=int(value["trial"]),
            query=value["query"],
            steps=steps,
            stop_reason=value["stop_reason"],
            reflection=Reflection(**value["reflection"]) if value["reflection"] else None,
            forgotten=value["forgotten"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold a trial: {type(error).__name__} {error}") from None


def request_to_json(request: Request, shared: int = 0) -> Json:
    """A request, without its first `shared` messages."""
    return {
        "place": asdict(request.place),
        "purpose": request.purpose,
        "seed": request.seed,
        "sampling": asdict(request.sampling),
        "stop": list(request.stop),
        "prefill": request.prefill,
        "shared": shared,
        "messages": [asdict(message) for message in request.messages[shared:]],
    }


def request_from_json(value: Json, before: tuple[Message, ...] = ()) -> Request:
    """The inverse of `request_to_json`; `before` are the messages of the request that was stored before it."""
    return Request(
        place=Place(**value["place"]),
        purpose=value["purpose"],
        messages=before[: value["shared"]] + tuple(Message(**message) for message in value["messages"]),
        sampling=Sampling(**value["sampling"]),
        seed=value["seed"],
        stop=tuple(value["stop"]),
        prefill=value["prefill"],
    )


def completion_to_json(completion: Completion) -> Json:
    """What the model answered, with its tokens and time (seconds)."""
    return asdict(completion)


def completion_from_json(value: Json) -> Completion:
    """The inverse of `completion_to_json`; other keys are passed over."""
    return Completion(**{name: value[name] for name in Completion.__slots__})
