"""Deterministic mock APIs that look to their caller like real web APIs; usable without stesim.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("forecast_weather").call({"city": "Paris", "days": 2}).body)

Layers, each importing only those before it: `errors`, `paths`, `fixtures`, `text`, `sky` (data) - `params`, `refusals`,
`values`, `world`, `router`, `server`, `paging`, `styles`, `cities`, `ledger` (a server's side) - `faults`, `transport`
(interception) - `tools`, `toolset` (the callers' side) - `provider`, `providers/` (one file an API) - `lists`,
`toolsets` (finding them by name or path) - `compare`, `testsets` (queries with their right calls), `codes` (what codes
stand for). Tools of one's own: `mistakes`, `schemas`, `signatures`, `functions` (Python), `exchanges/` (the fixture
format), `made/` (values from schemas), `sources/` (files, folders, packages), `openapi/`, `recording/`, `check`. The
data are in `fixtures/`; its README names every source. Not covered: HTTP clients other than `requests`.
"""

from mocktools.errors import MockToolsError, NoFixture, UnknownTool, UnknownToolset
from mocktools.faults import Faults
from mocktools.functions import tool
from mocktools.refusals import ApiError, invalid, not_found
from mocktools.tools import Result, Tool
from mocktools.toolset import Toolset
from mocktools.toolsets import DEFAULT_TODAY, activate, is_code, is_path, load, toolset_names
from mocktools.world import World

__all__ = [
    "DEFAULT_TODAY",
    "ApiError",
    "Faults",
    "MockToolsError",
    "NoFixture",
    "Result",
    "Tool",
    "Toolset",
    "UnknownTool",
    "UnknownToolset",
    "World",
    "activate",
    "invalid",
    "is_code",
    "is_path",
    "load",
    "not_found",
    "tool",
    "toolset_names",
]
