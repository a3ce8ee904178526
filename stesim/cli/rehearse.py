"""`stesim rehearse`: learn tools in rounds, without and with rehearsal, and show what is forgotten between them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import testset as testsets
from stesim import toolbox
from stesim.cli import build, rehearsed
from stesim.cli.common import Finite, check_out, complete_tools, echo_json, plain, toolset_option
from stesim.cli.conducting import begun_with, conduct, times
from stesim.cli.recipe import check_trained, code_words, setting
from stesim.cli.rehearsal_plot import draw
from stesim.cli.rehearsing import ARMS, Lesson, Plan, lessons, make_plan, seed_of, stages, write_lessons
from stesim.cli.stage_log import StageLog
from stesim.cli.stages import write
from stesim.demonstrations import DEMONSTRATIONS
from stesim.errors import StoreError, UserError
from stesim.report.study import is_unjudged

EPILOG = """\b
Examples:
  stesim rehearse runs/first              4 rounds, without rehearsal and with 10 %
  stesim rehearse runs/first --round add_date,get_country --round forecast_weather
  stesim rehearse runs/first --share 0.3 --rehearsal with --out runs/first/rehearsal-30
  stesim rehearse runs/first --json | jq '.arms.with.correct.backward_transfer'
"""
_KIND, _CALLED = "rehearse", "rehearsal"
_TEXTS = ("model", "toolset", "tools", "rehearsal", "chat", "testset", "constrain", "precision")
# What stands in for what is not typed; the other settings have the defaults of `finetune` and `eval`.
_DEFAULTS: Mapping[str, Any] = {"rounds": 4, "share": 0.1, "rehearsal": "both"}
_COUNT = click.IntRange(1, 10**6)
_SHARE = Finite(0, 1)
_PLAN = "plan"
_UNJUDGED = "note: the run was distilled without a judge, so that answers may be wrong: calls alone are learned"


@click.command(_KIND, epilog=EPILOG, short_help="Learn tools in rounds, and see what is forgotten.")
@click.argument("run", type=click.Path(path_type=Path))
@setting("--rounds", kind=click.IntRange(2, 100), text="Split the tools into so many rounds, in their order.  "
         "[default: 4]")  # fmt: skip
@click.option(
    "--round", multiple=True, metavar="TOOLS", shell_complete=complete_tools,
    help="The tools of a round, with commas between their names; once for each round, instead of --rounds.",
)  # fmt: skip
@setting("--share", kind=Finite(0, 1, min_open=True), text="How much of the demonstrations of each earlier "
         "tool is rehearsed in a round, as a share.  [default: 0.1]")  # fmt: skip
@setting("--rehearsal", kind=click.Choice(list(ARMS)), text="Learn with rehearsal, without, or both ways.  "
         "[default: both]")  # fmt: skip
@click.option("--together", is_flag=True, default=None, help="Learn also all tools at once, to compare with.")
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="The folder; one that was stopped goes on.  [default: RUN/rehearsal]",
)  # fmt: skip
@setting("--model", text="smollm2 or the path of a GGUF file.  [default: the run's]")
@toolset_option("[default: the run's]")
@setting("--tools", text="Only these tools, with commas between their names.", shell_complete=complete_tools)
@setting("--chat", metavar="FILE", text="Conversations that each round mixes in, as finetune takes them.")
@click.option("--calls-only", is_flag=True, default=None, help="Learn the calls only, not the answers after them; "
              "always so for a run that was distilled without a judge.")  # fmt: skip
@setting("--no-call", kind=_SHARE, text="Rows without a call, as a share of the demonstrations.  [default: finetune's]")
@setting("--drills", kind=click.IntRange(0, 10**6), text="Copying drills for each tool that a round "
         "is there to learn.  [default: finetune's]")  # fmt: skip
@setting("--rank", kind=click.IntRange(1, 1024), text="The rank of the adapter.  [default: finetune's]")
@setting("--alpha", kind=Finite(0, 10**6, min_open=True), text="Its scale is alpha / rank.  [default: finetune's]")
@setting("--epochs", kind=_COUNT, text="How often a round sees each example.  [default: finetune's]")
@setting("--batch", kind=_COUNT, text="Rows of a step.  [default: finetune's]")
@setting("--learning-rate", kind=Finite(0, 1, min_open=True), text="The largest learning rate.  [default: finetune's]")
@setting("--warmup", kind=_SHARE, text="The share of steps in which the rate rises.  [default: finetune's]")
@setting("--max-length", kind=click.IntRange(16, 1 << 20), text="Tokens of a row, at most.  [default: finetune's]")
@setting("--held-out", kind=Finite(0, 0.5), text="The share that is looked at, not learned.  [default: finetune's]")
@setting(
    "--patience",
    kind=click.IntRange(0, 10**6),
    text="Looks without improvement that end a round.  [default: finetune's]",
)
@setting("--precision", kind=click.Choice(["auto", "bf16", "fp32"]), text="Of the training.  [default: auto]")
@setting("--testset", metavar="bundled|dev|PATH", text="Queries with their right calls.  [default: bundled]")
@setting("--limit", kind=_COUNT, text="The first so many queries of each tool.  [default: all]")
@setting("--constrain", kind=click.Choice(["auto", "on", "off"]), text="Hold replies to a grammar.  [default: auto]")
@click.option("--describe", is_flag=True, default=None, help="Describe the tools when asking.")
@click.option("--unanswerable", is_flag=True, default=None, help="Ask also the queries that no tool can help with.")
@setting("--max-tokens", kind=_COUNT, text="Tokens of a reply, at most.  [default: eval's]")
@setting("--ctx", "context", kind=click.IntRange(64, 1 << 20), text="Context size in tokens, when asking.")
@setting(
    "--seed",
    kind=click.IntRange(0, 2**63 - 1),
    text="Decides every random choice.  [default: the run's]",
)
@click.option(
    "--threads",
    default="auto",
    show_default=True,
    help="A number, or auto; the last digits of the weights depend on it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object, with the matrix of each metric.")
@click.pass_context
def rehearse(ctx: click.Context, /, run: Path, out: Path | None, threads: str, as_json: bool, **typed: Any) -> None:
    """Train on the demonstrations of RUN in rounds of tools, and measure after each what is known of all tools so far.

    Each round goes on with the adapter of the one before. With rehearsal it sees again a share of the demonstrations of
    the earlier tools. Prints the share of correct calls after each round for the tools of each round, what was
    forgotten, and leaves rehearsal.json, .md, .png and .svg in the folder. 4 rounds, both ways, are seven trainings and
    evaluations. What was stopped goes on with the same command; its settings need not be typed again.
    """
    out = out or run / "rehearsal"
    check_out(out)
    build.thread_count(threads)
    log = StageLog(out, _KIND, _TEXTS, _CALLED)
    typed["round"] = list(typed["round"]) or None
    values = _settled(log, _lasting(typed), run, out)
    plan = Plan.recorded(log.settings.get(_PLAN), out) if not log.is_new else make_plan(run, values)
    each = lessons(plan, ARMS[values["rehearsal"]], together=bool(values["together"]))
    chain = stages(plan, each, run, out, values, threads)
    if not all(stage.is_over(log) for stage in chain):
        _check(plan, typed)
        if log.is_new and values["calls_only"] and not typed["calls_only"]:
            click.echo(_UNJUDGED, err=True)
        with log.begun({**values, _PLAN: plan.flat()}, prepared=DEMONSTRATIONS):
            write_lessons(plan, each, run, out, values)
            if code := conduct(chain, log, _again(plan, run, out)):
                ctx.exit(code)
        click.echo(err=True)
    _show(plan, each, out, values, as_json=as_json)
    click.echo(f"\n{times(log, chain)}", err=as_json)


def _lasting(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, with paths as they can be found from another folder."""
    values = dict(typed)
    if values["model"] is not None:
        values["model"] = build.lasting_spec(values["model"])
    if values["toolset"] is not None:
        values["toolset"] = toolbox.lasting(values["toolset"])
    if values["testset"] not in (None, testsets.BUNDLED, testsets.DEV):
        values["testset"] = str(Path(values["testset"]).expanduser().resolve())
    if values["chat"] is not None:
        values["chat"] = str(Path(values["chat"]).expanduser().resolve())
    return values


