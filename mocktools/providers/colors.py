"""Colours: the value of a CSS colour name, the name nearest to a value.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("findNearestColor").call({"hex": "#ff6040"}).body)

The names are those of CSS (`fixtures/colors.json`). Not covered: Pantone, RAL, transparency.
"""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid, not_found

RGB = tuple[int, int, int]


def _rgb(value: str) -> RGB:
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Values by name; of two names for a value the search shows the first."""
    names: dict[str, str] = fixtures.table("colors")["colors"]
    return names


def _color(value: str) -> dict[str, Any]:
    red, green, blue = _rgb(value)
    hue, light, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    return {
        "hex": value,
        "rgb": {"r": red, "g": green, "b": blue},
        "hsl": {"h": round(hue * 360), "s": round(saturation * 100), "l": round(light * 100)},
    }


def _by_name(query: Query) -> Body:
    name = re.sub(r"[\s_-]", "", query.text("name")).lower()
    value = _names().get(name)
    if value is None:
        raise not_found(f"No CSS color is named '{query.text('name')}'")
    same = [other for other, one in _names().items() if one == value and other != name]
    return {"color": {"name": name, **_color(value)}, "sameAs": same, "isDark": _luma(_rgb(value)) < 128}


def _luma(rgb: RGB) -> float:
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def _nearest(query: Query) -> Body:
    sent = query.text("hex").lower().removeprefix("#")
    if not re.fullmatch(r"[0-9a-f]{3}|[0-9a-f]{6}", sent):
        raise invalid("hex", query.text("hex"), "a color as #RRGGBB or #RGB")
    value = "#" + ("".join(2 * digit for digit in sent) if len(sent) == 3 else sent)
    wanted = _rgb(value)
    ranked = sorted(
        (sum((one - other) ** 2 for one, other in zip(wanted, _rgb(known), strict=True)), name)
        for name, known in _names().items()
    )
    square, name = ranked[0]
    return {
        "nearest": {"name": name, "hex": _names()[name], "distance": round(square**0.5, 2), "exact": square == 0},
        "requested": _color(value),
        "others": [other for _, other in ranked[1:4]],
    }


PROVIDER = Provider(
    name="colors",
    host="www.colorkit.example",
    errors=styles.reason,
    fixtures=("colors",),
    endpoints=(
        Endpoint(
            tool="getColorByName",
            description="Get the hex, RGB and HSL values of a CSS color name.",
            path="/api/named",
            params=(Param("name", "CSS color name", "tomato"),),
            answer=_by_name,
            tags=("colors",),
        ),
        Endpoint(
            tool="findNearestColor",
            description="Find the CSS color name that is nearest to a hex value.",
            path="/api/nearest",
            params=(Param("hex", "Color as #RRGGBB or #RGB", "#ff6040"),),
            answer=_nearest,
            tags=("colors",),
        ),
    ),
)
