"""Time zones: the local time of a city now, a time of one zone in another, a zone's offset and clock changes.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("convert_time").call({"time": "09:30", "from": "New York", "to": "Tokyo"}).body)

Offsets come from `fixtures/zones.json`, not from the machine's zone tables, so every machine agrees. "Now" is
noon UTC of the run's date. Not covered: dates outside the years 2024 to 2027.
"""

from __future__ import annotations

import datetime
import re
from functools import cache, lru_cache

from mocktools import cities, fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.providers.calendar import WEEKDAYS
from mocktools.server import ApiError, Body, Param, Query, invalid, not_found
from mocktools.text import fold

UTC = datetime.timezone.utc
# What people call a zone, with its daylight saving: "EST" in July is taken for New York's time.
ABBREVIATIONS = {
    "gmt": "UTC",
    "z": "UTC",
    "est": "America/New_York",
    "edt": "America/New_York",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "bst": "Europe/London",
    "cet": "Europe/Paris",
    "cest": "Europe/Paris",
    "ist": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
}
_TIME = re.compile(r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})[T ])?([0-9]{1,2}:[0-9]{2})(?::[0-9]{2})?", re.ASCII)

Period = tuple[datetime.datetime, datetime.timedelta, str, bool]


@cache
def _periods(zone: str) -> tuple[Period, ...]:
    """The periods of one offset: since when (UTC), the offset, its abbreviation, daylight saving or not."""
    rows = fixtures.table("zones")["zones"][zone]
    return tuple(
        (datetime.datetime.strptime(since, "%Y-%m-%dT%H:%MZ"), datetime.timedelta(seconds=offset), short, saving)
        for since, offset, short, saving in rows
    )


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """The zones by their folded names and abbreviations."""
    return {fold(zone): zone for zone in fixtures.table("zones")["zones"]} | ABBREVIATIONS


def _at(zone: str, moment: datetime.datetime) -> Period:
    """The period of a zone at a moment in UTC (without tzinfo)."""
    return next(period for period in reversed(_periods(zone)) if period[0] <= moment)


def _to_utc(zone: str, local: datetime.datetime) -> datetime.datetime:
    """A zone's wall-clock time in UTC: the earlier of two when clocks go back, shifted on when they skip it."""
    candidates = {local - offset for _, offset, *_ in _periods(zone)}
    real = [moment for moment in candidates if moment + _at(zone, moment)[1] == local]
    return min(real) if real else local - _at(zone, local - datetime.timedelta(days=1))[1]


def _zone(query: Query, name: str) -> str:
    """The zone that a parameter means: an IANA name, an abbreviation or a city."""
    text = query.text(name)
    known = _names().get(fold(text))
    if known:
        return known
    try:
        return cities.find(text).zone
    except ApiError:
        raise not_found(f"Unknown time zone or city '{text}' in parameter '{name}'") from None


