"""Public holidays: those of a country in a year or between dates, the next one, and whether a day is one.

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


def _between(query: Query) -> Body:
    _, row = _country(query)
    start, end = query.date("start_date"), query.date("end_date")
    if not FIRST <= start <= LAST:
        raise invalid("start_date", start.isoformat(), f"a date from {FIRST} to {LAST}")
    if not start <= end <= LAST:
        raise invalid("end_date", end.isoformat(), f"a date from start_date to {LAST}")
    found = [pair for pair in row["holidays"] if start.isoformat() <= pair[0] <= end.isoformat()]
    offset, limit = query.integer("offset"), query.integer("limit")
    return {
        "holidays": [{"date": day, "name": name} for day, name in found[offset : offset + limit]],
        "total": len(found),
        "offset": offset,
        "country": row["name"],
    }


def _check(query: Query) -> Body:
    code, row = _country(query)
    day = query.date("date") if query.has("date") else query.today
    if not FIRST <= day <= LAST:
        raise invalid("date", day.isoformat(), f"a date from {FIRST} to {LAST}")
    names = [name for date, name in row["holidays"] if date == day.isoformat()]
    return {
        "is_holiday": bool(names),
        "name": names[0] if names else None,
        "date": day.isoformat(),
        "day_of_week": WEEKDAYS[day.weekday()],
        "is_weekend": day.weekday() >= 5,
        "country": row["name"],
        "country_code": code,
    }


# What the table covers.
FIRST, LAST = datetime.date(2024, 1, 1), datetime.date(2027, 12, 31)
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
        Endpoint(
            tool="list_holidays_between",
            description="List the public holidays of a country from one date to another.",
            path="/api/v3/publicholidays/between",
            params=(
                CODE,
                Param("start_date", "First day as YYYY-MM-DD", "2026-12-01", kind="date"),
                Param("end_date", "Last day as YYYY-MM-DD", "2027-01-31", kind="date"),
                Param(
                    "limit", "Most holidays to return", 10, kind="integer", required=False,
                    default=10, minimum=1, maximum=12,
                ),
                Param(
                    "offset", "How many to skip", 0, kind="integer", required=False, default=0, minimum=0, maximum=500
                ),
            ),
            answer=_between,
            tags=("holidays", "dates"),
        ),
        Endpoint(
            tool="check_public_holiday",
            description="Tell whether a day is a public holiday in a country. Checks today if no date is given.",
            path="/api/v3/ispublicholiday",
            params=(CODE, Param("date", "Day as YYYY-MM-DD", "2026-12-25", kind="date", required=False)),
            answer=_check,
            tags=("holidays", "dates"),
        ),
    ),
)  # fmt: skip
