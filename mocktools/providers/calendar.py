"""Dates: today's date, adding days, days between.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("add_date").call({"days": 7}).body)

Not covered: business days, other calendars than the Gregorian.
"""

from __future__ import annotations

import datetime

from mocktools import styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# A hundred years.
MOST_DAYS = 36525


def _today(query: Query) -> Body:
    week = query.today.isocalendar()
    return {
        "date": query.today.isoformat(),
        "day_of_week": WEEKDAYS[query.today.weekday()],
        "week_number": week[1],
        "day_of_year": query.today.timetuple().tm_yday,
        "timezone": "UTC",
    }


def _add(query: Query) -> Body:
    start = query.date("date") if query.has("date") else query.today
    days = query.integer("days")
    try:
        result = start + datetime.timedelta(days=days)
    except OverflowError:
        raise invalid("days", str(days), f"small enough to stay within the years 1 to 9999 from {start}") from None
    return {
        "date": result.isoformat(),
        "day_of_week": WEEKDAYS[result.weekday()],
        "start_date": start.isoformat(),
        "days_added": days,
    }


def _between(query: Query) -> Body:
    start, end = query.date("start_date"), query.date("end_date")
    days = (end - start).days
    return {
        "days": days,
        "weeks": round(days / 7, 2),
        "start_date": start.isoformat(),
        "start_day_of_week": WEEKDAYS[start.weekday()],
        "end_date": end.isoformat(),
        "end_day_of_week": WEEKDAYS[end.weekday()],
    }


PROVIDER = Provider(
    name="calendar",
    host="api.calendarkit.example",
    errors=styles.message,
    endpoints=(
        Endpoint(
            tool="get_today_date",
            description="Get today's date and day of the week.",
            path="/v1/today",
            answer=_today,
            tags=("dates",),
        ),
        Endpoint(
            tool="add_date",
            description="Add a number of days to a date, or subtract them with a negative number. "
            "Starts from today if no date is given.",
            path="/v1/add",
            params=(
                Param("days", "Number of days to add", 10, kind="integer", minimum=-MOST_DAYS, maximum=MOST_DAYS),
                Param("date", "Start date as YYYY-MM-DD", "2026-12-24", kind="date", required=False),
            ),
            answer=_add,
            tags=("dates",),
        ),
        Endpoint(
            tool="get_days_between",
            description="Count the days from one date to another.",
            path="/v1/between",
            params=(
                Param("start_date", "First date as YYYY-MM-DD", "2026-11-01", kind="date"),
                Param("end_date", "Second date as YYYY-MM-DD", "2026-12-25", kind="date"),
            ),
            answer=_between,
            tags=("dates",),
        ),
    ),
)
