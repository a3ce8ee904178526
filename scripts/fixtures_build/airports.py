"""Airports (airportsdata): the international ones and those of the larger cities."""

from __future__ import annotations

import re
from typing import Any

from fixtures_build.common import package
from fixtures_build.places import cities, geonames, plain

# The package also knows military fields, and places of other vehicles, that have an IATA code.
OTHER = re.compile(
    r"heliport|seaplane|railway|station|ferry|bus |base|airfield|airstrip|\b(nas|mcas|raf|afb)\b", re.IGNORECASE
)
# Where a place has no ICAO code yet the package makes one up with an underscore, and knows little else of it.
ICAO = re.compile("[A-Z0-9]{4}")


def airports() -> dict[str, Any]:
    """The content of airports.json, by IATA code."""
    _, lands, _ = geonames()
    known = {(plain(row["name"]), row["country_code"]) for row in cities()["cities"]}
    known |= {(plain(name), row["country_code"]) for row in cities()["cities"] for name in row.get("aliases", ())}
    rows = []
    for code, row in sorted(package("airportsdata").load("IATA").items()):
        parts = [plain(part) for part in row["city"].split(",")]
        in_city = any((part, row["country"]) in known for part in parts) and not OTHER.search(row["name"])
        if row["country"] in lands and ICAO.fullmatch(row["icao"]) and (in_city or "International" in row["name"]):
            rows.append(_airport(code, row, lands))
    return {
        "source": "Python package airportsdata 20260905 (https://github.com/mborsetti/airportsdata)",
        "as_of": "2026-09-05",
        "license": "MIT, copyright Mike Borsetti",
        "about": "Airports with `International` in their name and those of the cities in cities.json. Heights in feet.",
        "airports": rows,
    }


def _airport(code: str, row: dict[str, Any], lands: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "iata": code, "icao": row["icao"], "name": " ".join(row["name"].split()), "city": row["city"],
        "country_code": row["country"], "country": lands[row["country"]]["name"], "latitude": round(row["lat"], 4),
        "longitude": round(row["lon"], 4), "elevation_ft": round(row["elevation"]), "timezone": row["tz"],
    }  # fmt: skip
