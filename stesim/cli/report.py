"""`stesim report`: the figures of a run's evaluations, as Markdown."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from stesim import toolbox
from stesim.cli.common import echo_json, plain
from stesim.cli.report_notes import notes
from stesim.errors import UserError
from stesim.report import study as studies
from stesim.report.paper import RESULTS
from stesim.report.table import markdown

EPILOG = """\b
Examples:
  stesim report runs/first                baseline, ICL and FT side by side, ready to paste
  stesim report runs/first --examples     and what the model said where it failed
  stesim report runs/first --no-paper     without the figures of the paper
  stesim report runs/first --json | jq '.differences[].correct'
"""


@click.command(epilog=EPILOG, short_help="Compare baseline, ICL and fine-tuning in a Markdown table.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--examples", is_flag=True, help="Show replies that failed, by the kind of failure.")
@click.option(
    "--paper/--no-paper",
    default=None,
    help="Show the paper's figures too, in a table of their own.  [default: where a fine-tuned model was evaluated]",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def report(run: Path, examples: bool, paper: bool | None, as_json: bool) -> None:
    """Print what the evaluations of RUN came to, and what in-context learning and fine-tuning changed.

    95 % intervals stand with each figure; a difference has the interval of the paired difference, as both methods
    answered the same queries.
    """
    show(run, examples=examples, paper=paper, as_json=as_json)


def show(run: Path, *, examples: bool = False, paper: bool | None = None, as_json: bool = False) -> None:
    """Print the report of a run; raises `UserError` where it has no finished evaluation.

    `paper` says whether the paper's figures stand in it, None for where a fine-tuned model was evaluated.
    """
    study = studies.read(run)
    name = plain(shlex.quote(str(run)))
    command = f"stesim eval --run {name} --mode baseline, and with --mode icl"
    paper = any(each.mode == "ft" for each in study.evaluations) if paper is None else paper
    if not study.evaluations:
        begun = f" ({', '.join(map(plain, study.unfinished))} not finished)" if study.unfinished else ""
        first = "" if study.distillation else f"stesim distill {name}, then "
        raise UserError(f"{name} has no finished evaluation yet{begun}: {first}{command}")
    if as_json:
        figures = {"paper": [asdict(row) for row in RESULTS]} if paper else {}
        echo_json({**studies.as_json(study), **figures, "notes": notes(study)})
    else:
        sizes = {name: len(toolbox.tool_names(name)) for name in toolbox.toolset_names()}
        click.echo(plain(markdown(study, examples=examples, paper=paper, sizes=sizes)))
    for note in notes(study):
        click.echo(f"note: {note}", err=True)
