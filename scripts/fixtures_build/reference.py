"""Words for numbers (num2words), IBANs (schwifty), colours (webcolors), languages and currencies (CLDR, ISO)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fixtures_build.common import package
from fixtures_build.countries import countries
from fixtures_build.places import geonames

NUMBER_LANGUAGES = ("es", "fr", "de", "it", "pt", "nl")
LARGEST = 1000
# The classes of characters in the registry of IBANs.
IBAN_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
# CLDR's names of these make sense only beside the language's.
SCRIPTS = {"Hans": "Han (simplified)", "Jpan": "Kanji and kana", "Kore": "Hangul and hanja"}
# Official languages where CLDR and countries.json do not agree.
OFFICIAL = {
    "AF": "ps fa", "AW": "nl pap", "BI": "rn fr en", "CH": "de fr it rm", "EH": "ar", "FJ": "en fj hif",
    "GQ": "es fr pt", "IL": "he", "IQ": "ar ku", "KI": "en gil", "MA": "ar zgh", "NO": "no nb nn",
    "NU": "en niu", "PG": "en tpi ho", "PW": "en pau", "SJ": "no nb", "TF": "fr", "TL": "pt tet", "TV": "en tvl",
    "ZA": "zu xh af en nso tn st ts ss ve nr",
}  # fmt: skip
# Of CSS Colors 4; webcolors has the names of CSS 3.
NEWER_COLOURS = {"rebeccapurple": "#663399"}


def number_words() -> dict[str, Any]:
    """The content of number_words.json: for each language the words of 0 to 1000 in a list."""
    return {
        "source": "Python package num2words 0.5.14 (https://github.com/savoirfairelinux/num2words)",
        "as_of": "2026",
        "license": "The words are facts of the languages; the package that wrote them is under the LGPL 2.1",
        "about": f"The numbers from 0 to {LARGEST} in words, by ISO 639-1 code of the language.",
        "words": {code: [_in_words(number, code) for number in range(LARGEST + 1)] for code in NUMBER_LANGUAGES},
    }


def _in_words(number: int, code: str) -> str:
    words = str(package("num2words").num2words(number, lang=code)).strip()
    if code == "it" and number > 3 and words.endswith("tre"):
        # The package accents only "ventitré" and its like below a hundred; the rule is for all compounds.
        return words.removesuffix("tre") + "tré"
    # In Dutch the accents only tell the numeral from the article.
    return words.replace("éé", "ee") if code == "nl" else words


def iban() -> dict[str, Any]:
    """The content of iban.json: length, form and place of the bank code, by country."""
    folder = Path(package("schwifty").__file__).parent / "iban_registry"
    registry = json.loads((folder / "generated.json").read_text(encoding="utf-8"))
    for code, changes in json.loads((folder / "overwrite.json").read_text(encoding="utf-8")).items():
        registry[code] = registry.get(code, {}) | changes | {
            "positions": registry.get(code, {}).get("positions", {}) | changes.get("positions", {})
        }  # fmt: skip
    _, lands, _ = geonames()
    official = {code: row for code, row in registry.items() if code in lands and not row.get("aspirational")}
    return {
        "source": "The SWIFT registry of IBANs through the Python package schwifty 2026.10.1",
        "as_of": "2026-10",
        "license": "MIT, copyright Martin Domke",
        "about": "IBANs by country: length, the form of what follows the check digits, where the bank code is in it.",
        "countries": {
            code: {
                "name": lands[code]["name"], "length": row["iban_length"], "pattern": _pattern(row["bban_spec"]),
                "bank": row["positions"]["bank_code"], "sepa": row["in_sepa_zone"],
            }
            for code, row in sorted(official.items())
        },
    }  # fmt: skip


def _pattern(spec: str) -> str:
    """A regular expression for a form like "4!n12!c"."""
    return "".join(f"{IBAN_CLASSES[kind]}{{{count}}}" for count, kind in re.findall(r"(\d+)!([nac])", spec))


def colors() -> dict[str, Any]:
    """The content of colors.json: the named colours of CSS."""
    module = package("webcolors")
    named = {name: module.name_to_hex(name) for name in module.names("css3")} | NEWER_COLOURS
    return {
        "source": "CSS Color Module Level 4 (W3C) through the Python package webcolors 25.10.0",
        "as_of": "2026",
        "license": "BSD-3-Clause, copyright James Bennett",
        "about": "The named colours of CSS and their values.",
        "colors": dict(sorted(named.items())),
    }


def languages() -> dict[str, Any]:
    """The content of languages.json: codes, names, script and the countries where a language is official."""
    core, english = package("Babel", "babel.core"), package("Babel").Locale("en")
    likely, official = core.get_global("likely_subtags"), _official()
    rows = []
    for language in package("pycountry").languages:
        code = getattr(language, "alpha_2", language.alpha_3)
        known = code in english.languages and code in likely
        if not known or (len(code) == 3 and code not in official):
            continue
        script = core.parse_locale(likely[code])[2]
        row = {
            "code": code, "code3": language.alpha_3, "name": english.languages[code],
            "native_name": _native(core, code), "script": SCRIPTS.get(script) or english.scripts[script],
            "right_to_left": script in ("Arab", "Hebr", "Thaa"), "official_in": sorted(official.get(code, ())),
        }  # fmt: skip
        if hasattr(language, "bibliographic"):
            row["bibliographic"] = language.bibliographic
        rows.append(row)
    return {
        "source": "ISO 639 through pycountry 26.2.16; Unicode CLDR through Babel 2.18.0 (names, scripts, countries)",
        "as_of": "2026",
        "license": "ISO 639 codes are facts (pycountry: LGPL 2.1); Unicode CLDR: Unicode License v3",
        "about": "Languages with a two-letter code, and others that are official in a country. `official_in` holds "
        "countries for which CLDR and countries.json agree, and some that are put right by hand in the builder.",
        "languages": sorted(rows, key=lambda row: str(row["code"])),
    }


def _official() -> dict[str, set[str]]:
    """The countries where a language is official in all of the country, by the language's code."""
    names = package("Babel").Locale("en").languages
    info = package("Babel", "babel.languages").get_territory_language_info
    found: dict[str, set[str]] = {}
    for row in countries()["countries"]:
        # CLDR counts some languages of business or of the past, countryinfo some of minorities: both must agree.
        stated = {
            tag.split("_")[0] for tag, fact in info(row["code"]).items()
            if fact["official_status"] in ("official", "de_facto_official")
        }  # fmt: skip
        agreed = [code for code in stated if names.get(code) in row["languages"]]
        for code in OFFICIAL.get(row["code"], "").split() or agreed:
            found.setdefault(code, set()).add(row["code"])
    return found


