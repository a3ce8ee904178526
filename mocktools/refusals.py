"""An API's refusals: what went wrong, before a provider's style words it.

    >>> missing("city", "days").message
    'Missing required parameters: city and days'

Not covered: how a refusal looks in a reply, see `styles.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class ApiError(Exception):
    """An API's refusal: becomes a reply with this `status`, worded by the provider's error style.

    `params` are the names of the parameters that are to blame, `places` where each travelled (query, path or body);
    `code` is a short machine-readable reason.
    """

    def __init__(self, status: int, code: str, message: str, params: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.params = tuple(params)
        self.places = ("query",) * len(self.params)


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


def not_found(message: str, *params: str) -> ApiError:
    """A 404: the parameters are fine, but there is no such thing."""
    return ApiError(404, "not_found", message, params)


def conflict(message: str, *params: str) -> ApiError:
    """A 409: what is asked for does not go together with what is there."""
    return ApiError(409, "conflict", message, params)
