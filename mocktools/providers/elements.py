"""Chemical elements: look one up by name, symbol or atomic number. The shortest provider, to copy for a new one.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("get_element").call({"element": "Fe"}).body)

Real data (mendeleev). Not covered: isotopes, compounds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import fold

SPELLINGS = {"aluminium": "Al", "aluminum": "Al", "caesium": "Cs", "cesium": "Cs", "sulphur": "S", "sulfur": "S"}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, dict[str, Any]]:
    rows = fixtures.table("elements")["elements"]
    found = {fold(str(row[key])): row for row in rows for key in ("name", "symbol", "number")}
    return found | {name: found[fold(symbol)] for name, symbol in SPELLINGS.items()}


def _element(query: Query) -> Body:
    name = query.text("element")
    row = _by_name().get(fold(name))
    if row is None:
        raise not_found(f"No element matches '{name}'")
    return {
        "name": row["name"],
        "symbol": row["symbol"],
        "atomic_number": row["number"],
        "atomic_mass": row["atomic_mass"],
        "category": row["category"],
        "group": row["group"],
        "period": row["period"],
        "block": row["block"],
        "electron_configuration": row["electron_configuration"],
        "melting_point_k": row["melting_point"],
        "boiling_point_k": row["boiling_point"],
        "density_g_cm3": row["density"],
        "electronegativity": row["electronegativity"],
        "discovered": row["discovered"],
    }


PROVIDER = Provider(
    name="elements",
    host="api.periodic-table.example",
    errors=styles.coded,
    fixtures=("elements",),
    endpoints=(
        Endpoint(
            tool="get_element",
            description="Get the properties of a chemical element: atomic number, mass, melting point and more.",
            path="/v1/element",
            params=(Param("element", "Name, symbol or atomic number of the element", "Iron"),),
            answer=_element,
            tags=("science",),
        ),
    ),
)
