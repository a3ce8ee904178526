"""The slowest of many thousand hostile replies for each parser, in CPU time.

    make bench-worst

A beginning, one or two pieces repeated without end, an ending: 100,000 characters, and 16,000, because broken arguments
that are longer are refused at once. Prints the slowest ten for each parser, and how many took more than 50 ms. Not
covered: texts that are found by coverage (tests/fuzz).
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import time
from collections.abc import Callable, Iterator

from stesim.parsing import parse_reflection, parse_strict, parse_tolerant, parse_verdict

TOOLS = ["search", "get_weather", *(f"tool_{number}" for number in range(30))]
GOAL_MS = 50
STOP_SECONDS = 1.0
# The slowest, measured again.
KEPT = 40
STARTS = (
    "", "Action: ", "Action: search", "Action: search\n", "Action: use ", "Action: search\nAction Input: ",
    "Action: search\nAction Input: {", 'Action: search\nAction Input: {"a": "', "Action: search\nAction Input: {'a': '",
    'Action: search\nAction Input: {"a": [', 'Action: search\nAction Input: {"a": "b",', "Action: search(a=",
    'Action: search\nAction Input: "', 'Action: search\nAction Input: "a": "', "Action: search\nAction Input: words ",
    'Action: search\nAction Input: {\\"', "Action: search\nAction Input: [", "Final Answer: ",
    "Final Answer: 5\nAction: search\nAction Input: {", "<think>", "<tool_call>", '<tool_call>{"name": "search", ',
    '{"name": "search", "arguments": ', "```json\n", "Action Input: ", "search\nAction Input: ", "Observation: ",
    "Action: search\nAction: search\nAction Input: {", "1) ", "1) Yes. ", "No",
    "Thought: I look.\n", "Thought: I look.\nsearch(", "Action: search\nAction Input: search(a=", "<function=",
    "[TOOL_CALLS]",
    "Action: search\nAction Input: ｛", '{"informative": "',
)  # fmt: skip
UNITS = (
    "{", "[", "(", "}", "]", ")", '"', "'", "\\", "\n", " ", "\t", "\r", "\\n", "*", "`", "_", "#", ">", "-", ".", ",",
    ":", "=", "|", "...", "…", "/*", "*/", "//", "9", "0.", "a", "é", "İ", "\ufb01", "“", "”", "：", "，", "\u3000",
    "\x00", "\\u", "\\u00e9", "\\ud83d\\ude00", '\\"', "no ", "{}", '{"a":', '{"a":[', '"a": 1, ', '"a" "b" ',
    '"a": "b" "', '" ,"', '", ', '" ', "'a': 'b', ", "a: 1, ", "a=1, ", "{} ", "[[{", '"a": {', "#a\n", "/**/",
    "// b\n",
    "Action:", "Action: ", "\nAction: x", "\nAction: search\n", "Action Input:", "\nAction Input: ",
    "\nAction: search\nAction Input: {", "\nAction: search\nAction Input: {}", "Action: search(", "\nFinal Answer: ",
    "Final Answer:", "\nObservation: ", "\nThought: ", "\nUser: ", "<think>", "</think>", "\n</think>", "<tool_call>",
    '<tool_call>{"name":', '\n{"name": "search", ', "```", "```json\n{", "or search ", "search, ", "use the ", "<tool_",
    "\nsearch\n", "Yes", "No ", "Yes/No: ", "Yes. No. ", "yes or no ", "1) ", "1) Yes. ", "\n2) No. ", "(1) ", "1. ",
    "\n- ", "**1)** ", "</s>", "<|im_end|>", "Obs", "\nObserv", "{tool}", "key_1",
    "\nsearch(a='b ", "\nsearch(a='b',", '\nsearch(a="b ', '\nsearch: {"a": "b', "\nsearch(a=[", "\nsearch {", "｛",
    "｝", "<function=search>{", '[TOOL_CALLS]search{"a": ', "<tool_use>{", "['", "('b' ", "'b' + ", "=",
    '"key_1": "value_1", ',
)  # fmt: skip
TAILS = ("", "x", "{", "}", '"', '"}', "\nAction: search\nAction Input: {}", "Final Answer: 5", "</think>")


def texts(length: int, mixed: int, seed: int) -> Iterator[tuple[str, str, str, str]]:
    """Every beginning with every piece and some endings; then `mixed` draws of two pieces in turn, or one after one."""
    for start, unit in itertools.product(STARTS, UNITS):
        for tail in ("", "}"):
            yield start, unit, tail, _text(start, unit, tail, length)
    rng = random.Random(seed)
    for _ in range(mixed):
        start, first, second, tail = rng.choice(STARTS), rng.choice(UNITS), rng.choice(UNITS), rng.choice(TAILS)
        if rng.random() < 0.5:
            unit = first * rng.choice([1, 1, 2, 7]) + second
            yield start, unit, tail, _text(start, unit, tail, length)
        else:
            half = first * (length // 2 // len(first))
            yield start + first + "…", second, tail, _text(start + half, second, tail, length)


def _text(start: str, unit: str, tail: str, length: int) -> str:
    run = unit * (length // len(unit) + 1)
    return start + run[: length - len(start) - len(tail)] + tail


class _TooSlowError(BaseException):
    """Leaves a parser, also one in the middle of a regular expression."""


def _stop(*_: object) -> None:
    raise _TooSlowError


def milliseconds(parse: Callable[[str], object], text: str, times: int) -> float:
    """The CPU time of one reading, the least of some; after STOP_SECONDS it is given up."""
    spent = []
    for _ in range(times):
        before = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, STOP_SECONDS)
        try:
            parse(text)
        except _TooSlowError:
            return STOP_SECONDS * 1000
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        spent.append(time.thread_time() - before)
    return min(spent) * 1000


def main() -> None:
    """Try all texts once, measure the slowest again, and print them."""
    options = argparse.ArgumentParser(description="Try hostile replies on every parser.")
    options.add_argument("--lengths", type=int, nargs="+", default=[100_000, 16_000], help="characters of each reply")
    options.add_argument("--mixed", type=int, default=4000, help="how many replies of two pieces")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    signal.signal(signal.SIGPROF, _stop)
    parsers: dict[str, Callable[[str], object]] = {
        "parse_tolerant": lambda text: parse_tolerant(text, TOOLS),
        "parse_tolerant, any name": parse_tolerant,
        "parse_strict": lambda text: parse_strict(text, TOOLS),
        "parse_reflection": parse_reflection,
        "parse_verdict": parse_verdict,
    }
    summary = []
    for length in given.lengths:
        summary += _slowest(parsers, length, given.mixed, given.seed)
    print(f"\n### The slowest of each\n\n| parser | characters | replies | slowest, ms | above {GOAL_MS} ms "
          "| beginning | repeated | ending |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    print("\n".join(summary))


def _slowest(parsers: dict[str, Callable[[str], object]], length: int, mixed: int, seed: int) -> list[str]:
    """Prints the slowest for each parser; a line with the very slowest of each."""
    found: dict[str, list[tuple[float, str, str, str, str]]] = {name: [] for name in parsers}
    count = 0
    for start, unit, tail, text in texts(length, mixed, seed):
        count += 1
        for name, parse in parsers.items():
            found[name].append((milliseconds(parse, text, 1), start, unit, tail, text))
            if len(found[name]) > 10 * KEPT:
                found[name] = sorted(found[name], reverse=True)[:KEPT]
    lines = []
    for name, parse in parsers.items():
        again = [
            (milliseconds(parse, text, 3), start, unit, tail)
            for _, start, unit, tail, text in sorted(found[name], reverse=True)[:KEPT]
        ]
        again.sort(reverse=True)
        above = sum(spent > GOAL_MS for spent, *_ in again)
        rows = [f"{spent:.1f} | {' | '.join(_code(part) for part in parts)} |" for spent, *parts in again[:10]]
        print(f"\n### {name}, {length:,} characters\n\n| ms | beginning | repeated | ending |\n|---|---|---|---|")
        print("\n".join(f"| {row}" for row in rows))
        many = f"{above} or more" if above == KEPT else str(above)
        slowest, _, parts = rows[0].partition(" | ")
        lines.append(f"| {name} | {length:,} | {count:,} | {slowest} | {many} | {parts}")
    return lines


def _code(part: str) -> str:
    """A piece as a cell of a table."""
    return "`` " + repr(part)[1:-1].replace("|", "\\|") + " ``" if part else ""


if __name__ == "__main__":
    main()
