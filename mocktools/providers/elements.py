"""Chemical elements: look one up by name, symbol or atomic number, or list those with given properties.

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
from mocktools.server import Body, Param, Query, invalid, not_found
from mocktools.text import fold

CATEGORIES = (
    "Actinides", "Alkali metals", "Alkaline earth metals", "Halogens", "Lanthanides", "Metalloids", "Noble gases",
    "Nonmetals", "Poor metals", "Transition metals",
)  # fmt: skip
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


def _fits(query: Query, row: dict[str, Any]) -> bool:
    """Whether an element has all the properties that are asked for; an unknown one fits no bound."""
    for name in ("group", "period"):
        if query.has(name) and row[name] != query.integer(name):
            return False
    year = row["discovered"]
    if query.has("discovered_from") and not (year and year >= query.integer("discovered_from")):
        return False
    if query.has("discovered_to") and not (year and year <= query.integer("discovered_to")):
        return False
    return not query.has("category") or fold(row["category"]) == _category(query)


def _category(query: Query) -> str:
    wanted = fold(query.text("category"))
    for category in map(fold, CATEGORIES):
        if wanted in (category, category.removesuffix("s"), category.removesuffix("es")):
            return category
    raise invalid("category", query.text("category"), f"one of: {', '.join(CATEGORIES)}")


def _search(query: Query) -> Body:
    found = [row for row in fixtures.table("elements")["elements"] if _fits(query, row)]
    offset, limit = query.integer("offset"), query.integer("limit")
    keys = ("name", "symbol", "number", "category", "discovered")
    return {
        "total": len(found),
        "elements": [{key: row[key] for key in keys} for row in found[offset : offset + limit]],
        "paging": {"limit": limit, "offset": offset, "more": offset + limit < len(found)},
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
        Endpoint(
            tool="search_elements",
            description="List chemical elements with given properties: category, group, period or year of discovery.",
            path="/v1/elements",
            params=(
                Param("category", f"Kind of element: {', '.join(CATEGORIES)}", "Noble gases", required=False),
                Param("group", "Column of the table", 17, kind="integer", required=False, minimum=1, maximum=18),
                Param("period", "Row of the table", 2, kind="integer", required=False, minimum=1, maximum=7),
                Param(
                    "discovered_from", "First year of discovery", 1900, kind="integer", required=False,
                    minimum=1, maximum=2100,
                ),
                Param(
                    "discovered_to", "Last year of discovery", 1950, kind="integer", required=False,
                    minimum=1, maximum=2100,
                ),
                Param(
                    "limit", "Most elements to return", 8, kind="integer", required=False,
                    default=8, minimum=1, maximum=10,
                ),
                Param(
                    "offset", "How many to skip", 8, kind="integer", required=False, default=0, minimum=0, maximum=118
                ),
            ),
            answer=_search,
            tags=("science", "search"),
        ),
    ),
)  # fmt: skip
