"""A geocoder that speaks GeoJSON: from a place name to coordinates, and from coordinates to the nearest city.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("reverseGeocode").call({"lat": 48.86, "lon": 2.29}).body)

Real data (GeoNames). As in GeoJSON, a point is [longitude, latitude]. Not covered: streets, villages; far from every
city, at sea or in a desert, there is no answer.
"""

from __future__ import annotations

from typing import Any

from mocktools import styles
from mocktools.cities import City, nearest, search, unknown_city
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid, not_found

# Farther away the nearest city says nothing of a place.
FARTHEST_KM = 300


def _feature(city: City, **more: Any) -> dict[str, Any]:
    properties = {
        "name": city.name,
        "state": city.state or None,
        "country": city.country,
        "countrycode": city.country_code,
        **more,
        "type": "city",
        "population": city.population,
    }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [city.longitude, city.latitude]},
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def _collection(features: list[dict[str, Any]]) -> Body:
    return {"type": "FeatureCollection", "features": features}


def _forward(query: Query) -> Body:
    place, country = query.text("q"), query.text("countrycode").upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise invalid("countrycode", query.text("countrycode"), "a two-letter country code, e.g. GB")
    found = [city for city in search(place) if country in ("", city.country_code)]
    if not found:
        raise unknown_city(f"{place}, {country}" if country else place)
    return _collection([_feature(city) for city in found[: query.integer("limit")]])


def _reverse(query: Query) -> Body:
    latitude, longitude = query.number("lat"), query.number("lon")
    found = nearest(latitude, longitude)[: query.integer("limit")]
    near = [(distance, city) for distance, city in found if distance <= FARTHEST_KM]
    if not near:
        raise not_found(f"No city within {FARTHEST_KM} km of {latitude}, {longitude}")
    return _collection([_feature(city, distance_km=round(distance, 1)) for distance, city in near])


def _limit(most: int) -> Param:
    return Param(
        "limit", "Most results to return", most, kind="integer", required=False, default=1, minimum=1, maximum=most
    )


PROVIDER = Provider(
    name="geocoder",
    host="photon.geocode.example",
    errors=styles.message,
    fixtures=("cities", "countries"),
    endpoints=(
        Endpoint(
            tool="forwardGeocode",
            description="Turn the name of a city into coordinates, as a GeoJSON point [longitude, latitude].",
            path="/api",
            params=(
                Param("q", "Name of the city", "Porto"),
                Param("countrycode", "Only this country, as a two-letter code", "PT", required=False),
                _limit(4),
            ),
            answer=_forward,
            tags=("places",),
        ),
        Endpoint(
            tool="reverseGeocode",
            description="Find the city nearest to a pair of coordinates, with its country and distance.",
            path="/reverse",
            params=(
                Param("lat", "Latitude, south is negative", 41.15, kind="number", minimum=-90, maximum=90),
                Param("lon", "Longitude, west is negative", -8.61, kind="number", minimum=-180, maximum=180),
                _limit(4),
            ),
            answer=_reverse,
            tags=("places",),
        ),
    ),
)
