"""A bench in miniature: one tool, four queries, and the replies of each stage."""

from __future__ import annotations

from pathlib import Path

from stesim.parsing import render
from stesim.records import Action
from tests.integration.conftest import answer, call
from tests.integration.distilling import FAIL, PASS

TOOL = '''\
import mocktools


@mocktools.tool
def count_words(text: str, shortest: int = 1) -> dict[str, int]:
    """Count the words of a text.

    Args:
        text: The text.
        shortest: Leave out words with fewer letters than this.
    """
    return {"words": sum(len(word) >= shortest for word in text.split())}
'''
QUERIES = [
    ("How many words has 'one two three'?", {"text": "one two three"}),
    ("count the words in: so be it", {"text": "so be it"}),
    ("'I am not there', how many words of 3 letters or more?", {"text": "I am not there", "shortest": 3}),
]


def trial(query: str, text: str) -> list[str]:
    return [query, call("count_words", {"text": text}), answer("Some."), "Yes"]


# Four trials: two that are kept, one whose text is not in the query, one that the judge drops.
EXPLORED = [
    *trial("How many words are in the sentence 'hello big world'?", "hello big world"),
    *trial("Count something for me", "a b c"),
    *trial("How many words has the line 'to be or not'?", "to be or not"),
    *trial("I want to know the number of words of 'green tea'", "green tea"),
]
DISTILLED = [
    PASS, PASS, FAIL,
    "Please tell me how many words the sentence 'hello big world' has.",
    "Could you count the words in the line 'to be or not'?",
]  # fmt: skip
RIGHT = [render(Action("count_words", dict(arguments))) for _, arguments in QUERIES]
BASELINE = ["I count three.", RIGHT[1], render(Action("count_words", {"text": "I am"})), "Final Answer: I cannot."]
ICL = [*RIGHT, "Final Answer: No tool can."]
SETTINGS = ["--episodes", "2", "--trials", "2", "--paraphrases", "1", "--constrain", "off", "--imagine", "query-first"]
FILES = [
    "trials.jsonl", "judge/judged.jsonl", "paraphrase/paraphrased.jsonl", "demonstrations.jsonl",
    "eval/baseline/answers.jsonl", "eval/icl/answers.jsonl", "eval/icl/predictions.json",
]  # fmt: skip


def typed_in(place: Path) -> list[str]:
    """What is typed there."""
    places = ["--toolset", str(place / "mytools.py"), "--testset", str(place / "queries.jsonl")]
    return ["--model", f"scripted:{place / 'scripts'}", *places, *SETTINGS]


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def correct(shown: str, *rows: str) -> list[str]:
    """The shares of right answers in these rows of the tables, without their intervals."""
    found = [line.strip("| ").split(" | ") for line in shown.split("\n") if line.startswith("| ")]
    wanted = rows or ("baseline", "ICL", "ICL − baseline")
    figures = [cells for cells in found if cells[0] in wanted and cells[1].endswith("constrained")]
    return [cells[4 + ("−" not in cells[0])].split(" (")[0] for cells in figures]
