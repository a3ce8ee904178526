"""The end of a run: a summary table, where the run folder is, what to do next."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stesim.cli.adapters import told
from stesim.cli.common import plain
from stesim.report.summary import Summary, duration, share, summarize, total
from stesim.store import RunFolder

_DECODING = {
    True: "Decoding was constrained: the model could only write well-formed calls and answers.",
    False: "Decoding was not constrained.",
}
_HEADINGS = ("tool", "trials", "solved", "answered", "calls", "ok", "well-formed", "repaired")


def make(folder: RunFolder) -> dict[str, Any]:
    """The figures of a run, from its folder: by tool, in all, and what the model was asked."""
    trials = list(folder.trials())
    summaries = summarize(trials, folder.manifest["settings"]["tools"])
    asked = {"completions": 0, "prompt_tokens": 0, "reused_tokens": 0, "tokens": 0, "seconds": 0.0}
    for _, completion in folder.completions():
        asked["completions"] += 1
        for name in ("prompt_tokens", "reused_tokens", "tokens", "seconds"):
            asked[name] += getattr(completion, name)
    asked["seconds"] = round(asked["seconds"], 2)
    asked["evaluated_tokens"] = asked["prompt_tokens"] - asked["reused_tokens"]
    return {
        "run": str(folder.path),
        "tools": [asdict(summary) for summary in summaries],
        "all": asdict(total(summaries)),
        "without_query": sum(trial.stop_reason == "no_query" for trial in trials),
        "constrained": folder.manifest["settings"]["constrain"],
        "model": {"name": told(folder.manifest["model"]), **asked},
    }


def show(report: dict[str, Any], path: Path) -> None:
    """Print the figures for a person."""
    rows = [_row(Summary(**values)) for values in [*report["tools"], report["all"]]]
    widths = [max(len(row[column]) for row in [_HEADINGS, *rows]) for column in range(len(_HEADINGS))]
    rule = "  ".join("─" * width for width in widths)
    click.echo()
    for line in [
        _line(_HEADINGS, widths),
        rule,
        *(_line(row, widths) for row in rows[:-1]),
        rule,
        _line(rows[-1], widths),
    ]:
        click.echo(line)
    model, run = report["model"], plain(shlex.quote(str(path)))
    pace = f"{model['tokens'] / model['seconds']:.0f} tokens/s with prompts, " if model["seconds"] else ""
    click.echo(
        f"\nsolved: the model's own verdict. answered: final answer after a call. ok: calls without an error.\n"
        f"well-formed: replies readable as they came; repaired: readable after repairs.\n"
        f"{_DECODING[report['constrained']]}\n{_without_query(report)}\n"
        f"{plain(model['name'])}: {model['completions']} replies, {model['tokens']} tokens in "
        f"{duration(model['seconds'])} ({pace}{model['evaluated_tokens']} prompt tokens evaluated, "
        f"{model['reused_tokens']} reused from the cache)\n"
        f"run folder: {plain(str(path))}\n\n"
        f"Next:\n"
        f"  stesim memory {run}      what was tried, and what was solved\n"
        f"  stesim show {run} 1      the first trial, word for word\n"
        f"  stesim distill {run}     make demonstrations of the good trials"
    )


def _without_query(report: dict[str, Any]) -> str:
    """A line on the trials that began with a call and came to no query."""
    count, trials = report["without_query"], report["all"]["trials"]
    return f"{count} of {trials} trials came to no query: see stesim memory.\n" if count else ""


def _row(summary: Summary) -> tuple[str, ...]:
    return (
        plain(summary.tool),
        str(summary.trials),
        share(summary.solved, summary.trials),
        share(summary.answered, summary.trials),
        str(summary.calls),
        share(summary.ok_calls, summary.calls),
        share(summary.well_formed, summary.replies),
        share(summary.readable, summary.replies),
    )


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()
