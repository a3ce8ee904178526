"""`stesim show`: one trial's transcript."""

from __future__ import annotations

from pathlib import Path

import click

from stesim.cli.adapters import told
from stesim.cli.common import echo_json, no_query, plain
from stesim.errors import UserError
from stesim.records import Action, ParseFailure, Step, Trial
from stesim.store import RunFolder
from stesim.store.codec import trial_to_json


@click.command(
    short_help="Show one trial, word for word.",
    epilog="\b\nExamples:\n  stesim show runs/first 3\n  stesim show runs/first forecast_weather/1/2 --json\n",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("trial")
@click.option("--json", "as_json", is_flag=True, help="Print the trial as it is stored.")
def show(run: Path, trial: str, as_json: bool) -> None:
    """Show one trial of RUN: TRIAL is its number (1 is the first) or TOOL/EPISODE/TRIAL."""
    folder = RunFolder.read(run)
    found = find(list(folder.trials()), trial, run)
    if as_json:
        echo_json(trial_to_json(found))
        return
    click.secho(f"{plain(found.tool)}, episode {found.episode}, trial {found.trial}", bold=True)
    _model(folder.manifest.get("model"))
    why = no_query(found)
    if not why:
        _part("User Query", found.query, "cyan")
    for step in found.steps:
        _step(step)
    if why and found.query:
        _part("Query that was rejected", found.query, "red")
    _part("Stopped", found.stop_reason.replace("_", " ") + (f" ({why})" if why else ""), "magenta")
    if found.reflection:
        _part("Reflection", f"{found.reflection.answer} ({found.reflection.text})", "magenta")


def find(trials: list[Trial], wanted: str, run: Path) -> Trial:
    """The trial that a person means by a number or by TOOL/EPISODE/TRIAL; raises `UserError`."""
    if wanted.isdecimal():
        number = int(wanted) if len(wanted) < 10 else 0
        if 1 <= number <= len(trials):
            return trials[number - 1]
        raise UserError(f"{run} has {len(trials)} finished trials; there is no trial {wanted}")
    for trial in trials:
        if wanted == f"{trial.tool}/{trial.episode}/{trial.trial}":
            return trial
    example = f"{trials[0].tool}/{trials[0].episode}/{trials[0].trial}" if trials else "forecast_weather/1/1"
    raise UserError(f"{run} has no finished trial {wanted}; give a number, or TOOL/EPISODE/TRIAL such as {example}")


def _model(recorded: object) -> None:
    """The model, where it had an adapter."""
    if isinstance(recorded, dict) and recorded.get("lora"):
        click.echo(f"by {plain(told(recorded))}")


def _step(step: Step) -> None:
    _part("Model", step.text, "green")
    if isinstance(step.reply, Action) and step.reply.repairs:
        _part("Repaired", ", ".join(step.reply.repairs), "yellow")
    if isinstance(step.reply, ParseFailure):
        _part("Not read", step.reply.kind, "red")
    if step.observation:
        _part("Observation", step.observation.text, "blue" if step.observation.kind == "ok" else "red")


def _part(label: str, text: str, colour: str) -> None:
    click.echo()
    click.secho(f"{label}:", fg=colour, bold=True)
    for line in plain(text).splitlines() or [""]:
        click.echo(f"  {line}")
