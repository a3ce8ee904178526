"""Units: convert a value between units of length, mass, temperature, volume, speed, area, time, data, energy.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("convert_units").call({"value": 10, "from_unit": "miles", "to_unit": "km"}).body)

`fixtures/units.json` holds each unit as factor and offset to the base unit of its kind. Not covered: currencies,
compound units.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import ApiError, Body, Param, Query, invalid


@lru_cache(maxsize=1)
def _by_name() -> dict[str, dict[str, Any]]:
    rows = fixtures.table("units")["units"]
    return {name.lower(): row for row in rows for name in (row["unit"], *row["names"])}


def _unit(query: Query, name: str) -> dict[str, Any]:
    value = query.text(name)
    # "km/h" and "°F" keep their signs; only case, spaces and the degree sign do not count.
    key = " ".join(value.lower().replace("\u00b0", "").replace("_", " ").split())
    found = _by_name().get(key) or _by_name().get(key.removesuffix("s"))
    if found is None:
        raise invalid(name, value, "a known unit, e.g. km, miles, kg, lb, celsius, liter")
    return found


def _convert(query: Query) -> Body:
    value = query.number("value")
    source, target = _unit(query, "from_unit"), _unit(query, "to_unit")
    if source["kind"] != target["kind"]:
        message = f"Parameter 'to_unit' must be a unit of {source['kind']}, as 'from_unit' is; got {target['kind']}"
        raise ApiError(400, "incompatible_units", message, ("to_unit",))
    result = ((value * source["factor"] + source["offset"]) - target["offset"]) / target["factor"]
    return {
        "value": value,
        "from_unit": source["unit"],
        "to_unit": target["unit"],
        "result": float(f"{result:.8g}"),
        "kind": source["kind"],
    }


PROVIDER = Provider(
    name="units",
    host="api.unitconvert.example",
    errors=styles.detail,
    fixtures=("units",),
    endpoints=(
        Endpoint(
            tool="convert_units",
            description="Convert a value from one unit of measurement to another, such as miles to kilometres.",
            path="/convert",
            params=(
                Param("value", "Value to convert", 10, kind="number", minimum=-(10**15), maximum=10**15),
                Param("from_unit", "Unit to convert from", "miles"),
                Param("to_unit", "Unit to convert to", "km"),
            ),
            answer=_convert,
            tags=("units",),
        ),
    ),
)
