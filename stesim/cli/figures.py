"""What an evaluation came to, printed for a person: figures with intervals, by tool, what went wrong, tokens and time.

    show(Path("runs/first/eval/icl"), result)

Not covered: Markdown for a paper or a README, which `stesim report` makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stesim.cli.common import plain, shorten
from stesim.cli.view import duration
from stesim.evaluate.measure import MEANINGS

NAMES = {
    "well_formed": "well-formed",
    "api_match": "API match",
    "correct": "correct",
    "argument_match": "argument match",
    "execution_match": "execution match",
    "no_call": "no call",
}
_ABOUT = """\
well-formed: a call with a JSON object. API match: the right tool, of the well-formed. correct: and the right arguments
as strings, further ones allowed. argument match: the arguments by the test set's rules, none beyond. execution match:
the same result as the right call. no call: where no tool can help. Intervals: 95 %, bootstrap."""
_WIDTH = 76  # characters of a query or a reply in an example


def show(path: Path, result: Mapping[str, Any]) -> None:
    """Print one result."""
    click.echo()
    click.echo(_heading(result))
    click.echo()
    rows = [("", "%", "95 % interval", "of")]
    for metric, name in NAMES.items():
        figure = result["metrics"][metric]
        rows.append((name, _share(figure["value"]), _interval(figure), str(figure["of"])))
    table(rows)
    _show_tools(result["by_tool"])
    click.echo(f"\n{_ABOUT}")
    for note in _notes(result):
        click.echo(note)
    _show_failures(result)
    tokens, seconds = result["tokens"], result["seconds"]
    pace = f" ({tokens['generated'] / seconds:.0f} tokens/s with prompts)" if seconds else ""
    click.echo(
        f"\n{plain(result['model'])}: {tokens['generated']} tokens in {duration(seconds)}{pace}, "
        f"{tokens['prompt'] - tokens['reused']} prompt tokens evaluated, {tokens['reused']} reused from the cache"
    )
    click.echo(f"answers: {plain(str(path))}")


def compare(results: Sequence[Mapping[str, Any]]) -> None:
    """Print the figures of several results side by side."""
    click.echo()
    rows = [("%", *(_decoding(result) for result in results))]
    for metric, name in NAMES.items():
        rows.append((name, *(_share(result["metrics"][metric]["value"]) for result in results)))
    table(rows)


def table(rows: Sequence[Sequence[str]], *, left: int = 1, last_left: bool = False) -> None:
    """Columns of text: the first `left` ones (and the last, if so) aligned to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < left or (last_left and column == len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _heading(result: Mapping[str, Any]) -> str:
    """What was measured, in one line."""
    shown = "no demonstrations"
    if result["mode"] == "icl":
        by = {"words": "by words", "embedding": "by embeddings"}[result["retrieval"]]
        shown = f"{result['shots']} of {result['demonstrations']} demonstrations {by}"
    queries = f"{result['queries']} queries for {len(result['by_tool'])} of {result['tools']} tools"
    more = f" and {result['unanswerable']} unanswerable ones" if result["unanswerable"] else ""
    about = f"{result['mode']}, {shown}, {_decoding(result)}; test set {result['testset']}: {queries}{more}"
    return plain(f"{result['model']}: {about}")


def _decoding(result: Mapping[str, Any]) -> str:
    return "constrained" if result["constrained"] else "not constrained"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _interval(figure: Mapping[str, Any]) -> str:
    return "" if figure["low"] is None else f"{figure['low']:.1f} – {figure['high']:.1f}"


def _show_tools(tools: Mapping[str, Mapping[str, Any]]) -> None:
    metrics = [metric for metric in NAMES if metric != "no_call"]
    rows = [("tool", "queries", *(NAMES[metric] for metric in metrics))]
    for tool, values in tools.items():
        rows.append((plain(tool), str(values["queries"]), *(_share(values[metric]) for metric in metrics)))
    if tools:
        click.echo()
        table(rows)


def _notes(result: Mapping[str, Any]) -> list[str]:
    """What to know about the prompts."""
    notes = []
    left = result["left_out"]
    if left["demonstrations"]:
        notes.append(
            f"In {left['queries']} prompts {left['demonstrations']} demonstrations, the farthest ones, had no room in "
            "the context."
        )
    if result["not_offered"]:
        notes.append(
            f"For {result['not_offered']} queries the right tool was not among the {result['candidates']} candidates "
            "that the prompt describes."
        )
    return notes


def _show_failures(result: Mapping[str, Any]) -> None:
    """How often each thing went wrong, with an example."""
    if not result["failures"]:
        return
    click.echo("\nnot right:")
    table([(f"  {kind}", str(n), MEANINGS.get(kind, "")) for kind, n in result["failures"].items()], last_left=True)
    click.echo("\nfor example:")
    for kind in result["failures"]:
        for example in result["examples"][kind][:1]:
            right = example["right"]
            wanted = f"{right['tool']} {orjson.dumps(right['arguments']).decode()}" if right else "no call"
            click.echo(f"  {kind}: {shorten(example['query'], _WIDTH)}")
            click.echo(f"    right: {shorten(wanted, _WIDTH)}")
            click.echo(f"    said:  {shorten(example['said'], _WIDTH)}")
