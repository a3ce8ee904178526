"""A to-do list that remembers: add, list, change, complete and delete tasks. The tasks are INVENTED.

    import mocktools
    with mocktools.activate("all") as tools:
        tools.get("add_task").call({"title": "Buy milk", "priority": "high"})
        print(tools.get("list_tasks").call({"priority": "high"}).body)

It starts from `fixtures/tasks.json` with every fresh state. Not covered: subtasks, repeating tasks, sharing.
"""

from __future__ import annotations

import datetime

from mocktools import fixtures, paging, styles
from mocktools.ledger import Ledger, Row, moment_on
from mocktools.provider import Endpoint, Provider
from mocktools.server import ApiError, Body, Param, Query, conflict, not_found
from mocktools.text import fold

PRIORITIES = ("low", "normal", "high", "urgent")


def seeded(today: datetime.date) -> Ledger:
    """The list as it is before anything is done."""
    ledger = Ledger(today, first=1041)
    for row in fixtures.table("tasks")["tasks"]:
        due, done = row["due_in_days"], row["completed_days_ago"]
        ledger.rows[row["id"]] = {
            "id": row["id"],
            "title": row["title"],
            "list": row["list"],
            "priority": row["priority"],
            "due_date": None if due is None else (today + datetime.timedelta(days=due)).isoformat(),
            "labels": list(row["labels"]),
            "is_completed": done is not None,
            "completed_at": None if done is None else f"{moment_on(today, -done, '17:30'):%Y-%m-%dT%H:%M:%SZ}",
        }
    return ledger


def _list_name(name: str) -> str:
    """The list that is meant, whatever its case."""
    known: list[str] = fixtures.table("tasks")["lists"]
    for one in known:
        if fold(one) == fold(name):
            return one
    raise not_found(f"No list is called '{name}'. Lists: {', '.join(known)}", "list")


def _fields(query: Query) -> Row:
    """What a request says of a task, as the task holds it."""
    fields = {name: value for name, value in query.values().items() if name != "task_id"}
    if "due_date" in fields:
        fields["due_date"] = fields["due_date"].isoformat()
    if "list" in fields:
        fields["list"] = _list_name(fields["list"])
    if "labels" in fields:
        fields["labels"] = list(dict.fromkeys(fields["labels"]))
    return fields


def _add(query: Query) -> Body:
    ledger: Ledger = query.state
    fields = _fields(query)
    task: Row = {"id": ledger.new_id(), "title": "", "list": "Inbox", "priority": "normal", "due_date": None}
    task |= {"labels": [], "is_completed": False, "completed_at": None} | fields
    ledger.rows[task["id"]] = task
    return task | {"created_at": ledger.write()}


def _list(query: Query) -> Body:
    ledger: Ledger = query.state
    wanted = query.values()
    name = _list_name(wanted["list"]) if "list" in wanted else None
    due = wanted["due_before"].isoformat() if "due_before" in wanted else None
    rows = [
        row
        for row in ledger.rows.values()
        if wanted["status"] in ("all", "completed" if row["is_completed"] else "open")
        and name in (None, row["list"])
        and wanted.get("priority") in (None, row["priority"])
        and ("label" not in wanted or fold(wanted["label"]) in map(fold, row["labels"]))
        and (due is None or (row["due_date"] or "9999") < due)
    ]
    rows.sort(key=lambda row: (row["due_date"] or "9999", -PRIORITIES.index(row["priority"])))
    page = paging.by_offset(query, rows)
    shown = [{key: value for key, value in row.items() if key != "completed_at"} for row in page.rows]
    return {"tasks": shown, "total": page.total, "next_offset": page.next_offset}


def _update(query: Query) -> Body:
    ledger: Ledger = query.state
    task = ledger.row("task", query.text("task_id"), "task_id")
    fields = _fields(query)
    if not fields:
        names = "title, list, priority, due_date, labels"
        raise ApiError(400, "nothing_to_update", f"Nothing to update: send at least one of {names}")
    task |= fields
    return task | {"updated_at": ledger.write()}


