"""The numbers that a text says: in digits, in English words, and as amounts of time.

    >>> sorted(numbers("Convert 1,500 dollars in two weeks.", loose=True))
    [Decimal('2'), Decimal('14'), Decimal('1500')]

Not covered: Roman numerals, fractions other than halves, numbers in words of other languages.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from stesim.grounding.words import LONGEST, stem

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: number for number, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_IRREGULAR = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "m": 10**6, "mn": 10**6,
    "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_LETTERS = ("k", "m", "mn", "bn")  # only right after digits
# What one of a unit is in units below it.
_IN_OTHERS: dict[str, tuple[int, ...]] = {
    "second": (), "minute": (60,), "hour": (60, 3600), "day": (24,), "night": (), "week": (7,), "fortnight": (14,),
    "month": (30,), "year": (365, 12), "decade": (10,), "century": (100,),
}  # fmt: skip
_SHORT = {"min": "minute", "hr": "hour", "h": "hour", "sec": "second", "wk": "week", "yr": "year", "weekend": ""}
_MINUTES = {"minute": 1, "hour": 60}
_DAYS = {"day": 1, "night": 1, "week": 7, "fortnight": 14}
# "A mile" says the number one; "a" alone does not.
_COUNTED = frozenset({
    *_IN_OTHERS, "dollar", "euro", "pound", "yen", "franc", "krona", "krone", "rupee", "peso", "mile", "kilometer",
    "kilometre", "meter", "metre", "foot", "inch", "yard", "kilo", "kilogram", "gram", "ounce", "liter", "litre",
    "pint", "gallon", "cup", "tonne", "ton", "acre", "hectare",
})  # fmt: skip
_ANY_ONE = ("one", "single", "each", "per")
_ARTICLES = ("a", "an")
# A date's month and day, and a time of day, are no numbers of their own.
_NO_NUMBERS = re.compile(r"(?<=\d{4})-\d{1,2}-\d{1,2}(?:[Tt]\d)?|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?Z?(?!\d)")
_GROUPED = r"\d{1,3}(?:([, \u00a0'.])\d{3})(?:\3\d{3})*(?:[.,]\d+)?(?!\d)"
_TOKEN = re.compile(
    rf"(?P<sign>(?<![\w.,)])[-+\u2212])?(?<![\w.,])(?P<digits>{_GROUPED}|\d+(?:[.,]\d+)?)"
    r"(?P<ordinal>(?:st|nd|rd|th)(?![^\W_]))?|(?P<word>[^\W\d_]+)",
    re.IGNORECASE,
)
LARGEST = Decimal(10) ** 30


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that a text says, and the unit of time after it (empty if there is none).

    `others` are what else the same digits may be: "1.500" is one and a half, or 1500.
    """

    value: Decimal
    unit: str = ""
    others: tuple[Decimal, ...] = ()
    end: int = 0  # the token after it
    begin: int = 0


Token = tuple[str, str, str, bool]  # digits, sign, word, whether an ordinal


@lru_cache(maxsize=64)
def quantities(text: str) -> tuple[Quantity, ...]:
    """All numbers in a text, in order, as long as they are below 10 to the 30th."""
    tokens: list[Token] = [
        (match["digits"] or "", match["sign"] or "", (match["word"] or "").casefold(), bool(match["ordinal"]))
        for match in _TOKEN.finditer(_NO_NUMBERS.sub(" ", text[:LONGEST]))
    ]
    found = []
    at = 0
    while at < len(tokens):
        quantity = _quantity(tokens, at)
        if quantity:
            found.append(quantity)
        at = quantity.end if quantity else at + 1
    return tuple(found)


@lru_cache(maxsize=64)
def numbers(text: str, loose: bool) -> frozenset[Decimal]:
    """The numbers that a text says; `loose`: also those that its amounts of time come to ("a week": 7)."""
    said = quantities(text)
    found = {value for each in said for value in (each.value, *each.others)}
    for first, second in itertools.pairwise(said):  # "nineteen eighty-four"
        if first.end == second.begin and not first.unit and 10 <= first.value <= 99 and 0 < second.value <= 99:
            found.add(100 * first.value + second.value)
    if loose:
        for each in said:
            found |= {each.value * factor for factor in _IN_OTHERS.get(each.unit, ())}
            if each.value == 1:
                found |= {"month": {Decimal(31)}, "year": {Decimal(366)}}.get(each.unit, set())
        found |= _sums(said)
    return frozenset(found)


def _sums(said: tuple[Quantity, ...]) -> set[Decimal]:
    """What amounts next to each other come to: "an hour and 30 minutes" in minutes, "a week and two days" in days."""
    found = set()
    for units in (_MINUTES, _DAYS):
        for first, second in itertools.pairwise(said):
            if first.unit in units and second.unit in units and second.begin - first.end <= 1:
                found.add(first.value * units[first.unit] + second.value * units[second.unit])
    return found


