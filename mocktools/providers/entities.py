"""What a name can mean: cities, countries, elements, languages, currencies and topics of the same name.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("Entity Graph%%Disambiguate").call({"name": "Mercury"}).body)

The entities are those of the other tables, with ids of the standards behind them (GeoNames, ISO 3166, ISO 639, ISO
4217). Not covered: people and places that no table has, relations between entities.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import fold

KINDS = ("city", "country", "element", "language", "currency", "airport", "topic")


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that has a name: `names` are all of them, the label first."""

    id: str
    kind: str
    names: tuple[str, ...]
    description: str


def _city(row: dict[str, Any]) -> Entity:
    place = ", ".join(filter(None, (row.get("state"), row["country"])))
    what = f"Capital of {row['country']}" if row.get("capital") else f"City in {place}"
    names = (row["name"], *row.get("aliases", ()))
    return Entity(f"geonames:{row['id']}", "city", names, f"{what}, population {row['population']:,}")


def _country(row: dict[str, Any]) -> Entity:
    names = (row["name"], *row.get("other_names", ()), *filter(None, [row.get("native_name")]))
    return Entity(f"iso3166:{row['code']}", "country", names, f"Country or territory in {row['subregion']}")


def _element(row: dict[str, Any]) -> Entity:
    text = f"Chemical element with symbol {row['symbol']}, atomic number {row['number']}"
    return Entity(f"element:{row['number']}", "element", (row["name"], row["symbol"]), text)


def _language(row: dict[str, Any]) -> Entity:
    names = (row["name"], *filter(None, [row["native_name"]]))
    return Entity(f"iso639:{row['code3']}", "language", names, f"Language written in {row['script']} script")


def _currency(row: dict[str, Any]) -> Entity:
    # People say "peso" or "dollar" for many currencies.
    names = (row["name"], row["code"], row["name"].split()[-1])
    used = row["countries"][0] + (" and others" if len(row["countries"]) > 1 else "")
    return Entity(f"iso4217:{row['code']}", "currency", names, f"Currency of {used}")


def _airport(row: dict[str, Any]) -> Entity:
    text = f"Airport of {row['city'] or row['country']}, {row['country']}"
    return Entity(f"iata:{row['iata']}", "airport", (row["name"], row["iata"]), text)


def _topic(row: dict[str, Any]) -> Entity:
    title = row["title"]
    # "Cell (biology)" is also a cell.
    names = (title, re.sub(r" \(.*\)$", "", title), *row.get("other_titles", ()))
    return Entity("article:" + title.replace(" ", "_"), "topic", names, row["description"])


def _meaning(row: dict[str, Any]) -> Entity:
    # The first words of the description tell the meanings of a name apart.
    slug = "-".join(fold(f"{row['name']} {row['description']}").split()[:6])
    return Entity(f"note:{slug}", "topic", (row["name"],), row["description"])


@lru_cache(maxsize=1)
def _by_name() -> dict[str, list[Entity]]:
    """The entities by each folded name, in the order of the makers and of their tables."""
    makers = (
        ("countries", "countries", _country), ("articles", "articles", _topic), ("meanings", "meanings", _meaning),
        ("cities", "cities", _city), ("elements", "elements", _element), ("languages", "languages", _language),
        ("currencies", "currencies", _currency), ("airports", "airports", _airport),
    )  # fmt: skip
    found: dict[str, list[Entity]] = {}
    for table, key, make in makers:
        for entity in map(make, fixtures.table(table)[key]):
            for name in dict.fromkeys(map(fold, entity.names)):
                found.setdefault(name, []).append(entity)
    return found


def _disambiguate(query: Query) -> Body:
    name, kind = query.text("name"), query.text("kind")
    found = [entity for entity in _by_name().get(fold(name), []) if kind in ("", entity.kind)]
    if not found:
        raise not_found(f"No entity is called '{name}'" + (f" among those of kind '{kind}'" if kind else ""))
    return {
        "candidates": [
            {"label": entity.names[0], "kind": entity.kind, "description": entity.description, "id": entity.id}
            for entity in found[: query.integer("limit")]
        ],
        "ambiguous": len(found) > 1,
        "total": len(found),
        "query": name,
    }


PROVIDER = Provider(
    name="entities",
    host="entity-graph.hub.example",
    errors=styles.typed,
    fixtures=("articles", "meanings", "countries", "cities", "elements", "languages", "currencies", "airports"),
    endpoints=(
        Endpoint(
            tool="Entity Graph%%Disambiguate",
            description="Lists the different things that a name can mean, each with its kind, a short description and "
            "an id.",
            path="/disambiguate",
            params=(
                Param("name", "Name to look up", "Georgia"),
                Param("kind", "Only this kind of thing", "city", required=False, choices=KINDS),
                Param(
                    "limit", "Most candidates to return", 5, kind="integer", required=False,
                    default=5, minimum=1, maximum=7,
                ),
            ),
            answer=_disambiguate,
            tags=("knowledge", "search"),
        ),
    ),
)  # fmt: skip
