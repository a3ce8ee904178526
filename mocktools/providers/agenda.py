"""A calendar that remembers: create, list, move and delete events. The events are INVENTED; all times are UTC.

    import mocktools
    with mocktools.activate("all") as tools:
        print(tools.get("list_events").call({"dateFrom": "2026-11-02"}).body)

It starts from `fixtures/agenda.json` with every fresh state. Not covered: events that repeat, time zones, several
calendars, answers of the guests.
"""

from __future__ import annotations

import datetime

from mocktools import fixtures, paging, styles
from mocktools.ledger import Ledger, Row, moment_on, stamp
from mocktools.provider import Endpoint, Provider
from mocktools.server import ApiError, Body, Param, Query, invalid
from mocktools.text import fold

PATH = "/calendar/v3/events"
CHANGED = ("title", "start", "durationMinutes", "location", "attendees", "reminder")


def seeded(today: datetime.date) -> Ledger:
    """The calendar as it is before anything is done. Rows hold `start` as a datetime, all else as replies do."""
    ledger = Ledger(today, first=2041, form="evt_{}")
    for row in fixtures.table("agenda")["events"]:
        ledger.rows[row["id"]] = {
            "id": row["id"],
            "title": row["title"],
            "start": moment_on(today, row["day"], row["time"]),
            "durationMinutes": row["minutes"],
            "location": row["location"],
            "attendees": list(row["attendees"]),
            "reminder": {"method": "popup", "minutesBefore": row["reminder"]},
        }
    return ledger


def _end(row: Row) -> datetime.datetime:
    end: datetime.datetime = row["start"] + datetime.timedelta(minutes=row["durationMinutes"])
    return end


def _shown(row: Row) -> Row:
    """An event as replies have it, in full."""
    return {
        "id": row["id"],
        "status": "confirmed",
        "title": row["title"],
        "start": stamp(row["start"]),
        "end": stamp(_end(row)),
        "durationMinutes": row["durationMinutes"],
        "location": row["location"],
        "attendees": [{"email": email, "responseStatus": "needsAction"} for email in row["attendees"]],
        "reminder": row["reminder"],
    }


def _brief(row: Row) -> Row:
    """An event as a list has it."""
    return {
        "id": row["id"],
        "title": row["title"],
        "start": stamp(row["start"]),
        "end": stamp(_end(row)),
        "location": row["location"],
        "attendeeCount": len(row["attendees"]),
    }


def _fields(query: Query) -> Row:
    """What a request says of an event, as the row holds it."""
    fields = {name: value for name, value in query.values().items() if name in CHANGED}
    if "start" in fields and not 1970 <= fields["start"].year <= 9000:
        raise invalid("start", stamp(fields["start"]), "a date and time of the years 1970 to 9000")
    for index, email in enumerate(fields.get("attendees", ())):
        name, _, host = email.partition("@")
        if not (name and "." in host) or " " in email:
            raise invalid(f"attendees[{index}]", email, "an e-mail address, e.g. nadia@northwind-studio.example")
    return fields


def _overlapping(ledger: Ledger, event: Row) -> list[Row]:
    """The other events that take place at the same time, as a warning."""
    return [
        {"id": row["id"], "title": row["title"][:40]}
        for row in ledger.rows.values()
        if row["id"] != event["id"] and row["start"] < _end(event) and event["start"] < _end(row)
    ][:2]


def _create(query: Query) -> Body:
    ledger: Ledger = query.state
    fields = _fields(query)
    event: Row = {"id": ledger.new_id(), "durationMinutes": 60, "location": None, "attendees": []}
    event |= {"reminder": {"method": "popup", "minutesBefore": 10}} | fields
    ledger.rows[event["id"]] = event
    return _shown(event) | {"created": ledger.write(), "overlaps": _overlapping(ledger, event)}


