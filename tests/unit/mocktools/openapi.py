"""Documents in a few lines, and what an import makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mocktools.openapi import Imported, import_document

JSON = "application/json"


def document(paths: dict[str, Any], version: str = "3.1.0", **parts: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "Pet Store", "version": "1"}, "paths": paths, **parts}


def operation(*parameters: dict[str, Any], body: Any = None, answer: Any = None, **more: Any) -> dict[str, Any]:
    """An operation with these parameters, a JSON body of this schema, and this medium as its answer."""
    content = {"content": {JSON: answer}} if answer is not None else {}
    found: dict[str, Any] = {"responses": {"200": {"description": "fine", **content}}, **more}
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"content": {JSON: {"schema": body}}}
    return found


def query(name: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}, **more}


def imported(tmp_path: Path, content: Any, **options: Any) -> Imported:
    file = tmp_path / "api.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return import_document(file, tmp_path / "out", **{"check": False, **options})


def entries(tmp_path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((tmp_path / "out/tools.json").read_text(encoding="utf-8"))["tools"]
    return found


def sole(tmp_path: Path, path: str, method: str, content: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The entry of a document with one operation."""
    made = imported(tmp_path, document({path: {method: content}}, **parts))
    assert not made.skipped
    (entry,) = entries(tmp_path)
    return entry
