"""What a provider with a state builds on: rows by id, new ids, and the time of each write, all deterministic.

    >>> import datetime
    >>> ledger = Ledger(datetime.date(2026, 10, 30), first=1041)
    >>> ledger.new_id(), ledger.new_id(), ledger.write(), ledger.write()
    ('1041', '1042', '2026-10-30T12:00:01Z', '2026-10-30T12:00:02Z')

The time is noon UTC of the servers' date and a second for each write. Not covered: undoing, several users at once.
"""

from __future__ import annotations

import datetime
from typing import Any

from mocktools.refusals import not_found

Row = dict[str, Any]
NOON = datetime.time(12, 0, tzinfo=datetime.timezone.utc)


class Ledger:
    """The rows of a provider by id, in the order in which they were added."""

    def __init__(self, today: datetime.date, first: int, form: str = "{}") -> None:
        self.today = today
        self.rows: dict[str, Row] = {}
        self._next = first
        self._form = form
        self._writes = 0

    def new_id(self) -> str:
        """An id that no row had before, not even a deleted one."""
        self._next += 1
        return self._form.format(self._next - 1)

    def write(self) -> str:
        """The moment of one more write."""
        self._writes += 1
        return stamp(datetime.datetime.combine(self.today, NOON) + datetime.timedelta(seconds=self._writes))

    def row(self, what: str, value: str, param: str) -> Row:
        """The row with this id; raises a 404 that calls it a `what` and names the parameter."""
        found = self.rows.get(value)
        if found is None:
            raise not_found(f"No {what} has the {param} '{value[:60]}'", param)
        return found


def stamp(moment: datetime.datetime) -> str:
    """A moment in UTC as APIs write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_on(today: datetime.date, days: int, clock: str) -> datetime.datetime:
    """So many days from today at this time (UTC): seed tables hold no dates of their own."""
    return datetime.datetime.combine(
        today + datetime.timedelta(days=days), datetime.time.fromisoformat(clock), datetime.timezone.utc
    )
