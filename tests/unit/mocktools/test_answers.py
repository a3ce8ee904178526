"""What each tool answers: a table of calls with the status and a part of the body."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

import mocktools

# Tool, arguments, status, and fields that the JSON body has (a value of the path "a.b.0").
OK: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("get_current_weather", {"city": "Paris"}, {"city": "Paris", "country": "France", "date": "2026-10-30"}),
    ("get_current_weather", {"city": "  pARIS , fr"}, {"city": "Paris", "country": "France"}),
    ("get_current_weather", {"city": "Washington, D.C."}, {"city": "Washington", "country": "United States"}),
    ("get_current_weather", {"city": "London, Canada"}, {"country": "Canada"}),
    ("get_current_weather", {"city": "Sao Paulo", "unit": "F"}, {"city": "São Paulo"}),
    ("forecast_weather", {"city": "Tokyo", "days": "2"}, {"forecast.1.date": "2026-11-01"}),
    ("get_today_date", {}, {"date": "2026-10-30", "day_of_week": "Friday", "week_number": 44}),
    ("get_today_date", {"timezone": "CET"}, {"date": "2026-10-30"}),
    ("add_date", {"days": 10}, {"date": "2026-11-09", "day_of_week": "Monday"}),
    ("add_date", {"days": "-1", "date": "2024-03-01"}, {"date": "2024-02-29"}),
    ("get_days_between", {"start_date": "2026-11-01", "end_date": "2026-12-25"}, {"days": 54}),
    ("get_days_between", {"start_date": "2026-12-25", "end_date": "2026-12-24"}, {"days": -1}),
    ("search_places", {"name": "Lisbon"}, {"results.0.country": "Portugal", "results.0.capital": True}),
    ("search_places", {"name": "Portland, OR", "limit": 1}, {"results.0.state": "Oregon"}),
    ("search_places", {"name": "München"}, {"results.0.name": "Munich"}),
    ("search_places", {"name": "Marra"}, {"results.0.name": "Marrakesh"}),
    ("get_distance", {"origin": "London", "destination": "New York"}, {"distance_km": 5570.2}),
    ("get_distance", {"origin": "Oslo", "destination": "Oslo"}, {"distance_km": 0.0}),
    ("get_local_time", {"city": "New York"}, {"local_time": "2026-10-30 08:00", "utc_offset": "-04:00"}),
    ("get_local_time", {"city": "Kathmandu"}, {"local_time": "2026-10-30 17:45", "utc_offset": "+05:45"}),
    ("convert_time", {"time": "15:30", "from": "London", "to": "Tokyo"}, {"result": "2026-10-31 00:30"}),
    ("convert_time", {"time": "2026-07-01 09:00", "from": "UTC", "to": "Europe/Paris"}, {"result": "2026-07-01 11:00"}),
    ("convert_time", {"time": "08:00:00", "from": "PST", "to": "gmt"}, {"result": "2026-10-30 15:00"}),
    # Clocks skip 02:30 on this night, and show it twice on the other.
    ("convert_time", {"time": "2026-03-29 02:30", "from": "Paris", "to": "UTC"}, {"from.time": "2026-03-29 03:30"}),
    ("convert_time", {"time": "2026-10-25 02:30", "from": "Paris", "to": "UTC"}, {"result": "2026-10-25 00:30"}),
    ("convert_time", {"time": "2024-01-01 00:00", "from": "Tokyo", "to": "Honolulu"}, {"result": "2023-12-31 05:00"}),
    ("convert_time", {"time": "2027-12-31 23:59", "from": "Honolulu", "to": "Tokyo"}, {"result": "2028-01-01 18:59"}),
    ("convert_currency", {"amount": 100, "from": "EUR", "to": "usd"}, {"result": 111.72, "rate": 1.1172}),
    ("convert_currency", {"amount": "2.5", "from": "JPY", "to": "JPY"}, {"result": 2.5, "rate": 1.0}),
    ("get_exchange_rates", {"base": "EUR"}, {"rates.USD": 1.1172, "date": "2026-10-30"}),
    ("search_encyclopedia", {"query": "who painted the Mona Lisa?"}, {"results.0.title": "Mona Lisa"}),
    ("search_encyclopedia", {"query": "xyzzy"}, {"total": 0, "results": []}),
    ("search_encyclopedia", {"query": "Martin Luther King"}, {"results.0.snippet": "Martin Luther King Jr. was an American minister and a leader of the civil rights movement."}),
    ("search_encyclopedia", {"query": "planet", "limit": 1}, {"results.0.title": "Solar System"}),
    ("get_article_summary", {"title": "albert_einstein"}, {"title": "Albert Einstein"}),
    ("get_article_summary", {"title": "Gold"}, {"description": "Chemical element with symbol Au"}),
    ("get_article_summary", {"title": "Kenya"}, {"description": "Country in Sub-Saharan Africa"}),
    ("search_papers", {"query": "attention is all you need"}, {"papers.0.id": "1706.03762"}),
    ("search_papers", {"query": "Kingma", "max_results": "1"}, {"total_results": 2}),
    ("get_paper", {"arxiv_id": "arXiv:1706.03762v5"}, {"title": "Attention Is All You Need", "year": 2017}),
    ("get_paper", {"arxiv_id": "quant-ph/9508027"}, {"authors.0": "Peter W. Shor"}),
    ("get_number_fact", {"number": 144}, {"prime_factors": [2, 2, 2, 2, 3, 3], "roman": "CXLIV"}),
    ("get_number_fact", {"number": "999999937"}, {"is_prime": True, "divisor_count": 2, "roman": None}),
    ("get_number_fact", {"number": 0}, {"is_prime": False, "binary": "0"}),
    ("get_number_fact", {"number": -7}, {"is_prime": False, "text": "-7 is an odd number."}),
    ("number_to_words", {"number": 1984}, {"words": "one thousand nine hundred eighty-four"}),
    ("number_to_words", {"number": -20}, {"words": "minus twenty", "ordinal": "minus twentieth"}),
    ("number_to_words", {"number": 10**12 + 112}, {"ordinal": "one trillion one hundred twelfth"}),
    ("get_country", {"name": "japan"}, {"capital": "Tokyo", "currency.code": "JPY", "borders": []}),
    ("get_country", {"name": "The UK"}, {"name": "United Kingdom", "capital": "London"}),
    ("get_country", {"name": "Deutschland"}, {"name": "Germany", "languages": ["German"]}),
    ("list_countries_by_region", {"region": "south america", "limit": 1}, {"countries.0.name": "Brazil"}),
    ("list_public_holidays", {"country_code": "fr", "year": 2026}, {"holidays.6.date": "2026-07-14"}),
    ("get_next_public_holiday", {"country_code": "US"}, {"name": "Veterans Day", "days_until": 12}),
    ("get_element", {"element": "Fe"}, {"name": "Iron", "atomic_number": 26}),
    ("get_element", {"element": 79}, {"symbol": "Au"}),
    ("get_element", {"element": "aluminum"}, {"symbol": "Al"}),
    ("convert_units", {"value": 10, "from_unit": "miles", "to_unit": "km"}, {"result": 16.09344}),
    ("convert_units", {"value": -40, "from_unit": "\u00b0F", "to_unit": "Celsius"}, {"result": -40.0}),
    ("convert_units", {"value": "1e3", "from_unit": "g", "to_unit": "lbs"}, {"result": 2.2046226}),
    ("get_weather_history", {"city": "Oslo", "start_date": "2026-07-14", "end_date": "2026-07-15"}, {"daily.1.date": "2026-07-15"}),
    ("get_weather_history", {"city": "Lima", "start_date": "1940-01-01", "end_date": "1940-01-01"}, {"country": "Peru"}),
    ("find_country_by_capital", {"capital": "canberra"}, {"country": "Australia", "country_code": "AU"}),
    ("find_country_by_capital", {"capital": "Kiev"}, {"country": "Ukraine", "capital": "Kyiv"}),
    ("list_neighbouring_countries", {"country": "CH"}, {"count": 5, "neighbours.0.capital": "Vienna"}),
    ("list_neighbouring_countries", {"country": "Iceland"}, {"count": 0, "neighbours": []}),
    ("list_holidays_between", {"country_code": "DE", "start_date": "2026-12-01", "end_date": "2027-01-31"}, {"total": 3, "holidays.2.date": "2027-01-01"}),
    ("list_holidays_between", {"country_code": "us", "start_date": "2026-07-01", "end_date": "2026-12-31", "offset": 2, "limit": "1"}, {"holidays.0.name": "Labor Day"}),
    ("check_public_holiday", {"country_code": "FR", "date": "2026-07-14"}, {"is_holiday": True, "day_of_week": "Tuesday"}),
    ("check_public_holiday", {"country_code": "FR"}, {"is_holiday": False, "name": None, "date": "2026-10-30"}),
    ("search_elements", {"category": "noble gas"}, {"total": 7, "elements.1.name": "Neon"}),
    ("search_elements", {"group": 17, "limit": 2, "offset": 1}, {"elements.0.symbol": "Cl", "paging.more": True}),
    ("search_elements", {"discovered_from": 1935, "discovered_to": 1940, "period": 6}, {"total": 1, "elements.0.name": "Astatine"}),
    ("search_elements", {}, {"total": 118}),
    ("get_time_zone", {"timezone": "Berlin"}, {"utc_offset": "+01:00", "next_change.utc": "2027-03-28T01:00Z"}),
    ("get_time_zone", {"timezone": "EST", "date": "2026-07-01"}, {"abbreviation": "EDT", "next_change.utc": "2026-11-01T06:00Z"}),
    ("get_time_zone", {"timezone": "Asia/Tokyo"}, {"utc_offset": "+09:00", "next_change": None}),
    ("get_unix_time", {}, {"unix_time": 1793361600, "iso_8601": "2026-10-30T12:00:00Z"}),
    ("get_featured_article", {"date": "2020-01-01"}, {"date": "2026-10-30", "featured.title": "Don Quixote"}),
    # As the ECB published them on 31 December 2024 and 30 June 2025, a Monday.
    ("get_exchange_rate", {"from": "EUR", "to": "USD"}, {"rate": 1.1172, "date": "2026-10-30"}),
    ("get_exchange_rate", {"from": "eur", "to": "usd", "date": "2024-12-31"}, {"rate": 1.0389}),
    ("get_exchange_rate", {"from": "EUR", "to": "USD", "date": "2025-06-29"}, {"date": "2025-06-27"}),
    ("get_exchange_rate_history", {"from": "EUR", "to": "USD", "start_date": "2025-06-30", "end_date": "2025-06-30"}, {"rates": {"2025-06-30": 1.172}}),
    ("get_exchange_rate_history", {"from": "EUR", "to": "USD", "start_date": "2026-10-01", "end_date": "2026-10-30", "offset": 21}, {"rates": {"2026-10-30": 1.1172}, "highest.date": "2026-10-01", "pagination.total": 22}),
    ("get_exchange_rate_history", {"from": "USD", "to": "USD", "start_date": "2025-06-28", "end_date": "2025-06-29"}, {"rates": {}, "lowest": None}),
    ("forwardGeocode", {"q": "Porto"}, {"features.0.geometry.coordinates": [-8.611, 41.1485]}),
    ("forwardGeocode", {"q": "london", "countrycode": "ca"}, {"features.0.properties.country": "Canada"}),
    ("reverseGeocode", {"lat": 48.86, "lon": "2.29"}, {"features.0.properties.name": "Paris", "features.0.properties.distance_km": 4.4}),
    ("reverseGeocode", {"lat": -33.9, "lon": 151.2, "limit": 4}, {"features.0.properties.name": "Sydney"}),
    ("Entity Graph%%Disambiguate", {"name": "mercury"}, {"ambiguous": True, "total": 3, "candidates.2.id": "element:80"}),
    ("Entity Graph%%Disambiguate", {"name": "Georgia"}, {"candidates.0.id": "iso3166:GE", "candidates.1.kind": "topic"}),
    ("Entity Graph%%Disambiguate", {"name": "Valencia", "kind": "city", "limit": 1}, {"total": 2, "candidates.0.label": "Valencia"}),
    ("Entity Graph%%Disambiguate", {"name": "ZRH"}, {"candidates.0.description": "Airport of Zurich, Switzerland"}),
    ("getSunTimes", {"lat": 48.8566, "lng": 2.3522, "date": "2026-06-21"}, {"results.sunrise": "2026-06-21T03:46:56Z", "status": "OK"}),
    ("getSunTimes", {"lat": 69.65, "lng": 18.96, "date": "2026-12-21"}, {"results.sunrise": None, "results.polar": "polar night"}),
    ("getSunTimes", {"lat": -33.87, "lng": 151.21}, {"date": "2026-10-30", "results.sunrise": "2026-10-29T18:57:07Z"}),
    ("getMoonPhase", {"date": "2026-08-12"}, {"results.phase": "New Moon", "results.next_new_moon": "2026-08-12T17:37Z"}),
    ("getMoonPhase", {}, {"date": "2026-10-30", "results.phase": "Waning Gibbous", "results.waxing": False}),
    ("get_airport", {"code": "zrh"}, {"name": "Zurich Airport", "icao": "LSZH"}),
    ("get_airport", {"code": "EGLL"}, {"iata": "LHR", "timezone": "Europe/London"}),
    ("search_airports", {"query": "Heathrow"}, {"total": 1, "airports.0.iata": "LHR"}),
    ("search_airports", {"query": "paris", "country_code": "fr", "limit": 1, "offset": 2}, {"total": 3, "airports.0.iata": "ORY"}),
    ("search_airports", {"query": "xyzzy"}, {"total": 0, "airports": []}),
    ("get_flight_distance", {"origin": "LHR", "destination": "jfk"}, {"distance.km": 5540, "origin.city": "London"}),
    ("get_flight_distance", {"origin": "ZRH", "destination": "LSZH"}, {"distance.km": 0, "estimated_flight_time": "0 h 00 min"}),
    ("getLanguage", {"language": "swahili"}, {"data.iso639_1": "sw", "data.nativeName": "Kiswahili"}),
    ("getLanguage", {"language": "ger"}, {"data.name": "German", "data.iso639_2.terminology": "deu"}),
    ("getLanguage", {"language": "العربية"}, {"data.name": "Arabic", "data.direction": "rtl"}),
    ("listOfficialLanguages", {"country": "Switzerland"}, {"meta.count": 4, "data.3.name": "Romansh"}),
    ("listOfficialLanguages", {"country": "the uk"}, {"data.0.iso639_1": "en", "country.code": "GB"}),
    ("Currency Facts%%Currency Details", {"code": "jpy"}, {"name": "Japanese Yen", "minor_unit.decimals": 0, "iso_number": "392"}),
    ("Currency Facts%%Currency Details", {"code": "Kuwaiti Dinar"}, {"code": "KWD", "minor_unit.decimals": 3}),
    ("Currency Facts%%List Currency Codes", {}, {"count": 153}),
    ("Roman Numeral Converter%%Arabic to Roman", {"number": 1984}, {"result.roman": "MCMLXXXIV"}),
    ("Roman Numeral Converter%%Arabic to Roman", {"number": "3999"}, {"result.roman": "MMMCMXCIX"}),
    ("Roman Numeral Converter%%Roman to Arabic", {"roman": "mcmlxxxiv"}, {"result.arabic": 1984}),
    ("Roman Numeral Converter%%Roman to Arabic", {"roman": "IV"}, {"result.arabic": 4}),
    ("primeFactors", {"n": 360}, {"factors": {"2": 3, "3": 2, "5": 1}, "prime": False}),
    ("primeFactors", {"n": "999999937"}, {"factors": {"999999937": 1}, "prime": True}),
    ("convertBase", {"n": "ff", "from": 16, "to": 2}, {"out": "11111111"}),
    ("convertBase", {"n": "-0xFF", "from": 16, "to": 10}, {"out": "-255"}),
    ("convertBase", {"n": 35, "from": 10, "to": 36}, {"out": "z"}),
    ("numero_a_letras", {"numero": 16}, {"letras": "dieciséis", "idioma.nombre": "español"}),
    ("numero_a_letras", {"numero": "71", "idioma": "FR"}, {"letras": "soixante et onze"}),
    ("numero_a_letras", {"numero": 103, "idioma": "it"}, {"letras": "centotré"}),
    ("berechne_ostern", {"jahr": 2027}, {"ostersonntag": "2027-03-28", "tage_vor_ostern.karfreitag": "2027-03-26"}),
    ("berechne_ostern", {"jahr": 2027, "kirche": "Ost"}, {"ostersonntag": "2027-05-02"}),
    ("validate_iban", {"iban": "DE89 3704 0044 0532 0130 00"}, {"valid": True, "bank_code": "37040044"}),
    ("validate_iban", {"iban": "fr1420041010050500013m02606"}, {"valid": True, "country.name": "France"}),
    ("validate_iban", {"iban": "DE89 3704 0044 0532 0130 01"}, {"valid": False, "problems": ["the check digits do not match"]}),
    ("validate_isbn", {"isbn": "978-0-306-40615-7"}, {"valid": True, "isbn10": "0306406152"}),
    ("validate_isbn", {"isbn": "0-8044-2957-X"}, {"valid": True, "isbn13": "9780804429573"}),
    ("validate_isbn", {"isbn": 9780306406158}, {"valid": False, "problems": ["the check digit is 8 but should be 7"]}),
    ("check_card_number", {"number": "4111 1111 1111 1111"}, {"valid": True, "network": "Visa"}),
    ("check_card_number", {"number": "378282246310005"}, {"valid": True, "network": "American Express"}),
    ("check_card_number", {"number": "4111-1111-1111-1112"}, {"valid": False, "masked": "************1112"}),
    ("getColorByName", {"name": "Light Sea Green"}, {"color.hex": "#20b2aa", "color.hsl": {"h": 177, "s": 70, "l": 41}}),
    ("getColorByName", {"name": "cyan"}, {"sameAs": ["aqua"], "isDark": False}),
    ("findNearestColor", {"hex": "#ff6040"}, {"nearest.name": "tomato", "nearest.exact": False}),
    ("findNearestColor", {"hex": "639"}, {"nearest.name": "rebeccapurple", "nearest.exact": True}),
]  # fmt: skip

# Tool, arguments, status, words of the body. A 400 has to name the parameter.
REFUSED: list[tuple[str, dict[str, Any], int, list[str]]] = [
    ("get_current_weather", {"location": "Paris"}, 400, ["Missing required parameter: city"]),
    ("get_current_weather", {"city": ["Paris"]}, 400, ["city"]),
    ("get_current_weather", {"city": {"name": "Paris"}}, 400, ["city"]),
    ("get_current_weather", {"city": "P" * 201}, 400, ["city", "200"]),
    ("get_current_weather", {"city": "Atlantis"}, 404, ["Atlantis"]),
    ("get_current_weather", {"city": "Paris, Japan"}, 404, ["Paris, Japan"]),
    ("get_current_weather", {"city": ","}, 404, ["No location"]),
    ("get_current_weather", {"city": None}, 400, ["city"]),
    ("forecast_weather", {}, 400, ["city and days"]),
    ("forecast_weather", {"city": "Oslo"}, 400, ["days"]),
    ("forecast_weather", {"city": "Oslo", "days": 0}, 400, ["days", "between 1 and 7"]),
    ("forecast_weather", {"city": "Oslo", "days": 10**40}, 400, ["days", "between 1 and 7"]),
    ("forecast_weather", {"city": "Oslo", "days": "three"}, 400, ["days", "integer"]),
    ("forecast_weather", {"city": "Oslo", "days": 3.5}, 400, ["days", "integer"]),
    ("forecast_weather", {"city": "Nowhere", "days": 3}, 404, ["Nowhere"]),
    ("add_date", {"days": True}, 400, ["days"]),
    ("add_date", {"days": 1, "date": "2026-02-30"}, 400, ["date", "YYYY-MM-DD"]),
    ("add_date", {"days": 1, "date": "30.10.2026"}, 400, ["date", "YYYY-MM-DD"]),
    ("add_date", {"days": 36525, "date": "9999-01-01"}, 400, ["days", "9999"]),
    ("add_date", {"days": -36525, "date": "0001-01-01"}, 400, ["days"]),
    ("get_days_between", {"start_date": "2026-01-01"}, 400, ["end_date"]),
    ("search_places", {"name": "Qwertyville"}, 404, ["Qwertyville"]),
    ("search_places", {"name": "Oslo", "limit": 99}, 400, ["limit"]),
    ("get_distance", {"origin": "Oslo"}, 400, ["destination"]),
    ("get_distance", {"origin": "Oslo", "destination": "Atlantis"}, 404, ["Atlantis"]),
    ("get_local_time", {}, 400, ["city"]),
    ("get_local_time", {"city": "Mars"}, 404, ["Mars"]),
    ("convert_time", {"time": "3pm", "from": "Oslo", "to": "Rome"}, 400, ["time", "HH:MM"]),
    ("convert_time", {"time": "25:00", "from": "Oslo", "to": "Rome"}, 400, ["time"]),
    ("convert_time", {"time": "2019-01-01 10:00", "from": "Oslo", "to": "Rome"}, 400, ["time", "2024"]),
    ("convert_time", {"time": "10:00", "from": "Oslo", "to": "Mars"}, 404, ["'to'", "Mars"]),
    ("convert_currency", {"amount": 1, "from": "dollars", "to": "EUR"}, 400, ["from", "ISO 4217"]),
    ("convert_currency", {"amount": 1, "from": "USD", "to": "XXX"}, 404, ["to", "XXX"]),
    ("convert_currency", {"amount": "1,000", "from": "USD", "to": "EUR"}, 400, ["amount"]),
    ("convert_currency", {"amount": -1, "from": "USD", "to": "EUR"}, 400, ["amount"]),
    ("convert_currency", {"amount": "1e999", "from": "USD", "to": "EUR"}, 400, ["amount"]),
    ("convert_currency", {"amount": float("nan"), "from": "USD", "to": "EUR"}, 400, ["amount"]),
    ("get_exchange_rates", {"base": "\u20ac"}, 400, ["base"]),
    ("search_encyclopedia", {"query": "   "}, 400, ["query"]),
    ("get_article_summary", {"title": "Nonexistent Thing"}, 404, ["Nonexistent Thing"]),
    ("search_papers", {}, 400, ["query"]),
    ("get_paper", {"arxiv_id": "attention"}, 400, ["arxiv_id"]),
    ("get_paper", {"arxiv_id": "9912.99999"}, 404, ["9912.99999"]),
    ("get_number_fact", {"number": "seven"}, 400, ["number"]),
    ("get_number_fact", {"number": 10**9 + 1}, 400, ["number"]),
    ("number_to_words", {"number": 10**15}, 400, ["number"]),
    ("get_country", {"country": "Japan"}, 400, ["name"]),
    ("get_country", {"name": "Narnia"}, 404, ["Narnia"]),
    ("list_countries_by_region", {"region": "Atlantis"}, 404, ["Europe"]),
    ("list_public_holidays", {"country_code": "France", "year": 2026}, 400, ["country_code", "two-letter"]),
    ("list_public_holidays", {"country_code": "XX", "year": 2026}, 404, ["country_code", "XX"]),
    ("list_public_holidays", {"country_code": "FR", "year": 1999}, 400, ["year"]),
    ("get_next_public_holiday", {}, 400, ["country_code"]),
    ("get_element", {"element": "unobtainium"}, 404, ["unobtainium"]),
    ("convert_units", {"value": 1, "from_unit": "kg", "to_unit": "miles"}, 400, ["to_unit", "mass"]),
    ("convert_units", {"value": 1, "from_unit": "furlong", "to_unit": "m"}, 400, ["from_unit"]),
    ("convert_units", {"value": "ten", "from_unit": "km", "to_unit": "m"}, 400, ["value"]),
    ("get_weather_history", {"city": "Oslo", "start_date": "2026-10-30", "end_date": "2026-10-30"}, 400, ["start_date", "yesterday"]),
    ("get_weather_history", {"city": "Oslo", "start_date": "2026-10-01", "end_date": "2026-10-08"}, 400, ["end_date", "at most 6"]),
    ("get_weather_history", {"city": "Oslo", "start_date": "2026-10-09", "end_date": "2026-10-08"}, 400, ["end_date"]),
    ("get_weather_history", {"city": "Mordor", "start_date": "2026-10-01", "end_date": "2026-10-01"}, 404, ["Mordor"]),
    ("find_country_by_capital", {"capital": "Sydney"}, 404, ["Sydney"]),
    ("list_neighbouring_countries", {"country": "Narnia"}, 404, ["Narnia"]),
    ("list_holidays_between", {"country_code": "DE", "start_date": "2023-12-01", "end_date": "2024-01-31"}, 400, ["start_date"]),
    ("list_holidays_between", {"country_code": "DE", "start_date": "2026-12-01", "end_date": "2026-11-30"}, 400, ["end_date"]),
    ("check_public_holiday", {"country_code": "XX"}, 404, ["XX"]),
    ("check_public_holiday", {"country_code": "FR", "date": "2028-01-01"}, 400, ["date", "2027-12-31"]),
    ("search_elements", {"category": "tasty"}, 400, ["category", "Noble gases"]),
    ("search_elements", {"group": 19}, 400, ["group", "between 1 and 18"]),
    ("get_time_zone", {"timezone": "Mars"}, 404, ["Mars"]),
    ("get_time_zone", {"timezone": "Oslo", "date": "2031-01-01"}, 400, ["date", "2027"]),
    ("get_exchange_rate", {"from": "EUR"}, 400, ["to"]),
    ("get_exchange_rate", {"from": "EUR", "to": "USD", "date": "2023-01-02"}, 400, ["date", "2024-01-02"]),
    ("get_exchange_rate_history", {"from": "EUR", "to": "USD", "start_date": "2026-10-02", "end_date": "2026-10-01"}, 400, ["end_date"]),
    ("get_exchange_rate_history", {"from": "EUR", "to": "XXX", "start_date": "2026-10-01", "end_date": "2026-10-02"}, 404, ["XXX"]),
    ("forwardGeocode", {"q": "Atlantis"}, 404, ["Atlantis"]),
    ("forwardGeocode", {"q": "London", "countrycode": "Canada"}, 400, ["countrycode", "two-letter"]),
    ("reverseGeocode", {"lat": 0, "lon": -30}, 404, ["300 km"]),
    ("reverseGeocode", {"lat": 91, "lon": 0}, 400, ["lat", "between -90 and 90"]),
    ("Entity Graph%%Disambiguate", {"name": "Xyzzy"}, 404, ["Xyzzy"]),
    ("Entity Graph%%Disambiguate", {"name": "Paris", "kind": "planet"}, 400, ["kind", "city, country"]),
    ("getSunTimes", {"lat": 48.86}, 400, ["lng", "INVALID_REQUEST"]),
    ("getSunTimes", {"lat": "48°N", "lng": 2.35}, 400, ["lat", "a number"]),
    ("getMoonPhase", {"date": "1066-10-14"}, 400, ["date", "1900"]),
    ("get_airport", {"code": "Zurich"}, 400, ["code", "IATA"]),
    ("get_airport", {"code": "QQQ"}, 404, ["QQQ"]),
    ("search_airports", {"query": "London", "country_code": "UK!"}, 400, ["country_code"]),
    ("get_flight_distance", {"origin": "ZRH", "destination": "QQQ"}, 404, ["QQQ"]),
    ("getLanguage", {"language": "Klingon"}, 404, ["Klingon"]),
    ("listOfficialLanguages", {"country": "Narnia"}, 404, ["Narnia"]),
    ("listOfficialLanguages", {"country": "Montenegro"}, 404, ["Montenegro"]),
    ("Currency Facts%%Currency Details", {"code": "ZZZ"}, 404, ["ZZZ"]),
    ("Roman Numeral Converter%%Arabic to Roman", {"number": 4000}, 400, ["number", "between 1 and 3999"]),
    ("Roman Numeral Converter%%Roman to Arabic", {"roman": "IIX"}, 400, ["roman", "IIX"]),
    ("primeFactors", {"n": 1}, 400, ["n", "between 2"]),
    ("convertBase", {"n": "12", "from": 2, "to": 10}, 400, ["'n'", "base 2"]),
    ("convertBase", {"n": "12", "from": 10, "to": 1}, 400, ["'to'"]),
    ("numero_a_letras", {}, 400, ["Falta el parámetro obligatorio: numero"]),
    ("numero_a_letras", {"numero": 1001}, 400, ["Valor no válido en el parámetro: numero"]),
    ("numero_a_letras", {"numero": 5, "idioma": "eo"}, 400, ["idioma", "es, fr"]),
    ("berechne_ostern", {"jahr": "bald"}, 400, ["Ungültiger Wert für Parameter: jahr"]),
    ("berechne_ostern", {"jahr": 2027, "kirche": "nord"}, 400, ["kirche", "west, ost"]),
    ("validate_iban", {"iban": "my account"}, 400, ["iban", "two letters"]),
    ("validate_isbn", {"isbn": "12345"}, 400, ["isbn"]),
    ("check_card_number", {"number": "1234"}, 400, ["number", "12 to 19"]),
    ("getColorByName", {"name": "blurple"}, 404, ["blurple"]),
    ("findNearestColor", {"hex": "red"}, 400, ["hex", "#RRGGBB"]),
]  # fmt: skip


def at(body: Any, path: str) -> Any:
    for part in path.split("."):
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body


@pytest.mark.parametrize(("name", "arguments", "fields"), OK)
def test_a_good_call_is_answered(
    tools: mocktools.Toolset, name: str, arguments: dict[str, Any], fields: dict[str, Any]
) -> None:
    result = tools.get(name).call(arguments)
    assert (result.kind, result.status) == ("ok", 200), result.body
    body = json.loads(result.body)
    assert {path: at(body, path) for path in fields} == fields


@pytest.mark.parametrize(("name", "arguments", "status", "parts"), REFUSED)
def test_a_bad_call_is_refused_in_words(
    tools: mocktools.Toolset, name: str, arguments: dict[str, Any], status: int, parts: list[str]
) -> None:
    result = tools.get(name).call(arguments)
    assert (result.kind, result.status) == ("http_error", status), result.body
    json.loads(result.body)
    assert [part for part in parts if part not in result.body] == []


def test_every_tool_is_in_both_tables() -> None:
    stateful = {"agenda", "todo", "shop", "board"}  # theirs are in test_stateful.py
    tools = [tool for tool in mocktools.load("extended").tools if tool.provider not in stateful]
    assert {tool.name for tool in tools} == {row[0] for row in OK}
    # A tool without parameters cannot be called wrongly.
    assert {tool.name for tool in tools if tool.parameters["properties"]} == {row[0] for row in REFUSED}


def test_each_provider_words_its_errors_its_own_way(tools: mocktools.Toolset) -> None:
    def keys(name: str) -> set[str]:
        return set(json.loads(tools.get(name).call({}).body))

    assert keys("get_local_time") == {"error"}
    assert keys("get_current_weather") == {"error", "reason"}
    assert keys("add_date") == {"message", "status"}
    assert keys("convert_units") == {"detail"}
    assert keys("search_encyclopedia") == {"type", "title", "status", "detail"}
    assert keys("convert_currency") == {"success", "error"}
    assert keys("validate_iban") == {"errors"}
    assert keys("primeFactors") == {"__type", "Message"}
    assert keys("getSunTimes") == {"results", "status", "error_message"}
    assert keys("Currency Facts%%Currency Details") == {"messages", "info"}
    assert keys("numero_a_letras") == {"ok", "mensaje", "detalle"}
    assert keys("berechne_ostern") == {"fehler", "statuscode", "details"}


def test_the_date_of_the_run_moves_all_clocks() -> None:
    calls: dict[str, dict[str, Any]] = {
        "get_today_date": {},
        "add_date": {"days": 2},
        "get_local_time": {"city": "Tokyo"},
        "forecast_weather": {"city": "Oslo", "days": 2},
        "get_next_public_holiday": {"country_code": "FR"},
    }
    with mocktools.activate("extended", today=datetime.date(2024, 2, 28)) as tools:
        bodies = {name: json.loads(tools.get(name).call(arguments).body) for name, arguments in calls.items()}
    assert bodies["get_today_date"]["date"] == "2024-02-28"
    assert bodies["add_date"]["date"] == "2024-03-01"
    assert bodies["get_local_time"]["local_time"] == "2024-02-28 21:00"
    assert [day["date"] for day in bodies["forecast_weather"]["forecast"]] == ["2024-02-29", "2024-03-01"]
    assert bodies["get_next_public_holiday"]["date"] == "2024-04-01"


@pytest.mark.parametrize("pair", [("EUR", "USD"), ("JPY", "ZAR"), ("IDR", "EUR")])
def test_the_tools_for_rates_agree(tools: mocktools.Toolset, pair: tuple[str, str]) -> None:
    arguments = dict(zip(("from", "to"), pair, strict=True))
    rate = json.loads(tools.get("get_exchange_rate").call(arguments).body)["rate"]
    converted = json.loads(tools.get("convert_currency").call({"amount": 1, **arguments}).body)["rate"]
    assert rate == pytest.approx(converted, abs=1e-6)


def test_the_history_of_a_day_is_the_weather_of_that_day() -> None:
    with mocktools.activate("extended", today=datetime.date(2026, 7, 1)) as tools:
        arguments = {"city": "Cairo", "days": 7}
        forecast = json.loads(tools.get("forecast_weather").call(arguments).body)["forecast"][2]
    with mocktools.activate("extended", today=datetime.date(2026, 9, 1)) as tools:
        arguments = {"city": "Cairo", "start_date": "2026-07-03", "end_date": "2026-07-05"}
        past = json.loads(tools.get("get_weather_history").call(arguments).body)["daily"][1]
    assert past.items() <= forecast.items()


def test_no_holiday_is_known_after_the_last_one_of_the_table() -> None:
    with mocktools.activate("extended", today=datetime.date(2027, 12, 31)) as tools:
        assert tools.get("get_next_public_holiday").call({"country_code": "FR"}).status == 404


def test_the_forecast_of_a_day_is_the_weather_of_that_day() -> None:
    with mocktools.activate("extended", today=datetime.date(2026, 7, 1)) as tools:
        forecast = json.loads(tools.get("forecast_weather").call({"city": "Cairo", "days": 7}).body)["forecast"][6]
    with mocktools.activate("extended", today=datetime.date(2026, 7, 8)) as tools:
        current = json.loads(tools.get("get_current_weather").call({"city": "Cairo"}).body)
    assert forecast["date"] == current["date"]
    assert forecast["condition"] == current["condition"]
    assert forecast["low_c"] <= current["temperature_c"] <= forecast["high_c"]


def test_the_invented_climate_knows_seasons() -> None:
    def mean(city: str, day: datetime.date) -> float:
        with mocktools.activate(["forecast_weather"], today=day) as tools:
            days = json.loads(tools.get("forecast_weather").call({"city": city, "days": 7}).body)["forecast"]
        return float(sum(day["high_c"] + day["low_c"] for day in days)) / 14

    july, january = datetime.date(2026, 7, 10), datetime.date(2026, 1, 10)
    assert mean("Oslo", july) > mean("Oslo", january) + 10
    assert mean("Melbourne", january) > mean("Melbourne", july) + 5
    assert mean("Singapore", january) > 20
