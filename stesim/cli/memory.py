"""`stesim memory`: the long-term memory of a run, as a person would read it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from stesim.cli.common import echo_json, no_query, plain
from stesim.errors import UserError
from stesim.records import Trial
from stesim.store import RunFolder

_MARKS = {True: "✓", False: "✗", None: "?"}


@click.command(
    short_help="Show what a run tried and solved.",
    epilog="\b\nExamples:\n  stesim memory runs/first\n  stesim memory runs/first forecast_weather --json\n",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("tool", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def memory(run: Path, tool: str | None, as_json: bool) -> None:
    """Show which queries RUN tried on each tool (or on TOOL), and whether the model holds them solved."""
    trials = list(RunFolder.read(run).trials())
    if tool is not None:
        known = {trial.tool for trial in trials}
        trials = [trial for trial in trials if trial.tool == tool]
        if not trials:
            raise UserError(f"{run} has no trials of {tool}; it has: {', '.join(sorted(known)) or 'none'}")
    if as_json:
        echo_json([_as_json(trial) for trial in trials])
        return
    if not trials:
        click.echo(f"{run} has no finished trials yet")
    for name, group in groupby(trials, key=lambda trial: trial.tool):
        entries = list(group)
        solved = sum(entry.solved is True for entry in entries)
        without = sum(bool(no_query(entry)) for entry in entries)
        rest = f"; {without} without a query" if without else ""
        click.secho(f"{plain(name)}: {len(entries) - without} queries, {solved} solved{rest}", bold=True)
        for entry in entries:
            click.echo(f"  {_MARKS[entry.solved]} {entry.episode}.{entry.trial}  {_query(entry)}")
            if entry.final_answer:
                click.secho(f"         {plain(' '.join(entry.final_answer.split()))}", dim=True)


def _query(trial: Trial) -> str:
    """The query, or why there is none; one that was rejected stands behind the reason."""
    why, query = no_query(trial), plain(trial.query)
    return f"no query ({why}){': ' if query else ''}{query}" if why else query


def _as_json(trial: Trial) -> dict[str, object]:
    return {
        "tool": trial.tool,
        "episode": trial.episode,
        "trial": trial.trial,
        "query": trial.query,
        "stop_reason": trial.stop_reason,
        "rejected": trial.rejected,
        "solved": trial.solved,
        "answer": trial.final_answer,
    }
