"""A rehearsal whose training is played by a command that remembers what it was shown.

Asking is the real evaluation with the replies that this memory gives: of a tool whose demonstrations did not come
again, half is forgotten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from stesim import testset
from stesim.cli.evaluate import evaluate
from stesim.cli.stages import write
from stesim.demonstrations import read_demonstrations
from stesim.errors import UserError
from stesim.parsing import render
from stesim.records import Action, Demonstration
from tests.integration.conftest import answer, call

TOOLS = ["forecast_weather", "get_country", "add_date", "get_local_time"]
EXPLORED = [
    text for tool in TOOLS for text in (f"What about {tool}?", call(tool, {}), answer("Something."), "Yes")
]  # fmt: skip
SMALL = ["--limit", "2", "--seed", "3"]
FULL = ["--rounds", "4", *SMALL]


def value_after(words: tuple[str, ...], option: str) -> str:
    return words[words.index(option) + 1]


class Played:
    """The two commands; `typed` are the words of every call, `stop` is the number of the call that is interrupted, `no`
    what the next one has against its settings.
    """

    def __init__(self) -> None:
        self.typed: list[tuple[str, ...]] = []
        self.stop = 0
        self.no = ""

    def _begin(self, words: tuple[str, ...]) -> None:
        self.typed.append(words)
        if len(self.typed) == self.stop:
            raise KeyboardInterrupt
        if why := self.no:
            self.no = ""
            raise UserError(why)

    def finetune(self, words: tuple[str, ...]) -> None:
        """A tool is learned by its demonstrations; of those known before half as many queries remain known."""
        self._begin(words)
        adapter = Path(value_after(words, "--out"))
        before = orjson.loads(Path(value_after(words, "--start")).read_bytes()) if "--start" in words else {}
        shown, _ = read_demonstrations(Path(value_after(words, "--demonstrations")), TOOLS)
        known = {tool: share / 2 for tool, share in before.items()} | {each.tool: 1.0 for each in shown.values()}
        adapter.write_bytes(orjson.dumps(known))
        adapter.with_suffix("").mkdir(exist_ok=True)
        (adapter.with_suffix("") / "finetune.json").write_text("{}")
        click.echo("trained")

    def evaluate(self, words: tuple[str, ...]) -> None:
        """The real evaluation, with the right calls to that share of a tool's queries that is known."""
        self._begin(words)
        at = words.index("--lora")
        known = orjson.loads(Path(words[at + 1]).read_bytes())
        tools, limit = value_after(words, "--tools").split(","), int(value_after(words, "--limit"))
        replies = []
        for tool in tools:
            cases = testset.cases(testset.BUNDLED, [tool], unanswerable=False)[:limit]
            for number, case in enumerate(cases):
                right = (number + 1) / limit <= known.get(tool, 0)
                replies.append(render(Action(tool, dict(case.calls[0].arguments))) if right else "I do not know.")
        script = Path(value_after(words, "--out")).parent / "replies.json"
        script.write_bytes(orjson.dumps(replies))
        rest = [*words[:at], *words[at + 2 :]]
        rest[rest.index("--model") + 1] = f"scripted:{script}"
        evaluate.main(rest, standalone_mode=False)


def draws_little(arms: Any, together: float | None, share: float, path: Path) -> None:
    write(path, f"{sorted(arms)} {together} {share}".encode())


def as_command(name: str, function: Any) -> click.Command:
    settings = {"ignore_unknown_options": True, "allow_interspersed_args": False}
    argument = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(name, callback=function, params=[argument], context_settings=settings)


def demonstrations(each: int = 20) -> list[Demonstration]:
    return [
        Demonstration(tool, f"Query {number} for {tool}?", {"n": number}, "{}", "Done.", 1, number)
        for tool in TOOLS
        for number in range(1, each + 1)
    ]


def figures(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((folder / "rehearsal.json").read_bytes())
    return found


def matrix(found: dict[str, Any], arm: str, metric: str = "correct") -> list[list[float]]:
    return [[cell["value"] for cell in row] for row in found["arms"][arm][metric]["cells"]]
