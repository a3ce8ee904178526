"""Countries: capital, currency, languages, population and borders of one; the countries of a region.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("get_country").call({"name": "Japan"}).body)

Real data (GeoNames, countryinfo, CLDR). Populations are mostly of 2018. Not covered: history, politics.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import fold

Row = dict[str, Any]


@lru_cache(maxsize=1)
def by_name() -> dict[str, Row]:
    """Countries by each of their folded names and codes."""
    found: dict[str, Row] = {}
    for row in fixtures.table("countries")["countries"]:
        names = [row["name"], row["code"], row["code3"], row.get("native_name", ""), *row.get("other_names", ())]
        for name in filter(None, map(fold, names)):
            found.setdefault(name, row)
            found.setdefault(name.removeprefix("the "), row)
    return found


def _country(query: Query) -> Body:
    name = query.text("name")
    row = by_name().get(fold(name).removeprefix("the "))
    if row is None:
        raise not_found(f"No country named '{name}'")
    names = {land["code"]: land["name"] for land in fixtures.table("countries")["countries"]}
    return {
        "name": row["name"],
        "capital": row["capital"],
        "currency": row["currency"],
        "languages": row["languages"],
        "population": row["population"],
        "area_km2": row["area_km2"],
        "continent": row["continent"],
        "subregion": row["subregion"],
        "borders": [names.get(code, code) for code in row["borders"]],
        "calling_code": row["calling_code"],
        "country_code": row["code"],
        "tld": row["tld"],
        "demonym": row.get("demonym"),
        "native_name": row.get("native_name"),
    }


def _region(query: Query) -> Body:
    wanted = fold(query.text("region"))
    rows = fixtures.table("countries")["countries"]
    found = [row for row in rows if wanted in [fold(row[key]) for key in ("continent", "region", "subregion")]]
    if not found:
        known = sorted({row["continent"] for row in rows})
        raise not_found(f"No region named '{query.text('region')}'. Continents: {', '.join(known)}")
    largest = found[: query.integer("limit")]
    return {
        "region": query.text("region"),
        "total": len(found),
        "countries": [
            {"name": row["name"], "capital": row["capital"], "population": row["population"]} for row in largest
        ],
    }


PROVIDER = Provider(
    name="countries",
    host="restcountries-api.example",
    errors=styles.message,
    fixtures=("countries",),
    endpoints=(
        Endpoint(
            tool="get_country",
            description="Get facts about a country: capital, currency, languages, population, area and borders.",
            path="/v3/name",
            params=(Param("name", "Country name or code", "Japan"),),
            answer=_country,
            tags=("countries",),
        ),
        Endpoint(
            tool="list_countries_by_region",
            description="List the most populous countries of a continent or region.",
            path="/v3/region",
            params=(
                Param("region", "Continent or region", "Europe"),
                Param(
                    "limit", "Most countries to return", 10, kind="integer", required=False,
                    default=10, minimum=1, maximum=15,
                ),
            ),
            answer=_region,
            tags=("countries",),
        ),
    ),
)  # fmt: skip
