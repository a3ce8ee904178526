"""Demonstrations of bundled tools with arguments of many kinds, for the tests of the exports."""

from __future__ import annotations

from stesim.records import Demonstration

# Calls that the tools' schemas allow; dates, nested values, no arguments, letters of other scripts, an odd name.
CALLS: list[tuple[str, dict[str, object]]] = [
    ("forecast_weather", {"city": "Zürich", "days": 2}),
    ("get_today_date", {}),
    ("add_date", {"date": "2024-02-28", "days": -3}),
    ("convert_currency", {"amount": 1250.5, "from": "EUR", "to": "JPY"}),
    ("search_places", {"name": "Київ \"центр\" \\ {x}"}),
    ("Entity Graph%%Disambiguate", {"name": "Mercury"}),
    ("add_task", {"title": "Milk & <bread>", "priority": "high", "labels": ["shop", "été"]}),
    ("convert_currency", {"to": "GBP", "amount": 7, "from": "USD"}),
    ("get_country", {"name": "007"}),
]  # fmt: skip
NAMES = tuple(dict.fromkeys(tool for tool, _ in CALLS))


def demonstrations() -> list[Demonstration]:
    """One for each call."""
    return [
        Demonstration(tool, f"Query {number}: {arguments}?", arguments, f'{{"result": "Ü{number}"}}', f"Answer {number}.", 1, number, thought="Hm.")
        for number, (tool, arguments) in enumerate(CALLS, 1)
    ]  # fmt: skip