def _settled(log: StageLog, typed: Mapping[str, Any], run: Path, out: Path) -> dict[str, Any]:
    """The settings, typed or recorded, with the defaults of this command.

    Raises `UserError` for some that exclude each other, `StoreError` if others were recorded.
    """
    if typed["round"] and (typed["rounds"] or typed["tools"]):
        raise UserError(
            f"--round names the tools of each round; leave out --{'rounds' if typed['rounds'] else 'tools'}"
        )
    if typed["round"] and len(typed["round"]) < 2:
        raise UserError("one --round alone has no later one in which anything could be forgotten; name two at least")
    if typed["rehearsal"] == "without" and typed["share"]:
        raise UserError("--share goes with rehearsal: leave it out, or --rehearsal without")
    if not log.is_new:
        _check_recorded(log.settings, out)
        values = begun_with(log, typed, out)
    elif out.is_dir() and any(not entry.name.startswith(".") for entry in out.iterdir()):
        raise StoreError(f"{out} is not empty and does not hold a rehearsal; choose another --out")
    else:
        values = {**typed, "calls_only": typed["calls_only"] or is_unjudged(run) or None}
        values["seed"] = seed_of(run) if typed["seed"] is None else typed["seed"]
    return {name: _DEFAULTS.get(name) if value is None else value for name, value in values.items()}


