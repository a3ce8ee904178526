"""What an evaluation came to, printed for a person: figures with intervals, by tool, what went wrong, tokens and time.

    show(Path("runs/first/eval/icl"), result)

Not covered: Markdown for a paper or a README, which `stesim report` makes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stesim.cli.common import plain, shorten, table
from stesim.evaluate.measure import MEANINGS
from stesim.report.evaluations import METRICS, METRICS_MEAN
from stesim.report.summary import duration, percent

_ABOUT = textwrap.fill(f"{METRICS_MEAN} Intervals: 95 %, bootstrap.", 119)
_WIDTH = 76  # characters of a query or a reply in an example


def show(path: Path, result: Mapping[str, Any]) -> None:
    """Print one result."""
    click.echo()
    click.echo(_heading(result))
    click.echo()
    rows = [("", "%", "95 % interval", "of")]
    for metric, name in METRICS.items():
        figure = result["metrics"][metric]
        rows.append((name, percent(figure["value"]), _interval(figure), str(figure["of"])))
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
    for metric, name in METRICS.items():
        rows.append((name, *(percent(result["metrics"][metric]["value"]) for result in results)))
    table(rows)


def _heading(result: Mapping[str, Any]) -> str:
    """What was measured, in one line."""
    shown = "no demonstrations"
    if result["mode"] == "icl":
        by = {"words": "by words", "embedding": "by embeddings"}[result["retrieval"]]
        shown = f"{min(result['shots'], result['demonstrations'])} of {result['demonstrations']} demonstrations {by}"
    queries = f"{result['queries']} queries for {len(result['by_tool'])} of {result['tools']} tools"
    more = f" and {result['unanswerable']} unanswerable ones" if result["unanswerable"] else ""
    about = f"{result['mode']}, {shown}, {_decoding(result)}; test set {result['testset']}: {queries}{more}"
    return plain(f"{result['model']}: {about}")


def _decoding(result: Mapping[str, Any]) -> str:
    return "constrained" if result["constrained"] else "not constrained"


def _interval(figure: Mapping[str, Any]) -> str:
    return "" if figure["low"] is None else f"{figure['low']:.1f} – {figure['high']:.1f}"


def _show_tools(tools: Mapping[str, Mapping[str, Any]]) -> None:
    metrics = [metric for metric in METRICS if metric != "no_call"]
    rows = [("tool", "queries", *(METRICS[metric] for metric in metrics))]
    for tool, values in tools.items():
        rows.append((plain(tool), str(values["queries"]), *(percent(values[metric]) for metric in metrics)))
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
