"""What codes stand for."""

from __future__ import annotations

import pytest

from mocktools.codes import names_of


@pytest.mark.parametrize(
    ("code", "about", "official", "loose"),
    [
        ("USD", "Currency code", ("US Dollar", "$"), "dollar"),
        ("JPY", "", ("Japanese Yen", "¥"), "yen"),
        ("NOK", "", ("Norwegian Krone",), "Norwegian kroner"),
        ("US", "", ("United States", "USA", "America", "United States of America"), "American"),
        ("gb", "Two-letter country code", ("United Kingdom", "UK", "Great Britain", "Britain", "England", "GB", "GBR"), "British"),
        ("ZRH", "IATA code", ("Zurich Airport", "LSZH"), "Zurich"),
        ("fr", "Código del idioma", ("French", "français", "fra", "fre"), "French"),
        ("km", "Unit", ("kilometer", "kilometre"), "kilometer"),
        ("miles", "Unit to convert from", ("mile", "mi"), "mile"),
        ("Fe", "Name or symbol of the element", ("Iron",), "Iron"),
        ("XQX", "", (), ""),
        ("", "", (), ""),
        ("A" * 1000, "", (), ""),
    ],
)  # fmt: skip
def test_names(code: str, about: str, official: tuple[str, ...], loose: str) -> None:
    assert names_of(code, about, loosely=False) == official
    found = names_of(code, about)
    assert found[: len(official)] == official
    assert not loose or loose in found


def test_a_parameter_that_says_what_it_wants_gets_nothing_else() -> None:
    assert names_of("SV", "Two-letter country code", loosely=False)[0] == "El Salvador"
    assert names_of("sv", "Language", loosely=False)[0] == "Swedish"
    assert "lek" not in names_of("ALL", "Country code")


@pytest.mark.parametrize(("code", "word"), [("AUD", "dollar"), ("DKK", "krone"), ("ZWG", "gold"), ("ILS", "new")])
def test_a_word_that_currencies_share_stands_for_one_of_them_or_none(code: str, word: str) -> None:
    assert word not in names_of(code)
