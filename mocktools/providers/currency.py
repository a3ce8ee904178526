"""Currencies: convert an amount; exchange rates now, on a day and over time. Real rates of the European Central Bank.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("convert_currency").call({"amount": 100, "from": "USD", "to": "EUR"}).body)

The latest rates are those of one day, whatever the run's date is; the reply names it. Past rates are those of the
working days of `fixtures/rate_history.json`. Not covered: currencies that the ECB does not list.
"""

from __future__ import annotations

import bisect
import datetime
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


def _history() -> dict[str, Any]:
    """The table of past rates: `days` from ISO dates to units for one euro, in the order of `currencies`."""
    return fixtures.table("rate_history")


def _rate_of_day(day: str, source: str, target: str) -> float:
    codes = _history()["currencies"].split()
    rates = dict(zip(codes, _history()["days"][day], strict=True)) | {"EUR": 1.0}
    rate = rates[target] / rates[source]
    return round(rate, 6) if rate >= 1 else float(f"{rate:.6g}")


def _past(query: Query, name: str) -> datetime.date:
    """The value of a parameter, which must be a date that the table of past rates covers."""
    day, first, last = query.date(name), min(_history()["days"]), max(_history()["days"])
    if not first <= day.isoformat() <= last:
        raise invalid(name, day.isoformat(), f"a date from {first} to {last}")
    return day


def _pair(query: Query) -> Body:
    source, target = _code(query, "from"), _code(query, "to")
    wanted = _past(query, "date").isoformat() if query.has("date") else fixtures.table("rates")["as_of"]
    days = list(_history()["days"])
    # On a weekend or holiday the rate of the last working day holds.
    day = days[bisect.bisect_right(days, wanted) - 1]
    return {
        "success": True,
        "rate": _rate_of_day(day, source, target),
        "base": source,
        "quote": target,
        "date": day,
        "requested_date": wanted,
        "inverse": _rate_of_day(day, target, source),
    }


def _series(query: Query) -> Body:
    source, target = _code(query, "from"), _code(query, "to")
    start, end = _past(query, "start_date").isoformat(), _past(query, "end_date").isoformat()
    if end < start:
        raise invalid("end_date", end, "a date that is not before start_date")
    days = [day for day in _history()["days"] if start <= day <= end]
    rates = {day: _rate_of_day(day, source, target) for day in days}
    offset, limit = query.integer("offset"), query.integer("limit")
    lowest, highest = min(rates, key=rates.__getitem__, default=None), max(rates, key=rates.__getitem__, default=None)
    return {
        "success": True,
        "base": source,
        "quote": target,
        "rates": {day: rates[day] for day in days[offset : offset + limit]},
        "lowest": lowest and {"date": lowest, "rate": rates[lowest]},
        "highest": highest and {"date": highest, "rate": rates[highest]},
        "pagination": {"total": len(days), "limit": limit, "offset": offset},
    }


FROM = Param("from", "Currency code to convert from", "USD")
TO = Param("to", "Currency code to convert to", "EUR")

PROVIDER = Provider(
    name="currency",
    host="api.eurorates.example",
    errors=styles.unsuccessful,
    fixtures=("rates", "rate_history"),
    endpoints=(
        Endpoint(
            tool="convert_currency",
            description="Convert an amount of money from one currency to another at the latest rate.",
            path="/v1/convert",
            params=(
                Param("amount", "Amount to convert", 100, kind="number", minimum=0, maximum=10**15),
                FROM,
                TO,
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
        Endpoint(
            tool="get_exchange_rate",
            description="Get the exchange rate of one pair of currencies, the latest or that of a past day.",
            path="/v1/rate",
            params=(
                FROM,
                TO,
                Param("date", "Past day as YYYY-MM-DD", "2025-06-30", kind="date", required=False),
            ),
            answer=_pair,
            tags=("money",),
        ),
        Endpoint(
            tool="get_exchange_rate_history",
            description="List the daily exchange rates of one pair of currencies from one date to another, "
            "with the lowest and the highest.",
            path="/v1/timeseries",
            params=(
                FROM,
                TO,
                Param("start_date", "First day as YYYY-MM-DD", "2026-10-01", kind="date"),
                Param("end_date", "Last day as YYYY-MM-DD", "2026-10-30", kind="date"),
                Param(
                    "limit", "Most days to return", 10, kind="integer", required=False,
                    default=10, minimum=1, maximum=25,
                ),
                Param(
                    "offset", "How many days to skip", 10, kind="integer", required=False,
                    default=0, minimum=0, maximum=2000,
                ),
            ),
            answer=_series,
            tags=("money",),
        ),
    ),
)  # fmt: skip
