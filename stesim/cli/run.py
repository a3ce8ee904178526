"""`stesim run`: explore tools by simulated trial and error."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stesim import toolbox
from stesim.cli import build, finish, stages
from stesim.cli.adapters import Named, lora_option
from stesim.cli.common import Finite, check_out, complete_tools, echo_json, plain, toolset_option
from stesim.cli.view import make_view
from stesim.explore import Exploration
from stesim.models import Model
from stesim.models.driving import Asking
from stesim.models.recording import RecordingModel
from stesim.offline import no_network
from stesim.prompts import PromptSet, StagePrompts, load_prompts
from stesim.records import RunSettings, Trial
from stesim.store import RunFolder
from stesim.toolbox import Toolbox

EPILOG = """\b
Examples:
  stesim run                                     the starter tools with SmolLM2, about 3 minutes
  stesim run --tools forecast_weather --watch    follow the conversation
  stesim run --toolset mytools.py                tools of your own; also a folder or a JSON file
  stesim run --model mistral.gguf --paper        the paper's 15 x 4 trials, 4 calls, temperature 1.0
  stesim run --imagine call-first                for small models: first a call, then the query for it
  stesim run --constrain off                     let the model break the format, and see what the parser mends
  stesim run --faults 429:0.1,timeout:0.05       some calls fail, as they do with real servers
  stesim run --out runs/first                    go on with a run that was stopped
  stesim run --model replay:runs/first           repeat a run without its model
"""


def _setting(*names: str, kind: Any = None, text: str, default: str = "", **more: Any) -> Callable[[Any], Any]:
    """An option for a setting: unset unless typed, so that a resumed run's own value can stand in for it."""
    key = default or names[0].removeprefix("--").replace("-", "_")
    value = build.DEFAULTS.get(key)
    shown = f"  [default: {value}]" if value is not None else ""
    return click.option(*names, type=kind, default=None, help=text + shown, **more)


def _switch(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}/--no-{name}", default=None, help=text + "  [default: on]")


MOST = 10**6
POSITIVE = click.IntRange(1, MOST)


