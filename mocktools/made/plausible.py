"""Texts and numbers that suit a name: a `city` gets a city, a `price` a price. All people and firms are invented.

    >>> text("shippingCity", lambda limit: 0), text("notes", lambda limit: 1)[:14]
    ('Lisbon', 'It works as ex')
    >>> span("latitude")
    (-90.0, 90.0)

The last word of a name decides (`billing_address.postal_code`, `homeTown`). Not covered: languages other than English.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Draw = Callable[[int], int]

_FIRST = ("Ana", "Ben", "Chen", "Dara", "Elif", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kemi", "Lea")
_LAST = ("Moreno", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Sato", "Tran", "Ueda", "Varga", "Weber", "Yilmaz")
_CITIES = (
    "Lisbon",
    "Osaka",
    "Nairobi",
    "Lima",
    "Turin",
    "Bergen",
    "Austin",
    "Hanoi",
    "Leeds",
    "Quito",
    "Perth",
    "Graz",
)
_COUNTRIES = ("Portugal", "Japan", "Kenya", "Peru", "Italy", "Norway", "Canada", "Vietnam", "Ecuador", "Austria")
_CODES = ("PT", "JP", "KE", "PE", "IT", "NO", "CA", "VN", "EC", "AT")
_CURRENCIES = ("EUR", "USD", "JPY", "GBP", "CHF", "NOK", "CAD", "AUD")
_LANGUAGES = ("en", "de", "fr", "es", "ja", "pt", "it", "nl")
_ZONES = ("Europe/Lisbon", "Asia/Tokyo", "Africa/Nairobi", "America/Lima", "Europe/Oslo", "America/Toronto")
_COLORS = ("blue", "green", "red", "yellow", "grey", "white", "black", "orange")
_FIRMS = ("Alder Works", "Brook & Son", "Cedar Labs", "Delta Foods", "Elm Press", "Fjord Line", "Grove Media")
_THINGS = ("lamp", "notebook", "kettle", "backpack", "headphones", "chair", "bicycle", "umbrella", "camera", "blanket")
_TITLES = (
    "A Short Walk",
    "The Long Table",
    "Notes on Rain",
    "Early Light",
    "Seven Bridges",
    "Open Water",
    "Paper Maps",
)
_SENTENCES = (
    "A first version, to be looked at again.", "It works as expected.", "Ready for the next step.",
    "Made for everyday use.", "Please have a look before Friday.", "Nothing unusual was found.",
    "One of the best of its kind.", "Delivered on time.", "A quiet place near the river.", "Best kept in a dry place.",
)  # fmt: skip
_WORDS = ("alder", "birch", "cedar", "dune", "ember", "fern", "grove", "harbor", "iris", "juniper", "kestrel", "lark",
          "maple", "north", "olive", "pine", "quartz", "river", "stone", "tide")  # fmt: skip
_STREETS = ("Mill Lane", "High Street", "Station Road", "Park Avenue", "River Walk", "Church Street")
_STATES = ("active", "pending", "done", "open", "closed")

_LISTS: dict[str, tuple[str, ...]] = {
    "city": _CITIES, "town": _CITIES, "location": _CITIES, "place": _CITIES, "destination": _CITIES, "origin": _CITIES,
    "country": _COUNTRIES, "nationality": _COUNTRIES, "currency": _CURRENCIES, "language": _LANGUAGES,
    "lang": _LANGUAGES, "locale": _LANGUAGES,
    "timezone": _ZONES, "zone": _ZONES, "color": _COLORS, "colour": _COLORS, "firstname": _FIRST,
    "lastname": _LAST, "surname": _LAST, "company": _FIRMS, "organization": _FIRMS, "organisation": _FIRMS,
    "brand": _FIRMS, "manufacturer": _FIRMS, "vendor": _FIRMS, "product": _THINGS, "item": _THINGS, "category": _THINGS,
    "title": _TITLES, "subject": _TITLES, "headline": _TITLES, "heading": _TITLES, "status": _STATES, "state": _STATES,
    "description": _SENTENCES, "summary": _SENTENCES, "text": _SENTENCES, "message": _SENTENCES, "comment": _SENTENCES,
    "content": _SENTENCES, "note": _SENTENCES, "notes": _SENTENCES, "body": _SENTENCES, "about": _SENTENCES,
    "bio": _SENTENCES, "details": _SENTENCES, "reason": _SENTENCES, "street": _STREETS, "tag": _WORDS, "slug": _WORDS,
    "label": _WORDS, "username": _WORDS, "login": _WORDS, "key": _WORDS,
}  # fmt: skip
_PEOPLE = frozenset({
    "author", "owner", "user", "customer", "assignee", "creator", "person", "contact", "sender", "guest", "employee",
    "student", "patient", "member", "player",
})  # fmt: skip
_SPANS: dict[str, tuple[float, float]] = {
    "latitude": (-90.0, 90.0), "lat": (-90.0, 90.0), "longitude": (-180.0, 180.0), "lon": (-180.0, 180.0),
    "lng": (-180.0, 180.0), "age": (18, 80), "year": (1990, 2026), "month": (1, 12), "day": (1, 28), "hour": (0, 23),
    "minute": (0, 59), "second": (0, 59), "rating": (1, 5), "score": (0, 100), "percent": (0, 100),
    "percentage": (0, 100), "probability": (0, 1), "confidence": (0, 1),
    "price": (3, 250), "cost": (3, 250), "amount": (3, 250),
    "quantity": (1, 12), "count": (1, 40), "total": (1, 40), "size": (1, 40), "limit": (1, 40), "page": (1, 4),
    "offset": (0, 40), "id": (1000, 99999), "temperature": (-5, 30), "humidity": (30, 95), "weight": (1, 90),
    "height": (1, 200), "width": (1, 200), "distance": (1, 900), "duration": (5, 180), "timestamp": (1.76e9, 1.79e9),
    "created": (1.76e9, 1.79e9), "port": (1024, 9999),
}  # fmt: skip
_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_TENTHS = frozenset({"probability", "confidence"})


def words(name: str) -> list[str]:
    """The words of a name in small letters: "petId", "pet_id" and "pet-id" have "pet" and "id"."""
    return [word.lower() for word in _BREAKS.split(name[:100]) if word]


def text(name: str, draw: Draw) -> str:
    """A short text that suits `name`. `draw(limit)` gives a number from 0 to limit - 1."""
    parts = words(name)
    last = parts[-1] if parts else ""
    joined = "".join(parts[-2:])
    for word in (joined, last):
        if word in _LISTS and not (word == "username" and len(parts) > 1 and last == "name"):
            return _of(_LISTS[word], draw)
    if last.endswith("s") and not last.endswith(("ss", "us", "is")):
        return text(" ".join([*parts[:-1], last[:-1]]), draw)
    if last == "name":
        return _name(parts[:-1], draw)
    if last in _PEOPLE:
        return f"{_of(_FIRST, draw)} {_of(_LAST, draw)}"
    return _special(last, joined, draw)


def _name(before: list[str], draw: Draw) -> str:
    """What a thing of this kind is called: a person only where the name says so, as in `author_name`."""
    of = before[-1] if before else ""
    if of in _LISTS:
        return _of(_LISTS[of], draw)
    if of in ("first", "given"):
        return _of(_FIRST, draw)
    if of in ("last", "family"):
        return _of(_LAST, draw)
    if of in _PEOPLE or of == "full":
        return f"{_of(_FIRST, draw)} {_of(_LAST, draw)}"
    return f"{_of(_WORDS, draw)} {_of(_WORDS, draw)}".title()


def is_person(name: str) -> bool:
    """Whether what is called so is a person: "User", "bookAuthors"."""
    last = next(reversed(words(name)), "")
    return last in _PEOPLE or last.removesuffix("s") in _PEOPLE or last == "people"


def _special(last: str, joined: str, draw: Draw) -> str:
    if last in ("email", "mail"):
        return email(draw)
    if last in ("url", "uri", "link", "href", "website", "homepage"):
        return url(draw)
    if last in ("phone", "telephone", "mobile", "fax"):
        return f"+1 555 01{draw(100):02d}"
    if last == "address":
        return f"{1 + draw(120)} {_of(_STREETS, draw)}"
    if joined in ("postalcode", "zipcode", "postcode") or last in ("zip", "postcode"):
        return f"{10000 + draw(89999)}"
    if joined in ("countrycode", "isocode"):
        return _of(_CODES, draw)
    if joined in ("currencycode", "currencysymbol"):
        return _of(_CURRENCIES, draw)
    if last in ("date", "day", "birthday"):
        return date(draw)
    if last in ("time", "datetime", "timestamp") or joined.endswith("edat"):
        return moment(draw)
    if last in ("id", "uid", "number", "code", "sku", "token", "hash", "ref", "reference"):
        return f"{_of(_WORDS, draw)[:3]}-{1000 + draw(9000)}"
    return f"{_of(_WORDS, draw)} {_of(_WORDS, draw)}"


def span(name: str) -> tuple[float, float]:
    """Between which numbers one that suits `name` lies."""
    parts = words(name)
    last = parts[-1] if parts else ""
    return _SPANS.get(last) or _SPANS.get(last.removesuffix("s")) or (1, 1000)


def word(draw: Draw) -> str:
    """A word in small letters."""
    return _of(_WORDS, draw)


def email(draw: Draw) -> str:
    """An address that belongs to nobody."""
    return f"{_of(_FIRST, draw)}.{_of(_LAST, draw)}@mail.example".lower()


def url(draw: Draw) -> str:
    """An address under a name that belongs to nobody."""
    return f"https://www.{_of(_WORDS, draw)}.example/{_of(_WORDS, draw)}"


def date(draw: Draw) -> str:
    """A day of 2026."""
    return f"2026-{1 + draw(12):02d}-{1 + draw(28):02d}"


def moment(draw: Draw) -> str:
    """A moment of 2026, UTC."""
    return f"{date(draw)}T{draw(24):02d}:{5 * draw(12):02d}:00Z"


def _of(choices: tuple[str, ...], draw: Draw) -> str:
    return choices[draw(len(choices))]
