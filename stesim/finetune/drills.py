"""Drills: further rows that teach to copy values, made from demonstrations and from the tools' schemas alone.

    drills(demonstrations, tools, prompts, DrillPlan(each=60))

A small model that has seen a dozen cities calls a tool with one of these, whichever city it is asked about. Two kinds
of rows teach it to copy. A *swap* is a demonstration with other values, in its query and in its call alike: names that
nobody has heard of, other numbers, other days, other codes with what people call them. A *plain* drill needs no
demonstration: its query is a sentence or a few words of the tool's description, with values for its arguments. Each
tool gets as many, whether it has many demonstrations or none; but a call that the tool's schema does not allow is none
to learn, and no query stands there twice, so that a tool which needs a value that cannot be made up, or no value at
all, has fewer. Some lose their polite beginning, and some get words around them that have nothing to do with the tool.
No query was written by a person, and no row has an answer.

Not in the paper. Not covered: values that a query says in words which are not found again; yes and no, lists, objects,
and texts that follow a pattern of the schema or another format than that of a date.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stesim.finetune.rows import Row, asked, origin_of
from stesim.finetune.sayings import sayings
from stesim.finetune.values import first_value, other_value
from stesim.grounding import ungrounded
from stesim.grounding.words import content
from stesim.parsing import render
from stesim.prompts import StagePrompts
from stesim.records import Action, Demonstration, Tool
from stesim.schemas import invalid_arguments, without_null

_POLITE = re.compile(
    r"^(?:please |can you |could you |i(?:'d| would) like to |i need to |i want to )+"
    r"(?:please )?(?:(?:tell|give|show|find) me |know |find |get |look up |see )?(?:if |that )?",
    re.IGNORECASE,
)
_TRIES = 5  # demonstrations that are looked at for values that can be swapped, and calls made up until one is allowed
_AGAIN = 10  # drills that are made until one asks what none before it asked


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """How many drills there are: `each` for each tool, every second one a swap where the tool has demonstrations."""

    each: int = 120
    seed: int = 0


def drills(
    demonstrations: Sequence[Demonstration], tools: Sequence[Tool], prompts: StagePrompts, plan: DrillPlan
) -> list[Row]:
    """The drills of each tool, in the tools' order: `plan.each` of them, or fewer where values cannot be made up or
    nothing new can be asked.

    `prompts` are those of the stage "tool_mode".
    """
    before, after = (_lines(prompts[name].fill()) for name in ("drill_before", "drill_after"))
    found: list[Row] = []
    asked_for: dict[str, Action] = {}  # by the query without the words around it: one query has one right call
    taken: set[str] = set()
    for tool in tools:
        own = [shown for shown in demonstrations if shown.tool == tool.name]
        for number in range(plan.each):
            rng = random.Random(f"{plan.seed}|drill|{tool.name}|{number}")
            for _ in range(_AGAIN):
                made = _drill(own if number % 2 == 0 else [], tool, number, rng)
                if made is None:
                    break
                origin, bare, action = made
                query = _surrounded(bare, before, after, rng)
                if asked_for.setdefault(bare.casefold(), action) == action and query.casefold() not in taken:
                    taken.add(query.casefold())
                    found.append(Row(asked(prompts, query), render(action), "drill", tool.name, origin))
                    break
    return found


def _drill(own: Sequence[Demonstration], tool: Tool, number: int, rng: random.Random) -> tuple[str, str, Action] | None:
    """Where a drill comes from, its query and its call: a swap of one of the demonstrations, or a plain one.

    None if no call came about that the tool's schema allows and that the query says.
    """
    for shown in rng.sample(own, min(len(own), _TRIES)):
        swapped = swap(shown, tool, rng)
        if swapped is not None and not invalid_arguments(tool, swapped[1].arguments):
            return origin_of(shown), brief(swapped[0]) if rng.random() < 0.5 else swapped[0], swapped[1]
    for _ in range(_TRIES):
        query, arguments = plain(tool, rng)
        if not invalid_arguments(tool, arguments) and not ungrounded(arguments, query, tool):
            return f"plain|{tool.name}|{number}", query, Action(tool.name, arguments)
    return None


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _surrounded(query: str, before: Sequence[str], after: Sequence[str], rng: random.Random) -> str:
    """The query, by lot with words before or after it that say nothing of it."""
    if before and rng.random() < 0.3:
        query = f"{rng.choice(before)} {query}"
    return f"{query} {rng.choice(after)}" if after and rng.random() < 0.2 else query


def brief(query: str) -> str:
    """The query without its polite beginning.

    >>> brief("I would like to know the time in Lima.")
    'the time in Lima.'
    """
    short = _POLITE.sub("", query, count=1)
    return short if len(short.split()) > 1 else query


def swap(shown: Demonstration, tool: Tool, rng: random.Random) -> tuple[str, Action] | None:
    """The query and the call of a demonstration with other values.

    None if no value was found in the query, or if the new query no longer says what the old one said.
    """
    others: list[tuple[int, int, str]] = []  # from, to: where the old query says a value; and what the new one says
    arguments = dict(shown.arguments)
    for name, value in shown.arguments.items():
        found = tool.parameters.get("properties", {}).get(name)
        schema = without_null(found) if isinstance(found, Mapping) else {}
        for _ in range(3):  # a new value may be hard to say, or be the old one
            new = other_value(name, value, schema, rng)
            if new is None or new == value:
                continue
            place = _place(shown.query, name, value, new, schema, rng)
            if place is not None and not any(start < place[1] and place[0] < end for start, end, _ in others):
                others.append(place)
                arguments[name] = new
                break
    query = shown.query
    for start, end, text in sorted(others, reverse=True):
        query = f"{query[:start]}{text}{query[end:]}"
    if not others or set(ungrounded(arguments, query, tool)) - set(ungrounded(shown.arguments, shown.query, tool)):
        return None
    return query, replace(shown.action, thought="", arguments=arguments)


def _place(
    query: str, name: str, old: Any, new: Any, schema: Mapping[str, Any], rng: random.Random
) -> tuple[int, int, str] | None:
    """From where to where the query says the old value, and what to say there for the new one.

    None unless the old one is said once, and known how.
    """
    about = str(schema.get("description", ""))
    after = sayings(name, new, about)
    for text in sayings(name, old, about) if after else ():
        found = list(re.finditer(rf"(?<![\w.,-]){re.escape(text)}(?![\w-]|[.,]\d)", query, re.IGNORECASE))
        if len(found) == 1:
            alike = [each for each in after if each[:1].isdigit() == text[:1].isdigit()] or after
            return found[0].start(), found[0].end(), rng.choice(alike)
    return None


def plain(tool: Tool, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """A query made of words of the tool's description and of values for its arguments, and these arguments.

    It is a sentence, or, as people type, a few words. Optional arguments are there by lot; those whose values cannot be
    made are left out.
    """
    needed = set(tool.parameters.get("required", ()))
    arguments: dict[str, Any] = {}
    said: list[str] = []
    for name, told in tool.parameters.get("properties", {}).items():
        if not isinstance(told, Mapping) or (name not in needed and rng.random() < 0.5):
            continue
        schema = without_null(told)
        value = first_value(name, schema, rng)
        texts = () if value is None else sayings(name, value, str(schema.get("description", "")))
        if texts:
            arguments[name] = value
            said.append(f"{name.replace('_', ' ')} {rng.choice(texts)}" if rng.random() < 0.4 else rng.choice(texts))
    return (_sentence(tool, said, rng) if rng.random() < 0.4 else _few_words(tool, said, rng)), arguments


def _sentence(tool: Tool, said: Sequence[str], rng: random.Random) -> str:
    """A clause of the description as a request, and the values after it."""
    sentence = tool.description.split(". ")[0].rstrip(".")
    clause = re.split(r"[,:;] ", sentence)[0] if rng.random() < 0.6 else sentence
    asks = rng.choice(("", "I want to ", "Please ", "Can you ", "Could you "))
    begun = clause[:1].lower() + clause[1:] if asks else clause
    return (
        f"{begun if not asks else asks + begun}{': ' if said else ''}{', '.join(said)}{'?' if asks[:1] == 'C' else '.'}"
    )


def _few_words(tool: Tool, said: Sequence[str], rng: random.Random) -> str:
    """Some words of the description that carry meaning, in order, among the values; two at least where there are none.

    One word alone says too little of what is wanted.
    """
    words = [word.strip(".,:;()") for word in tool.description.split()[1:]]
    telling = [word for word in dict.fromkeys(words) if content(word)]
    chosen = set(rng.sample(telling, min(len(telling), rng.randint(1 if said else 2, 4))))
    kept = " ".join(word for word in telling if word in chosen)
    parts = [kept, *said] if rng.random() < 0.6 else [*said, kept]
    text = rng.choice((" ", ", ")).join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}{rng.choice('?.')}" if rng.random() < 0.5 else text
