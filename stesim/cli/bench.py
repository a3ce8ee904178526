"""`stesim bench`: the whole method on one folder, from the exploration to the table of what it brought."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from stesim.cli import build, recipe
from stesim.cli import report as reports
from stesim.cli.common import check_out, plain
from stesim.cli.conducting import Stage, conduct, times
from stesim.cli.recipe import NO_JUDGE, TUNED, Recipe, setting
from stesim.cli.stage_log import StageLog
from stesim.report.study import read_distillation
from stesim.store.folder import is_run

EPILOG = """\b
Examples:
  stesim bench                                 the starter tools with SmolLM2: baseline, ICL and fine-tuning
  stesim bench --quick                         a first look, in some minutes
  stesim bench --toolset all                   all 50 bundled tools, in some hours
  stesim bench --no-finetune                   without the training, which needs the extra stesim[finetune]
  stesim bench --model mistral.gguf --imagine query-first --constrain both
  stesim bench --out runs/bench-smollm2        go on with one that was stopped, or print its report again
  stesim bench --model replay:runs/bench-smollm2 --out again      repeat it without its model
"""
_KIND = recipe.BENCH
_UNTRAINED = (
    "note: replies that are played cannot be trained, so fine-tuning is left out; --base FILE.gguf names a model to "
    "train"
)


@click.command(epilog=EPILOG, short_help="Explore, distill, train and evaluate, and show what it brought.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run's folder; a bench that is there already goes on.  [default: runs/bench-MODEL]",
)
@setting(
    "--model",
    text="smollm2, the path of a GGUF file, scripted:FOLDER (run.json, distill.json, baseline.json, icl.json, "
    "ft.json), or replay:RUN of another bench.  [default: smollm2]",
)
@recipe.settings("off", "on", "auto", "both")
@setting("--shots", kind=click.IntRange(1, 10**6), text="Demonstrations before a query, at most.  [default: 8]")
@click.option(
    "--finetune/--no-finetune",
    default=None,
    help="Train the model on its demonstrations and evaluate it again; may change when going on.  [default: on]",
)
@click.pass_context
def bench(ctx: click.Context, /, out: Path | None, threads: str, finetune: bool | None, **typed: Any) -> None:
    """Let a model explore tools, distill what it did, train on that, and measure it before and after.

    Runs `stesim run`, `distill`, `eval --mode baseline`, `eval --mode icl`, `finetune`, `eval --mode ft` and `report`
    on one folder. Only the report goes to the standard output. What was stopped goes on with --out; the settings need
    not be typed again.
    """
    check_out(out)
    build.thread_count(threads)
    typed = recipe.lasting(typed)
    out = out or Path("runs") / recipe.folder_name(_KIND, typed)
    log = StageLog(out, _KIND, recipe.TEXTS)
    settings = recipe.settled(log, typed, out)
    tunes = log.settings.get("finetune", True) is not False if finetune is None else finetune
    stages = _stages(settings, out, threads, tunes=tunes)
    if not all(stage.is_over(log) for stage in stages):
        _check(stages, log, settings, out, named=typed["toolset"] is not None)
        if tunes and not any(stage.name.startswith(f"eval {TUNED}") for stage in stages):
            click.echo(_UNTRAINED, err=True)
        again = ["stesim", _KIND, "--out", str(out), *recipe.code_words(settings["toolset"])]
        with log.begun({**settings, "finetune": finetune}):
            if code := conduct(stages, log, shlex.join(again)):
                ctx.exit(code)
    if left_out := [stage.name for stage in stages if stage.is_left_out]:
        click.echo(f"\n{_nothing_learned(settings, out, tunes='finetune' in left_out)}", err=True)
    click.echo(err=True)
    reports.show(out)
    click.echo(f"\n{times(log, stages)}")


def _check(stages: Sequence[Stage], log: StageLog, settings: Mapping[str, Any], out: Path, *, named: bool) -> None:
    """Raise `UserError` for what a later stage would fail on after much time."""
    recipe.check(settings, named=named, explored=is_run(out))
    trained = Recipe(settings, out, "auto").trained
    if trained and any(stage.name == "finetune" and not stage.is_over(log) for stage in stages):
        recipe.check_trained(trained, ", or leave fine-tuning out with --no-finetune")


def _stages(settings: Mapping[str, Any], out: Path, threads: str, *, tunes: bool) -> list[Stage]:
    """The stages, each with what was typed for it."""
    whole = Recipe(recipe.filled(settings), out, threads)
    found = [whole.explore("run"), whole.distill("distill")]
    decodings: dict[str, list[str] | None] = {"": None}
    if settings["constrain"] == "both":
        decodings = {"": ["--constrain", "on"], "-unconstrained": ["--constrain", "off"]}
    for suffix, constrain in decodings.items():
        for mode in ("baseline", "icl"):
            found.append(whole.evaluate(f"eval {mode}{suffix}", mode, f"{mode}{suffix}", constrain))
    training = whole.finetune("finetune") if tunes else None
    found += [training] if training else []
    for suffix, constrain in decodings.items() if tunes else ():
        if whole.has_tuned(name := f"{TUNED}{suffix}"):
            found.append(whole.evaluate(f"eval {name}", TUNED, name, constrain))
    return found


def _nothing_learned(settings: Mapping[str, Any], out: Path, *, tunes: bool) -> str:
    """Why there is nothing but the baseline and what to try, in a line."""
    found, why = read_distillation(out), ""
    if found is not None and any(found.dropped.values()):
        gate = max(found.dropped, key=lambda name: found.dropped[name])
        why = f" (most were dropped at the gate {plain(gate)}: {found.dropped[gate]} of {found.trials})"
    more = "--trials or a stronger --model"
    if settings["judge"] != NO_JUDGE:
        more = f"--trials, a stronger --judge, or --judge {NO_JUDGE}"
    left_out = "ICL and fine-tuning are" if tunes else "the ICL evaluation is"
    return (
        f"note: no trial passed every gate{why}, so there is nothing to learn from and {left_out} left out. "
        f"Try, with another --out, more {more}."
    )
