"""`stesim ablate`: what each part of the method brings, by leaving one out at a time."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from stesim.cli import ablated, build, recipe
from stesim.cli.common import check_out, echo_json, plain
from stesim.cli.conducting import Stage, conduct, times
from stesim.cli.recipe import NO_JUDGE, TUNED, Recipe, setting
from stesim.cli.stage_log import StageLog
from stesim.cli.variants import FULL, VARIANTS, Plan, said_of
from stesim.errors import UserError
from stesim.store.folder import is_run

EPILOG = """\b
Examples:
  stesim ablate                                the starter tools with SmolLM2; one exploration for each variant
  stesim ablate --variants no-short-term,no-long-term
  stesim ablate --model qwen.gguf --imagine query-first --out runs/ablation-qwen
  stesim ablate --out runs/ablation-qwen       go on with one that was stopped, or print its table again
  stesim report runs/ablation-qwen/no-judge    one variant by itself
"""
_KIND = recipe.ABLATION
_NOT_FULL = [name for name in VARIANTS if name != FULL]


@click.command(epilog=EPILOG, short_help="Leave out one part of the method at a time, and compare.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder with a run for each variant; an ablation that is there already goes on.  "
    "[default: runs/ablation-MODEL]",
)
@setting("--variants", text=f"Only these, besides full: {', '.join(_NOT_FULL)}.  [default: all]", metavar="NAME,…")
@setting(
    "--model",
    text="smollm2, the path of a GGUF file, scripted:FOLDER (for each variant a folder with run.json, distill.json, "
    "ft.json), or replay:FOLDER of another ablation.  [default: smollm2]",
)
@recipe.settings("off", "on", "auto")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_context
def ablate(ctx: click.Context, /, out: Path | None, threads: str, as_json: bool, **typed: Any) -> None:
    """Explore, distill, train and evaluate once with the whole method, and once without each of its parts.

    For each variant runs `stesim run`, `distill`, `finetune` and `eval --mode ft`. Only the table goes to the standard
    output. A part that the settings do not use cannot be left out; the table says so. Each variant takes about half an
    hour with SmolLM2 on 2 cores. What was stopped goes on with --out; the settings need not be typed again.
    """
    check_out(out)
    build.thread_count(threads)
    typed = recipe.lasting(typed) | {"variants": _chosen(typed["variants"])}
    out = out or Path("runs") / recipe.folder_name(_KIND, typed)
    log = StageLog(out, _KIND, (*recipe.TEXTS, "variants"))
    settings = recipe.settled(log, typed, out)
    values = {**recipe.filled(settings), "model": settings["model"] or build.DEFAULT_MODEL}
    variants = _variants(values)
    stages = _stages(values, out, threads, variants)
    if not all(stage.is_over(log) for stage in stages):
        recipe.check(settings, named=typed["toolset"] is not None, explored=is_run(out / FULL))
        _check_trained(Recipe(values, out / FULL, threads, FULL))
        again = ["stesim", "ablate", "--out", str(out), *recipe.code_words(settings["toolset"])]
        with log.begun(settings):
            if code := conduct(stages, log, shlex.join(again)):
                ctx.exit(code)
    results = ablated.read(out, variants)
    if as_json:
        seconds = sum(log.seconds(stage.name) for stage in stages)
        echo_json({"out": str(out), "variants": ablated.as_json(results), "seconds": round(seconds, 2)})
        return
    click.echo(plain(ablated.markdown(results)))
    click.echo(f"\n{times(log, stages)}")


def _chosen(text: str | None) -> str | None:
    """The variants in their order; raises `UserError` for one that there is not."""
    if text is None:
        return None
    names = {name.strip() for name in text.split(",") if name.strip()}
    if unknown := sorted(names - VARIANTS.keys()):
        raise UserError(f"--variants: there is no {unknown[0]!r}; there are {', '.join(VARIANTS)}")
    if not names - {FULL}:
        raise UserError(f"--variants names nothing to leave out; there are {', '.join(_NOT_FULL)}")
    return ",".join(name for name in _NOT_FULL if name in names)


def _variants(values: Mapping[str, Any]) -> dict[str, str]:
    """The variants, the whole method first, each with why it is not run."""
    plan = Plan(
        imagine=values["imagine"] or build.DEFAULTS["imagine"],
        episodes=values["episodes"] or build.DEFAULTS["episodes"],
        trials=values["trials"] or build.DEFAULTS["trials"],
        judged=values["judge"] != NO_JUDGE,
    )
    names = values["variants"].split(",") if values["variants"] else _NOT_FULL
    return {name: said_of(name, plan) for name in (FULL, *names)}


def _stages(values: Mapping[str, Any], out: Path, threads: str, variants: Mapping[str, str]) -> list[Stage]:
    """The stages of all variants that are run, one variant after the other."""
    found = []
    for name, said in variants.items():
        if said:
            continue
        variant, whole = VARIANTS[name], Recipe(values, out / name, threads, name)
        # What is judged otherwise was explored alike: the replies of the whole method's run are played.
        played = out / FULL if name != FULL and not variant.run else None
        found.append(whole.explore(f"run {name}", *variant.run, played=played))
        found.append(whole.distill(f"distill {name}", judged=variant.judged))
        training = whole.finetune(f"finetune {name}")
        found += [training] if training else []
        found.append(whole.evaluate(f"eval {name}", TUNED, TUNED))
    return found


def _check_trained(whole: Recipe) -> None:
    """Raise `UserError` if there will be no trained model to ask."""
    if whole.trained is not None:
        recipe.check_trained(whole.trained)
    elif not whole.has_tuned(TUNED):
        raise UserError("replies that are played cannot be trained; name a model to train: --base FILE.gguf")
