"""Check digits: IBAN, ISBN and payment card numbers.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("validate_iban").call({"iban": "DE89 3704 0044 0532 0130 00"}).body)

A number that is wrong is no bad request: the answer says why it is not valid. Lengths of IBANs are in
`fixtures/iban.json`. Not covered: whether an account, a book or a card exists; national check digits.
"""

from __future__ import annotations

import re
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid

# First digits and lengths of the large card networks.
NETWORKS = (
    ("American Express", r"3[47]\d{13}"),
    ("Visa", r"4(\d{12}|\d{15}|\d{18})"),
    ("Mastercard", r"(5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"),
    ("Discover", r"(6011|64[4-9]\d|65\d{2})\d{12}"),
    ("JCB", r"35(2[89]|[3-8]\d)\d{12}"),
    ("Diners Club", r"3(0[0-5]|[68]\d)\d{11}"),
)


def _bare(query: Query, name: str) -> str:
    """The value without the spaces and hyphens that people put in for reading."""
    return re.sub(r"[\s-]", "", query.text(name)).upper()


def _verdict(problems: list[str], **fields: Any) -> Body:
    return {"valid": not problems, "problems": problems, **fields, "request_id": "req_00000001"}


def _iban(query: Query) -> Body:
    iban = _bare(query, "iban")
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", iban, re.ASCII):
        raise invalid("iban", query.text("iban"), "an IBAN: two letters, two digits, then letters and digits")
    row = fixtures.table("iban")["countries"].get(iban[:2])
    problems = []
    if row is None:
        problems.append(f"{iban[:2]} is no country with IBANs")
    elif len(iban) != row["length"]:
        problems.append(f"an IBAN of {row['name']} has {row['length']} characters, not {len(iban)}")
    elif not re.fullmatch(row["pattern"], iban[4:], re.ASCII):
        problems.append(f"the account part does not have the form of {row['name']}")
    if int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 != 1:
        problems.append("the check digits do not match")
    bank = iban[4:][slice(*row["bank"])] if row and not problems else None
    printed = " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
    country = row and {"code": iban[:2], "name": row["name"], "sepa": row["sepa"]}
    return _verdict(problems, iban=printed, country=country, bank_code=bank, check_digits=iban[2:4])


def _isbn(query: Query) -> Body:
    isbn = _bare(query, "isbn")
    if not re.fullmatch(r"[0-9]{9}[0-9X]|[0-9]{13}", isbn, re.ASCII):
        raise invalid("isbn", query.text("isbn"), "an ISBN of 10 or 13 digits, e.g. 978-0-306-40615-7")
    core = isbn[:9] if len(isbn) == 10 else isbn[3:12]
    last = (11 - sum((10 - place) * int(digit) for place, digit in enumerate(core))) % 11
    isbn10 = core + ("X" if last == 10 else str(last))
    prefix = isbn[:3] if len(isbn) == 13 else "978"
    isbn13 = prefix + core
    isbn13 += str(-sum((1, 3)[place % 2] * int(digit) for place, digit in enumerate(isbn13)) % 10)
    problems = [] if prefix in ("978", "979") else ["an ISBN of 13 digits begins with 978 or 979"]
    if isbn not in (isbn10, isbn13):
        expected = (isbn10 if len(isbn) == 10 else isbn13)[-1]
        problems.append(f"the check digit is {isbn[-1]} but should be {expected}")
    # A number that begins with 979 has no form of ten digits.
    short = isbn10 if prefix == "978" and not problems else None
    return _verdict(problems, isbn13=None if problems else isbn13, isbn10=short, format=f"ISBN-{len(isbn)}")


def _card(query: Query) -> Body:
    number = _bare(query, "number")
    if not re.fullmatch(r"[0-9]{12,19}", number, re.ASCII):
        raise invalid("number", "(hidden)", "a card number of 12 to 19 digits")
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    problems = [] if sum(sum(divmod(one, 10)) for one in doubled) % 10 == 0 else ["the Luhn check digit does not match"]
    network = next((name for name, pattern in NETWORKS if re.fullmatch(pattern, number, re.ASCII)), None)
    return _verdict(problems, network=network, length=len(number), masked="*" * (len(number) - 4) + number[-4:])


PROVIDER = Provider(
    name="validators",
    host="api.checkdigit.example",
    errors=styles.json_api,
    fixtures=("iban",),
    endpoints=(
        Endpoint(
            tool="validate_iban",
            description="Check whether an international bank account number (IBAN) is valid, and name its country.",
            path="/v1/iban",
            params=(Param("iban", "IBAN, with or without spaces", "DE89 3704 0044 0532 0130 00"),),
            answer=_iban,
            tags=("validation", "money"),
        ),
        Endpoint(
            tool="validate_isbn",
            description="Check whether the ISBN of a book is valid, and convert it between its 10 and 13 digit forms.",
            path="/v1/isbn",
            params=(Param("isbn", "ISBN of 10 or 13 digits", "978-0-306-40615-7"),),
            answer=_isbn,
            tags=("validation", "books"),
        ),
        Endpoint(
            tool="check_card_number",
            description="Check the Luhn digit of a payment card number and name the card network.",
            path="/v1/card",
            params=(Param("number", "Card number, with or without spaces", "4111 1111 1111 1111"),),
            answer=_card,
            tags=("validation", "money"),
        ),
    ),
)
