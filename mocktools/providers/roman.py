"""Roman numerals, both ways. As on an API hub, the tools are named by API and endpoint, with spaces.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("Roman Numeral Converter%%Roman to Arabic").call({"roman": "MCMLXXXIV"}).body)

Everything is computed; only the standard forms from I to MMMCMXCIX. Not covered: IIII on clocks, larger numbers.
"""

from __future__ import annotations

import re

from mocktools import styles
from mocktools.provider import Endpoint, Provider
from mocktools.providers.numbers import ROMAN, roman
from mocktools.server import Body, Param, Query, invalid

_STANDARD = re.compile("M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_VALUES = {letters: value for value, letters in ROMAN if len(letters) == 1}


def value_of(numeral: str) -> int:
    """The number that a standard numeral in capitals stands for."""
    values = [_VALUES[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _encode(query: Query) -> Body:
    number = query.integer("number")
    numeral = roman(number)
    return {"result": {"roman": numeral, "arabic": number, "length": len(numeral)}, "engine": "roman/2.1"}


def _decode(query: Query) -> Body:
    numeral = query.text("roman").upper()
    if not _STANDARD.fullmatch(numeral):
        raise invalid("roman", query.text("roman"), "a standard Roman numeral, e.g. MCMLXXXIV")
    return {"result": {"arabic": value_of(numeral), "roman": numeral}, "engine": "roman/2.1"}


PROVIDER = Provider(
    name="roman",
    host="roman-numeral-converter.hub.example",
    errors=styles.hub,
    endpoints=(
        Endpoint(
            tool="Roman Numeral Converter%%Arabic to Roman",
            description="Converts an Arabic number to a Roman numeral.",
            path="/arabicToRoman",
            params=(Param("number", "Number to convert", 1984, kind="integer", minimum=1, maximum=3999),),
            answer=_encode,
            tags=("numbers",),
        ),
        Endpoint(
            tool="Roman Numeral Converter%%Roman to Arabic",
            description="Converts a Roman numeral to an Arabic number.",
            path="/romanToArabic",
            params=(Param("roman", "Roman numeral", "MCMLXXXIV"),),
            answer=_decode,
            tags=("numbers",),
        ),
    ),
)
