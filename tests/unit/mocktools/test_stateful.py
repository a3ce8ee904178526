"""The providers that remember: what each answers, what it refuses, and what is left of it afterwards."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import requests

import mocktools
from mocktools.provider import Provider
from mocktools.providers import PROVIDERS
from tests.unit.mocktools.test_answers import at

STATEFUL: tuple[Provider, ...] = tuple(provider for provider in PROVIDERS if provider.state)
ADDRESS = {"name": "Ewa", "street": "Kirkegata 12", "city": "Oslo", "postcode": "0153", "country": "no"}

# Tool, arguments, status, fields of the body; each in a fresh state.
OK: list[tuple[str, dict[str, Any], int, dict[str, Any]]] = [
    ("create_event", {"title": "Tea", "start": "2026-11-03T14:00:00+01:00"}, 200,
     {"id": "evt_2041", "start": "2026-11-03T13:00:00Z", "end": "2026-11-03T14:00:00Z", "created": "2026-10-30T12:00:01Z",
      "overlaps.0.id": "evt_2006"}),
    ("create_event", {"title": "Tea", "start": "2026-11-14T14:00:00Z", "attendees": ["a@b.example"],
                      "reminder": {"method": "email", "minutesBefore": 5}}, 200,
     {"attendees.0.email": "a@b.example", "reminder.method": "email", "overlaps": []}),
    ("list_events", {}, 200, {"items.0.id": "evt_2001", "totalItems": 13, "nextPageToken": "p5"}),
    ("list_events", {"pageToken": "p10"}, 200, {"items.2.title": "Train to Gothenburg"}),
    ("list_events", {"dateFrom": "2026-11-02", "dateTo": "2026-11-02"}, 200, {"totalItems": 2}),
    ("list_events", {"search": "STAND-UP", "maxResults": 1}, 200, {"totalItems": 2, "items.0.attendeeCount": 2}),
    ("update_event", {"eventId": "evt_2004", "start": "2026-11-05T08:00:00Z"}, 200,
     {"end": "2026-11-05T08:45:00Z", "title": "Budget review with Maren", "updated": "2026-10-30T12:00:01Z"}),
    ("delete_event", {"eventId": "evt_2004"}, 204, {}),
    ("add_task", {"title": "Buy milk"}, 201, {"id": "1041", "list": "Inbox", "priority": "normal", "due_date": None}),
    ("add_task", {"title": "Mow", "list": "GARDEN", "labels": ["a", "a"], "due_date": "2026-11-01"}, 201,
     {"list": "Garden", "labels": ["a"], "due_date": "2026-11-01"}),
    ("list_tasks", {}, 200, {"tasks.0.id": "1013", "total": 13, "next_offset": 5}),
    ("list_tasks", {"list": "work", "priority": "high"}, 200, {"tasks.0.id": "1004", "total": 2, "next_offset": None}),
    ("list_tasks", {"status": "completed"}, 200, {"total": 3, "tasks.0.is_completed": True}),
    ("list_tasks", {"label": "money", "due_before": "2026-10-30"}, 200, {"total": 1}),
    ("update_task", {"task_id": 1003, "priority": "urgent"}, 200, {"priority": "urgent", "title": "Renew the library card"}),
    ("complete_task", {"task_id": "1003"}, 200, {"is_completed": True, "completed_at": "2026-10-30T12:00:01Z"}),
    ("delete_task", {"task_id": "1003"}, 200, {"deleted": True, "title": "Renew the library card"}),
    ("search_products", {"query": "lamps"}, 200, {"totalResults": 2, "products.0.productId": "P-1009"}),
    ("search_products", {"category": "office", "sort": "price_asc", "inStockOnly": True, "page": 2}, 200,
     {"totalResults": 3, "products": [], "totalPages": 1}),
    ("search_products", {"maxPrice": 8, "sort": "price_desc"}, 200, {"products.0.price": 7.9, "totalResults": 2}),
    ("add_to_cart", {"productId": "p-1002", "quantity": 2}, 201, {"itemCount": 4, "subtotal": 104.8}),
    ("add_to_cart", {"productId": "P-1007"}, 201, {"items.0.quantity": 3}),
    ("update_cart_item", {"productId": "P-1007", "quantity": 0}, 200, {"items": [], "subtotal": 0.0}),
    ("remove_from_cart", {"productId": "P-1007"}, 200, {"items": []}),
    ("get_cart", {}, 200, {"itemCount": 2, "items.0.lineTotal": 15.8}),
    ("checkout", {"address": ADDRESS, "couponCode": "welcome10", "shipping": "express"}, 201,
     {"orderId": "A-70031", "discount": 1.58, "total": 27.12, "estimatedDelivery": "2026-10-31", "shipTo.country": "NO"}),
    ("list_channels", {}, 200, {"channels.0.messages": 5, "total_count": 6, "next_offset": 5}),
    ("list_channels", {"search": "cake"}, 200, {"channels.0.name": "random", "total_count": 1}),
    ("post_message", {"channel": "#General", "text": "Hi", "reply_to": "30005"}, 201,
     {"id": "30041", "author": "you", "channel": "general", "reply_to": "30005", "sent_at": "2026-10-30T12:00:01Z"}),
    ("list_messages", {"channel": "help-desk"}, 200, {"messages.0.id": "30018", "has_more": True}),
    ("list_messages", {"channel": "general", "author": "you", "before": "30005"}, 200, {"messages.0.id": "30004"}),
    ("delete_message", {"channel": "general", "message_id": "30004"}, 200, {"deleted": True}),
]  # fmt: skip

# Tool, arguments, status, words of the body.
REFUSED: list[tuple[str, dict[str, Any], int, list[str]]] = [
    ("create_event", {"title": "Tea"}, 400, ["start", "INVALID_ARGUMENT"]),
    ("create_event", {"title": "Tea", "start": "tomorrow at 3"}, 400, ["start", "2026-11-03T14:00:00Z"]),
    ("create_event", {"title": "Tea", "start": "9999-12-31T23:59:59Z"}, 400, ["start", "1970 to 9000"]),
    ("create_event", {"title": "Tea", "start": "2026-11-03T14:00:00Z", "attendees": ["Ewa"]}, 400, ["attendees[0]"]),
    ("create_event", {"title": "Tea", "start": "2026-11-03T14:00:00Z", "reminder": {"method": "sms", "minutesBefore": 5}},
     400, ["reminder.method", "popup, email"]),
    ("list_events", {"dateFrom": "2026-11-05", "dateTo": "2026-11-04"}, 400, ["dateTo", "2026-11-05"]),
    ("list_events", {"pageToken": "next"}, 400, ["pageToken", "e.g. p2"]),
    ("update_event", {"eventId": "evt_2004"}, 400, ["Nothing to update", "durationMinutes"]),
    ("update_event", {"eventId": "evt_9", "title": "x"}, 404, ["evt_9", "NOT_FOUND", "eventId"]),
    ("delete_event", {"eventId": "2004"}, 404, ["2004"]),
    ("add_task", {}, 400, ["title", "MISSING_PARAMETER"]),
    ("add_task", {"title": "x", "priority": "asap"}, 400, ["priority", "low, normal, high, urgent"]),
    ("add_task", {"title": "x", "list": "Shopping"}, 404, ["Shopping", "Inbox, Work, Home, Garden"]),
    ("list_tasks", {"status": "done"}, 400, ["status", "completed"]),
    ("update_task", {"task_id": "1003"}, 400, ["Nothing to update"]),
    ("update_task", {"task_id": "7", "title": "x"}, 404, ["No task has the task_id '7'"]),
    ("complete_task", {"task_id": "1014"}, 409, ["completed already", "2026-10-29T17:30:00Z"]),
    ("delete_task", {}, 400, ["task_id"]),
    ("search_products", {"category": "books"}, 400, ["category", "kitchen"]),
    ("search_products", {"inStockOnly": "maybe"}, 400, ["inStockOnly", "true or false"]),
    ("add_to_cart", {"productId": "P-1", "quantity": 1}, 404, ["P-1", "requestId"]),
    ("add_to_cart", {"productId": "P-1003", "quantity": 4}, 409, ["Only 3", "Chef's knife"]),
    ("add_to_cart", {"productId": "P-1010"}, 409, ["sold out"]),
    ("update_cart_item", {"productId": "P-1003", "quantity": 1}, 404, ["not in the cart"]),
    ("remove_from_cart", {"productId": "P-1003"}, 404, ["not in the cart"]),
    ("checkout", {"address": "Kirkegata 12"}, 400, ["address", "an object", "Ewa Nowak"]),
    ("checkout", {"address": {"name": "Ewa"}}, 400, ["address.street", "address.country"]),
    ("checkout", {"address": ADDRESS | {"country": "N1"}}, 400, ["address.country"]),
    ("checkout", {"address": ADDRESS, "couponCode": "FREE"}, 400, ["couponCode", "FREE"]),
    ("list_channels", {"limit": 0}, 400, ["limit", "Invalid Form Body"]),
    ("post_message", {"channel": "genral", "text": "Hi"}, 404, ["genral", "general, random"]),
    ("post_message", {"channel": "general", "text": "x" * 201}, 400, ["text", "200"]),
    ("post_message", {"channel": "general", "text": "Hi", "reply_to": "30006"}, 404, ["30006", "#general"]),
    ("list_messages", {}, 400, ["channel"]),
    ("delete_message", {"channel": "general", "message_id": "30005"}, 403, ["Ewa Nowak", "50013"]),
    ("delete_message", {"channel": "random", "message_id": "30004"}, 404, ["30004"]),
]  # fmt: skip


def body(tools: mocktools.Toolset, name: str, arguments: dict[str, Any]) -> Any:
    result = tools.get(name).call(arguments)
    assert result.kind == "ok", result.body
    return json.loads(result.body or "{}")


@pytest.mark.parametrize(("name", "arguments", "status", "fields"), OK)
def test_a_good_call_is_answered(
    tools: mocktools.Toolset, name: str, arguments: dict[str, Any], status: int, fields: dict[str, Any]
) -> None:
    result = tools.get(name).call(arguments)
    assert (result.kind, result.status) == ("ok", status), result.body
    assert len(result.body) < 1200
    found = json.loads(result.body or "{}")
    assert {path: at(found, path) for path in fields} == fields


@pytest.mark.parametrize(("name", "arguments", "status", "parts"), REFUSED)
def test_a_bad_call_is_refused_in_words_and_changes_nothing(
    tools: mocktools.Toolset, name: str, arguments: dict[str, Any], status: int, parts: list[str]
) -> None:
    before = everything(tools)
    result = tools.get(name).call(arguments)
    assert (result.kind, result.status) == ("http_error", status), result.body
    assert [part for part in parts if part not in result.body] == []
    assert everything(tools) == before


def everything(tools: mocktools.Toolset) -> list[str]:
    """All that the lists show, and what the next ids and times would be."""
    found = [tools.get("get_cart").call({}).body]
    for name in ("list_events", "list_tasks", "list_channels"):
        found.append(tools.get(name).call({}).body)
    for channel in ("general", "random"):
        found.append(tools.get("list_messages").call({"channel": channel}).body)
    return found


def test_every_tool_is_in_both_tables() -> None:
    names = {endpoint.tool for provider in STATEFUL for endpoint in provider.endpoints}
    assert names == {row[0] for row in OK}
    assert names - {"get_cart"} == {row[0] for row in REFUSED}
    assert {provider.name for provider in STATEFUL} == {"agenda", "todo", "shop", "board"}


def test_what_was_done_shows(tools: mocktools.Toolset) -> None:
    task = body(tools, "add_task", {"title": "Buy milk", "due_date": "2026-10-01", "labels": ["milk"]})
    assert body(tools, "list_tasks", {"label": "milk"})["tasks"][0]["id"] == task["id"]
    body(tools, "complete_task", {"task_id": task["id"]})
    assert body(tools, "list_tasks", {"label": "milk"})["total"] == 0
    assert tools.get("complete_task").call({"task_id": task["id"]}).status == 409
    body(tools, "delete_task", {"task_id": task["id"]})
    assert tools.get("update_task").call({"task_id": task["id"], "title": "x"}).status == 404
    assert body(tools, "add_task", {"title": "Again"})["id"] == "1042"  # no id is used twice


def test_an_order_empties_the_cart_and_the_shelf(tools: mocktools.Toolset) -> None:
    body(tools, "add_to_cart", {"productId": "P-1003", "quantity": 3})
    order = body(tools, "checkout", {"address": ADDRESS})
    assert (order["itemCount"], order["shippingCost"]) == (5, 0.0)  # standard shipping is free above 75
    assert body(tools, "get_cart", {})["items"] == []
    assert tools.get("checkout").call({"address": ADDRESS}).status == 409
    assert tools.get("add_to_cart").call({"productId": "P-1003"}).status == 409


def test_an_event_moves_and_goes(tools: mocktools.Toolset) -> None:
    event = body(tools, "create_event", {"title": "Teatime", "start": "2026-12-01T10:00:00Z", "durationMinutes": 30})
    moved = body(tools, "update_event", {"eventId": event["id"], "start": "2026-12-02T10:00:00Z"})
    assert (moved["end"], moved["updated"]) == ("2026-12-02T10:30:00Z", "2026-10-30T12:00:02Z")
    assert body(tools, "list_events", {"search": "teatime", "dateFrom": "2026-12-02"})["totalItems"] == 1
    body(tools, "delete_event", {"eventId": event["id"]})
    assert body(tools, "list_events", {"search": "teatime"})["totalItems"] == 0


def test_all_messages_are_read_by_going_back(tools: mocktools.Toolset) -> None:
    body(tools, "post_message", {"channel": "general", "text": "Hi"})
    seen, more = [], {"channel": "general", "limit": 2}
    while True:
        page = body(tools, "list_messages", more)
        seen += [message["id"] for message in page["messages"]]
        if not page["has_more"]:
            break
        more["before"] = seen[-1]
    assert seen == ["30041", "30005", "30004", "30003", "30002", "30001"]


def test_reset_and_fresh(tools: mocktools.Toolset) -> None:
    def tasks(world: mocktools.World | None = None) -> int:
        return int(json.loads(tools.get("list_tasks").call({}, world).body)["total"])

    one, other = tools.fresh(), tools.fresh()
    tools.get("add_task").call({"title": "a"}, one)
    assert (tasks(one), tasks(other), tasks()) == (14, 13, 13)
    tools.get("add_task").call({"title": "a"})
    assert (tasks(one), tasks(other), tasks()) == (14, 13, 14)
    tools.reset()
    assert (tasks(one), tasks(other), tasks()) == (14, 13, 13)


def test_a_state_ends_with_its_block_and_plain_requests_see_it() -> None:
    url = "https://api.donelist.example/rest/v2/tasks"
    for _ in range(2):
        with mocktools.activate("extended"):
            assert requests.post(url, json={"title": "Buy milk"}, timeout=1).json()["id"] == "1041"
            assert requests.get(url, timeout=1).json()["total"] == 14
    for ask in (mocktools.load("extended").reset, mocktools.load("extended").fresh):
        with pytest.raises(mocktools.MockToolsError, match="activate"):
            ask()


def test_seeds_move_with_the_date() -> None:
    for day in (datetime.date(2024, 2, 29), datetime.date(2027, 12, 31)):
        with mocktools.activate("extended", today=day) as tools:
            assert body(tools, "list_events", {})["items"][0]["start"] == f"{day}T15:00:00Z"
            assert body(tools, "add_task", {"title": "x"})["created_at"] == f"{day}T12:00:01Z"


def test_full_lists_stay_short(tools: mocktools.Toolset) -> None:
    for number in range(9):
        body(tools, "add_task", {"title": f"{number}{'x' * 99}", "due_date": "2026-01-01", "labels": ["errand"] * 5})
        body(tools, "create_event", {"title": "y" * 80, "start": "2026-10-30T13:00:00Z", "location": "z" * 60})
        body(tools, "post_message", {"channel": "general", "text": "w" * 200})
        body(tools, "add_to_cart", {"productId": f"P-10{number + 11}"})
    everywhere = [("list_tasks", {"limit": 6}), ("list_events", {}), ("get_cart", {})]
    everywhere += [("list_messages", {"channel": "general", "limit": 4}), ("search_products", {"pageSize": 5})]
    for name, arguments in everywhere:
        assert len(tools.get(name).call(arguments).body) < 1700, name
