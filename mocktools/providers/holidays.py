"""Public holidays: those of a country in a year, and the next one from today.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("list_public_holidays").call({"country_code": "FR", "year": 2026}).body)

Real data (Python package holidays), years 2024 to 2027. Strict like its models: a country is a two-letter
code. Not covered: holidays of states and regions.
"""

from __future__ import annotations

import datetime
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.providers.calendar import WEEKDAYS
from mocktools.server import Body, Param, Query, invalid, not_found


def _country(query: Query) -> tuple[str, dict[str, Any]]:
    code = query.text("country_code").upper()
    if not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise invalid("country_code", query.text("country_code"), "a two-letter ISO 3166-1 country code, e.g. FR")
    table = fixtures.table("holidays")["countries"]
    if code not in table:
        raise not_found(f"No holidays are available for country_code '{code}'")
    return code, table[code]


def _year(query: Query) -> Body:
    code, row = _country(query)
    year = query.integer("year")
    listed = [{"date": day, "name": name} for day, name in row["holidays"] if day.startswith(f"{year}-")]
    return {"country": row["name"], "country_code": code, "year": year, "holidays": listed}


def _next(query: Query) -> Body:
    code, row = _country(query)
    today = query.today.isoformat()
    coming = next(([day, name] for day, name in row["holidays"] if day >= today), None)
    if coming is None:
        raise not_found(f"No holiday after {today} is known for country_code '{code}'")
    day = datetime.date.fromisoformat(coming[0])
    return {
        "country": row["name"],
        "name": coming[1],
        "date": coming[0],
        "day_of_week": WEEKDAYS[day.weekday()],
        "days_until": (day - query.today).days,
    }


CODE = Param("country_code", "Two-letter country code", "FR")

PROVIDER = Provider(
    name="holidays",
    host="date.open-holidays.example",
    errors=styles.problem,
    fixtures=("holidays",),
    endpoints=(
        Endpoint(
            tool="list_public_holidays",
            description="List the public holidays of a country in a year.",
            path="/api/v3/publicholidays",
            params=(CODE, Param("year", "Year", 2026, kind="integer", minimum=2024, maximum=2027)),
            answer=_year,
            tags=("holidays", "dates"),
        ),
        Endpoint(
            tool="get_next_public_holiday",
            description="Get the next public holiday of a country, counted from today.",
            path="/api/v3/nextpublicholiday",
            params=(CODE,),
            answer=_next,
            tags=("holidays", "dates"),
        ),
    ),
)
