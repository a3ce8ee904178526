"""Drills: further rows that teach to copy values, made from demonstrations and from the tools' schemas alone.

    drills(demonstrations, tools, prompts, DrillPlan(each=60))

A small model that has seen a dozen cities calls a tool with one of these, whichever city it is asked about. Two kinds
of rows teach it to copy. A *swap* is a demonstration with other values, in its query and in its call alike: names that
nobody has heard of, other numbers, other days, other codes with what people call them. A *plain* drill needs no
demonstration: its query is a sentence or a few words of the tool's description, with values for its arguments. Each
tool gets as many, whether it has many demonstrations or none. Some lose their polite beginning, and some get words
around them that have nothing to do with the tool. No query was written by a person, and no row has an answer.

Not in the paper. Not covered: values that a query says in words which are not found again; lists, objects, and texts
that follow a pattern of the schema.
"""

from __future__ import annotations

import datetime
import itertools
import random
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from stesim.finetune.rows import Row, asked, origin_of
from stesim.finetune.sayings import sayings
from stesim.grounding.words import content
from stesim.parsing import render
from stesim.prompts import StagePrompts
from stesim.records import Action, Demonstration, Tool
from stesim.toolbox import names_of_code

_BEGINNINGS = (
    "b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "k", "kl", "l", "m", "n", "p", "pr", "r", "s", "sh", "st",
    "t", "th", "tr", "v", "w", "z", "",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ia", "ou", "oe")
_ENDINGS = ("", "", "", "n", "r", "s", "l", "m", "t", "nd", "rk", "x", "th")
_CODE = re.compile(r"[A-Z]{2,3}")
_POLITE = re.compile(
    r"^(?:please |can you |could you |i(?:'d| would) like to |i need to |i want to )+"
    r"(?:please )?(?:(?:tell|give|show|find) me |know |find |get |look up |see )?(?:if |that )?",
    re.IGNORECASE,
)
_TRIES = 5  # demonstrations that are looked at for values that can be swapped
_ROUND = 7  # weeks are said as weeks
_DAYS = 1500  # a new day is at most so far from the old one


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """How many drills there are: `each` for each tool, every second one a swap where the tool has demonstrations."""

    each: int = 120
    seed: int = 0


def drills(
    demonstrations: Sequence[Demonstration], tools: Sequence[Tool], prompts: StagePrompts, plan: DrillPlan
) -> list[Row]:
    """The drills of each tool, in the tools' order; `prompts` are those of the stage "tool_mode"."""
    before, after = (_lines(prompts[name].fill()) for name in ("drill_before", "drill_after"))
    found: list[Row] = []
    for tool in tools:
        own = [shown for shown in demonstrations if shown.tool == tool.name]
        for number in range(plan.each):
            rng = random.Random(f"{plan.seed}|drill|{tool.name}|{number}")
            origin, query, action = _drill(own if number % 2 == 0 else [], tool, number, rng)
            query = _surrounded(query, before, after, rng)
            found.append(Row(asked(prompts, query), render(action), "drill", tool.name, origin))
    return found


def _drill(own: Sequence[Demonstration], tool: Tool, number: int, rng: random.Random) -> tuple[str, str, Action]:
    """Where a drill comes from, its query and its call: a swap of one of the demonstrations, or a plain one."""
    for shown in rng.sample(own, min(len(own), _TRIES)):
        swapped = swap(shown, tool, rng)
        if swapped is not None:
            return origin_of(shown), brief(swapped[0]) if rng.random() < 0.5 else swapped[0], swapped[1]
    query, arguments = plain(tool, rng)
    return f"plain|{tool.name}|{number}", query, Action(tool.name, arguments)


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
    """The query and the call of a demonstration with other values; None if no value was found in the query."""
    query, arguments = shown.query, dict(shown.arguments)
    for name, value in shown.arguments.items():
        found = tool.parameters.get("properties", {}).get(name)
        schema = found if isinstance(found, Mapping) else {}
        for _ in range(3):  # a new value may be hard to say, or be the old one
            new = other_value(name, value, schema, rng)
            if new is None or new == value:
                continue
            said = _say_other(query, name, value, new, schema, rng)
            if said is not None:
                query, arguments[name] = said, new
                break
    if arguments == shown.arguments:
        return None
    return query, replace(shown.action, thought="", arguments=arguments)


def _say_other(query: str, name: str, old: Any, new: Any, schema: Mapping[str, Any], rng: random.Random) -> str | None:
    """The query with the new value in the place of the old one; None unless the old one is said once, and known how."""
    about = str(schema.get("description", ""))
    after = sayings(name, new, about)
    for text in sayings(name, old, about) if after else ():
        found = list(re.finditer(rf"(?<![\w.,-]){re.escape(text)}(?![\w-]|[.,]\d)", query, re.IGNORECASE))
        if len(found) == 1:
            alike = [each for each in after if each[:1].isdigit() == text[:1].isdigit()] or after
            return f"{query[: found[0].start()]}{rng.choice(alike)}{query[found[0].end() :]}"
    return None


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def other_value(name: str, value: Any, schema: Mapping[str, Any], rng: random.Random) -> Any:
    """Another value of the same kind, by the schema's enum and range; None where there is none to make."""
    if isinstance(value, bool) or "const" in schema or "pattern" in schema:
        return None
    if isinstance(schema.get("enum"), list):
        named = [each for each in schema["enum"] if each != value and isinstance(each, str | int)]
        return rng.choice(named) if named else None
    if isinstance(value, int):
        return _number(value, schema, rng)
    if isinstance(value, float):
        low, high = schema.get("minimum", 0), schema.get("maximum", 10_000)
        return min(max(round(rng.uniform(0, 3) * (abs(value) or 1), rng.choice((0, 1, 2))), low), high)
    if not isinstance(value, str):
        return None
    if day := _day(value):
        least, most = datetime.date.min.toordinal(), datetime.date.max.toordinal()
        new = day.toordinal() + rng.randint(-_DAYS, _DAYS)
        return datetime.date.fromordinal(min(max(new, least), most)).isoformat()
    if _is_code(value):
        others = codes_like(value, f"{name} {schema.get('description', '')}")
        return rng.choice(others) if others else None
    if any(letter.isdigit() for letter in value):
        return alike(value, rng)
    if "format" in schema:
        return None
    return invented(rng, len(value.split()), capital=value[:1].isupper())


def _number(value: int, schema: Mapping[str, Any], rng: random.Random) -> int | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    size = 10 ** max(1, len(str(abs(value))) + rng.choice((-1, 0, 0, 1)))
    least = max(1 if value > 0 else -size, low if isinstance(low, int) else -size)
    most = min(size if value > 0 else -1, high if isinstance(high, int) else size)
    return rng.randint(least, most) if least <= most else None


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def alike(text: str, rng: random.Random) -> str:
    """A text of the same look: its digits are others, and so are its letters if they stand among digits.

    >>> alike("ab-1706.03762", random.Random(0))
    'ab-6604.87647'
    """
    mixed = re.search(r"\d[A-Za-z]|[A-Za-z]\d", text) is not None
    found = []
    for place, sign in enumerate(text):
        if sign.isdigit():
            found.append(rng.choice("123456789" if not place else string.digits))
        elif mixed and sign.isascii() and sign.isalpha():
            found.append(rng.choice(string.ascii_uppercase if sign.isupper() else string.ascii_lowercase))
        else:
            found.append(sign)
    return "".join(found)


@cache
def codes_like(code: str, about: str) -> tuple[str, ...]:
    """All codes of as many letters that stand for something, given what is said of the parameter."""
    if not names_of_code(code, about):
        return ()
    letters = itertools.product(string.ascii_uppercase, repeat=len(code))
    return tuple(each for each in map("".join, letters) if names_of_code(each, about))


def invented(rng: random.Random, words: int, *, capital: bool) -> str:
    """A name of so many words (at most four) that does not exist, such as "Throuk Vealan"."""
    found = []
    for _ in range(min(max(words, 1), 4)):
        syllables = range(rng.choice((2, 2, 3, 3, 4)))
        parts = (rng.choice(_BEGINNINGS) + rng.choice(_VOWELS) + rng.choice(_ENDINGS) for _ in syllables)
        word = "".join(parts)
        found.append(word.title() if capital else word)
    return " ".join(found)


def plain(tool: Tool, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """A query made of words of the tool's description and of values for its arguments, and these arguments.

    It is a sentence, or, as people type, a few words. Optional arguments are there by lot; those whose values cannot be
    made are left out.
    """
    needed = set(tool.parameters.get("required", ()))
    arguments: dict[str, Any] = {}
    said: list[str] = []
    for name, schema in tool.parameters.get("properties", {}).items():
        if not isinstance(schema, Mapping) or (name not in needed and rng.random() < 0.5):
            continue
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
    """Some words of the description that carry meaning, in order, among the values."""
    words = [word.strip(".,:;()") for word in tool.description.split()[1:]]
    telling = [word for word in dict.fromkeys(words) if content(word)]
    chosen = set(rng.sample(telling, min(len(telling), rng.randint(1, 4))))
    kept = " ".join(word for word in telling if word in chosen)
    parts = [kept, *said] if rng.random() < 0.6 else [*said, kept]
    text = rng.choice((" ", ", ")).join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}{rng.choice('?.')}" if rng.random() < 0.5 else text


def first_value(name: str, schema: Mapping[str, Any], rng: random.Random) -> Any:
    """A value for an argument, from its schema: by its enum, or like the example of its description."""
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 1), schema.get("maximum", 1000)
        size = min(high, 10 ** rng.randint(1, 4)) if isinstance(high, int | float) else 100
        if low > high:
            return None
        whole = rng.randint(int(max(low, -abs(size))), int(max(size, low)))
        if rng.random() < 0.3 and low <= (round_one := whole // _ROUND * _ROUND) <= high:
            whole = round_one
        return whole if kind == "integer" or rng.random() < 0.6 else round(whole + rng.random(), 2)
    if kind != "string":
        return None
    if schema.get("format") == "date":
        return (datetime.date(2026, 1, 1) + datetime.timedelta(days=rng.randint(-_DAYS, _DAYS))).isoformat()
    example = re.search(r"e\.g\. (.+?)\.?$", str(schema.get("description", "")))
    like = example[1] if example else "Example"
    return other_value(name, like, schema, rng)
