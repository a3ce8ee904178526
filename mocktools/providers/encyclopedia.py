"""An encyclopedia: search its articles, read the summary of one or of the article of the day.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("search_encyclopedia").call({"query": "largest ocean"}).body)

Topics are written by hand (`fixtures/articles.json`); the articles on countries and chemical elements are
made from their tables. Not covered: anything else; sections, pictures, links.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mocktools import fixtures, styles
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Param, Query, not_found
from mocktools.text import Document, document, first_sentence, fold, search


@dataclass(frozen=True, slots=True)
class Article:
    """An article: `description` is a few words, `extract` two to four sentences."""

    title: str
    description: str
    extract: str
    other_titles: tuple[str, ...] = ()


def _country_article(row: dict[str, Any]) -> Article:
    languages = " and ".join(filter(None, [", ".join(row["languages"][:-1]), *row["languages"][-1:]]))
    extract = (
        f"{row['name']} is a country or territory in {row['subregion']}. Its capital is {row['capital']}. It has about "
        f"{row['population']:,} inhabitants on an area of {row['area_km2']:,} square kilometres. "
        f"Its currency is the {row['currency']['name']}" + (f", and it uses {languages}." if languages else ".")
    )
    return Article(row["name"], f"Country in {row['subregion']}", extract, tuple(row.get("other_names", ())))


def _element_article(row: dict[str, Any]) -> Article:
    extract = (
        f"{row['name']} is a chemical element with the symbol {row['symbol']} and atomic number {row['number']}. "
        f"It belongs to the {row['category'].lower()} and has an atomic mass of {row['atomic_mass']}."
    )
    if row["melting_point"]:
        extract += f" It melts at {row['melting_point']} K."
    if row["discovered"]:
        extract += f" It was discovered in {row['discovered']}."
    return Article(row["name"], f"Chemical element with symbol {row['symbol']}", extract)


@lru_cache(maxsize=1)
def _articles() -> tuple[tuple[Article, ...], tuple[Document, ...], dict[str, Article]]:
    """All articles, what the search sees of them, and the articles by folded title."""
    written = [
        Article(row["title"], row["description"], row["extract"], tuple(row.get("other_titles", ())))
        for row in fixtures.table("articles")["articles"]
    ]
    made = [_country_article(row) for row in fixtures.table("countries")["countries"]]
    made += [_element_article(row) for row in fixtures.table("elements")["elements"]]
    every = []
    by_title: dict[str, Article] = {}
    for article in (*written, *made):
        # A written article on an element or a country replaces the one made from the table.
        if fold(article.title) in by_title:
            continue
        every.append(article)
        for title in (article.title, *article.other_titles):
            by_title.setdefault(fold(title), article)
    documents = [document(one.title, *one.other_titles, one.description, one.extract) for one in every]
    return tuple(every), tuple(documents), by_title


def _search(query: Query) -> Body:
    articles, documents, _ = _articles()
    found = search(query.text("query"), documents)
    shown = [articles[index] for index in found[: query.integer("limit")]]
    return {
        "query": query.text("query"),
        "total": len(found),
        "results": [
            {
                "title": one.title,
                "description": one.description,
                "snippet": first_sentence(one.extract),
            }
            for one in shown
        ],
    }


def _summary(query: Query) -> Body:
    title = query.text("title").replace("_", " ")
    article = _articles()[2].get(fold(title))
    if article is None:
        raise not_found(f"No article has the title '{title}'. Use the search to find titles.")
    return {"title": article.title, "description": article.description, "extract": article.extract, "lang": "en"}


def _featured(query: Query) -> Body:
    written = fixtures.table("articles")["articles"]
    # A hash and not the day's number: neighbours in the table are alike.
    digest = hashlib.sha256(query.today.isoformat().encode()).digest()
    row = written[int.from_bytes(digest[:4], "big") % len(written)]
    return {
        "featured": {"title": row["title"], "description": row["description"], "extract": row["extract"]},
        "date": query.today.isoformat(),
        "lang": "en",
        "content_type": "standard",
    }


PROVIDER = Provider(
    name="encyclopedia",
    host="en.openpedia.example",
    errors=styles.problem,
    fixtures=("articles", "countries", "elements"),
    endpoints=(
        Endpoint(
            tool="search_encyclopedia",
            description="Search the encyclopedia and get the titles and first sentences of matching articles.",
            path="/api/rest_v1/search",
            params=(
                Param("query", "Words to search for", "solar system"),
                Param(
                    "limit", "Most results to return", 3, kind="integer", required=False,
                    default=3, minimum=1, maximum=5,
                ),
            ),
            answer=_search,
            tags=("knowledge", "search"),
        ),
        Endpoint(
            tool="get_article_summary",
            description="Get the summary of the encyclopedia article with a given title.",
            path="/api/rest_v1/summary",
            params=(Param("title", "Title of the article", "Albert Einstein"),),
            answer=_summary,
            tags=("knowledge",),
        ),
        Endpoint(
            tool="get_featured_article",
            description="Get today's featured article of the encyclopedia.",
            path="/api/rest_v1/feed/featured",
            answer=_featured,
            tags=("knowledge",),
        ),
    ),
)  # fmt: skip
