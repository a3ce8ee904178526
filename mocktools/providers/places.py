"""Places: find a city's coordinates, country and population by its name; distance between two cities.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("search_places").call({"name": "Portland", "limit": 2}).body)

Real data (GeoNames). Not covered: places that are no cities, routes along roads.
"""

from __future__ import annotations

from mocktools import styles
from mocktools.cities import find, kilometres, search, unknown_city
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query


def _search(query: Query) -> Body:
    name = query.text("name")
    found = search(name, prefix=True)
    if not found:
        raise unknown_city(name)
    results = [
        {
            "name": city.name,
            "country": city.country,
            "country_code": city.country_code,
            "state": city.state or None,
            "latitude": city.latitude,
            "longitude": city.longitude,
            "population": city.population,
            "capital": city.capital,
            "timezone": city.zone,
        }
        for city in found[: query.integer("limit")]
    ]
    return {"results": [{key: value for key, value in row.items() if value is not None} for row in results]}


def _distance(query: Query) -> Body:
    origin, destination = find(query.text("origin")), find(query.text("destination"))
    distance = kilometres(origin, destination)
    return {
        "origin": origin.label,
        "destination": destination.label,
        "distance_km": round(distance, 1),
        "distance_miles": round(distance / 1.609344, 1),
        "method": "great circle",
    }


PROVIDER = Provider(
    name="places",
    host="geocoding.open-places.example",
    errors=styles.coded,
    fixtures=("cities", "countries"),
    endpoints=(
        Endpoint(
            tool="search_places",
            description="Find a city by name and get its coordinates, country, population and time zone.",
            path="/v1/search",
            params=(
                Param("name", "Name of the city", "Lisbon"),
                Param(
                    "limit", "Most results to return", 3, kind="integer", required=False,
                    default=3, minimum=1, maximum=5,
                ),
            ),
            answer=_search,
            tags=("places",),
        ),
        Endpoint(
            tool="get_distance",
            description="Get the straight-line distance between two cities in kilometres and miles.",
            path="/v1/distance",
            params=(
                Param("origin", "City to start from", "Madrid"),
                Param("destination", "City to go to", "Rome"),
            ),
            answer=_distance,
            tags=("places",),
        ),
    ),
)  # fmt: skip
