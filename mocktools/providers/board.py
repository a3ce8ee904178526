"""A message board that remembers: list channels, post, read and delete messages. All of it is INVENTED.

    import mocktools
    with mocktools.activate("all") as tools:
        tools.get("post_message").call({"channel": "general", "text": "Hello!"})
        print(tools.get("list_messages").call({"channel": "general"}).body)

It starts from `fixtures/board.json` with every fresh state. The caller is the author "you". Not covered: threads,
reactions, private messages.
"""

from __future__ import annotations

import datetime
from typing import Any

from mocktools import fixtures, paging, styles
from mocktools.ledger import Ledger, Row, moment_on, stamp
from mocktools.provider import Endpoint, Provider
from mocktools.server import ApiError, Body, Param, Query, not_found
from mocktools.text import fold

ME = "you"


def seeded(today: datetime.date) -> Ledger:
    """The board as it is before anything is done."""
    ledger = Ledger(today, first=30041)
    for row in fixtures.table("board")["messages"]:
        ledger.rows[row["id"]] = {
            "id": row["id"],
            "channel": row["channel"],
            "author": row["author"],
            "text": row["text"],
            "sent_at": stamp(moment_on(today, row["day"], row["time"])),
            "reply_to": None,
        }
    return ledger


def _channel(query: Query) -> str:
    """The channel that is meant, with or without its #."""
    wanted = query.text("channel").lstrip("#")
    names: list[str] = [row["name"] for row in fixtures.table("board")["channels"]]
    for name in names:
        if fold(name) == fold(wanted):
            return name
    raise not_found(f"Unknown Channel '{wanted}'. Channels: {', '.join(names)}", "channel")


def _message(query: Query, name: str) -> Row:
    """The message that a parameter names, in the channel of the request."""
    ledger: Ledger = query.state
    channel, row = _channel(query), ledger.rows.get(query.text(name))
    if row is None or row["channel"] != channel:
        raise not_found(f"Unknown Message '{query.text(name)[:60]}' in #{channel}", name)
    return row


def _channels(query: Query) -> Body:
    ledger: Ledger = query.state
    words = fold(query.text("search"))
    rows: list[dict[str, Any]] = fixtures.table("board")["channels"]
    page = paging.by_offset(query, [row for row in rows if words in fold(f"{row['name']} {row['topic']}")])
    shown = [
        row | {"messages": sum(one["channel"] == row["name"] for one in ledger.rows.values())} for row in page.rows
    ]
    return {"channels": shown, "total_count": page.total, "next_offset": page.next_offset}


def _post(query: Query) -> Body:
    ledger: Ledger = query.state
    channel = _channel(query)
    reply_to = _message(query, "reply_to")["id"] if query.has("reply_to") else None
    text = query.text("text")
    row = {"id": ledger.new_id(), "channel": channel, "author": ME, "text": text, "sent_at": ledger.write()}
    ledger.rows[row["id"]] = row | {"reply_to": reply_to}
    return ledger.rows[row["id"]]


def _messages(query: Query) -> Body:
    ledger: Ledger = query.state
    channel = _channel(query)
    wanted = query.values()
    author, words = fold(wanted.get("author", "")), fold(wanted.get("search", ""))
    rows = [
        row
        for row in reversed(list(ledger.rows.values()))
        if row["channel"] == channel and author in fold(row["author"]) and words in fold(row["text"])
    ]
    if query.has("before"):
        number = int(_message(query, "before")["id"])
        rows = [row for row in rows if int(row["id"]) < number]
    page = paging.cut(rows, 0, query.integer("limit"))
    shown = [{key: value for key, value in row.items() if key != "channel"} for row in page.rows]
    return {"channel": channel, "messages": shown, "has_more": page.next_offset is not None}


def _delete(query: Query) -> Body:
    ledger: Ledger = query.state
    row = _message(query, "message_id")
    if row["author"] != ME:
        whose = f"Message '{row['id']}' is by {row['author']}; you can only delete your own messages"
        raise ApiError(403, "missing_permissions", whose, ("message_id",))
    del ledger.rows[row["id"]]
    return {"id": row["id"], "channel": row["channel"], "deleted": True, "deleted_at": ledger.write()}


CHANNEL = Param("channel", "Name of the channel, such as design or help-desk", "general", shortest=1, longest=40)
PATH = "/api/v10/channels"

PROVIDER = Provider(
    name="board",
    host="teamboard.example",
    errors=styles.form,
    fixtures=("board",),
    state=seeded,
    endpoints=(
        Endpoint(
            tool="list_channels",
            description="List the channels of the team's message board with their topics and numbers of messages.",
            path=PATH,
            params=(
                Param("search", "Words of the name or topic", "feedback", required=False, longest=40),
                paging.limit_param("limit", "channels", 5, 6),
                paging.offset_param("offset", "channels"),
            ),
            answer=_channels,
            tags=("messages",),
        ),
        Endpoint(
            tool="post_message",
            description="Post a message in a channel of the team's message board, also as a reply to another message.",
            path=PATH + "/{channel}/messages",
            method="POST",
            status=201,
            params=(
                CHANNEL,
                Param("text", "The message", "Lunch is at 12:30 today.", shortest=1, longest=200),
                Param("reply_to", "Id of the message that this one answers", "30005", required=False, longest=20),
            ),
            answer=_post,
            tags=("messages",),
        ),
        Endpoint(
            tool="list_messages",
            description="Read the messages in a channel of the team's message board, newest first.",
            path=PATH + "/{channel}/messages",
            params=(
                CHANNEL,
                Param("search", "Words of the message", "printer", required=False, longest=60),
                Param("author", "Name of the author; yours is you", "Maren", required=False, longest=40),
                Param("before", "Only messages older than the one with this id", "30005", required=False, longest=20),
                paging.limit_param("limit", "messages", 3, 4),
            ),
            answer=_messages,
            tags=("messages",),
        ),
        Endpoint(
            tool="delete_message",
            description="Delete a message of the user's own from a channel of the team's message board.",
            path=PATH + "/{channel}/messages/{message_id}",
            method="DELETE",
            params=(CHANNEL, Param("message_id", "Id of the message", "30004", shortest=1, longest=20)),
            answer=_delete,
            tags=("messages",),
        ),
    ),
)
