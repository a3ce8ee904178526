"""Look up a city by what people type: "Paris", "paris, france", "Portland, OR".

    python -c "from mocktools.cities import find; print(find('sao paulo').country)"

Shared by the providers that take a city. Not covered: spelling mistakes, streets, regions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mocktools import fixtures
from mocktools.refusals import ApiError, not_found
from mocktools.text import fold


@dataclass(frozen=True, slots=True)
class City:
    """A city: `latitude` and `longitude` in degrees, `zone` an IANA time zone.

    `state` is the state, province or nation it lies in, for the countries where people write it; else empty.
    """

    id: int
    name: str
    country: str
    country_code: str
    state: str
    latitude: float
    longitude: float
    population: int
    zone: str
    capital: bool

    @property
    def label(self) -> str:
        """The city with its state and country, "Portland, Oregon, United States"."""
        # "Berlin, Berlin" says nothing twice.
        return ", ".join(dict.fromkeys(filter(None, (self.name, self.state, self.country))))


def find(text: str) -> City:
    """The largest city of this name; raises a 404 `ApiError` if there is none."""
    found = search(text)
    if not found:
        raise unknown_city(text)
    return found[0]


def unknown_city(text: str) -> ApiError:
    """The 404 for a place that no city matches."""
    return not_found(f"No location found matching '{text}'")


def search(text: str, prefix: bool = False) -> list[City]:
    """All cities of this name from large to small; with `prefix`, then those whose name begins so.

    What follows the first comma must name the city's state or country (name or code).
    """
    name, *qualifiers = (fold(part) for part in text.split(","))
    wanted = [part for part in qualifiers if part]
    exact, by_prefix = [], []
    for city, names, places in _index():
        if not all(part in places for part in wanted):
            continue
        if name in names:
            exact.append(city)
        elif prefix and len(name) >= 3 and any(other.startswith(name) for other in names):
            by_prefix.append(city)
    return exact + by_prefix


def kilometres(one: City, other: City) -> float:
    """The great-circle distance of two cities."""
    return great_circle(one.latitude, one.longitude, other.latitude, other.longitude)


def nearest(latitude: float, longitude: float) -> list[tuple[float, City]]:
    """All cities with their distance in kilometres from a point, the nearest first."""
    ranked = [(great_circle(latitude, longitude, city.latitude, city.longitude), city) for city, *_ in _index()]
    return sorted(ranked, key=lambda pair: (pair[0], pair[1].id))


def great_circle(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance in kilometres of two points on a sphere with the mean radius of the earth."""
    lat1, lat2 = math.radians(latitude), math.radians(other_latitude)
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(other_longitude - longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(chord)))


@lru_cache(maxsize=1)
def _index() -> tuple[tuple[City, frozenset[str], frozenset[str]], ...]:
    """Each city with its folded names and the folded names of the state and country it lies in."""
    lands = {row["code"]: row for row in fixtures.table("countries")["countries"]}
    rows = fixtures.table("cities")["cities"]
    # "England" is loosely said of the whole kingdom, but Glasgow is not in England.
    states = {(row["country_code"], row["state"]) for row in rows if "state" in row}
    names = {
        code: [land["code3"], *(name for name in land.get("other_names", ()) if (code, name) not in states)]
        for code, land in lands.items()
    }
    return tuple(_entry(row, names.get(row["country_code"], [])) for row in rows)


def _entry(row: dict[str, Any], country_names: list[str]) -> tuple[City, frozenset[str], frozenset[str]]:
    city = City(
        row["id"], row["name"], row["country"], row["country_code"], row.get("state", ""), row["latitude"],
        row["longitude"], row["population"], row["timezone"], row.get("capital", False),
    )  # fmt: skip
    names = frozenset(fold(name) for name in (row["name"], *row.get("aliases", ())))
    places = [row["country"], row["country_code"], row.get("state", ""), row.get("state_code", "")]
    return city, names, frozenset(fold(place) for place in (*places, *country_names) if place)
