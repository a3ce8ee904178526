"""What a fine-tuning came to: the course of its losses, and its figures as a person reads them.

    course(folder.steps(), stopped_early=False)["loss"]
    show(figures, plan, merged=None)

Not covered: how well the adapter answers, which `stesim eval --mode ft` measures.
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import testset, toolbox
from stesim.cli import modes
from stesim.cli.common import plain, table
from stesim.cli.tune_folder import ADAPTER
from stesim.cli.tune_plan import Plan
from stesim.errors import UserError
from stesim.report.summary import duration, some

_FEW = 10  # steps whose mean loss is that of the beginning, and of the end
_LINES = 10  # of the table of epochs, about
_KINDS = {"calls": "call", "answers": "answer", "no_call": "", "drills": "drill", "chat": "chat"}


def course(steps: Sequence[Mapping[str, Any]], stopped_early: bool) -> dict[str, Any]:
    """The figures of the steps: how many, their losses, their pace.

    The loss at first and at last is the mean of some steps there; `curve` has each epoch's mean, and what was held out
    at its end.

    >>> course([{"step": 1, "epoch": 1, "loss": 2.0, "tokens": 8, "seconds": 4.0, "held_out": 1.5}], False)["loss"]
    {'first': 2.0, 'last': 2.0, 'held_out_best': 1.5}
    """
    losses = [float(step["loss"]) for step in steps]
    seconds, tokens = sum(float(step["seconds"]) for step in steps), int(steps[-1]["tokens"])
    curve = []
    for epoch, each in itertools.groupby(steps, key=lambda step: int(step["epoch"])):
        members = list(each)
        looks = _looks(members)
        mean = _mean([float(step["loss"]) for step in members])
        curve.append({"epoch": epoch, "steps": len(members), "loss": mean, "held_out": looks[-1] if looks else None})
    return {
        "steps": len(steps),
        "epochs": len(curve),
        "stopped_early": stopped_early,
        "loss": {"first": _mean(losses[:_FEW]), "last": _mean(losses[-_FEW:]),
                 "held_out_best": min(_looks(steps), default=None)},
        "curve": curve,
        "tokens": tokens,
        "seconds": round(seconds, 2),
        "tokens_per_second": round(tokens / seconds, 1) if seconds else None,
    }  # fmt: skip


def _looks(steps: Sequence[Mapping[str, Any]]) -> list[float]:
    return [round(float(step["held_out"]), 6) for step in steps if step.get("held_out") is not None]


def _mean(losses: Sequence[float]) -> float:
    return round(sum(losses) / len(losses), 6)


def show(figures: Mapping[str, Any], plan: Plan, merged: Mapping[str, Any] | None) -> None:
    """Print the figures for a person, and what can be done next."""
    settings = figures["settings"]
    click.echo(f"\n{_rows(figures)}")
    if cut := figures["data"].get("cut"):
        click.echo(f"In {some(cut, 'row')} the result of the call was cut to --max-length {settings['max_length']}.")
    click.echo()
    curve = figures["curve"]
    told = [*curve[: -1 : max(1, len(curve) // _LINES)], *curve[-1:]]
    rows = [(str(each["epoch"]), str(each["steps"]), f"{each['loss']:.3f}", _held_out(each)) for each in told]
    table([("epoch", "steps", "loss", "held out"), *rows])
    pace = f", {figures['tokens_per_second']:.0f} tokens/s" if figures.get("tokens_per_second") else ""
    early = "; it ended early, since the held-out rows became no better" if figures["stopped_early"] else ""
    click.echo(
        f"\nloss: of the rows' replies, in nats a token. held out: the same of the held-out rows at the epoch's end.\n"
        f"LoRA of rank {settings['rank']}, alpha {settings['alpha']:g}, {settings['precision']}: "
        f"{some(figures['steps'], 'step')}, {some(figures['tokens'], 'token')} in {duration(figures['seconds'])}{pace}"
        f"{early}.\n{_verified(figures['verified'])}\nadapter: {plain(str(figures['adapter']))}"
    )
    if merged is not None:
        click.echo(f"merged model (Q8_0): {plain(str(merged['path']))}")
    click.echo("\nNext:")
    for words, why in _next(figures, plan, merged):
        click.echo(f"  {plain(shlex.join(words))}      {why}")


def _rows(figures: Mapping[str, Any]) -> str:
    """What was trained on, by kind, and how much of that was learned."""
    data = figures["data"]
    counts = [(data[name], noun) for name, noun in _KINDS.items() if data.get(name)]
    kinds = [some(count, noun) if noun else f"{count} without a call" for count, noun in counts]
    held = data["held_out"]
    return (
        f"{plain(str(figures['base'].get('name')))} was given {some(data['rows'], 'row')} ({', '.join(kinds)}) of "
        f"{some(data['demonstrations'], 'demonstration')}: {some(data['rows'] - held, 'row')} learned, "
        f"{held or 'none'} held out."
    )


def _next(figures: Mapping[str, Any], plan: Plan, merged: Mapping[str, Any] | None) -> list[tuple[list[str], str]]:
    """The commands that measure what was made, and what each does."""
    run = plan.run
    base = ["stesim", "eval", "--run", str(run), "--mode", modes.TRAINED]
    model = [] if plan.is_own else ["--model", plan.spec]
    own = Path(figures["adapter"]).resolve() == (run / ADAPTER).resolve()
    lora = [] if own else ["--lora", str(figures["adapter"])]
    name, asked = _free(run, modes.TRAINED), _asked(plan)
    called = [] if name == modes.TRAINED else ["--name", name]
    found = [([*base, *model, *lora, *called, *asked], "ask it as it was trained")]
    if merged is not None:
        whole = ["--model", str(merged["path"]), "--lora", modes.NONE, "--name", _free(run, f"{modes.TRAINED}-merged")]
        found.append(([*base, *whole, *asked], "ask the merged model"))
    return found


def _free(run: Path, name: str) -> str:
    """The name for an evaluation, with a number if the run has one of this name."""
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(each for each in names if not os.path.lexists(run / "eval" / each))


def _asked(plan: Plan) -> list[str]:
    """What an evaluation does not take from the run by itself: tools, prompts, test queries."""
    tools, toolset, of_run = plan.values["tools"], plan.toolset, plan.of_run
    words, known = [], of_run["settings"]["tools"]
    if toolbox.runs_code(toolset) or toolbox.lasting(toolset) != toolbox.lasting(of_run["tools"]["toolset"]):
        words, known = ["--toolset", toolset], toolbox.tool_names(toolset)
    if set(tools) != set(known):
        plainly = not any("," in tool for tool in tools)
        words += ["--tools", ",".join(tools) if plainly else orjson.dumps(tools).decode()]
    if (source := plan.parts["prompts"]["source"]) != "default":
        words += ["--prompts", source]
    return words + ([] if _has_queries(tools) else ["--testset", "FILE"])


def _has_queries(tools: Sequence[str]) -> bool:
    """Whether the bundled test set, which an evaluation takes by itself, asks for any of these tools."""
    try:
        return bool(testset.cases(testset.BUNDLED, tools, unanswerable=False))
    except UserError:
        return False


def _held_out(epoch: Mapping[str, Any]) -> str:
    return "–" if epoch.get("held_out") is None else f"{epoch['held_out']:.3f}"


def _verified(told: Mapping[str, Any]) -> str:
    """How far llama.cpp with the adapter is from what was trained, in a line."""
    return (
        f"In llama.cpp, over {some(told['positions'], 'token')} of {some(told['rows'], 'row')}: KL divergence to the "
        f"trained network {_short(told['kl'])} a token on average (may be {_short(told['bound'])}), "
        f"{_short(told['kl_max'])} at the worst token; to the model without the adapter {told['kl_to_base']:.2g}."
    )


def _short(number: float) -> str:
    """A small number in two digits, or in one if that is all: 4.6e-06, 2e-05."""
    return f"{number:.1e}".replace(".0e", "e")
