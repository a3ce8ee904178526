"""Languages: codes, own name and script of one; the official ones of a country.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("getLanguage").call({"language": "Swahili"}).body)

Languages with an ISO 639-1 code and a few others (`fixtures/languages.json`). Not covered: dialects, languages that
are official only in a part of a country, sign languages.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.providers.countries import by_name
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import fold

MOST_COUNTRIES = 15


@lru_cache(maxsize=1)
def _languages() -> dict[str, dict[str, Any]]:
    """Languages by each folded code and name; a code wins over a name."""
    rows = fixtures.table("languages")["languages"]
    found: dict[str, dict[str, Any]] = {}
    for key in ("code", "code3", "bibliographic", "name", "native_name"):
        for row in rows:
            if fold(row.get(key) or ""):
                found.setdefault(fold(row[key]), row)
    return found


def _two_letters(row: dict[str, Any]) -> str | None:
    return row["code"] if len(row["code"]) == 2 else None


def _language(query: Query) -> Body:
    row = _languages().get(fold(query.text("language")))
    if row is None:
        raise not_found(f"Language '{query.text('language')}' not found")
    countries = [by_name()[fold(code)]["name"] for code in row["official_in"]]
    return {
        "data": {
            "name": row["name"],
            "nativeName": row["native_name"],
            "iso639_1": _two_letters(row),
            "iso639_2": {"terminology": row["code3"], "bibliographic": row.get("bibliographic", row["code3"])},
            "script": row["script"],
            "direction": "rtl" if row["right_to_left"] else "ltr",
            "officialIn": countries[:MOST_COUNTRIES],
            "officialInCount": len(countries),
        },
        "meta": {"scheme": "ISO 639"},
    }


def _of_country(query: Query) -> Body:
    country = by_name().get(fold(query.text("country")).removeprefix("the "))
    if country is None:
        raise not_found(f"Country '{query.text('country')}' not found")
    rows = [row for row in fixtures.table("languages")["languages"] if country["code"] in row["official_in"]]
    if not rows:
        raise not_found(f"No official language of '{country['name']}' is on record")
    return {
        "data": [
            {"name": row["name"], "nativeName": row["native_name"], "iso639_1": _two_letters(row)} for row in rows
        ],
        "country": {"name": country["name"], "code": country["code"]},
        "meta": {"count": len(rows), "scheme": "ISO 639"},
    }


PROVIDER = Provider(
    name="languages",
    host="api.langdata.example",
    errors=styles.json_api,
    fixtures=("languages", "countries"),
    endpoints=(
        Endpoint(
            tool="getLanguage",
            description="Look up a language: ISO codes, name in the language itself, script, writing direction and "
            "the countries where it is official.",
            path="/v1/languages/lookup",
            params=(Param("language", "Name or ISO 639 code of the language", "Swahili"),),
            answer=_language,
            tags=("language",),
        ),
        Endpoint(
            tool="listOfficialLanguages",
            description="List the official languages of a country with their ISO 639 codes.",
            path="/v1/countries/languages",
            params=(Param("country", "Country name or code", "Switzerland"),),
            answer=_of_country,
            tags=("language", "countries"),
        ),
    ),
)
