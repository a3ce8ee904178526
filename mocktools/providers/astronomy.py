"""The sky: sunrise and sunset at a place, the phase of the moon.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("getSunTimes").call({"lat": 48.85, "lng": 2.35, "date": "2026-06-21"}).body)

Computed by `mocktools/sky.py`, to about a minute. Not covered: the height of a place, refraction other than the usual
34', eclipses.
"""

from __future__ import annotations

import datetime

from mocktools import sky, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid

# Outside these years the difference of the earth's turning from steady time would need a longer formula.
YEARS = (1900, 2100)


def _day(query: Query) -> datetime.date:
    day = query.date("date") if query.has("date") else query.today
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise invalid("date", day.isoformat(), f"a date of the years {YEARS[0]} to {YEARS[1]}")
    return day


def _iso(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _minute(moment: datetime.datetime) -> str:
    return (moment + datetime.timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%MZ")


def _sun(query: Query) -> Body:
    day = _day(query)
    times = sky.sun_times(query.number("lat"), query.number("lng"), day)
    seconds = times.day_length
    return {
        "results": {
            "sunrise": _iso(times.sunrise),
            "sunset": _iso(times.sunset),
            "solar_noon": _iso(times.noon),
            "day_length": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
            "polar": times.polar,
        },
        "date": day.isoformat(),
        "status": "OK",
        "tzid": "UTC",
    }


def _moon(query: Query) -> Body:
    day = _day(query)
    noon = datetime.datetime.combine(day, datetime.time(12))
    moon = sky.moon(noon)
    return {
        "results": {
            "phase": moon.phase,
            "illumination_percent": round(100 * moon.illumination, 1),
            "age_days": round(moon.age, 1),
            "waxing": moon.waxing,
            "next_new_moon": _minute(sky.next_phase(noon, 0)),
            "next_full_moon": _minute(sky.next_phase(noon, 2)),
        },
        "date": day.isoformat(),
        "time": "12:00:00Z",
        "status": "OK",
    }


PROVIDER = Provider(
    name="astronomy",
    host="api.suntimes-and-moon.example",
    errors=styles.flag,
    endpoints=(
        Endpoint(
            tool="getSunTimes",
            description="Sunrise, sunset, solar noon and day length at a latitude and longitude on a date. "
            "All times are UTC.",
            path="/json",
            params=(
                Param("lat", "Latitude in degrees, south is negative", 48.8566, "number", minimum=-90, maximum=90),
                Param("lng", "Longitude in degrees, west is negative", 2.3522, "number", minimum=-180, maximum=180),
                Param("date", "YYYY-MM-DD, default today", "2026-06-21", kind="date", required=False),
            ),
            answer=_sun,
            tags=("astronomy",),
        ),
        Endpoint(
            tool="getMoonPhase",
            description="Phase and illumination of the moon on a date, and the next new and full moon.",
            path="/json/moon",
            params=(Param("date", "YYYY-MM-DD, default today", "2026-08-12", kind="date", required=False),),
            answer=_moon,
            tags=("astronomy",),
        ),
    ),
)  # fmt: skip
