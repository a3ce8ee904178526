"""Objects as calls have them, made up, and each kind of damage that models do to their JSON.

Imported by bench_parsers.py. Not covered: damage that two kinds do together; each is done alone.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
Damaged = Iterator[tuple[str, str]]

WORDS = ("Paris", "St. John's", "new", "York", "a, b", "key: value", "C:/temp", "5 %", "über", "東京", "(x)", "[1]",
         "{y}", "#3", "//z", "and", "2022-10-14", "e.g.", "100", "true", "it's", "–", "a_b", "*", "...")  # fmt: skip
KEYS = ("city", "date", "days", "units", "query", "page_size", "user-id", "lang", "from", "filter", "Q")


def generated(rng: random.Random) -> Object:
    """An object such as a call has: few members, mostly texts and numbers."""

    def text() -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 4)))

    def value(depth: int) -> Any:
        kind = rng.randrange(10 if depth < 2 else 8)
        if kind < 4:
            return text()
        if kind < 6:
            return rng.choice([rng.randint(0, 9), rng.randint(-500, 100_000), round(rng.uniform(-90, 90), 3)])
        if kind == 6:
            return rng.choice([True, False, None])
        if kind == 7:
            return [rng.choice([rng.randint(0, 99), text()]) for _ in range(rng.randint(1, 3))]
        return members(depth + 1)

    def members(depth: int) -> Object:
        return {key: value(depth) for key in rng.sample(KEYS, rng.randint(1, 4))}

    return members(0)


STRING = r'"(?:[^"\\]|\\.)*"'
# A string that is a value, an opening quote between two members, and the seam between two members.
_TEXT_VALUE = re.compile(r'(?<=: )"(?=\w)((?:[^"\\]|\\.)*)(?<=\w)"(?=[,}])')
_SEAM = re.compile(rf", (?={STRING}: )")
_KEY = re.compile(rf"({STRING})(: )")
_NAME = re.compile(r'"([A-Za-z_]\w*)"(?=: )')
# What stands within a string, and how it is written there; None: as it is, without the escapes of JSON.
_INSIDE = (
    ("inner quotes around a word", 'say "hi" now', None),
    ("inner quotes at the end", 'the "Ritz"', None),
    ("inner quotes and a comma", 'the "Ritz", please', None),
    ("inch sign", 'a 5" pipe', None),
    ("raw newline in a string", "first\nsecond", None),
    ("raw tab in a string", "first\tsecond", None),
    ("stray backslash", "a_b", "a\\_b"),
    ("Windows path", "C:\\data\\x", None),
    ("Windows path with \\n", "C:\\Users\\new", None),
    ("regular expression", r"\d+\.\w", None),
    ("regular expression with \\b", r"\d+\b", None),
    ("LaTeX", r"\frac{1}{2} \alpha \times \beta", None),
)


def damages(value: Object, rng: random.Random) -> Iterator[tuple[str, str, Object]]:
    """Each kind of damage, done to the object: its name, the text, what was meant."""
    text = json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=2)
    yield "none", text, value
    for part in (_literals(value, text, lines), _quotes(text, rng), _punctuation(text, rng), _around(text, lines),
                 _texts(text, rng)):  # fmt: skip
        yield from ((name, each, value) for name, each in part)
    yield from _inside(text, rng)
    for at in range(1, len(text)):
        yield "cut off (at every place)", text[:at], value


def _literals(value: Object, text: str, lines: str) -> Damaged:
    yield "trailing comma", text[:-1] + ",}"
    yield ("comma after every member",
           re.sub(r'(?<=[\w"}\]])\n', ",\n", lines[:-1].rstrip() + ",\n}").replace(",,", ","))  # fmt: skip
    yield "Python's repr", repr(value)
    python = {"true": "True", "false": "False", "null": "None"}
    yield "Python literals", re.sub(r"(?<=: )(?:true|false|null)\b", lambda match: python[match.group()], text)


def _quotes(text: str, rng: random.Random) -> Damaged:
    if "'" not in text:
        yield "single quotes", text.replace('"', "'")
    yield "curly quotes", re.sub(STRING, lambda match: f"“{match.group()[1:-1]}”", text)
    yield "keys without quotes", _NAME.sub(r"\1", text)
    yield from _one("one key without its quotes", _NAME, text, lambda match: match[1], rng)


def _punctuation(text: str, rng: random.Random) -> Damaged:
    yield "missing closing brace", text[:-1]
    yield "missing closing brace, line break", text[:-1] + "\n"
    yield "missing opening brace", text[1:]
    yield "a brace too many", text + "}"
    yield "doubled braces", "{" + text + "}"
    yield from _one("missing comma", _SEAM, text, lambda match: " ", rng)
    yield from _one("doubled comma", _SEAM, text, lambda match: ",, ", rng)
    yield from _one("missing colon", _KEY, text, lambda match: match[1] + " ", rng)
    yield from _one("= for a colon", _KEY, text, lambda match: match[1] + " = ", rng)
    yield "ellipsis at the end", text[:-1] + ", ...}"


def _around(text: str, lines: str) -> Damaged:
    escaped = json.dumps(text, ensure_ascii=False)
    yield "// comment", lines.replace("\n", " // note\n", 2)
    yield "# comment", re.sub(r"(?<=[,{])\n", " # see above\n", lines, count=1)
    yield "/* comment */", text.replace("{", "{ /* the input */ ", 1)
    yield "code fence", f"```json\n{lines}\n```"
    yield "words before", f"Here is the input: {text}"
    yield "words after", f"{text}\nThis will return the result."
    yield "a list around it", f"[{text}]"
    yield "JSON in a string", escaped
    yield "escaped quotes", escaped[1:-1]
    yield "literal \\n between members", lines.replace("\n", "\\n")


def _texts(text: str, rng: random.Random) -> Damaged:
    yield from _one("closing quote missing", _TEXT_VALUE, text, lambda match: f'"{match[1]}', rng)
    yield from _one("opening quote missing", _TEXT_VALUE, text, lambda match: f'{match[1]}"', rng)
    if not re.search(r"[{}\[\]]", text[1:-1]):
        yield "full-width punctuation", _KEY.sub(r"\1：", _SEAM.sub("，", text))


def _one(
    name: str, pattern: re.Pattern[str], text: str, new: Callable[[re.Match[str]], str], rng: random.Random
) -> Damaged:
    """The text with one of the matches replaced; nothing where there is none."""
    matches = list(pattern.finditer(text))
    if matches:
        match = rng.choice(matches)
        yield name, text[: match.start()] + new(match) + text[match.end() :]


def _inside(text: str, rng: random.Random) -> Iterator[tuple[str, str, Object]]:
    """Another text in the place of one, written as JSON does not allow; what was meant has it too."""
    matches = list(_TEXT_VALUE.finditer(text))
    if not matches:
        return
    match = rng.choice(matches)
    before, after = text[: match.start() + 1], text[match.end() - 1 :]
    for name, inside, written in _INSIDE:
        told = json.loads(before + json.dumps(inside)[1:-1] + after)
        yield name, before + (written or inside) + after, told
