"""Numbers: facts about an integer (prime factors, Roman numeral ...), and a number in English words.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("get_number_fact").call({"number": 1729}).body)

Everything is computed. Not covered: fractions, trivia.
"""

from __future__ import annotations

import math

from mocktools import styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query

# Factors are found by trial division: at most 16,000 steps below this bound.
LARGEST = 10**9
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def words(number: int) -> str:
    """A number below 10**15 in English words, "one hundred twenty-three"."""
    if number < 0:
        return "minus " + words(-number)
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    size, scale = next(pair for pair in SCALES if pair[0] <= number)
    rest = f" {words(number % size)}" if number % size else ""
    return f"{words(number // size)} {scale}{rest}"


def ordinal(number: int) -> str:
    """The ordinal in English words, "twenty-first"."""
    text = words(number)
    cut = max(text.rfind(" "), text.rfind("-")) + 1
    last = text[cut:]
    return text[:cut] + (ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th"))


def roman(number: int) -> str:
    """The Roman numeral of a number from 1 to 3999."""
    parts = []
    for value, letters in ROMAN:
        count, number = divmod(number, value)
        parts.append(letters * count)
    return "".join(parts)


def factors(number: int) -> list[int]:
    """The prime factors of a number above 1, from small to large."""
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*found, number] if number > 1 else found


def _square(number: int) -> bool:
    return number >= 0 and math.isqrt(number) ** 2 == number


def _fact(query: Query) -> Body:
    number = query.integer("number")
    primes = factors(number) if number > 1 else []
    prime = len(primes) == 1
    divisors = math.prod(primes.count(one) + 1 for one in set(primes)) if number > 0 else None
    names = [
        name
        for name, holds in (
            ("a prime number", prime),
            ("a perfect square", _square(number)),
            ("a triangular number", _square(8 * number + 1)),
            ("a Fibonacci number", _square(5 * number**2 + 4) or _square(5 * number**2 - 4)),
            ("a power of two", number > 0 and number & (number - 1) == 0),
            ("a palindrome", number >= 10 and str(number) == str(number)[::-1]),
        )
        if holds and number >= 0
    ]
    kinds = " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
    product = " x ".join(map(str, primes))
    text = f"{number} is {'an even' if number % 2 == 0 else 'an odd'} number" + (f"; it is {kinds}" if kinds else "")
    return {
        "number": number,
        "text": text + (f". Its prime factorization is {product}." if len(primes) > 1 else "."),
        "is_prime": prime,
        "prime_factors": primes,
        "divisor_count": divisors,
        "roman": roman(number) if 0 < number < 4000 else None,
        "binary": f"{number:b}",
        "square": number**2,
    }


def _words(query: Query) -> Body:
    number = query.integer("number")
    return {"number": number, "words": words(number), "ordinal": ordinal(number), "digits": len(str(abs(number)))}


PROVIDER = Provider(
    name="numbers",
    host="numbers-facts.example",
    errors=styles.message,
    endpoints=(
        Endpoint(
            tool="get_number_fact",
            description="Get mathematical facts about a whole number: whether it is prime, its prime factors, "
            "Roman numeral and binary form.",
            path="/api/math",
            params=(Param("number", "Whole number", 42, kind="integer", minimum=-LARGEST, maximum=LARGEST),),
            answer=_fact,
            tags=("numbers",),
        ),
        Endpoint(
            tool="number_to_words",
            description="Write a whole number out in English words.",
            path="/api/words",
            params=(Param("number", "Whole number", 1984, kind="integer", minimum=-(10**15) + 1, maximum=10**15 - 1),),
            answer=_words,
            tags=("numbers",),
        ),
    ),
)