def _native(core: Any, code: str) -> str | None:
    try:
        locale = core.Locale(code)
    except core.UnknownLocaleError:
        return None
    name = locale.languages.get(code)
    return str(name) if name else None


def currencies() -> dict[str, Any]:
    """The content of currencies.json: the currencies that a country uses, with their ISO 4217 codes."""
    names = package("Babel", "babel.numbers")
    by_code = {entry.code: entry for entry in package("iso4217").Currency}
    used: dict[str, list[str]] = {}
    for row in countries()["countries"]:
        used.setdefault(row["currency"]["code"], []).append(row["name"])
    return {
        "source": "ISO 4217 through iso4217 1.16.20260101 (number, decimals); Unicode CLDR through Babel 2.18.0 (name, "
        "symbol); countries as in countries.json",
        "as_of": "2026-01-01",
        "license": "ISO 4217 codes are facts (iso4217: public domain); CLDR: Unicode License v3; GeoNames: CC BY 4.0",
        "about": "Currencies in use, with the countries from the most to the least populous. Decimals as in ISO 4217.",
        "currencies": [
            {
                "code": code,
                "name": names.get_currency_name(code, locale="en"),
                "number": f"{by_code[code].number:03}",
                "symbol": names.get_currency_symbol(code, locale="en").replace("\u202f", " "),
                "decimals": by_code[code].exponent,
                "countries": used[code],
            }
            for code in sorted(used)
        ],
    }  # fmt: skip
