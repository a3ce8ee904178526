"""Long lists in pages: which rows of a list a request gets, and where the next page begins.

    >>> page = cut(["a", "b", "c", "d", "e"], offset=2, limit=2)
    >>> page.rows, page.total, page.next_offset
    (['c', 'd'], 5, 4)

Each provider spells the page in its own way: `{"items": page.rows, "next_offset": page.next_offset}`. Not covered:
a list that changes between two pages (the next page begins where the numbers say).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mocktools.params import Param
from mocktools.server import Query

Row = TypeVar("Row")
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some `rows` of a list of `total`, from `offset` on, at most `limit`."""

    rows: list[Row]
    total: int
    offset: int
    limit: int

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins, or None on the last one."""
        after = self.offset + self.limit
        return after if after < self.total else None

    @property
    def number(self) -> int:
        """Which page this is, counted from 1."""
        return self.offset // self.limit + 1

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.limit))


def cut(rows: Sequence[Row], offset: int, limit: int) -> Page[Row]:
    """The page of `rows` from `offset` on."""
    return Page(list(rows[offset : offset + limit]), len(rows), offset, limit)


def limit_param(name: str, what: str, default: int, most: int) -> Param:
    """How many rows a page has: a parameter called `name` ("limit", "pageSize")."""
    return Param(name, f"Most {what} to return", default, "integer", False, default, minimum=1, maximum=most)


def offset_param(name: str, what: str) -> Param:
    """How many rows to pass over: a parameter called `name` ("offset", "skip")."""
    return Param(name, f"How many {what} to skip", 0, "integer", False, 0, minimum=0, maximum=_MOST)


def page_param(name: str) -> Param:
    """Which page, counted from 1: a parameter called `name` ("page", "pageNumber")."""
    return Param(name, "Number of the page", 1, "integer", False, 1, minimum=1, maximum=_MOST)


def cursor_param(name: str, what: str) -> Param:
    """Where the next page begins, as the last reply said: a parameter called `name` ("cursor", "pageToken")."""
    return Param(
        name, f"The cursor of the next {what}, from the last reply", "p2", required=False, pattern="p[0-9]{1,5}"
    )


def by_offset(query: Query, rows: Sequence[Row], limit: str = "limit", offset: str = "offset") -> Page[Row]:
    """The page that the parameters `limit` and `offset` ask for."""
    return cut(rows, query.integer(offset), query.integer(limit))


def by_page(query: Query, rows: Sequence[Row], size: str = "page_size", number: str = "page") -> Page[Row]:
    """The page that the parameters `size` and `number` ask for."""
    limit = query.integer(size)
    return cut(rows, (query.integer(number) - 1) * limit, limit)


def by_cursor(query: Query, rows: Sequence[Row], limit: str = "limit", cursor: str = "cursor") -> Page[Row]:
    """The page that a cursor of `cursor_of` points to; the first one without a cursor. A made-up one is a 400."""
    size, text = query.integer(limit), query.text(cursor)
    return cut(rows, int(text[1:]) if text else 0, size)


def cursor_of(page: Page[Row]) -> str | None:
    """The cursor of the page after this one."""
    return None if page.next_offset is None else f"p{page.next_offset}"
