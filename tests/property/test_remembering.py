"""The to-do list and the cart against a plain model of them, whatever is done in whatever order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import mocktools

TOOLS = mocktools.load("extended")
PRIORITIES = st.sampled_from(["low", "normal", "high", "urgent"])
PRODUCTS = st.sampled_from(["P-1001", "P-1003", "P-1010", "P-1024"])


@pytest.fixture(autouse=True, scope="module")
def _on_the_air() -> Iterator[None]:
    with mocktools.activate(TOOLS):
        yield


class Remembering(RuleBasedStateMachine):
    """Two worlds, of which only one is written to."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.world, self.untouched = TOOLS.fresh(), TOOLS.fresh()
        self.open: dict[str, str] = {}
        self.done: set[str] = set()
        self.cart = {"P-1007": 2}
        self.stock = {"P-1001": 14, "P-1003": 3, "P-1010": 0, "P-1024": 2}

    def call(self, name: str, arguments: dict[str, Any], status: int) -> Any:
        result = TOOLS.get(name).call(arguments, self.world)
        assert result.status == status, result.body
        return json.loads(result.body)

    def status_of(self, task: str, done: int) -> int:
        """200 for an open task, `done` for a completed one, 404 for one that was deleted or forgotten."""
        return 200 if task in self.open else done if task in self.done else 404

    @rule(target=tasks, title=st.text(st.characters(categories=["L"]), min_size=1, max_size=9), priority=PRIORITIES)
    def add(self, title: str, priority: str) -> str:
        task = self.call("add_task", {"title": title, "priority": priority, "labels": ["new"]}, 201)
        assert task["id"] not in self.open.keys() | self.done
        self.open[task["id"]] = priority
        return str(task["id"])

    @rule(task=tasks, priority=PRIORITIES)
    def change(self, task: str, priority: str) -> None:
        self.call("update_task", {"task_id": task, "priority": priority}, self.status_of(task, 200))
        if task in self.open:
            self.open[task] = priority

    @rule(task=tasks)
    def complete(self, task: str) -> None:
        self.call("complete_task", {"task_id": task}, self.status_of(task, 409))
        if self.open.pop(task, None):
            self.done.add(task)

    @rule(task=consumes(tasks))
    def delete(self, task: str) -> None:
        self.call("delete_task", {"task_id": task}, self.status_of(task, 200))
        self.call("delete_task", {"task_id": task}, 404)
        self.open.pop(task, None)
        self.done.discard(task)

    @rule(product=PRODUCTS, quantity=st.integers(1, 3))
    def put(self, product: str, quantity: int) -> None:
        wanted = self.cart.get(product, 0) + quantity
        fits = wanted <= self.stock[product]
        self.call("add_to_cart", {"productId": product, "quantity": quantity}, 201 if fits else 409)
        if fits:
            self.cart[product] = wanted

    @rule(product=PRODUCTS)
    def take_out(self, product: str) -> None:
        self.call("remove_from_cart", {"productId": product}, 200 if product in self.cart else 404)
        self.cart.pop(product, None)

    @rule()
    def order(self) -> None:
        address = dict(TOOLS.get("checkout").example["address"])
        self.call("checkout", {"address": address}, 201 if self.cart else 409)
        for product, quantity in self.cart.items():
            if product in self.stock:
                self.stock[product] -= quantity
        self.cart.clear()

    @rule()
    def forget(self) -> None:
        self.world.reset()
        self.__dict__.update({"open": {}, "done": set(), "cart": {"P-1007": 2}})
        self.stock = {"P-1001": 14, "P-1003": 3, "P-1010": 0, "P-1024": 2}

    @invariant()
    def the_lists_show_it(self) -> None:
        shown = self.call("list_tasks", {"label": "new", "limit": 6}, 200)
        assert shown["total"] == len(self.open)
        assert {task["id"]: task["priority"] for task in shown["tasks"]}.items() <= self.open.items()
        assert self.call("list_tasks", {"label": "new", "status": "completed"}, 200)["total"] == len(self.done)
        items = self.call("get_cart", {}, 200)["items"]
        assert {item["productId"]: item["quantity"] for item in items} == self.cart

    @invariant()
    def the_other_world_is_as_it_was(self) -> None:
        assert json.loads(TOOLS.get("get_cart").call({}, self.untouched).body)["itemCount"] == 2


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