def _offset_text(offset: datetime.timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _local_time(query: Query) -> Body:
    city = cities.find(query.text("city"))
    now = datetime.datetime.combine(query.today, datetime.time(12))
    _, offset, short, saving = _at(city.zone, now)
    local = now + offset
    return {
        "city": city.name,
        "country": city.country,
        "local_time": local.strftime("%Y-%m-%d %H:%M"),
        "day_of_week": WEEKDAYS[local.weekday()],
        "timezone": city.zone,
        "abbreviation": short,
        "utc_offset": _offset_text(offset),
        "daylight_saving": saving,
        "utc_time": now.strftime("%Y-%m-%d %H:%M"),
    }


def _wall_clock(query: Query) -> datetime.datetime:
    value = query.text("time")
    match = _TIME.fullmatch(value)
    expected = "a time as HH:MM or YYYY-MM-DD HH:MM of the years 2024 to 2027"
    try:
        day = datetime.date.fromisoformat(match[1]) if match and match[1] else query.today
        if match and 2024 <= day.year <= 2027:
            return datetime.datetime.strptime(f"{day} {match[2]}", "%Y-%m-%d %H:%M")
    except ValueError:
        pass
    raise invalid("time", value, expected)


def _convert(query: Query) -> Body:
    wall, source, target = _wall_clock(query), _zone(query, "from"), _zone(query, "to")
    moment = _to_utc(source, wall)
    before, after = _at(source, moment), _at(target, moment)
    start, result = moment + before[1], moment + after[1]
    return {
        "result": result.strftime("%Y-%m-%d %H:%M"),
        "day_of_week": WEEKDAYS[result.weekday()],
        "from": {"time": start.strftime("%Y-%m-%d %H:%M"), "timezone": source, "utc_offset": _offset_text(before[1])},
        "to": {
            "time": result.strftime("%Y-%m-%d %H:%M"), "timezone": target, "utc_offset": _offset_text(after[1])
        },
        "difference_hours": (after[1] - before[1]).total_seconds() / 3600,
    }  # fmt: skip


def _zone_info(query: Query) -> Body:
    zone = _zone(query, "timezone")
    day = query.date("date") if query.has("date") else query.today
    if not 2024 <= day.year <= 2027:
        raise invalid("date", day.isoformat(), "a date of the years 2024 to 2027")
    moment = datetime.datetime.combine(day, datetime.time(12))
    _, offset, short, saving = _at(zone, moment)
    # A zone that stays on summer time for good changes its abbreviation, not its clocks.
    later = next((period for period in _periods(zone) if period[0] > moment and period[1] != offset), None)
    return {
        "timezone": zone,
        "utc_offset": _offset_text(offset),
        "abbreviation": short,
        "daylight_saving": saving,
        "date": day.isoformat(),
        "next_change": later and {
            "utc": later[0].strftime("%Y-%m-%dT%H:%MZ"),
            "local_before": (later[0] + offset).strftime("%Y-%m-%d %H:%M"),
            "local_after": (later[0] + later[1]).strftime("%Y-%m-%d %H:%M"),
            "utc_offset": _offset_text(later[1]),
            "daylight_saving": later[3],
        },
        "offset_seconds": int(offset.total_seconds()),
    }  # fmt: skip


def _unix(query: Query) -> Body:
    now = datetime.datetime.combine(query.today, datetime.time(12), UTC)
    return {
        "unix_time": int(now.timestamp()),
        "milliseconds": int(now.timestamp()) * 1000,
        "iso_8601": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "server": "time-1",
    }


PROVIDER = Provider(
    name="clock",
    host="api.zonetime.example",
    errors=styles.coded,
    fixtures=("cities", "countries", "zones"),
    endpoints=(
        Endpoint(
            tool="get_local_time",
            description="Get the current local date and time in a city, with its time zone and UTC offset.",
            path="/api/v2/now",
            params=(Param("city", "City name", "Tokyo"),),
            answer=_local_time,
            tags=("time",),
        ),
        Endpoint(
            tool="convert_time",
            description="Convert a time from the time zone of one city to that of another.",
            path="/api/v2/convert",
            params=(
                Param("time", "Time as HH:MM (today) or YYYY-MM-DD HH:MM", "15:30"),
                Param("from", "City or time zone of that time", "London"),
                Param("to", "City or time zone to convert to", "Tokyo"),
            ),
            answer=_convert,
            tags=("time",),
        ),
        Endpoint(
            tool="get_time_zone",
            description="Get the UTC offset of a time zone on a day, whether daylight saving applies, and when its "
            "clocks change next.",
            path="/api/v2/zone",
            params=(
                Param("timezone", "City or IANA time zone", "Europe/Berlin"),
                Param("date", "Day as YYYY-MM-DD (default: today)", "2026-07-01", kind="date", required=False),
            ),
            answer=_zone_info,
            tags=("time",),
        ),
        Endpoint(
            tool="get_unix_time",
            description="Get the current Unix timestamp, in seconds and milliseconds since 1970.",
            path="/api/v2/unixtime",
            answer=_unix,
            tags=("time",),
        ),
    ),
)
