"""What a code or a symbol stands for, in the words that a person would use.

    >>> from mocktools.codes import names_of
    >>> names_of("JPY", loosely=False)
    ('Japanese Yen', '¥')
    >>> "French" in names_of("FR"), "km" in names_of("kilometer")
    (True, True)

Currencies, countries, languages, airports, elements and units, from the fixture tables. Not covered: spelling mistakes,
names in other languages than English and the country's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from mocktools import fixtures
from mocktools.text import fold

# Words of a parameter's name or description that tell what its values stand for.
_TOLD = {
    "currency": ("currency", "iso 4217"),
    "country": ("country",),
    "language": ("language", "idioma", "iso 639"),
    "airport": ("airport", "iata", "icao"),
    "element": ("element",),
    "unit": ("unit",),
}
_OF_CAPITALS = ("country", "currency", "airport", "element")
_OTHERWISE = ("language", "unit", "element", "country")
# Of the currencies that share a word, the one that is meant where it stands alone; and what else people call some.
_ALONE = {
    "dollar": "USD", "pound": "GBP", "franc": "CHF", "peso": "MXN", "rupee": "INR", "krona": "SEK", "won": "KRW",
    "ruble": "RUB", "gold": "", "mark": "", "new": "",
}  # fmt: skip
_ALSO = {
    "USD": ("US$", "bucks", "buck"), "GBP": ("pound sterling", "sterling", "quid"), "CNY": ("RMB", "renminbi"),
    "SEK": ("kronor",), "RUB": ("rouble",), "BRL": ("reais",), "PLN": ("złoty", "zlotys"), "ILS": ("shekel",),
}  # fmt: skip
_PLURALS = {"krone": "kroner", "krona": "kronor", "real": "reais", "leu": "lei"}


def names_of(code: str, about: str = "", loosely: bool = True) -> tuple[str, ...]:
    """The names of what a code stands for, the official one first; empty for a code that is not known.

    `about` is what is said of the parameter: one that speaks of a country is not asked for a language. `loosely` adds
    what people say who are less exact: a demonym, the currency of a country, the city of an airport.
    """
    if not 0 < len(code) <= 60:
        return ()
    told = about.lower()
    kinds = [kind for kind, words in _TOLD.items() if any(word in told for word in words)]
    key = code.casefold()
    found: list[str] = []
    for kind in kinds or (_OF_CAPITALS if code.isupper() else _OTHERWISE):
        exact, loose = _index()[kind].get(key, ((), ()))
        found += [*exact, *(loose if loosely else ())]
    return tuple(dict.fromkeys(name for name in found if name != code))


Names = tuple[tuple[str, ...], tuple[str, ...]]


@cache
def _index() -> Mapping[str, Mapping[str, Names]]:
    """For each kind, folded code or name → its names, and its loose ones; the first of two that share one has it."""
    rows = {
        "currency": _currencies(), "country": _countries(), "language": _languages(), "airport": _airports(),
        "element": _elements(), "unit": _units(),
    }  # fmt: skip
    index: dict[str, dict[str, Names]] = {}
    for kind, entries in rows.items():
        index[kind] = {}
        for keys, exact, loose in entries:
            names = (tuple(filter(None, exact)), tuple(filter(None, loose)))
            for key in filter(None, keys):
                index[kind].setdefault(key.casefold(), names)
    return index


Entry = tuple[Iterable[str], Iterable[str], Iterable[str]]


def _currencies() -> Iterator[Entry]:
    rows = fixtures.table("currencies")["currencies"]
    lands = {row["name"]: row for row in fixtures.table("countries")["countries"]}
    words = [fold(row["name"]).split()[-1] for row in rows]
    for row, word in zip(rows, words, strict=True):
        code = row["code"]
        loose = [*_ALSO.get(code, ()), word] if _alone(word, words, code) else list(_ALSO.get(code, ()))
        for name in row["countries"]:
            land: Mapping[str, Any] = lands.get(name, {})
            called = [name, *(land.get("other_names") or ())]
            first = [*called, land.get("demonym") or name]
            loose += [*called, *(f"{one} {each}" for one in first for each in (word, _PLURALS.get(word, "")) if each)]
        symbol = row["symbol"] if row["symbol"] != code else ""
        yield (code,), (row["name"], symbol), loose


def _alone(word: str, words: list[str], code: str) -> bool:
    """Whether the last word of a currency's name is enough to say it."""
    return _ALONE[word] == code if word in _ALONE else words.count(word) == 1


def _countries() -> Iterator[Entry]:
    for row in fixtures.table("countries")["countries"]:
        names = [row["name"], *(row.get("other_names") or ())]
        codes = (row["code"], row["code3"])
        yield (*codes, *names), (*names, *codes, row.get("native_name", "")), (row.get("demonym", ""),)


def _languages() -> Iterator[Entry]:
    for row in fixtures.table("languages")["languages"]:
        codes = (row["code"], row["code3"], row.get("bibliographic", ""))
        yield (*codes, row["name"]), (row["name"], row["native_name"], *codes), ()


def _airports() -> Iterator[Entry]:
    for row in fixtures.table("airports")["airports"]:
        codes = (row["iata"], row["icao"])
        yield codes, (row["name"], *codes), (row["city"],)


def _elements() -> Iterator[Entry]:
    for row in fixtures.table("elements")["elements"]:
        yield (row["symbol"], row["name"]), (row["name"], row["symbol"]), ()


def _units() -> Iterator[Entry]:
    for row in fixtures.table("units")["units"]:
        names = (row["unit"], *row["names"])
        plurals = [f"{name}s" for name in names if len(name) > 3]
        yield (*names, *plurals), names, ()
