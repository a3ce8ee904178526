"""The server side of a mock API: what an answer function is given, and what it may raise.

A provider's answer function takes a `Query` and returns the body of the reply, or raises `ApiError`:

    def answer(query: Query) -> Body:
        return {"double": 2 * query.integer("number")}

Not covered: authentication, uploads.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from mocktools.params import Param, Place
from mocktools.refusals import ApiError, ErrorStyle, conflict, invalid, missing, not_found
from mocktools.router import Incoming
from mocktools.values import read

__all__ = [
    "ApiError", "Body", "ErrorStyle", "Param", "Query", "conflict", "invalid", "missing", "not_found",
]  # fmt: skip

Body = Mapping[str, Any] | Sequence[Any]


class Query:
    """The checked parameters of a request, the server's date, and the state of the provider (None without one).

    Each accessor takes the name of a declared parameter and raises a 400 `ApiError` if its value does not fit. A null
    and a blank text count as not sent.
    """

    def __init__(
        self,
        incoming: Incoming,
        declared: Sequence[Param],
        places: Mapping[str, Place],
        state: Any = None,
    ) -> None:
        self.today = incoming.today
        self.state = state
        self._declared = {param.name: param for param in declared}
        self._places = places
        self._sent = self._gathered(incoming)
        absent = [param.name for param in declared if param.required and param.name not in self._sent]
        if absent:
            raise missing(*absent)

    def has(self, name: str) -> bool:
        """Whether the parameter was sent or has a default."""
        return name in self._sent or self._declared[name].default is not None

    def value(self, name: str) -> Any:
        """The value as Python has it: text, number, bool, date, time, datetime (UTC), list or dict.

        For an optional parameter that was not sent: its default, or else empty text for a string, None for the rest.
        """
        param = self._declared[name]
        if name not in self._sent and param.default is None:
            return "" if param.kind == "string" else None
        wire = self._places[name] != "body" and name in self._sent
        return read(param, self._sent.get(name, param.default), name, wire=wire)

    def values(self) -> dict[str, Any]:
        """All parameters that were sent or have a default, each checked, in the declared order."""
        return {name: self.value(name) for name in self._declared if self.has(name)}

    def text(self, name: str) -> str:
        """The value as text of bounded length; empty for an optional parameter that was not sent.

        A JSON list or object, which is what a caller sends who wraps the text in one, is refused.
        """
        return str(self.value(name))

    def integer(self, name: str) -> int:
        """The value as an integer within the parameter's bounds; "3" and "+3" count, "3.0" does not."""
        return int(self._there(name))

    def number(self, name: str) -> float:
        """The value as a finite number within the parameter's bounds."""
        return float(self._there(name))

    def date(self, name: str) -> datetime.date:
        """The value as a date; only the form YYYY-MM-DD and real dates of the years 1 to 9999 count."""
        found: datetime.date = self._there(name)
        return found

    def _there(self, name: str) -> Any:
        """A value; one that was not sent is refused as an empty text would be."""
        if not self.has(name):
            return read(self._declared[name], "", name, wire=True)
        return self.value(name)

    def _gathered(self, incoming: Incoming) -> dict[str, Any]:
        """What was sent, from each parameter's own place; blank texts and nulls left out."""
        places = set(self._places.values())
        sources: dict[Place, Mapping[str, Any]] = {"query": incoming.params, "path": incoming.path}
        sources["body"] = body_of(incoming) if "body" in places else {}
        found = {}
        for name, place in self._places.items():
            value = sources[place].get(name)
            if isinstance(value, str):
                value = value.strip() or None
            if value is not None:
                found[name] = value
        return found


def body_of(incoming: Incoming) -> dict[str, Any]:
    """The JSON object in a request's body; an empty body counts as an empty object. Raises a 400 `ApiError`."""
    try:
        body = json.loads(incoming.body or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_body", "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_body", 'The request body must be a JSON object, e.g. {"key": "value"}')
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