def _quantity(tokens: list[Token], at: int) -> Quantity | None:
    """The number that begins at a token, with its unit."""
    digits, sign, word, _ = tokens[at]
    values = _of_digits(digits) if digits else []
    end = at + 1
    if digits:
        end, scale = _scaled(tokens, end)
        values = [value * scale for value in values]
    else:
        spoken = _of_words(tokens, at)
        if spoken is None:
            return None
        values, end = [spoken[0]], spoken[1]
    if _words(tokens, end, 3) == ["and", "a", "half"]:
        values, end = [value + Decimal("0.5") for value in values], end + 3
    minus = sign in ("-", "\u2212") or (at > 0 and tokens[at - 1][2] in ("minus", "negative") and bool(digits or word))
    values = [-value if minus else value for value in values if value < LARGEST]
    if not values:
        return None
    unit = _unit(tokens, end)
    end += bool(unit)
    if unit and _words(tokens, end, 3) == ["and", "a", "half"]:  # "an hour and a half"
        values, end = [value + Decimal("0.5") for value in values], end + 3
    return Quantity(values[0], unit, tuple(values[1:]), end, at)


def _of_digits(text: str) -> list[Decimal]:
    """What digits may mean: a comma or a point may group thousands or begin the decimals."""
    if len(text) > 40:
        return []
    plain = re.sub(r"[ \u00a0']", "", text)
    found = []
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain):
        found.append(Decimal(plain.replace(",", "")))
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", plain):
        found.append(Decimal(plain.replace(".", "").replace(",", ".")))
    if re.fullmatch(r"\d+([.,]\d+)?", plain) and not ("," in plain and found and plain[0] != "0"):
        found.append(Decimal(plain.replace(",", ".")))
    return found


def _scaled(tokens: list[Token], end: int) -> tuple[int, int]:
    """Where the words for thousands and so on end, and what they multiply by."""
    scale = 1
    while end < len(tokens) and (factor := _SCALES.get(tokens[end][2])) and scale < 10**24:
        scale *= factor
        end += 1
    return end, scale


def _of_words(tokens: list[Token], at: int) -> tuple[Decimal, int] | None:
    """A number in words that begins at a token, and where it ends."""
    word, after = tokens[at][2], _words(tokens, at + 1, 3)
    if word in _ARTICLES and after:
        if after[0] in _SCALES and after[0] not in _LETTERS:
            return _cardinal(tokens, at + 1, 1)
        if after[0] in ("couple", "pair"):
            return Decimal(2), at + (3 if after[1:2] == ["of"] else 2)
        return (Decimal(1), at + 1) if stem(after[0]) in _COUNTED else None
    if word == "half" and after and after[0] in _ARTICLES:
        end, scale = _scaled(tokens, at + 2)
        return Decimal(scale) / 2, end
    if word == "quarter" and after[:2] == ["of", "an"]:
        return Decimal("0.25"), at + 3
    if word == "fortnight":
        return Decimal(1), at
    if word in _ANY_ONE and word != "one":
        return Decimal(1), at + 1
    return _cardinal(tokens, at)


def _cardinal(tokens: list[Token], at: int, current: int = 0) -> tuple[Decimal, int] | None:
    """Two hundred and five thousand, twenty-first, three point five; `current` was said before (a hundred)."""
    total = 0
    end, room = at, 0 if current else 1000  # the next small number must be below `room`
    while end < len(tokens):
        word = tokens[end][2]
        number, ordinal = _small(word)
        if (
            word == "and"
            and end > at
            and _small(_word(tokens, end + 1))[0] is not None
            and current % 100 == 0 != total + current
        ):
            end += 1
            continue
        if number is not None and number < room:
            current, end = current + number, end + 1
            room = 10 if number >= 20 and number % 10 == 0 else 0
            if ordinal:
                break
        elif current and word in _SCALES and word not in _LETTERS and total + current < 10**24:
            scale = _SCALES[word]
            total, current = (total, current * scale) if scale <= 100 else (total + current * scale, 0)
            end, room = end + 1, 100
        else:
            break
    if end == at:
        return None
    value = Decimal(total + current)
    if _word(tokens, end) == "point":
        places = ""
        while (digit := SMALL.get(_word(tokens, end + 1), 10)) < 10 and len(places) < 20:
            places, end = places + str(digit), end + 1
        value, end = (value + Decimal(f"0.{places}"), end + 1) if places else (value, end)
    return value, end


def _small(word: str) -> tuple[int | None, bool]:
    """A number below a hundred in one word, and whether it is an ordinal."""
    if word in SMALL:
        return SMALL[word], False
    if word in _IRREGULAR:
        return _IRREGULAR[word], True
    for ending, put in (("ieth", "y"), ("th", "")):
        if word.endswith(ending) and (base := word[: -len(ending)] + put) in SMALL:
            return SMALL[base], True
    return None, False


def _unit(tokens: list[Token], at: int) -> str:
    """The unit of time at a token, in the singular."""
    word = stem(_word(tokens, at))
    word = _SHORT.get(word, word)
    return word if word in _IN_OTHERS else ""


def _word(tokens: list[Token], at: int) -> str:
    return tokens[at][2] if at < len(tokens) else ""


def _words(tokens: list[Token], at: int, count: int) -> list[str]:
    return [token[2] for token in tokens[at : at + count]]
