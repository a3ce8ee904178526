"""The server side of a mock API: check the parameters of a request, build the reply.

A provider's answer function takes a `Query` and returns the body of a 200, or raises `ApiError`:

    def answer(query: Query) -> Body:
        return {"double": 2 * query.integer("number")}

Not covered: authentication, paging, request bodies.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from mocktools.router import Incoming, Reply

Body = Mapping[str, Any] | Sequence[Any]
Kind = Literal["string", "integer", "number", "date"]

LONGEST_TEXT = 200
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_MANY_DIGITS = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an API: what the caller is told of it and what the server checks.

    `example` is a value that works; the description shows it. `minimum` and `maximum` bound numbers.
    An optional parameter with a `default` behaves as if the default had been sent.
    """

    name: str
    description: str
    example: Any
    kind: Kind = "string"
    required: bool = True
    default: Any = None
    minimum: int | float | None = None
    maximum: int | float | None = None

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of this parameter."""
        schema: dict[str, Any] = {"type": "string" if self.kind == "date" else self.kind}
        if self.kind == "date":
            schema["format"] = "date"
        schema["description"] = f"{self.description}, e.g. {self.example}."
        bounds = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        return schema | {key: value for key, value in bounds.items() if value is not None}


class ApiError(Exception):
    """An API's refusal: becomes a reply with this `status`, worded by the provider's error style.

    `params` are the names of the parameters that are to blame; `code` is a short machine-readable reason.
    """

    def __init__(self, status: int, code: str, message: str, params: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.params = tuple(params)


ErrorStyle = Callable[[ApiError], Mapping[str, Any]]


def missing(*names: str) -> ApiError:
    """A 400: these required parameters were not sent."""
    one = len(names) == 1
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    message = f"Missing required parameter{'' if one else 's'}: {listed}"
    return ApiError(400, "missing_parameter", message, names)


def invalid(name: str, value: str, expected: str) -> ApiError:
    """A 400: parameter `name` has a value that is not what is `expected` ("an integer, e.g. 3")."""
    shown = value if len(value) <= 40 else value[:40] + "..."
    return ApiError(400, "invalid_parameter", f"Parameter '{name}' must be {expected}; got '{shown}'", (name,))


def not_found(message: str) -> ApiError:
    """A 404: the parameters are fine, but there is no such thing."""
    return ApiError(404, "not_found", message)


class Query:
    """The checked parameters of a request, and the server's date.

    Each accessor takes the name of a declared parameter and raises a 400 `ApiError` if its value does not fit.
    """

    def __init__(self, incoming: Incoming, declared: Sequence[Param]) -> None:
        self.today = incoming.today
        self._declared = {param.name: param for param in declared}
        self._sent = {name: value.strip() for name, value in incoming.params.items() if value.strip()}
        absent = [param.name for param in declared if param.required and param.name not in self._sent]
        if absent:
            raise missing(*absent)

    def has(self, name: str) -> bool:
        """Whether the parameter was sent or has a default."""
        return name in self._sent or self._declared[name].default is not None

    def text(self, name: str) -> str:
        """The value as text of at most 200 characters; empty for an optional parameter that was not sent.

        A JSON list or object, which is what a caller sends who wraps the text in one, is refused.
        """
        value = self._value(name)
        if value.startswith(("[", "{")):
            raise invalid(name, value, f"plain text{_eg(self._declared[name])}")
        if len(value) > LONGEST_TEXT:
            raise invalid(name, value, f"at most {LONGEST_TEXT} characters long")
        return value

    def integer(self, name: str) -> int:
        """The value as an integer within the parameter's bounds; "3" and "+3" count, "3.0" does not."""
        value = self._value(name)
        if not _INTEGER.fullmatch(value):
            param = self._declared[name]
            expected = _bounded("an integer", param) if _MANY_DIGITS.fullmatch(value) else f"an integer{_eg(param)}"
            raise invalid(name, value, expected)
        return int(self._within(name, value, int(value)))

    def number(self, name: str) -> float:
        """The value as a finite number within the parameter's bounds."""
        value = self._value(name)
        if len(value) > LONGEST_TEXT or not _NUMBER.fullmatch(value):
            raise invalid(name, value, f"a number{_eg(self._declared[name])}")
        return float(self._within(name, value, float(value)))

    def date(self, name: str) -> datetime.date:
        """The value as a date; only the form YYYY-MM-DD and real dates of the years 1 to 9999 count."""
        value = self._value(name)
        try:
            if _DATE.fullmatch(value):
                return datetime.date.fromisoformat(value)
        except ValueError:
            pass
        raise invalid(name, value, "a valid date in the form YYYY-MM-DD")

    def _value(self, name: str) -> str:
        default = self._declared[name].default
        return self._sent.get(name, "" if default is None else str(default))

    def _within(self, name: str, value: str, number: float) -> float:
        param = self._declared[name]
        low = param.minimum if param.minimum is not None else float("-inf")
        high = param.maximum if param.maximum is not None else float("inf")
        if not low <= number <= high or number in (float("inf"), float("-inf")):
            raise invalid(name, value, _bounded("an integer" if param.kind == "integer" else "a number", param))
        return number


def _eg(param: Param) -> str:
    return f", e.g. {param.example}"


def _bounded(what: str, param: Param) -> str:
    if param.minimum is None or param.maximum is None:
        return f"{what} of reasonable size"
    return f"{what} between {param.minimum} and {param.maximum}"


def respond(answer: Callable[[Query], Body], declared: Sequence[Param], style: ErrorStyle, incoming: Incoming) -> Reply:
    """The reply of an API: `answer`'s body as a 200, or an `ApiError` in the API's own `style`."""
    try:
        return Reply(200, orjson.dumps(answer(Query(incoming, declared))))
    except ApiError as error:
        return Reply(error.status, orjson.dumps(style(error)))
