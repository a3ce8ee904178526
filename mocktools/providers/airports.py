"""Airports: one by its code, a search by city or name, and the distance of a flight.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("get_airport").call({"code": "ZRH"}).body)

Real data (airportsdata): about 1,400 international airports and those of larger cities. Not covered: flights, airlines,
the state of an airport today.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.cities import great_circle
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid, not_found
from mocktools.text import fold, words

Row = dict[str, Any]
# What an airliner flies in an hour, and the half hour that taxiing, climbing and landing take.
CRUISE_KMH, GROUND_HOURS = 850, 0.5


@lru_cache(maxsize=1)
def _by_code() -> dict[str, Row]:
    rows = fixtures.table("airports")["airports"]
    return {row[key]: row for key in ("icao", "iata") for row in rows}


def _airport(query: Query, name: str) -> Row:
    code = query.text(name).upper()
    if not (len(code) in (3, 4) and code.isascii() and code.isalnum()):
        raise invalid(name, query.text(name), "an IATA code of 3 or an ICAO code of 4 characters, e.g. ZRH")
    if code not in _by_code():
        raise not_found(f"No airport has the code '{code}'")
    return _by_code()[code]


def _brief(row: Row) -> Row:
    return {key: row[key] for key in ("iata", "name", "city", "country")}


def _get(query: Query) -> Body:
    row = _airport(query, "code")
    return {
        **_brief(row),
        "icao": row["icao"],
        "location": {"lat": row["latitude"], "lon": row["longitude"], "elevation_ft": row["elevation_ft"]},
        "country_code": row["country_code"],
        "timezone": row["timezone"],
        "type": "airport",
    }


def _search(query: Query) -> Body:
    wanted, country = set(words(query.text("query"))), query.text("country_code").upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise invalid("country_code", query.text("country_code"), "a two-letter country code, e.g. GB")
    found = []
    for row in fixtures.table("airports")["airports"]:
        in_city, in_name = set(words(row["city"])), set(words(row["name"]))
        if wanted and wanted <= in_city | in_name and country in ("", row["country_code"]):
            # The airports of a city of this name come before those that only bear it.
            found.append((fold(row["city"]) != fold(query.text("query")), not wanted <= in_city, row["iata"], row))
    rows = [row for *_, row in sorted(found, key=lambda entry: entry[:3])]
    offset, limit = query.integer("offset"), query.integer("limit")
    return {
        "airports": [_brief(row) for row in rows[offset : offset + limit]],
        "total": len(rows),
        "limit": limit,
        "offset": offset,
    }


def _distance(query: Query) -> Body:
    origin, target = _airport(query, "origin"), _airport(query, "destination")
    km = great_circle(origin["latitude"], origin["longitude"], target["latitude"], target["longitude"])
    minutes = math.ceil((km / CRUISE_KMH + GROUND_HOURS) * 12) * 5 if km else 0
    return {
        "distance": {"km": round(km), "miles": round(km / 1.609344), "nautical_miles": round(km / 1.852)},
        "estimated_flight_time": f"{minutes // 60} h {minutes % 60:02} min",
        "origin": _brief(origin),
        "destination": _brief(target),
    }


PROVIDER = Provider(
    name="airports",
    host="api.aerodata.example",
    errors=styles.detail,
    fixtures=("airports",),
    endpoints=(
        Endpoint(
            tool="get_airport",
            description="Get name, city, coordinates, elevation and time zone of an airport by its IATA or ICAO code.",
            path="/v1/airport",
            params=(Param("code", "IATA or ICAO code", "ZRH"),),
            answer=_get,
            tags=("travel", "places"),
        ),
        Endpoint(
            tool="search_airports",
            description="Search airports by city or name and get their IATA codes.",
            path="/v1/airports",
            params=(
                Param("query", "City or name of the airport", "London"),
                Param("country_code", "Only this country, as a two-letter code", "GB", required=False),
                Param(
                    "limit", "Most airports to return", 5, kind="integer", required=False,
                    default=5, minimum=1, maximum=8,
                ),
                Param(
                    "offset", "How many to skip", 5, kind="integer", required=False, default=0, minimum=0, maximum=2000
                ),
            ),
            answer=_search,
            tags=("travel", "search"),
        ),
        Endpoint(
            tool="get_flight_distance",
            description="Get the great-circle distance between two airports and a rough flight time.",
            path="/v1/distance",
            params=(
                Param("origin", "Code of the airport of departure", "ZRH"),
                Param("destination", "Code of the airport of arrival", "JFK"),
            ),
            answer=_distance,
            tags=("travel",),
        ),
    ),
)  # fmt: skip
