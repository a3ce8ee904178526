"""A document with odd things put into it anywhere is imported or refused in one line; what is imported works."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import mocktools
from mocktools.errors import MockToolsError
from mocktools.openapi import import_document
from mocktools.sources import folder

PETSTORE: Any = json.loads((Path(__file__).parents[1] / "data/openapi/petstore.json").read_text(encoding="utf-8"))
ODD = [None, True, -1, 10**400, 1e308, "", "#/paths", "x" * 300, "{a}", "\ud800\n\x00", [], [[]], {}, {"$ref": "#"}, {"": ""},
       {"$ref": "#/info"}, {"a": None}, "[a-", ["null"], {"type": []}, {"enum": [{}]}]  # fmt: skip


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*place, key)
        yield from places(one, (*place, key))


PLACES = list(places(PETSTORE))


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=1, max_size=12))
def test_a_document_with_odd_things_in_it(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    content = json.loads(json.dumps(PETSTORE))
    for place, odd in changes:
        holder = content
        for key in place[:-1]:
            holder = holder[key] if isinstance(holder, dict | list) and key in dict(_members(holder)) else None
        if isinstance(holder, dict) or (isinstance(holder, list) and place[-1] in range(len(holder))):
            holder[place[-1]] = copy.deepcopy(odd)  # a later change may lead into it
    with tempfile.TemporaryDirectory() as directory:
        file, out = Path(directory) / "api.json", Path(directory) / "out"
        file.write_text(json.dumps(content), encoding="utf-8")
        try:
            made = import_document(file, out, check=False)
        except MockToolsError as error:
            refused = str(error)
        else:
            refused = ""
        assert "\n" not in refused
        assert len(refused) < 700
        if refused:
            return
        with mocktools.activate(folder.load(out)) as tools:
            assert tuple(tool.name for tool in tools.tools) == made.tools
            assert {tool.call(tool.example).kind for tool in tools.tools} == {"ok"}


def _members(holder: Any) -> Any:
    return holder.items() if isinstance(holder, dict) else enumerate(holder)
