"""What an evaluation came to, printed for a person: figures with intervals, by tool, what went wrong, tokens and time.

    show([(Path("runs/first/eval/icl"), result)])

Several results stand one after the other, their figures side by side at the end.
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
_WIDTH = 160  # characters of a query, a call or a reply in an example, at most


def show(results: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
    """Print one result, or several that differ in their decoding."""
    alone = len(results) == 1
    for path, result in results:
        click.echo(f"\n{_heading(result)}")
        if alone:
            _show_metrics([result])
        _show_tools(result["by_tool"])
        if alone:
            click.echo(f"\n{_ABOUT}")
        notes = _notes(result)
        if notes and not alone:
            click.echo()
        for note in notes:
            click.echo(note)
        _show_failures(result)
        if alone:
            _show_examples([result])
        _show_cost(path, result)
    if not alone:
        each = [result for _, result in results]
        _show_examples(each)
        _show_metrics(each)
        click.echo(f"\n{_ABOUT}")


def _show_metrics(results: Sequence[Mapping[str, Any]]) -> None:
    """The figures with intervals and the number of queries; those of several results side by side."""
    click.echo()
    heads = ["%"] if len(results) == 1 else [_decoding(result) for result in results]
    rows = [("", *(cell for head in heads for cell in (head, "95 % interval", "of")))]
    for metric, name in METRICS.items():
        cells = [name]
        for result in results:
            figure = result["metrics"][metric]
            cells += [percent(figure["value"]), _interval(figure), str(figure["of"])]
        rows.append(tuple(cells))
    table(rows)


def _show_cost(path: Path, result: Mapping[str, Any]) -> None:
    """Tokens and time, and where the answers are."""
    tokens, seconds = result["tokens"], result["seconds"]
    pace = f" ({tokens['generated'] / seconds:.0f} tokens/s with prompts)" if seconds else ""
    click.echo(
        f"\n{plain(result['model'])}: {tokens['generated']} tokens in {duration(seconds)}{pace}, "
        f"{tokens['prompt'] - tokens['reused']} prompt tokens evaluated, {tokens['reused']} reused from the cache"
    )
    click.echo(f"answers: {plain(str(path))}")


def _heading(result: Mapping[str, Any]) -> str:
    """What was measured, in one line."""
    shown = "no demonstrations"
    if result["mode"] == "icl" or (result["mode"] == "ft" and result["shots"]):
        by = {"words": "by words", "embedding": "by embeddings"}[result["retrieval"]]
        shown = f"{min(result['shots'], result['demonstrations'])} of {result['demonstrations']} demonstrations {by}"
        if result["different_calls"] is not None:
            shown += f", of {result['different_calls']:.1f} different calls a query"
    queries = f"{result['queries']} queries for {len(result['by_tool'])} of {result['tools']} tools"
    more = f" and {result['unanswerable']} unanswerable ones" if result["unanswerable"] else ""
    mode = f"{result['mode']}{_adapter(result)}"
    about = f"{mode}, {shown}, {_decoding(result)}; test set {result['testset']}: {queries}{more}"
    return plain(f"{result['model']}: {about}")


def _adapter(result: Mapping[str, Any]) -> str:
    """The adapter of the model, and whether the prompts describe the tools, where that is not as always."""
    lora, said = result.get("lora"), ""
    if lora:
        scale = lora.get("scale", 1)
        said = f", adapter {Path(str(lora.get('spec', ''))).name}{f' at {scale}' if scale != 1 else ''}"
    return said + (f", tools {'' if result['describe'] else 'not '}described" if "describe" in result else "")


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
    """How often each thing went wrong."""
    if not result["failures"]:
        return
    click.echo("\nnot right:")
    table([(f"  {kind}", str(n), MEANINGS.get(kind, "")) for kind, n in result["failures"].items()], last_left=True)


def _show_examples(results: Sequence[Mapping[str, Any]]) -> None:
    """One answer of each kind that went wrong, from the first result that has one."""
    found = {kind: each[0] for result in reversed(results) for kind, each in result["examples"].items() if each}
    if not found:
        return
    click.echo("\nfor example:")
    for kind in dict.fromkeys(kind for result in results for kind in result["failures"] if kind in found):
        example = found[kind]
        right = example["right"]
        wanted = f"{right['tool']} {orjson.dumps(right['arguments']).decode()}" if right else "no call"
        click.echo(f"  {kind}: {shorten(example['query'], _WIDTH)}")
        click.echo(f"    right: {shorten(wanted, _WIDTH)}")
        click.echo(f"    said:  {shorten(example['said'], _WIDTH)}")
        if example["differs"]:
            click.echo(f"    differs: {shorten('; '.join(example['differs']), 2 * _WIDTH)}")
