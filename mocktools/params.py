"""The parameters of an API: what a caller is told of each, as JSON Schema, and where it travels.

    >>> Param("priority", "How urgent it is", "high", choices=("low", "high")).schema()["enum"]
    ['low', 'high']

`values.py` holds a value against its parameter. Not covered: `anyOf`, recursion, unknown members of an object
(they are ignored).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "number", "boolean", "date", "time", "datetime", "array", "object"]
Place = Literal["path", "query", "body"]

LONGEST_TEXT = 200
LONGEST_LIST = 20
HOUR_AND_MINUTE = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
# Methods whose arguments travel in a JSON body; those of the others travel in the query.
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")

_FORMS: dict[Kind, dict[str, str]] = {
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": HOUR_AND_MINUTE},
    "datetime": {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an API: what the caller is told of it and what the server checks.

    `example` is a value that works; the description shows it. `minimum` and `maximum` bound numbers, `shortest` and
    `longest` the characters of a string or the elements of an array (200 and 20 unless told). `choices` are the only
    texts that a string may be, `pattern` is a regular expression for all of it. `items` says what an array holds (its
    name and description do not matter), `members` what an object holds. An optional parameter with a `default` behaves
    as if the default had been sent.
    """

    name: str
    description: str
    example: Any
    kind: Kind = "string"
    required: bool = True
    default: Any = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    shortest: int | None = None
    longest: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    items: Param | None = None
    members: tuple[Param, ...] = ()

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of this parameter."""
        schema: dict[str, Any] = dict(_FORMS.get(self.kind, {"type": self.kind}))
        schema["description"] = f"{self.description}, e.g. {shown(self.example)}."
        return schema | self._shape() | {key: value for key, value in self._bounds().items() if value is not None}

    def _shape(self) -> dict[str, Any]:
        """What an array or an object holds, or the texts that a string may be."""
        if self.choices:
            return {"enum": list(self.choices)}
        if self.items is not None:
            inner = self.items.schema()
            return {"items": {key: value for key, value in inner.items() if key != "description"}}
        return object_schema(self.members) if self.members else {}

    def _bounds(self) -> dict[str, Any]:
        bounds: dict[str, Any] = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        if self.kind == "array":
            bounds |= {"minItems": self.shortest, "maxItems": self.longest or LONGEST_LIST}
        elif self.kind == "string":
            bounds |= {"minLength": self.shortest, "maxLength": self.longest}
            bounds["pattern"] = f"^{self.pattern}$" if self.pattern else None
        return bounds


def object_schema(members: tuple[Param, ...]) -> dict[str, Any]:
    """The JSON Schema of an object with these members."""
    return {
        "type": "object",
        "properties": {param.name: param.schema() for param in members},
        "required": [param.name for param in members if param.required],
    }


def shown(value: Any) -> str:
    """A value as a person would type it: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def placeholders(path: str) -> list[str]:
    """The names in a path template: `/v1/tasks/{task_id}` has `task_id`."""
    return _PLACEHOLDER.findall(path)


def place_of(name: str, method: str, path: str) -> Place:
    """Where a parameter travels: in the path if the template names it, else in the body or the query by the method."""
    if name in placeholders(path):
        return "path"
    return "body" if method in WITH_BODY else "query"
