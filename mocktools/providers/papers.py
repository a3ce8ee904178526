"""Scientific papers: search them, or look one up by its arXiv id.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("search_papers").call({"query": "attention transformer"}).body)

Real papers with summaries in our own words (`fixtures/papers.json`). Not covered: full texts, citations.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, invalid, not_found
from mocktools.text import Document, document, search

_ID = re.compile(r"(?:arxiv:)?((?:[0-9]{4}\.[0-9]{4,5})|(?:[a-z-]+/[0-9]{7}))(?:v[0-9]{1,2})?", re.ASCII)


@lru_cache(maxsize=1)
def _papers() -> tuple[list[dict[str, Any]], tuple[Document, ...]]:
    rows = fixtures.table("papers")["papers"]
    return rows, tuple(document(row["title"], row["summary"], str(row["year"]), *row["authors"]) for row in rows)


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "authors": row["authors"],
        "year": row["year"],
        "summary": row["summary"],
    }


def _search(query: Query) -> Body:
    rows, documents = _papers()
    found = search(query.text("query"), documents)
    shown = [rows[index] for index in found[: query.integer("max_results")]]
    return {"total_results": len(found), "papers": [_brief(row) for row in shown]}


def _paper(query: Query) -> Body:
    value = query.text("arxiv_id")
    match = _ID.fullmatch(value.lower())
    if not match:
        raise invalid("arxiv_id", value, "an arXiv id, e.g. 1706.03762")
    row = next((row for row in _papers()[0] if row["id"] == match[1]), None)
    if row is None:
        raise not_found(f"No paper has the arXiv id '{match[1]}'")
    return _brief(row) | {"url": f"https://arxiv.org/abs/{row['id']}"}


PROVIDER = Provider(
    name="papers",
    host="export.paperindex.example",
    errors=styles.detail,
    fixtures=("papers",),
    endpoints=(
        Endpoint(
            tool="search_papers",
            description="Search scientific papers by topic, title or author.",
            path="/api/query",
            params=(
                Param("query", "Words to search for", "language model pre-training"),
                Param(
                    "max_results", "Most papers to return", 2, kind="integer", required=False,
                    default=2, minimum=1, maximum=5,
                ),
            ),
            answer=_search,
            tags=("papers", "search"),
        ),
        Endpoint(
            tool="get_paper",
            description="Get a scientific paper's title, authors, year and summary by its arXiv id.",
            path="/api/paper",
            params=(Param("arxiv_id", "arXiv id of the paper", "1706.03762"),),
            answer=_paper,
            tags=("papers",),
        ),
    ),
)  # fmt: skip
