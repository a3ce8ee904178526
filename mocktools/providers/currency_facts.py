"""Facts about currencies as such: ISO 4217 codes, symbols, decimals, countries. Named as on an API hub.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("Currency Facts%%Currency Details").call({"code": "JPY"}).body)

The data are in `fixtures/currencies.json`. Not covered: exchange rates, which another provider has; old currencies.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import fold

MOST_COUNTRIES = 12


@lru_cache(maxsize=1)
def _by_code() -> dict[str, dict[str, Any]]:
    """Currencies by folded code, number and name."""
    rows = fixtures.table("currencies")["currencies"]
    return {fold(row[key]): row for key in ("name", "number", "code") for row in rows}


def _details(query: Query) -> Body:
    row = _by_code().get(fold(query.text("code")))
    if row is None:
        raise not_found(f"Unknown currency: {query.text('code')}")
    return {
        "code": row["code"],
        "name": row["name"],
        "symbol": row["symbol"],
        "minor_unit": {"decimals": row["decimals"], "smallest": 10.0 ** -row["decimals"]},
        "iso_number": row["number"],
        "countries": row["countries"][:MOST_COUNTRIES],
        "country_count": len(row["countries"]),
        "iso_standard": "ISO 4217",
    }


def _list(query: Query) -> Body:
    codes = [row["code"] for row in fixtures.table("currencies")["currencies"]]
    return {"count": len(codes), "codes": " ".join(codes), "iso_standard": "ISO 4217", "updated": "2026-01-01"}


PROVIDER = Provider(
    name="currency_facts",
    host="currency-facts.hub.example",
    errors=styles.hub,
    fixtures=("currencies",),
    endpoints=(
        Endpoint(
            tool="Currency Facts%%Currency Details",
            description="Returns name, symbol, number of decimals and countries of a currency.",
            path="/details",
            params=(Param("code", "ISO 4217 code", "JPY"),),
            answer=_details,
            tags=("money",),
        ),
        Endpoint(
            tool="Currency Facts%%List Currency Codes",
            description="Returns the codes of all currencies in use.",
            path="/list",
            answer=_list,
            tags=("money",),
        ),
    ),
)
