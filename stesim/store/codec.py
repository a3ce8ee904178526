"""Records to JSON values and back; the layout of every line that a run writes.

    >>> from stesim.records import FinalAnswer
    >>> reply_to_json(FinalAnswer("42"))["kind"]
    'final_answer'

Reading checks what it reads: a line of a wrong shape is a `StoreError`, never a `KeyError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Mapping
from dataclasses import MISSING, asdict, fields
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from stesim.errors import StoreError
from stesim.records import (
    Action,
    Completion,
    Demonstration,
    FinalAnswer,
    Judged,
    Judgement,
    Message,
    Observation,
    Paraphrased,
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


def reply_from_json(value: Any) -> Reply:
    """The inverse of `reply_to_json`; raises `TypeError`, `KeyError` or `ValueError` for anything else."""
    kinds: dict[str, type[Reply]] = {"action": Action, "final_answer": FinalAnswer, "failure": ParseFailure}
    members = {"kind" if name == "failure" else name: field for name, field in value.items() if name != "kind"}
    if value["kind"] not in tuple(kinds):
        raise Misfit(f"kind cannot be {value['kind']!r:.60}")
    return build(kinds[value["kind"]], members)


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
        **({"imaginings": trial.imaginings} if trial.imaginings != 1 else {}),
        **({"rejected": trial.rejected} if trial.rejected else {}),
    }


def trial_from_json(value: Any, where: str = "trials.jsonl") -> Trial:
    """The inverse of `trial_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        steps = tuple(
            build(
                Step,
                {
                    **step,
                    "reply": reply_from_json(step["reply"]),
                    "observation": _maybe(Observation, step["observation"]),
                },
            )
            for step in value["steps"]
        )
        reflection = _maybe(Reflection, value["reflection"])
        return build(Trial, {**value, "steps": steps, "reflection": reflection})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold a trial: {misfit(error)}") from None


def demonstration_to_json(demonstration: Demonstration) -> Json:
    """A line of `demonstrations.jsonl`."""
    return asdict(demonstration)


def demonstration_from_json(value: Any, where: str = "demonstrations.jsonl") -> Demonstration:
    """The inverse of `demonstration_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        return build(Demonstration, value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold a demonstration: {misfit(error)}") from None


def judged_to_json(judged: Judged) -> Json:
    """A line of `judged.jsonl`."""
    return asdict(judged)


def judged_from_json(value: Any, where: str = "judged.jsonl") -> Judged:
    """The inverse of `judged_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        judgement = _maybe(Judgement, value["judgement"])
        demonstration = _maybe(Demonstration, value["demonstration"])
        return build(Judged, {**value, "demonstration": demonstration, "judgement": judgement})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold a verdict: {misfit(error)}") from None


def paraphrased_to_json(paraphrased: Paraphrased) -> Json:
    """A line of `paraphrased.jsonl`."""
    return asdict(paraphrased)


def paraphrased_from_json(value: Any, where: str = "paraphrased.jsonl") -> Paraphrased:
    """The inverse of `paraphrased_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        found = build(Paraphrased, value)
        if not all(type(count) is int for count in found.dropped.values()):
            raise Misfit("dropped holds something else than numbers")
        return found
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold rewordings: {misfit(error)}") from None


def request_to_json(request: Request, shared: int = 0, known: Collection[str] = ()) -> Json:
    """A request, without its first `shared` messages; of a grammar whose digest is `known`, only the digest."""
    grammar = {} if not request.grammar else {"grammar": digest(request.grammar)}
    if grammar and grammar["grammar"] not in known:
        grammar["grammar_text"] = request.grammar
    return {
        "place": asdict(request.place),
        "purpose": request.purpose,
        "seed": request.seed,
        "sampling": asdict(request.sampling),
        "stop": list(request.stop),
        "prefill": request.prefill,
        "shared": shared,
        "messages": [asdict(message) for message in request.messages[shared:]],
        **grammar,
        **({"choices": list(request.choices)} if request.choices else {}),
    }


def digest(grammar: str) -> str:
    """A short name for a grammar: 16 hex digits."""
    return hashlib.sha256(grammar.encode()).hexdigest()[:16]


def request_from_json(value: Any, before: tuple[Message, ...] = (), known: Mapping[str, str] | None = None) -> Request:
    """The inverse of `request_to_json`; `before` are the messages of the request that was stored before it, `known`
    the grammars so far by their digest.

    Raises `TypeError`, `KeyError` or `ValueError` for a value of another shape.
    """
    messages = before[: value["shared"]] + tuple(build(Message, message) for message in value["messages"])
    place, sampling = build(Place, value["place"]), build(Sampling, value["sampling"])
    rest = {name: value[name] for name in ("purpose", "seed", "stop", "prefill")}
    rest["choices"] = value.get("choices", [])
    if "grammar" in value:
        rest["grammar"] = value.get("grammar_text") or (known or {})[value["grammar"]]
        if digest(rest["grammar"]) != value["grammar"]:
            raise ValueError("the grammar is not the one that its digest names")
    return build(Request, {**rest, "messages": messages, "place": place, "sampling": sampling})


def completion_to_json(completion: Completion) -> Json:
    """What the model answered, with its tokens and time (seconds)."""
    return asdict(completion)


def completion_from_json(value: Any) -> Completion:
    """The inverse of `completion_to_json`; other keys are passed over. Raises as `build` does."""
    return build(Completion, {name: value[name] for name in Completion.__slots__})


Record = TypeVar("Record")


class Misfit(TypeError):
    """A value that is not of the shape of a record; its text says why to whoever made the value."""


def misfit(error: Exception) -> str:
    """Why a line does not hold what it should, in words that need no Python."""
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]}"
    return str(error) if isinstance(error, Misfit | ValueError) else "it has not the shape that it should have"


def build(kind: type[Record], values: dict[str, Any]) -> Record:
    """A record from its fields, each held against its declared type; lists become tuples.

    Raises `Misfit`, a `TypeError`, for a missing, an unknown or a wrong field.
    """
    if not isinstance(values, dict):
        raise Misfit("it is not an object")
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name, value in given.items():
        if name not in hints:
            raise Misfit(f"an unknown member: {name:.60}")
        if not _fits(value, hints[name]):
            raise Misfit(f"{name} cannot be {value!r:.60}")
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise Misfit(f"it lacks {field.name}")
    return kind(**given)


@lru_cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in arguments
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        if not isinstance(value, tuple) or not (arguments[-1] is Ellipsis or len(value) == len(arguments)):
            return False
        return all(_fits(entry, arguments[0]) for entry in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is (origin or hint)


def _maybe(kind: type[Record], value: Any) -> Record | None:
    return None if value is None else build(kind, value)
