"""Toolsets that installed packages offer: found by name, and broken ones named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import mocktools
from mocktools.sources import entry_points

TOOLS = '''
import mocktools
from mocktools.functions import toolset


@mocktools.tool
def count_legs(animal: str) -> dict[str, object]:
    """Count the legs of an animal.

    Args:
        animal: Name of the animal, e.g. cat.
    """
    return {"animal": animal, "legs": 4}


TOOLSET = toolset("pets", [count_legs])


def made():
    return TOOLSET


def path():
    return __file__


def broken():
    raise RuntimeError("no\\nluck")


def stopped():
    raise SystemExit(4)


class Odd(BaseException):
    def __str__(self):
        raise self


def odd():
    raise Odd


def loud():
    print("made")
    return TOOLSET


print("imported")
number = 3
empty = ""
'''


def install(folder: Path, package: str, entries: dict[str, str]) -> None:
    """What pip leaves behind: a module and the metadata of its distribution."""
    (folder / f"{package}_tools.py").write_text(TOOLS)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[stesim.toolsets]\n{lines}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["TOOLSET", "made", "path"])
def test_a_package_offers_a_toolset(site: Path, name: str) -> None:
    package = f"farm{name.lower()}"
    install(site, package, {"pets": f"{package}_tools:{name}"})
    assert "pets" in entry_points.names()
    with mocktools.activate("pets") as tools:
        result = tools.get("count_legs").call({"animal": "dog"})
    assert (result.status, result.body) == (200, '{"animal":"dog","legs":4}')
    assert [tool.name for tool in mocktools.load("pets", ["count_legs"]).tools] == ["count_legs"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("zoo_tools:broken", "RuntimeError: no luck"),
        ("zoo_tools:stopped", "SystemExit: 4"),
        ("zoo_tools:odd", "Odd: (no text)"),
        ("zoo_tools:number", "it is of type int, not a Toolset or a path"),
        ("zoo_tools:empty", "it is an empty text, not a Toolset or a path"),
        ("zoo_tools:absent", "AttributeError"),
        ("nothing_like_it:x", "ModuleNotFoundError: No module named 'nothing_like_it'"),
    ],
)
def test_a_broken_offer_is_one_line(site: Path, value: str, words: str) -> None:
    install(site, "zoo", {"pets": value})
    with pytest.raises(mocktools.MockToolsError) as caught:
        mocktools.load("pets")
    text = str(caught.value)
    assert "\n" not in text
    assert f"toolset 'pets' of the package zoo ({value}) is unusable" in text
    assert words in text


def test_what_a_package_prints_does_not_reach_stdout(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(site, "town", {"pets": "town_tools:loud"})
    mocktools.load("pets")
    assert capsys.readouterr() == ("", "imported\nmade\n")


def test_two_packages_with_one_name(site: Path) -> None:
    install(site, "alps", {"pets": "alps_tools:TOOLSET"})
    install(site, "vale", {"pets": "vale_tools:TOOLSET"})
    with pytest.raises(mocktools.MockToolsError, match="'pets' is offered by several packages: alps, vale"):
        mocktools.load("pets")


def test_an_unknown_name_lists_what_packages_offer(site: Path) -> None:
    install(site, "alps", {"alpine-pets": "alps_tools:TOOLSET"})
    with pytest.raises(mocktools.UnknownToolset, match="did you mean alpine-pets"):
        mocktools.load("alpine-pet")
