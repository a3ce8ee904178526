"""Bewegliche Feiertage: the date of Easter and of the days that follow it, documented in German.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("berechne_ostern").call({"jahr": 2027}).body)

Computed: the Gregorian rule after Butcher, the Orthodox one after Meeus. Not covered: the years before the Gregorian
calendar, holidays with a fixed date.
"""

from __future__ import annotations

import datetime

from mocktools import styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query

CHURCHES = ("west", "ost")
WOCHENTAGE = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
# Days after Easter Sunday, as they are called in German.
MOVABLE = (
    ("rosenmontag", -48), ("aschermittwoch", -46), ("karfreitag", -2), ("ostermontag", 1),
    ("christi_himmelfahrt", 39), ("pfingstsonntag", 49), ("fronleichnam", 60),
)  # fmt: skip


def western(year: int) -> datetime.date:
    """Easter Sunday of the western churches, by the anonymous Gregorian algorithm."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return datetime.date(year, month, day + 1)


def eastern(year: int) -> datetime.date:
    """Easter Sunday of the Orthodox churches as a Gregorian date."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    # The Julian calendar falls behind by three days in four centuries.
    behind = year // 100 - year // 400 - 2
    return datetime.date(year, month, day + 1) + datetime.timedelta(days=behind)


def _easter(query: Query) -> Body:
    year, church = query.integer("jahr"), query.text("kirche")
    sunday = western(year) if church == "west" else eastern(year)
    days = {name: (sunday + datetime.timedelta(days=after)).isoformat() for name, after in MOVABLE}
    return {
        "ostersonntag": sunday.isoformat(),
        "tage_nach_ostern": {name: day for name, day in days.items() if day > sunday.isoformat()},
        "tage_vor_ostern": {name: day for name, day in days.items() if day < sunday.isoformat()},
        "jahr": year,
        "kirche": church,
        "wochentag_1_januar": WOCHENTAGE[datetime.date(year, 1, 1).weekday()],
        "kalender": "gregorianisch",
    }


PROVIDER = Provider(
    name="easter",
    host="api.feiertagsrechner.example",
    errors=styles.german,
    endpoints=(
        Endpoint(
            tool="berechne_ostern",
            description="Berechnet das Datum des Osterfestes und der beweglichen Feiertage eines Jahres "
            "(Karfreitag, Himmelfahrt, Pfingsten, Fronleichnam).",
            path="/v1/ostern",
            params=(
                Param("jahr", "Jahr, vierstellig", 2027, kind="integer", minimum=1583, maximum=4099),
                Param(
                    "kirche", "Rechnung der Kirche: west (gregorianisch) oder ost (orthodox)", "ost",
                    required=False, default="west", choices=CHURCHES,
                ),
            ),
            answer=_easter,
            tags=("holidays", "dates"),
        ),
    ),
)  # fmt: skip
