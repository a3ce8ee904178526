"""What the files in the folder of a fine-tuning look like: JSON Schemas, to which what is read is held.

    wrong(manifest, MANIFEST)

gives the names of what is not so. The folder may have been damaged, or written by hand. Not covered: whether what one
file says agrees with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

Schema = Mapping[str, Any]

_LARGEST = 1e300  # beyond it numbers are not calculated with
_MOST = 10**12  # of anything that is counted
_THREADS = 9999
_TEXT = {"type": "string"}
_NUMBER = {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST}
_MAYBE = {**_NUMBER, "type": ["number", "null"]}


def _count(least: int = 0, most: int = _MOST) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _number(least: float, most: float, *, above: bool = False) -> Schema:
    return {"type": "number", "exclusiveMinimum" if above else "minimum": least, "maximum": most}


def _object(properties: Mapping[str, Any], **others: Any) -> Schema:
    """An object that has all of these properties, may have the `others`, and what nobody reads."""
    return {"type": "object", "properties": {**properties, **others}, "required": [*properties]}


def _texts(*names: str) -> Schema:
    return _object(dict.fromkeys(names, _TEXT))


_NAMES = {"type": "array", "items": _TEXT}
_SETTINGS = {
    **_object({
        "rank": _count(1, 1024), "alpha": _number(0, 1e6, above=True),
        "epochs": _count(1, 10**6), "batch": _count(1, 10**6),
        "learning_rate": _number(0, 1, above=True), "warmup": _number(0, 1), "max_length": _count(16, 1 << 20),
        "held_out": _number(0, 0.5), "patience": _count(0, 10**6), "precision": {"enum": ["bf16", "fp32"]},
        "calls_only": {"type": "boolean"}, "no_call": _number(0, 1), "drills": _count(0, 10**6),
        "drill_tools": {**_NAMES, "type": ["array", "null"]}, "seed": _count(0, 2**63 - 1),
        "threads": _count(1, _THREADS), "tools": _NAMES,
    }),
    "additionalProperties": False,
}  # fmt: skip

MANIFEST: Schema = _object({
    "stage": {"const": "finetune"}, "settings": _SETTINGS,
    "model": _texts("spec", "name", "fingerprint"), "prompts": _texts("source", "fingerprint"),
    "tools": _texts("toolset", "fingerprint"), "input": _texts("demonstrations", "chat", "start", "fingerprint"),
})  # fmt: skip

STEP: Schema = _object(
    {"step": _count(1), "epoch": _count(1), "loss": _NUMBER, "tokens": _count(), "seconds": _NUMBER}, held_out=_NUMBER
)

SUMMARY: Schema = _object({
    "fingerprint": _TEXT, "base": _texts("name", "fingerprint"), "settings": _SETTINGS,
    "data": _object({"fingerprint": _TEXT, **dict.fromkeys((
        "demonstrations", "rows", "calls", "answers", "no_call", "drills", "chat", "cut", "held_out"), _count())}),
    "steps": _count(1), "epochs": _count(1), "stopped_early": {"type": "boolean"}, "tokens": _count(),
    "seconds": _NUMBER, "tokens_per_second": _MAYBE,
    "loss": _object({"first": _NUMBER, "last": _NUMBER, "held_out_best": _MAYBE}),
    "curve": {"type": "array", "minItems": 1, "items": _object(
        {"epoch": _count(1), "steps": _count(1), "loss": _NUMBER, "held_out": _MAYBE})},
    "verified": _object({"rows": _count(), "positions": _count(), **dict.fromkeys(
        ("kl", "kl_max", "kl_to_base", "bound"), _NUMBER)}),
})  # fmt: skip


def wrong(value: object, schema: Schema) -> list[str]:
    """The names of what the schema does not allow, such as `settings.batch`, each once; empty if all is well.

    Where something is missing, the name is that of what should have it.
    """
    places = (error.json_path.removeprefix("$").removeprefix(".") for error in _checker()(schema).iter_errors(value))
    return list(dict.fromkeys(place or "its fields" for place in places))


@cache
def _checker() -> Any:
    """A validator for which 8.0 is no whole number."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    return extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
