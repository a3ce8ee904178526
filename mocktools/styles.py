"""The ways in which real APIs word an error; a provider picks one.

Every style keeps the message, which names the parameter at fault. Not covered: HTML error pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mocktools.refusals import ApiError, missing

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


def tagged(error: ApiError) -> Fields:
    """As to-do services do: a flat object with an upper-case tag."""
    fields: dict[str, Any] = {"error": error.message, "error_tag": error.code.upper(), "http_code": error.status}
    if error.params:
        fields["error_extra"] = {"argument": error.params[0]}
    return fields


def status_named(error: ApiError) -> Fields:
    """As large cloud platforms do: `error` with a number, a message, a status in capitals and the fields at fault."""
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    names |= {409: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
    name = names.get(error.status, "UNAVAILABLE")
    fields: dict[str, Any] = {"code": error.status, "message": error.message, "status": name}
    if error.params:
        fields["details"] = [{"field": name} for name in error.params]
    return {"error": fields}


def listed(error: ApiError) -> Fields:
    """As shops do: a list of `errors`, one a field, and an id of the request for their support."""
    digest = hashlib.sha256(error.message.encode("utf-8", "replace")).hexdigest()
    fields = [{"code": error.code.upper(), "field": name, "message": _of_one(error, name)} for name in error.params]
    return {"errors": fields or [{"code": error.code.upper(), "message": error.message}], "requestId": digest[:12]}


def form(error: ApiError) -> Fields:
    """As chat services do: a number for the kind of error, and the errors of each field of a form."""
    codes = {400: 50035, 401: 40001, 403: 50013, 404: 10008, 409: 30046, 429: 31001}
    fields: dict[str, Any] = {"message": error.message, "code": codes.get(error.status, 0)}
    if error.params and error.status == 400:
        fields["message"] = "Invalid Form Body"
        fields["errors"] = {
            name: {"_errors": [{"code": error.code.upper(), "message": _of_one(error, name)}]} for name in error.params
        }
    return fields


def _of_one(error: ApiError, name: str) -> str:
    """What a style that lists fields says of one of them."""
    return missing(name).message if error.code == "missing_parameter" else error.message


def json_api(error: ApiError) -> Fields:
    """As JSON:API does: a list of `errors`, each with its `source`."""
    fields: dict[str, Any] = {
        "status": str(error.status), "code": error.code.upper(), "title": HTTPStatus(error.status).phrase,
        "detail": error.message,
    }  # fmt: skip
    sources = [{"source": {"parameter": name}} for name in error.params] or [{}]
    return {"errors": [fields | source for source in sources]}


def typed(error: ApiError) -> Fields:
    """As cloud services do: the name of an exception class in `__type`."""
    names = {"missing_parameter": "MissingParameterException", "not_found": "ResourceNotFoundException"}
    return {"__type": names.get(error.code, "ValidationException"), "Message": error.message}


def hub(error: ApiError) -> Fields:
    """As a gateway does that stands before many APIs: `messages` for people, `info` for the developer."""
    return {"messages": f"The API answered with status {error.status}", "info": error.message}


def flag(error: ApiError) -> Fields:
    """A status word in capitals where the results would be."""
    words = {"missing_parameter": "INVALID_REQUEST", "not_found": "ZERO_RESULTS"}
    return {"results": None, "status": words.get(error.code, "INVALID_REQUEST"), "error_message": error.message}


def spanish(error: ApiError) -> Fields:
    """Of an API in Spanish; `detalle` keeps the words of the framework, as such APIs do."""
    names = ", ".join(error.params)
    said = {
        "missing_parameter": f"Falta el parámetro obligatorio: {names}",
        "invalid_parameter": f"Valor no válido en el parámetro: {names}",
    }
    return {"ok": False, "mensaje": said.get(error.code, error.message), "detalle": error.message}


def german(error: ApiError) -> Fields:
    """Of an API in German; `details` keeps the words of the framework, as such APIs do."""
    names = ", ".join(error.params)
    said = {
        "missing_parameter": f"Pflichtparameter fehlt: {names}",
        "invalid_parameter": f"Ungültiger Wert für Parameter: {names}",
    }
    return {"fehler": said.get(error.code, error.message), "statuscode": error.status, "details": error.message}