@click.command(epilog=EPILOG, short_help="Explore tools by trial and error.")
@click.option(
    "--model",
    "spec",
    help="smollm2, the path of a GGUF file, scripted:FILE (a JSON list of replies) or replay:RUN.  [default: smollm2]",
)
@lora_option()
@toolset_option("[default: starter]")
@_setting(
    "--tools",
    text="Only these tools: names with commas between them, or a JSON list of names.",
    shell_complete=complete_tools,
)
@_setting("--episodes", kind=POSITIVE, text="Episodes for each tool.")
@_setting("--trials", kind=POSITIVE, text="Trials in each episode.")
@_setting("--max-calls", kind=POSITIVE, text="Replies in each trial, at most.")
@_setting("--seed", kind=click.IntRange(0, 2**63 - 1), text="Decides every random choice.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=True),
    help="The run's folder; a run that is there already goes on.  [default: a new folder in runs/]",
)
@click.option(
    "--paper",
    is_flag=True,
    help="The paper's settings: 15 episodes of 4 trials, 4 calls, temperature 1.0, 360 tokens, no constraint.",
)
@click.option(
    "--prompts",
    "prompts_folder",
    type=click.Path(path_type=Path),
    help="A folder of prompt templates, also in the paper's released format.",
)
@click.option("--watch", is_flag=True, help="Show the conversation as it happens.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@_setting(
    "--ctx",
    "context",
    kind=click.IntRange(64, 1 << 20),
    text="Context size in tokens.  [default: the model's, at most 4096]",
)
@_setting("--max-tokens", kind=POSITIVE, text="Tokens of a reply, at most.")
@_setting("--temperature", kind=Finite(0, 5), text="0 always takes the likeliest token.")
@_setting(
    "--imagine-temperature", kind=Finite(0, 5), text="At which queries (and calls, with call-first) are imagined."
)
@_setting(
    "--top-p",
    kind=Finite(0, 1),
    text="Sample from the likeliest tokens that have this probability together; 1 is off.",
)
@_setting("--top-k", kind=click.IntRange(0, MOST), text="Sample from so many of the likeliest tokens; 0 is off.")
@_setting(
    "--min-p",
    kind=Finite(0, 1),
    text="Leave out tokens less likely than this share of the likeliest; 0 is off.",
)
@_setting("--repeat-penalty", kind=Finite(0.1, 10), text="Above 1, repeated tokens become less likely; 1 is off.")
@_setting("--observation-limit", kind=POSITIVE, text="Characters of a tool's result that the model is shown.")
@_setting("--long-term-tokens", kind=click.IntRange(0, MOST), text="Tokens of the list of earlier queries, at most.")
@_setting(
    "--constrain",
    kind=click.Choice(["off", "on", "auto"]),
    text="Hold replies to a grammar of well-formed calls while they are decoded; auto: where the model can be.",
)
@_setting("--today", text="The date that the tools take for today, such as 2024-05-31.")
@_setting(
    "--faults",
    text="Let a share of the calls fail, as in 429:0.1,503:0.05,timeout:0.02 (also 401, 403, 500, 502, 504); or off.",
)
@_setting(
    "--imagine",
    kind=click.Choice(["query-first", "call-first"]),
    text="Begin a trial with a query, as the paper does, or, for small models, with a call and write the query for it.",
)
@_switch("feedback", "Show the model the results of its calls.")
@_switch("short-term", "Keep the episode's earlier trials in the conversation.")
@_switch("long-term", "List the earlier queries when a new one is imagined.")
@_switch("reflection", "Ask the model after each trial whether it solved the query.")
@click.option(
    "--threads", default="auto", show_default=True, help="A number, or auto to measure. Changes the speed only."
)
def run(
    spec: str | None, lora: str | None, toolset: str | None, out: Path | None, paper: bool,
    prompts_folder: Path | None, watch: bool, as_json: bool, threads: str, **typed: Any,
) -> None:  # fmt: skip
    """Let a model explore tools by trial and error; everything it does goes to a run folder.

    A run that was stopped goes on with --out FOLDER; what it was started with need not be typed again.
    """
    check_out(out)
    recorded, resuming = build.recorded_manifest(spec, out)
    values = build.DEFAULTS | recorded.get("settings", {}) | (build.PAPER if paper else {})
    values |= {name: value for name, value in typed.items() if value is not None}
    if toolset and typed["tools"] is None:
        values["tools"] = None
    toolset, only = build.chosen_tools(toolset or build.recorded_toolset(recorded), values["tools"])
    values["faults"] = toolbox.fault_spec(values["faults"])
    thread_count = build.thread_count(threads)
    source = build.folder_of_prompts(prompts_folder, recorded)
    prompts = load_prompts(source, beside="call_first" if values["imagine"] == "call-first" else "")
    known = Named.recorded(recorded.get("model", {}))
    named = Named(spec or known.spec or build.DEFAULT_MODEL, lora).chosen(known)
    today = build.parse_day(values["today"])
    opened = Toolbox.open(
        toolset, only=only, today=today, limit=values["observation_limit"], faults=values["faults"],
        seed=values["seed"],
    )  # fmt: skip
    with no_network(), opened as box:
        click.echo(f"loading {plain(named.said)} …", err=True)
        values["tools"] = [tool.name for tool in box.tools]
        model = build.open_model(
            named.spec, context=values["context"], threads=thread_count, today=today, lora=named.lora
        )
        settings = build.make_settings(values, model)
        templates = build.call_first_prompts(settings, source)
        Exploration(box, prompts, settings, model.count, lambda _: None, templates=templates).check()
        manifest = build.make_manifest(settings, named.spec, model, prompts, toolset, box, templates)
        build.notes(recorded if resuming else {}, manifest, box)
        with stages.open_folder(RunFolder, out or _new_folder(model.name), manifest) as folder:
            click.echo(f"{'going on with' if resuming else 'new run in'} {folder.path}", err=True)
            _explore_into(folder, box, prompts, settings, model, watch, templates)
            report = finish.make(folder)
        model.close()
    echo_json(report) if as_json else finish.show(report, folder.path)


def _explore_into(
    folder: RunFolder, box: Toolbox, prompts: PromptSet, settings: RunSettings, model: Model, watch: bool,
    templates: StagePrompts | None,
) -> None:  # fmt: skip
    """Drive the exploration to its end; Ctrl-C stops it and says how to go on."""
    finished = list(folder.trials())
    build.check_order(finished, settings, folder.path)
    view = make_view(settings, finished, model.name, watch=watch)

    def ask(recording: RecordingModel) -> Asking:
        def keep(trial: Trial) -> None:
            folder.add_trial(trial, recording.take_counts())  # on the disk first, then on the screen
            view.trial(trial)

        return Exploration(box, prompts, settings, recording.count, keep, finished, templates).explore()

    asked = sum(trial.completions for trial in finished)
    again = f"stesim run --out {shlex.quote(str(folder.path))}"
    stages.conduct(folder, model, ask, view, asked_before=asked, again=again)


def _new_folder(model: str) -> Path:
    """A folder in `runs/` that is not there yet, named after the time and the model."""
    plain = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in model)[-40:].strip(".-")
    stem = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{plain}"
    path, number = Path("runs") / stem, 2
    while path.exists():
        path, number = Path("runs") / f"{stem}-{number}", number + 1
    return path