def _check_recorded(settings: Mapping[str, Any], out: Path) -> None:
    """Raise `StoreError` if the log tells something else than this command writes, of what it takes from there."""
    share, seed, arms = settings.get("share"), settings.get("seed"), settings.get("rehearsal")
    fine = isinstance(share, int | float) and 0 < share <= 1 and type(seed) is int
    if not fine or not isinstance(arms, str) or arms not in ARMS:
        raise StoreError(f"the log in {out} is not of a rehearsal; choose another --out")


def _check(plan: Plan, typed: Mapping[str, Any]) -> None:
    """Raise `UserError` for what the first stage that is left would fail on."""
    if toolbox.runs_code(plan.toolset) and typed["toolset"] is None:
        raise UserError(f"the tools are those of a Python file; name it to run its code: --toolset {plan.toolset}")
    check_trained(plan.spec)


def _again(plan: Plan, run: Path, out: Path) -> str:
    """The command that goes on."""
    return shlex.join(["stesim", _KIND, str(run), "--out", str(out), *code_words(plan.toolset)])


def _show(plan: Plan, each: list[Lesson], out: Path, values: Mapping[str, Any], *, as_json: bool) -> None:
    """Write what came out and print it."""
    outcome = rehearsed.read(plan, each, out)
    share = values["share"]
    found = rehearsed.as_json(outcome, share=share, seed=values["seed"])
    text = rehearsed.markdown(outcome, share)
    write(out / "rehearsal.json", orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    write(out / "rehearsal.md", f"{text}\n".encode())
    at_once = outcome.at_once()
    for suffix in ("png", "svg"):
        path = out / f"rehearsal.{suffix}"
        try:
            learned = {arm: outcome.learned(arm) for arm in outcome.arms}
            draw(learned, at_once.pooled[0].value if at_once else None, share, path)
        except StoreError:
            raise
        except UserError as error:  # no matplotlib; the figures are there all the same
            click.echo(f"note: no plot: {plain(str(error))}", err=True)
            break
    echo_json(found) if as_json else click.echo(plain(text))
    click.echo(f"folder: {plain(str(out))}", err=True)
