"""Where an API lives and what it wants to know of its caller.

    >>> variables_filled("https://{region}.pets.example/{v}", {"v": {"default": "v2"}})
    'https://region.pets.example/v2'

Not covered: servers that the caller chooses; mutual TLS and digest authentication, which no secret is made for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from mocktools.exchanges.rules import url_problem
from mocktools.openapi.document import Document
from mocktools.openapi.wording import slug, variable

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
_NAMED = re.compile(r"\{([^{}]{1,100})\}")


def base(document: Document, told: Sequence[Mapping[str, Any]]) -> str:
    """The address that paths are added to; `told` are the path item and the operation, whose own servers go first.

    A relative or unusable address is put under `https://<title>.example`.
    """
    home = f"https://{slug(document.title)}.example"
    for holder in (*reversed(told), document.content):
        servers = holder.get("servers")
        for server in servers if isinstance(servers, list) else []:
            url = server.get("url") if isinstance(server, Mapping) else None
            if isinstance(url, str) and url.strip():
                known = server.get("variables")
                return _usable(variables_filled(url.strip(), known if isinstance(known, Mapping) else {}), home)
    return home


def variables_filled(url: str, known: Mapping[str, Any]) -> str:
    """`url` with the default of each variable, or the variable's own name."""

    def default(found: re.Match[str]) -> str:
        told = known.get(found[1])
        value = told.get("default") if isinstance(told, Mapping) else None
        return str(value) if isinstance(value, str | int | float) and str(value) else slug(found[1])

    return _NAMED.sub(default, url)


def _usable(url: str, home: str) -> str:
    url = url.partition("?")[0].partition("#")[0].rstrip("/")
    try:
        address = urlsplit(url)
    except ValueError:
        return home
    path = address.path if address.path.startswith("/") or not address.path else f"/{address.path.removeprefix('./')}"
    whole = f"{address.scheme}://{address.netloc.lower()}{path}" if address.netloc else f"{home}{path}"
    if address.netloc and (address.scheme not in ("http", "https") or not _HOST.fullmatch(address.netloc.lower())):
        whole = f"{home}{path}"
    return whole if url_problem(whole) is None and "{" not in whole else home


def secrets(document: Document, operation: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is sent when a live API is asked: the first way to sign in that is known here."""
    wanted = operation.get("security", document.content.get("security"))
    components = document.content.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    if not isinstance(wanted, list) or not isinstance(schemes, Mapping):
        return []
    for way in wanted:
        found = (
            [_secret(document.title, name, document.resolved(schemes.get(name))) for name in way]
            if isinstance(way, Mapping)
            else []
        )
        if found and all(found):
            return [secret for secret in found if secret is not None]
    return []


def _secret(title: str, name: str, scheme: Any) -> dict[str, str] | None:
    if not isinstance(scheme, Mapping):
        return None
    kind, value = scheme.get("type"), f"${{{variable(title, name)}}}"
    if kind == "apiKey" and scheme.get("in") in ("header", "query", "cookie") and isinstance(scheme.get("name"), str):
        return {"in": scheme["in"], "name": scheme["name"], "value": value} if scheme["name"] else None
    http = str(scheme.get("scheme", "")).lower()
    if kind == "http" and http == "basic":
        return {"in": "header", "name": "Authorization", "value": f"Basic {value}"}
    if kind in ("oauth2", "openIdConnect") or (kind == "http" and http == "bearer"):
        return {"in": "header", "name": "Authorization", "value": f"Bearer {value}"}
    return None
