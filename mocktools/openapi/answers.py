"""What an operation answers: the first reply that is a success, as an example or a schema to make values from.

Example: see `operations.py`. Not covered: headers, links, replies other than the first; a body that is neither JSON nor
text is answered with an empty text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocktools.exchanges.files import unfit
from mocktools.exchanges.format import ABSENT, Response
from mocktools.openapi.document import Document
from mocktools.openapi.inputs import is_json
from mocktools.openapi.shapes import Shapes

LARGEST_EXAMPLE = 100_000  # characters of JSON
_EMPTY = frozenset({204, 205, 304})


@dataclass(frozen=True)
class Answer:
    """The reply of an operation: `example`, which answers all calls, or else `schema`, which values are made from."""

    status: int
    schema: Mapping[str, Any] | None = None
    example: Response | None = None


def read(document: Document, shapes: Shapes, operation: Mapping[str, Any]) -> Answer:
    """The answer of an operation; raises `SkippedError` and `MockToolsError`."""
    responses = operation.get("responses")
    status, response = _first(responses if isinstance(responses, Mapping) else {})
    response = document.resolved(response)
    content = response.get("content") if isinstance(response, Mapping) else None
    if status in _EMPTY or not isinstance(content, Mapping) or not content:
        return Answer(status, None, Response(status))
    kind = next((kind for kind in content if is_json(kind) or kind == "*/*"), None)
    if kind is None:
        return Answer(status, None, _text(document, status, content))
    medium = document.resolved(content[kind])
    medium = medium if isinstance(medium, Mapping) else {}
    example = next((value for value in _examples(document, medium) if _storable(value)), ABSENT)
    schema = medium.get("schema")
    made = shapes.reply(schema) if isinstance(schema, Mapping) and schema else {"type": "object"}
    if example is ABSENT and made is None:
        example = {}
    return Answer(status, made, None if example is ABSENT else Response(status, {}, example))


def _first(responses: Mapping[str, Any]) -> tuple[int, Any]:
    """The first success, of 200, 201, 202 ... 2XX and `default`; an empty 200 if there is none."""
    exact = sorted(code for code in responses if len(code) == 3 and code.isdecimal() and code.startswith("2"))
    for code in exact:
        return int(code), responses[code]
    for code in ("2XX", "2xx", "default"):
        if code in responses:
            return 200, responses[code]
    return 200, {}


def _text(document: Document, status: int, content: Mapping[str, Any]) -> Response:
    """A reply that is not JSON: its example if it is a text."""
    kind = str(next(iter(content)))
    medium = document.resolved(content[kind])
    values = _examples(document, medium) if isinstance(medium, Mapping) else iter(())
    text = next((value for value in values if isinstance(value, str) and len(value) <= LARGEST_EXAMPLE), "")
    own = kind.partition(";")[0].strip().lower()
    usable = own.isascii() and own.isprintable() and "/" in own and "*" not in own and len(own) < 100
    return Response(status, {"Content-Type": own if usable else "text/plain"}, ABSENT, text or None)


def _examples(document: Document, medium: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in medium:
        yield medium["example"]
    several = medium.get("examples")
    for one in several.values() if isinstance(several, Mapping) else []:
        known = document.resolved(one)
        if isinstance(known, Mapping) and "value" in known:
            yield known["value"]


def _storable(value: Any) -> bool:
    return unfit(value) is None and len(json.dumps(value, ensure_ascii=False)) <= LARGEST_EXAMPLE
