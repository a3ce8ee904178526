"""Weather of today, a forecast and past days. The weather is INVENTED: a plausible climate, not observations.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("forecast_weather").call({"city": "Oslo", "days": 2}).body)

Temperature follows latitude and season, and a hash of city and date adds the day's mood, so that a date has
the same weather in today's report, in an earlier forecast and in the history.
`fixtures/climate.json` holds the parameters.
Not covered: altitude (so La Paz is too warm), sea and desert climates, hours of the day.
"""

from __future__ import annotations

import datetime
import hashlib
import math
from typing import Any

from mocktools import fixtures, styles
from mocktools.cities import City, find
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid


def _day(city: City, day: datetime.date) -> dict[str, Any]:
    """The invented weather of a city on a day; temperatures in Celsius, wind in km/h, rain in mm."""
    table = fixtures.table("climate")
    upper = next(row for row in table["bands"] if abs(city.latitude) <= row["latitude"])
    lower = [row for row in table["bands"] if row["latitude"] <= upper["latitude"]][-2:][0]
    span = upper["latitude"] - lower["latitude"]
    part = (abs(city.latitude) - lower["latitude"]) / span if span else 0.0
    mean, swing = (lower[key] + part * (upper[key] - lower[key]) for key in ("mean", "swing"))
    # The warmest day is about 20 July in the north, half a year later in the south.
    season = math.cos(2 * math.pi * (day.timetuple().tm_yday - 201) / 365.25) * (1 if city.latitude >= 0 else -1)
    mood = hashlib.sha256(f"{city.id} {day.isoformat()}".encode()).digest()
    habit = hashlib.sha256(str(city.id).encode()).digest()
    warm = mean + swing * season + (habit[0] / 255 - 0.5) * 3 + (mood[0] / 255 - 0.5) * 6
    spread = 3 + 3 * mood[1] / 255
    wet = mood[2] / 255 < upper["wet_days"]
    sky = table["wet_sky" if wet else "dry_sky"]
    condition = sky[mood[3] * len(sky) // 256]
    if wet and warm < 1:
        condition = "Snow"
    return {
        "date": day.isoformat(),
        "condition": condition,
        "high_c": round(warm + spread, 1),
        "low_c": round(warm - spread, 1),
        "precipitation_mm": round(0.5 + mood[4] / 20, 1) if wet else 0.0,
        "chance_of_rain_percent": 55 + mood[5] // 6 if wet else mood[5] // 9,
        "wind_kmh": 4 + mood[6] // 9,
    }


def _current(query: Query) -> Body:
    city = find(query.text("city"))
    today = _day(city, query.today)
    # By noon three quarters of the day's warming are done.
    temperature = round(today["low_c"] + 0.75 * (today["high_c"] - today["low_c"]), 1)
    return {
        "city": city.name,
        "country": city.country,
        "date": today["date"],
        "temperature_c": temperature,
        "temperature_f": round(temperature * 9 / 5 + 32, 1),
        "condition": today["condition"],
        "wind_kmh": today["wind_kmh"],
        "precipitation_mm": today["precipitation_mm"],
        "latitude": city.latitude,
        "longitude": city.longitude,
    }


def _forecast(query: Query) -> Body:
    city = find(query.text("city"))
    days = [query.today + datetime.timedelta(days=ahead) for ahead in range(1, query.integer("days") + 1)]
    return {"city": city.name, "country": city.country, "forecast": [_day(city, day) for day in days]}


def _history(query: Query) -> Body:
    city, start, end = find(query.text("city")), query.date("start_date"), query.date("end_date")
    if not FIRST_RECORD <= start < query.today:
        raise invalid("start_date", start.isoformat(), f"a date from {FIRST_RECORD} to yesterday")
    if not start <= end < query.today or (end - start).days >= MOST_PAST_DAYS:
        expected = f"a date from start_date to yesterday, at most {MOST_PAST_DAYS - 1} days after start_date"
        raise invalid("end_date", end.isoformat(), expected)
    days = [_day(city, start + datetime.timedelta(days=after)) for after in range((end - start).days + 1)]
    # A chance of rain belongs to a forecast.
    daily = [{key: value for key, value in day.items() if key != "chance_of_rain_percent"} for day in days]
    return {
        "city": city.name,
        "country": city.country,
        "daily": daily,
        "mean_temperature_c": round(sum(day["high_c"] + day["low_c"] for day in daily) / (2 * len(daily)), 1),
        "total_precipitation_mm": round(sum(day["precipitation_mm"] for day in daily), 1),
        "model": "synthetic-climate",
    }


FIRST_RECORD = datetime.date(1940, 1, 1)
MOST_PAST_DAYS = 7
CITY = Param("city", "City name, optionally with its country", "Paris")

PROVIDER = Provider(
    name="weather",
    host="api.open-forecast.example",
    errors=styles.reason,
    fixtures=("cities", "countries", "climate"),
    endpoints=(
        Endpoint(
            tool="get_current_weather",
            description="Get the weather in a city right now: temperature, condition and wind.",
            path="/v1/current",
            params=(CITY,),
            answer=_current,
            tags=("weather",),
        ),
        Endpoint(
            tool="forecast_weather",
            description="Get the weather forecast of a city for the coming days, starting tomorrow.",
            path="/v1/forecast",
            params=(CITY, Param("days", "Number of days to forecast", 3, kind="integer", minimum=1, maximum=7)),
            answer=_forecast,
            tags=("weather",),
        ),
        Endpoint(
            tool="get_weather_history",
            description="Get the weather that a city had on past days, up to 7 days in a row.",
            path="/v1/archive",
            params=(
                CITY,
                Param("start_date", "First day as YYYY-MM-DD", "2026-07-14", kind="date"),
                Param("end_date", "Last day as YYYY-MM-DD", "2026-07-16", kind="date"),
            ),
            answer=_history,
            tags=("weather",),
        ),
    ),
)
