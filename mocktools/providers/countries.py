"""Countries: capital, currency, languages, population and borders of one; those of a region, around one, of a capital.

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


def _find(name: str) -> Row:
    row = by_name().get(fold(name).removeprefix("the "))
    if row is None:
        raise not_found(f"No country named '{name}'")
    return row


def _country(query: Query) -> Body:
    name = query.text("name")
    row = _find(name)
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


@lru_cache(maxsize=1)
def _by_capital() -> dict[str, Row]:
    """Countries by the folded names of their capitals, also the other names that cities.json has."""
    lands = {row["code"]: row for row in fixtures.table("countries")["countries"]}
    found = {fold(row["capital"]): row for row in reversed(lands.values())}
    for city in fixtures.table("cities")["cities"]:
        if city.get("capital") and city["country_code"] in lands:
            for alias in city.get("aliases", ()):
                found.setdefault(fold(alias), lands[city["country_code"]])
    return found


def _capital(query: Query) -> Body:
    capital = query.text("capital")
    row = _by_capital().get(fold(capital.split(",")[0]))
    if row is None:
        raise not_found(f"No country has a capital named '{capital}'")
    return {
        "country": row["name"],
        "capital": row["capital"],
        "country_code": row["code"],
        "continent": row["continent"],
        "subregion": row["subregion"],
        "population": row["population"],
    }


def _neighbours(query: Query) -> Body:
    row = _find(query.text("country"))
    around = [by_name()[fold(code)] for code in row["borders"] if fold(code) in by_name()]
    return {
        "country": row["name"],
        "count": len(around),
        "neighbours": [
            {"name": land["name"], "code": land["code"], "capital": land["capital"]}
            for land in sorted(around, key=lambda land: str(land["name"]))
        ],
    }


PROVIDER = Provider(
    name="countries",
    host="restcountries-api.example",
    errors=styles.message,
    fixtures=("countries", "cities"),
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
        Endpoint(
            tool="find_country_by_capital",
            description="Find out which country a city is the capital of.",
            path="/v3/capital",
            params=(Param("capital", "Name of the capital", "Canberra"),),
            answer=_capital,
            tags=("countries",),
        ),
        Endpoint(
            tool="list_neighbouring_countries",
            description="List the countries that share a land border with a country, with their capitals.",
            path="/v3/neighbours",
            params=(Param("country", "Country name or code", "Switzerland"),),
            answer=_neighbours,
            tags=("countries",),
        ),
    ),
)  # fmt: skip
