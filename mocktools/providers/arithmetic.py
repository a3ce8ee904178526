"""Terse arithmetic on whole numbers: prime factors, another base. Documented as curtly as many real APIs are.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("convertBase").call({"n": "ff", "from": 16, "to": 2}).body)

Everything is computed. Not covered: fractions in other bases.
"""

from __future__ import annotations

import string

from mocktools import styles
from mocktools.provider import Endpoint, Provider
from mocktools.providers.numbers import LARGEST, factors
from mocktools.server import Body, Param, Query, invalid

DIGITS = string.digits + string.ascii_lowercase
PREFIXES = {2: "0b", 8: "0o", 16: "0x"}
# 64 binary digits.
MOST_DIGITS = 64


def in_base(number: int, base: int) -> str:
    """A number from 0 in a base from 2 to 36, in lower case."""
    digits = ""
    while True:
        number, last = divmod(number, base)
        digits = DIGITS[last] + digits
        if not number:
            return digits


def _factors(query: Query) -> Body:
    number = query.integer("n")
    primes = factors(number)
    powers = {str(prime): primes.count(prime) for prime in primes}
    return {"n": number, "factors": powers, "prime": len(primes) == 1, "distinct": len(powers), "ms": 0}


def _base(query: Query) -> Body:
    source, target = query.integer("from"), query.integer("to")
    sent = query.text("n").lower()
    digits = sent.removeprefix("-").removeprefix(PREFIXES.get(source, "-"))
    if not digits or len(digits) > MOST_DIGITS or not set(digits) <= set(DIGITS[:source]):
        raise invalid("n", query.text("n"), f"1 to {MOST_DIGITS} digits of base {source}")
    number = int(digits, source)
    sign = "-" if sent.startswith("-") and number else ""
    return {"out": sign + in_base(number, target), "in": sent, "from": source, "to": target, "ms": 0}


PROVIDER = Provider(
    name="arithmetic",
    host="mathd.example",
    errors=styles.typed,
    endpoints=(
        Endpoint(
            tool="primeFactors",
            description="Prime factorization.",
            path="/f",
            params=(Param("n", "2..1e9", 360, kind="integer", minimum=2, maximum=LARGEST),),
            answer=_factors,
            tags=("numbers",),
        ),
        Endpoint(
            tool="convertBase",
            description="Base conversion.",
            path="/b",
            params=(
                Param("n", "Digits", "ff"),
                Param("from", "Base", 16, kind="integer", minimum=2, maximum=36),
                Param("to", "Base", 2, kind="integer", minimum=2, maximum=36),
            ),
            answer=_base,
            tags=("numbers",),
        ),
    ),
)
