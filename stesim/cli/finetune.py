"""`stesim finetune`: train the model of a run on the run's demonstrations; the adapter plays in llama.cpp."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from stesim import toolbox
from stesim.cli import build
from stesim.cli.common import Finite, complete_tools, echo_json, plain, toolset_option
from stesim.cli.stopping import ending_well, exit_code
from stesim.cli.tune_folder import DEFAULTS
from stesim.cli.tune_plan import Plan, Wish, prepare
from stesim.offline import no_network
from stesim.prompts import STAGES

EPILOG = """\b
Examples:
  stesim finetune runs/first                       runs/first/finetune/adapter.gguf, for the run's own model
  stesim eval --run runs/first --mode ft           how well it calls tools now
  stesim finetune runs/first --calls-only          learn the calls alone, not what to say after them
  stesim finetune runs/first --again --rank 32     anew; what was there is set aside as adapter-1
  stesim finetune runs/first --merge tuned.gguf    also a whole model, for programs that take no adapter
  stesim finetune runs/first --json | jq .verified how far llama.cpp is from what was trained

\b
It needs further packages: pip install 'stesim[finetune]'. Using the adapter needs none of them.
"""
_COUNT = click.IntRange(1, 10**6)
_SHARE = Finite(0, 1)
_PROMPTS = [f"{name}.txt" for name in STAGES["tool_mode"]]


def _text(name: str, text: str) -> str:
    value = DEFAULTS[name]
    return f"{text}  [default: {value:g}]" if isinstance(value, int | float) else f"{text}  [default: {value}]"


@click.command(epilog=EPILOG, short_help="Train the model on the demonstrations.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--model", "spec", help="The model to train: smollm2 or the path of a GGUF file.  [default: the run's]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="F.gguf",
    help="The adapter to write; F/ beside it holds the work.  [default: RUN/finetune/adapter.gguf]",
)
@click.option(
    "--demonstrations",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Demonstrations, a JSON object a line.  [default: RUN/demonstrations.jsonl]",
)
@toolset_option("[default: the run's]")
@click.option("--tools", help="Only these tools, with commas between their names.", shell_complete=complete_tools)
@click.option("--calls-only", is_flag=True, default=None, help="Learn the calls alone, no answers after them.")
@click.option(
    "--no-call",
    metavar="SHARE",
    type=_SHARE,
    help=_text("no_call", "Add rows in which no tool fits: so many as this share of the demonstrations."),
)
@click.option(
    "--drills",
    metavar="N",
    type=click.IntRange(0, 10**6),
    help=_text("drills", "Add calls with made-up values, which teach to copy them: so many for each tool."),
)
@click.option(
    "--drill-tools",
    metavar="NAMES",
    help="Drills for these of the tools only.  [default: all of them]",
    shell_complete=complete_tools,
)
@click.option(
    "--chat",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Mix in conversations: {"messages": [{"role": …, "content": …}, …]} a line.',
)
@click.option("--rank", type=click.IntRange(1, 1024), help=_text("rank", "The rank of the adapter (LoRA)."))
@click.option(
    "--alpha", type=Finite(0, 10**6, min_open=True), help="The adapter's strength.  [default: twice the rank]"
)
@click.option("--epochs", type=_COUNT, help=_text("epochs", "How often each row is seen."))
@click.option("--batch", type=_COUNT, help=_text("batch", "Rows of one step."))
@click.option(
    "--learning-rate", type=Finite(0, 1, min_open=True), help=_text("learning_rate", "The largest learning rate.")
)
@click.option("--warmup", type=_SHARE, help=_text("warmup", "The share of all steps in which the rate rises."))
@click.option(
    "--max-length",
    type=click.IntRange(16, 1 << 20),
    help=_text("max_length", "Tokens of a row, at most; results of calls are cut for it."),
)
@click.option(
    "--held-out",
    type=Finite(0, 0.5),
    help=_text("held_out", "The share of trials and made-up rows that is looked at, not learned."),
)
@click.option(
    "--patience",
    type=click.IntRange(0, 10**6),
    help=_text("patience", "Looks without improvement after which it ends early; 0: never."),
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "bf16", "fp32"]),
    help="How the network calculates; auto: bf16 where the processor is made for it.  [default: auto]",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Decides every random choice.  [default: the run's]")
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="ADAPTER.gguf",
    help="Go on training from an adapter that this command made before.",
)
@click.option(
    "--merge",
    type=click.Path(path_type=Path),
    metavar="F.gguf",
    help="Also write the model with the adapter in it, the weights that it changes as Q8_0.",
)
@click.option(
    "--prompts", type=click.Path(path_type=Path), help=f"A folder with {', '.join(_PROMPTS)}, or some of them."
)
@click.option(
    "--threads",
    help="A number, or auto for as many as there are cores; the last digits of the weights depend on it.  "
    "[default: auto]",
)
@click.option("--again", is_flag=True, help="Begin anew: what is there is set aside as adapter-1, adapter-2, …")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def finetune(
    run: Path, out: Path | None, merge: Path | None, threads: str | None, again: bool, as_json: bool, **typed: Any
) -> None:
    """Train the model of RUN on the demonstrations that `stesim distill RUN` has made, on this machine alone.

    What is learned is a LoRA adapter, a small file that llama.cpp adds to the model: --lora in run, eval and distill.
    No prompt describes a tool; the model learns which tools there are. What was stopped goes on with the same command,
    and comes to the same adapter; what it was begun with need not be typed again, and cannot be changed but with
    --again.
    """
    settings = {name: typed.pop(name) for name in DEFAULTS if name in typed}
    drilled = settings["drill_tools"]
    settings["drill_tools"] = list(dict.fromkeys(build.names_in(drilled))) if drilled else None
    settings["threads"] = build.thread_count(threads) if threads is not None else None
    wish = Wish(run, out=out, settings=settings, again=again, **typed)
    try:
        with no_network(), ending_well():
            plan, figures, merged = _work(wish, merge)
    except KeyboardInterrupt as stop:
        click.echo("\nstopped", err=True)
        raise SystemExit(exit_code(stop)) from None
    if as_json:
        echo_json({**figures, **({"merged": merged} if merged else {})})
        return
    from stesim.cli import tuned

    with no_network():
        tuned.show(figures, plan, merged)


def _work(wish: Wish, merge: Path | None) -> tuple[Plan, dict[str, Any], dict[str, str] | None]:
    """What was planned, the figures, and what is said of the merged model, if one is asked for."""
    plan = prepare(wish)
    from stesim.cli import merging
    from stesim.cli.tuning import Tuning

    if merge is not None:
        merging.check(merge, plan)
    tuning = Tuning(plan, _again(wish, plan))
    figures = tuning.finished() or tuning.tune()
    return plan, figures, None if merge is None else merging.merge(merge, plan, figures["fingerprint"])


def _again(wish: Wish, plan: Plan) -> str:
    """The command that goes on with it."""
    words = ["stesim", "finetune", str(wish.run), *(["--out", str(wish.out)] if wish.out else [])]
    words += ["--toolset", plan.toolset] if toolbox.runs_code(plan.toolset) else []
    return plain(shlex.join(words))
