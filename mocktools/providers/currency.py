"""Currencies: convert an amount, list exchange rates. Real reference rates of the European Central Bank.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("convert_currency").call({"amount": 100, "from": "USD", "to": "EUR"}).body)

The rates are those of one day, whatever the run's date is; the reply names it. Not covered: past rates,
currencies that the ECB does not list.
"""

from __future__ import annotations

from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid, not_found


def _code(query: Query, name: str) -> str:
    value = query.text(name).upper()
    if not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise invalid(name, query.text(name), "a three-letter ISO 4217 currency code, e.g. USD")
    if value not in _rates():
        raise not_found(f"Currency '{value}' in parameter '{name}' is not supported")
    return value


def _rates() -> dict[str, Any]:
    rates: dict[str, Any] = fixtures.table("rates")["rates"]
    return rates


def _rate(source: str, target: str) -> float:
    return float(_rates()[target]["rate"] / _rates()[source]["rate"])


def _convert(query: Query) -> Body:
    amount = query.number("amount")
    source, target = _code(query, "from"), _code(query, "to")
    rate = _rate(source, target)
    return {
        "amount": amount,
        "from": source,
        "to": target,
        "result": round(amount * rate, 2),
        "rate": round(rate, 6),
        "from_name": _rates()[source]["name"],
        "to_name": _rates()[target]["name"],
        "date": fixtures.table("rates")["as_of"],
    }


def _list(query: Query) -> Body:
    base = _code(query, "base")
    return {
        "base": base,
        "base_name": _rates()[base]["name"],
        "date": fixtures.table("rates")["as_of"],
        "rates": {code: round(_rate(base, code), 4) for code in _rates() if code != base},
    }


PROVIDER = Provider(
    name="currency",
    host="api.eurorates.example",
    errors=styles.unsuccessful,
    fixtures=("rates",),
    endpoints=(
        Endpoint(
            tool="convert_currency",
            description="Convert an amount of money from one currency to another at the latest rate.",
            path="/v1/convert",
            params=(
                Param("amount", "Amount to convert", 100, kind="number", minimum=0, maximum=10**15),
                Param("from", "Currency code to convert from", "USD"),
                Param("to", "Currency code to convert to", "EUR"),
            ),
            answer=_convert,
            tags=("money",),
        ),
        Endpoint(
            tool="get_exchange_rates",
            description="List the latest exchange rates of a currency against all others.",
            path="/v1/latest",
            params=(Param("base", "Currency code to list the rates of", "EUR"),),
            answer=_list,
            tags=("money",),
        ),
    ),
)