def _complete(query: Query) -> Body:
    ledger: Ledger = query.state
    task = ledger.row("task", query.text("task_id"), "task_id")
    if task["is_completed"]:
        raise conflict(f"Task '{task['id']}' was completed already, at {task['completed_at']}", "task_id")
    task |= {"is_completed": True, "completed_at": ledger.write()}
    left = sum(not row["is_completed"] for row in ledger.rows.values() if row["list"] == task["list"])
    return task | {"open_tasks_in_list": left}


def _delete(query: Query) -> Body:
    ledger: Ledger = query.state
    task = ledger.row("task", query.text("task_id"), "task_id")
    del ledger.rows[task["id"]]
    return {"deleted": True, "id": task["id"], "title": task["title"], "deleted_at": ledger.write()}


TASK_ID = Param("task_id", "Id of the task", "1003", shortest=1, longest=20)
DUE = Param("due_date", "Day by which it is to be done, as YYYY-MM-DD", "2026-11-06", "date", False)
LIST = Param("list", "Name of the list: Inbox, Work, Home or Garden", "Work", required=False, longest=40)
PRIORITY = Param("priority", "How urgent it is", "high", required=False, choices=PRIORITIES)
LABELS = Param(
    "labels", "Labels", ["errand", "phone"], "array", False, longest=5,
    items=Param("", "", "errand", shortest=1, longest=20),
)  # fmt: skip

PROVIDER = Provider(
    name="todo",
    host="api.donelist.example",
    errors=styles.tagged,
    fixtures=("tasks",),
    state=seeded,
    endpoints=(
        Endpoint(
            tool="add_task",
            description="Add a task to the user's to-do list, with an optional due date, priority, list and labels.",
            path="/rest/v2/tasks",
            method="POST",
            status=201,
            params=(
                Param("title", "What is to be done", "Buy milk", shortest=1, longest=100), DUE, PRIORITY, LIST, LABELS,
            ),
            shows=("due_date",),
            answer=_add,
            tags=("tasks",),
        ),
        Endpoint(
            tool="list_tasks",
            description="List the tasks on the user's to-do list, soonest due first, with their ids.",
            path="/rest/v2/tasks",
            params=(
                Param(
                    "status", "Which tasks", "open", required=False, default="open",
                    choices=("open", "completed", "all"),
                ),
                LIST,
                PRIORITY,
                Param("label", "Only tasks with this label", "errand", required=False, longest=20),
                Param("due_before", "Only tasks due before this day, as YYYY-MM-DD", "2026-11-07", "date", False),
                paging.limit_param("limit", "tasks", 5, 6),
                paging.offset_param("offset", "tasks"),
            ),
            answer=_list,
            tags=("tasks",),
        ),
        Endpoint(
            tool="update_task",
            description="Change the title, due date, priority, list or labels of a task on the to-do list.",
            path="/rest/v2/tasks/{task_id}",
            method="PATCH",
            params=(
                TASK_ID,
                Param("title", "New title", "Buy oat milk", required=False, longest=100),
                DUE,
                PRIORITY,
                LIST,
                LABELS,
            ),
            shows=("due_date",),
            answer=_update,
            tags=("tasks",),
        ),
        Endpoint(
            tool="complete_task",
            description="Mark a task on the to-do list as done.",
            path="/rest/v2/tasks/{task_id}/complete",
            method="POST",
            params=(TASK_ID,),
            answer=_complete,
            tags=("tasks",),
        ),
        Endpoint(
            tool="delete_task",
            description="Delete a task from the to-do list for good; it does not count as done.",
            path="/rest/v2/tasks/{task_id}",
            method="DELETE",
            params=(TASK_ID,),
            answer=_delete,
            tags=("tasks",),
        ),
    ),
)  # fmt: skip
