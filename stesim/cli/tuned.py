"""What a fine-tuning came to: the course of its losses, and its figures as a person reads them.

course(folder.steps(), stopped_early=False)["loss"]

Not covered: how well the adapter answers, which `stesim eval --mode ft` measures.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from stesim.cli.common import plain, table
from stesim.cli.tune_folder import ADAPTER
from stesim.report.summary import duration

_FEW = 10  # steps whose mean loss is that of the beginning, and of the end
_LINES = 10  # of the table of epochs, about
_KINDS = (
    ("calls", "calls"), ("answers", "answers"), ("no_call", "without a call"), ("drills", "drills"), ("chat", "chat"),
)  # fmt: skip


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


def show(figures: Mapping[str, Any], run: Path, merged: Mapping[str, Any] | None, model: str) -> None:
    """Print the figures for a person; `model` is what to type for the model, empty for the run's own."""
    data, settings = figures["data"], figures["settings"]
    base = plain(str(figures["base"].get("name")))
    kinds = ", ".join(f"{data[name]} {words}" for name, words in _KINDS if data.get(name))
    click.echo(
        f"\n{base} was trained on {data.get('rows')} rows ({kinds}) of {data.get('demonstrations')} demonstrations; "
        f"{data.get('held_out')} rows were held out."
    )
    if data.get("cut"):
        click.echo(f"In {data['cut']} rows the result of the call was cut to --max-length {settings['max_length']}.")
    click.echo()
    curve = figures["curve"]
    told = [*curve[: -1 : max(1, len(curve) // _LINES)], *curve[-1:]]
    rows = [(str(each["epoch"]), str(each["steps"]), f"{each['loss']:.3f}", _held_out(each)) for each in told]
    table([("epoch", "steps", "loss", "held out"), *rows])
    pace = f", {figures['tokens_per_second']:.0f} tokens/s" if figures.get("tokens_per_second") else ""
    early = "; it ended early, since the held-out rows became no better" if figures["stopped_early"] else ""
    click.echo(
        f"\nloss: of the rows' replies, in nats a token. held out: the same of the held-out rows at the epoch's end.\n"
        f"LoRA of rank {settings['rank']}, alpha {settings['alpha']:g}, {settings['precision']}: {figures['steps']} "
        f"steps, {figures['tokens']} tokens in {duration(figures['seconds'])}{pace}{early}.\n"
        f"{_verified(figures['verified'])}\nadapter: {plain(str(figures['adapter']))}"
    )
    if merged is not None:
        click.echo(f"merged model (Q8_0): {plain(str(merged['path']))}")
    words = ["stesim", "eval", "--run", str(run), "--mode", "ft", *(["--model", model] if model else [])]
    if Path(figures["adapter"]).resolve() != (run / ADAPTER).resolve():
        words += ["--lora", str(figures["adapter"])]
    click.echo(f"\nNext:\n  {plain(shlex.join(words))}      ask it as it was trained")


def _held_out(epoch: Mapping[str, Any]) -> str:
    return "–" if epoch.get("held_out") is None else f"{epoch['held_out']:.3f}"


def _verified(told: Mapping[str, Any]) -> str:
    """How far llama.cpp with the adapter is from what was trained, in a line."""
    return (
        f"In llama.cpp, over {told['positions']} tokens of {told['rows']} rows: KL divergence to the trained network "
        f"{told['kl']:.1e} (at most {told['kl_max']:.1e} at a token; bound {told['bound']:.0e}), to the model without "
        f"the adapter {told['kl_to_base']:.2g}."
    )
