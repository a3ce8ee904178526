"""The ways in which real APIs word an error; a provider picks one.

Every style keeps the message, which names the parameter at fault. Not covered: HTML error pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mocktools.refusals import ApiError

Fields = Mapping[str, Any]


def reason(error: ApiError) -> Fields:
    """As weather services do: `{"error": true, "reason": ...}`."""
    return {"error": True, "reason": error.message}


def message(error: ApiError) -> Fields:
    """The plainest: `{"message": ..., "status": 404}`."""
    return {"message": error.message, "status": error.status}


def detail(error: ApiError) -> Fields:
    """As Python web frameworks do: a `detail` with the place of each mistake."""
    if not error.params:
        return {"detail": error.message}
    msg = "Field required" if error.code == "missing_parameter" else error.message
    where = zip(error.places, error.params, strict=True)
    return {"detail": [{"loc": [place, name], "msg": msg, "type": error.code} for place, name in where]}


def coded(error: ApiError) -> Fields:
    """As payment and data services do: an `error` object with a code and the parameter."""
    fields: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.params:
        fields["param"] = error.params[0]
    return {"error": fields}


def problem(error: ApiError) -> Fields:
    """RFC 9457 problem details: `type`, `title`, `status`, `detail`."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
    }


def unsuccessful(error: ApiError) -> Fields:
    """`{"success": false, "error": {...}}`, where some APIs send `success` with each reply."""
    return {"success": False, "error": {"type": error.code, "info": error.message}}