def _list(query: Query) -> Body:
    ledger: Ledger = query.state
    wanted = query.values()
    first = wanted.get("dateFrom", query.today)
    last = wanted.get("dateTo", datetime.date.max)
    if last < first:
        raise invalid("dateTo", last.isoformat(), f"on or after dateFrom, {first}")
    words = fold(wanted.get("search", ""))
    rows = [
        row
        for row in ledger.rows.values()
        if first <= row["start"].date() <= last and words in fold(f"{row['title']} {row['location'] or ''}")
    ]
    rows.sort(key=lambda row: (row["start"], row["id"]))
    page = paging.by_cursor(query, rows, "maxResults", "pageToken")
    body = {"items": [_brief(row) for row in page.rows], "totalItems": page.total}
    token = paging.cursor_of(page)
    return body | ({"nextPageToken": token} if token else {})


def _update(query: Query) -> Body:
    ledger: Ledger = query.state
    event = ledger.row("event", query.text("eventId"), "eventId")
    fields = _fields(query)
    if not fields:
        raise ApiError(400, "nothing_to_update", f"Nothing to update: send at least one of {', '.join(CHANGED)}")
    event |= fields
    return _shown(event) | {"updated": ledger.write(), "overlaps": _overlapping(ledger, event)}


def _delete(query: Query) -> Body:
    ledger: Ledger = query.state
    del ledger.rows[ledger.row("event", query.text("eventId"), "eventId")["id"]]
    ledger.write()
    return {}


EVENT_ID = Param("eventId", "Id of the event", "evt_2004", shortest=1, longest=20)
LENGTH = Param("durationMinutes", "Length in minutes", 45, "integer", False, minimum=5, maximum=1440)
PLACE = Param("location", "Where it takes place", "Room Linden", required=False, longest=60)
GUESTS = Param(
    "attendees", "E-mail addresses of the guests", ["nadia@northwind-studio.example"], "array", False, longest=5,
    items=Param("", "", "nadia@northwind-studio.example", longest=60),
)  # fmt: skip
REMINDER = Param(
    "reminder", "How and when to remind the user", {"method": "email", "minutesBefore": 30}, "object", False,
    members=(
        Param("method", "How", "email", choices=("popup", "email")),
        Param("minutesBefore", "Minutes before the start", 30, "integer", minimum=0, maximum=40320),
    ),
)  # fmt: skip

PROVIDER = Provider(
    name="agenda",
    host="www.agenda-apis.example",
    errors=styles.status_named,
    fixtures=("agenda",),
    state=seeded,
    endpoints=(
        Endpoint(
            tool="create_event",
            description="Create an event in the user's calendar. Times are UTC.",
            path=PATH,
            method="POST",
            params=(
                Param("title", "Title of the event", "Coffee with Ewa", shortest=1, longest=80),
                Param("start", "When it starts, as YYYY-MM-DDTHH:MM:SSZ", "2026-11-03T14:00:00Z", "datetime"),
                LENGTH,
                PLACE,
                GUESTS,
                REMINDER,
            ),
            shows=("durationMinutes",),
            answer=_create,
            tags=("events",),
        ),
        Endpoint(
            tool="list_events",
            description="List the events in the user's calendar from a day on, with their ids.",
            path=PATH,
            params=(
                Param("dateFrom", "First day as YYYY-MM-DD, today if not given", "2026-11-02", "date", False),
                Param("dateTo", "Last day as YYYY-MM-DD", "2026-11-08", "date", False),
                Param("search", "Words of the title or location", "stand-up", required=False, longest=60),
                paging.limit_param("maxResults", "events", 5, 5),
                paging.cursor_param("pageToken", "page"),
            ),
            answer=_list,
            tags=("events",),
        ),
        Endpoint(
            tool="update_event",
            description="Change an event in the user's calendar: move it, rename it, or change its place or guests.",
            path=PATH + "/{eventId}",
            method="PATCH",
            params=(
                EVENT_ID,
                Param("title", "New title", "Budget review", required=False, longest=80),
                Param("start", "New start, as YYYY-MM-DDTHH:MM:SSZ", "2026-11-03T15:00:00Z", "datetime", False),
                LENGTH,
                PLACE,
                GUESTS,
                REMINDER,
            ),
            shows=("start",),
            answer=_update,
            tags=("events",),
        ),
        Endpoint(
            tool="delete_event",
            description="Delete an event from the user's calendar.",
            path=PATH + "/{eventId}",
            method="DELETE",
            status=204,
            params=(EVENT_ID,),
            answer=_delete,
            tags=("events",),
        ),
    ),
)
