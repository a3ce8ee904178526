"""Deterministic mock APIs that look to their caller like real web APIs; usable without stesim.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("forecast_weather").call({"city": "Paris", "days": 2}).body)

Layers, each importing only those before it: `errors`, `paths`, `fixtures`, `text`, `sky` (data) - `params`, `refusals`,
`values`, `world`, `router`, `server`, `paging`, `styles`, `cities`, `ledger` (a server's side) - `faults`, `transport`
(interception) - `tools` (the callers' side) - `provider`, `providers/` (one file an API) - `toolsets`. The data are in
`fixtures/`; its README names every source. Not covered: recorded exchanges.
"""

from mocktools.errors import MockToolsError, NoFixture, UnknownTool, UnknownToolset
from mocktools.faults import Faults
from mocktools.tools import Result, Tool
from mocktools.toolset import Toolset
from mocktools.toolsets import DEFAULT_TODAY, activate, is_path, load, toolset_names
from mocktools.world import World

__all__ = [
    "DEFAULT_TODAY",
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
    "is_path",
    "load",
    "toolset_names",
]
