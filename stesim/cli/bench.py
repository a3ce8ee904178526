"""`stesim bench`: the whole method on one folder, from the exploration to the table of what it brought."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stesim import testset as testsets
from stesim import toolbox
from stesim.cli import build
from stesim.cli import report as reports
from stesim.cli.bench_log import BenchLog
from stesim.cli.common import check_out, complete_tools, plain, toolset_option
from stesim.cli.distill import distill
from stesim.cli.evaluate import evaluate
from stesim.cli.run import run
from stesim.demonstrations import DEMONSTRATIONS
from stesim.errors import StesimError, StoreError, UserError
from stesim.offline import no_network
from stesim.report.evaluations import RESULT
from stesim.report.study import DISTILLED, read_distillation
from stesim.report.summary import duration
from stesim.store.folder import TRIALS, is_run
from stesim.toolbox import Toolbox

EPILOG = """\b
Examples:
  stesim bench                                 the starter tools with SmolLM2, baseline and ICL
  stesim bench --quick                         a first look, in some minutes
  stesim bench --model mistral.gguf --imagine query-first --constrain both
  stesim bench --out runs/bench-smollm2        go on with one that was stopped, or print its report again
  stesim bench --model replay:runs/bench-smollm2 --out again      repeat it without its model
"""
NO_JUDGE = "none"
# For the default model: what it explores in less than half an hour.
_WHOLE: Mapping[str, Any] = {"episodes": 3, "trials": 5}
# For a first look: the stages are the same, with less to do.
_QUICK: Mapping[str, Any] = {"episodes": 1, "trials": 2, "limit": 2, "paraphrases": 1}
_STEM = 40  # characters of a model's name in the folder's
_COUNT = click.IntRange(1, 10**6)


@dataclass(frozen=True, slots=True)
class Stage:
    """A command of the bench with the words that are typed for it; when it is over, the files of `leaves` are there.

    One that `learns` shows demonstrations, and has nothing to do where there are none.
    """

    name: str
    command: click.Command
    words: tuple[str, ...]
    leaves: tuple[Path, ...]
    learns: bool = False

    @property
    def typed(self) -> str:
        """The command as it would be typed."""
        return shlex.join(["stesim", self.name.split()[0], *self.words])


def _setting(*names: str, kind: Any = None, text: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(*names, type=kind, default=None, help=text, **more)


@click.command(epilog=EPILOG, short_help="Explore, distill and evaluate, and show what it brought.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run's folder; a bench that is there already goes on.  [default: runs/bench-MODEL]",
)
@_setting(
    "--model",
    text="smollm2, the path of a GGUF file, scripted:FOLDER (run.json, distill.json, baseline.json, icl.json), "
    "or replay:RUN of another bench.  [default: smollm2]",
)
@_setting(
    "--judge",
    text="The judge's model, or none for the gates that need none.  [default: none for smollm2, else the model itself]",
    metavar="MODEL|none",
)
@toolset_option("[default: starter]")
@_setting("--tools", text="Only these tools, with commas between their names.", shell_complete=complete_tools)
@_setting(
    "--imagine",
    kind=click.Choice(["query-first", "call-first"]),
    text="Begin a trial with a query, as the paper does, or with a call.  [default: call-first for smollm2, else "
    "query-first]",
)
@_setting("--episodes", kind=_COUNT, text="Episodes for each tool.  [default: 3]")
@_setting("--trials", kind=_COUNT, text="Trials in each episode.  [default: 5 for smollm2, else 2]")
@_setting("--paraphrases", kind=click.IntRange(0, 100), text="Rewordings of a query, at most.  [default: 6]")
@_setting("--testset", metavar="bundled|dev|PATH", text="Queries with their right calls.  [default: bundled]")
@_setting("--shots", kind=_COUNT, text="Demonstrations before a query, at most.  [default: 8]")
@_setting("--limit", kind=_COUNT, text="The first so many queries of each tool.  [default: all]")
@_setting("--seed", kind=click.IntRange(0, 2**63 - 1), text="Decides every random choice.  [default: 0]")
@_setting(
    "--constrain",
    kind=click.Choice(["off", "on", "auto", "both"]),
    text="Hold replies to a grammar; both: evaluate with and without.  [default: auto]",
)
@_setting("--ctx", "context", kind=click.IntRange(64, 1 << 20), text="Context size in tokens.")
@click.option("--quick", is_flag=True, default=None, help="A first look: few trials, few queries.")
@click.option(
    "--threads", default="auto", show_default=True, help="A number, or auto to measure. Changes the speed only."
)
@click.pass_context
def bench(ctx: click.Context, /, out: Path | None, threads: str, **typed: Any) -> None:
    """Let a model explore tools, distill what it did, and measure it without and with its demonstrations.

    Runs `stesim run`, `distill`, `eval --mode baseline`, `eval --mode icl` and `report` on one folder. Only the report
    goes to the standard output. What was stopped goes on with --out; the settings need not be typed again.
    """
    check_out(out)
    build.thread_count(threads)
    typed = _lasting(typed)
    out = out or Path("runs") / _folder_name(typed)
    log = BenchLog(out)
    settings = _settled(log, typed, out)
    stages = _stages(settings, out, threads)
    if not all(_finished(log, stage) or _is_left_out(stage, log, out) for stage in stages):
        _check(settings, named=typed["toolset"] is not None, explored=is_run(out))
    if log.is_new:
        log.begun_with({name: value for name, value in settings.items() if value is not None})
    started = time.monotonic() - sum(log.seconds(stage.name) for stage in stages)
    for number, stage in enumerate(stages, 1):
        if _finished(log, stage) or _is_left_out(stage, log, out):
            continue
        click.echo(
            f"\n== stage {number} of {len(stages)}, after {duration(time.monotonic() - started)}: {plain(stage.typed)}",
            err=True,
        )
        if code := _conduct(stage, log, out):
            ctx.exit(code)
    if any(_is_left_out(stage, log, out) for stage in stages):
        click.echo(f"\n{_nothing_learned(settings, out)}", err=True)
    click.echo(err=True)
    reports.show(out)
    click.echo(f"\n{_times(log, [stage for stage in stages if not _is_left_out(stage, log, out)])}")


def _lasting(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, with paths as they can be found from another folder."""
    values = dict(typed)
    for name in ("model", "judge"):
        values[name] = values[name] if values[name] in (None, NO_JUDGE) else build.lasting_spec(values[name])
    if values["toolset"] is not None:
        values["toolset"] = toolbox.lasting(values["toolset"])
    if values["testset"] not in (None, testsets.BUNDLED, testsets.DEV):
        values["testset"] = str(Path(values["testset"]).expanduser().resolve())
    return values


def _folder_name(typed: Mapping[str, Any]) -> str:
    kind, _, rest = (typed["model"] or build.DEFAULT_MODEL).rpartition(":")
    model = f"{kind}-{Path(rest).name.removesuffix('.gguf')}"
    letters = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in model)
    return f"bench-{letters[-_STEM:].strip('.-') or 'model'}{'-quick' if typed['quick'] else ''}"


def _settled(log: BenchLog, typed: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """The settings that the bench was begun with; raises `StoreError`, naming the differences, if others are typed."""
    if log.is_new:
        if out.is_dir() and not is_run(out) and any(not entry.name.startswith(".") for entry in out.iterdir()):
            raise StoreError(f"{out} is not empty and does not hold a run; choose another --out")
        replayed = _replayed(typed["model"])
        settings = {name: replayed.get(name) if value is None else value for name, value in typed.items()}
        default = (settings["model"] or build.DEFAULT_MODEL) == build.DEFAULT_MODEL
        if default and not settings["quick"] and not is_run(out):
            settings |= {name: value for name, value in _WHOLE.items() if settings[name] is None}
        if default and settings["judge"] is None:  # it is a poor judge of its own answers
            settings["judge"] = NO_JUDGE
        return settings
    begun = {name: log.settings.get(name) for name in typed}
    differences = [
        f"{name} was {'not typed' if begun[name] is None else repr(begun[name])}, not {value!r}"
        for name, value in typed.items()
        if value is not None and value != begun[name]
    ]
    if differences:
        raise StoreError(
            f"{out} was started differently: {'; '.join(differences)}. Use the same settings, or another --out"
        )
    return begun


def _replayed(model: str | None) -> Mapping[str, Any]:
    """The settings of the bench that is repeated, but for its models; nothing where it is no bench."""
    kind, _, rest = (model or "").partition(":")
    found = BenchLog(Path(rest)).settings if kind == "replay" else {}
    return {name: value for name, value in found.items() if name != "model" and (name != "judge" or value == NO_JUDGE)}


def _check(settings: Mapping[str, Any], *, named: bool, explored: bool) -> None:
    """Raise `UserError` for what a later stage would fail on after much time.

    `named` says whether the toolset was typed this time; `explored` whether there is a run already.
    """
    toolset, judge, replays = settings["toolset"], settings["judge"], (settings["model"] or "").startswith("replay:")
    if toolset and toolbox.runs_code(toolset) and not named:
        raise UserError(f"the bench uses the tools of a Python file; name it to run its code: --toolset {toolset}")
    named_otherwise = judge in (None, NO_JUDGE, build.DEFAULT_MODEL) or judge.startswith(("scripted:", "replay:"))
    if not named_otherwise and not Path(str(judge)).is_file():
        raise UserError(f"no model {judge!r} for the judge")
    if explored or replays:
        return
    chosen, only = build.chosen_tools(toolset, settings["tools"])
    with no_network(), Toolbox.open(chosen, only=only) as box:
        testsets.cases(settings["testset"] or testsets.BUNDLED, [tool.name for tool in box.tools], unanswerable=True)


def _stages(settings: Mapping[str, Any], out: Path, threads: str) -> list[Stage]:
    """The stages, each with what was typed for it; it knows its own defaults."""
    values = {**settings}
    if values["quick"]:
        values |= {name: value for name, value in _QUICK.items() if values[name] is None}
    if values["imagine"] is None and (values["model"] or build.DEFAULT_MODEL) == build.DEFAULT_MODEL:
        values["imagine"] = "call-first"
    code = values["toolset"] is not None and toolbox.runs_code(values["toolset"])
    again = _words(values, "toolset") if code else []  # a run remembers its tools, but runs no code unasked
    again += ["--threads", threads]
    both = values["constrain"] == "both"
    held = [] if both else _words(values, "constrain")
    explore = [*_words(values, "toolset", "tools", "imagine", "episodes", "trials", "seed", "context"), *held]
    words = ["--out", str(out), *_model(values, "run"), *explore, "--threads", threads]
    found = [Stage("run", run, tuple(words), (out / TRIALS,))]
    words = [str(out), *_model(values, "distill"), *_words(values, "paraphrases", "seed", "context"), *held, *again]
    found.append(Stage("distill", distill, tuple(words), (out / DISTILLED, out / DEMONSTRATIONS)))
    for suffix, constrain in (
        (("", ["--constrain", "on"]), ("-unconstrained", ["--constrain", "off"])) if both else (("", held),)
    ):
        for mode in ("baseline", "icl"):
            name = mode + suffix
            words = ["--run", str(out), "--mode", mode, "--name", name, *_model(values, name), *constrain]
            words += _words(values, "testset", "limit", "seed", "context", *(["shots"] if mode == "icl" else []))
            words += [*(_words(values, "tools") if code else []), *again]
            leaves = (out / "eval" / name / RESULT,)
            found.append(Stage(f"eval {name}", evaluate, tuple(words), leaves, learns=mode == "icl"))
    return found


def _words(values: Mapping[str, Any], *names: str) -> list[str]:
    """The options for those settings that have a value."""
    options = {"context": "--ctx"}
    pairs = [(options.get(name, f"--{name}"), str(values[name])) for name in names if values[name] is not None]
    return [word for pair in pairs for word in pair]


def _model(values: Mapping[str, Any], stage: str) -> list[str]:
    """The model of a stage: where replies were recorded, those of this very stage."""
    spec, judge = values["model"], values["judge"] if stage == "distill" else None
    kind, _, rest = (spec or "").partition(":")
    more: list[str] = []
    if kind == "scripted" and Path(rest).is_dir():
        spec = f"scripted:{rest}/{stage}.json"
    elif kind == "replay" and stage == "distill":
        judge = judge or f"replay:{rest}/judge"
        reworded = is_run(Path(rest) / "paraphrase")
        spec, more = (f"replay:{rest}/paraphrase", []) if reworded else (None, ["--no-paraphrase"])
    elif kind == "replay" and stage != "run":
        spec = f"replay:{rest}/eval/{stage}"
    judges = ["--no-judge"] if judge == NO_JUDGE else ["--judge", judge] if judge else []
    return [*(["--model", spec] if spec else []), *judges, *more]


def _finished(log: BenchLog, stage: Stage) -> bool:
    return log.is_finished(stage.name) and all(path.is_file() for path in stage.leaves)


def _is_left_out(stage: Stage, log: BenchLog, out: Path) -> bool:
    """Whether it is known that there are no demonstrations for this stage to show."""
    path = out / DEMONSTRATIONS
    return stage.learns and log.is_finished("distill") and path.is_file() and not path.stat().st_size


def _nothing_learned(settings: Mapping[str, Any], out: Path) -> str:
    """Why there is no ICL evaluation and what to try, in a line."""
    found, why = read_distillation(out), ""
    if found is not None and any(found.dropped.values()):
        gate = max(found.dropped, key=lambda name: found.dropped[name])
        why = f" (most were dropped at the gate {plain(gate)}: {found.dropped[gate]} of {found.trials})"
    more = "--trials or a stronger --model"
    if settings["judge"] != NO_JUDGE:
        more = f"--trials, a stronger --judge, or --judge {NO_JUDGE}"
    return (
        f"note: no trial passed every gate{why}, so there is nothing to show and the ICL evaluation is left out. "
        f"Try, with another --out, more {more}."
    )


def _conduct(stage: Stage, log: BenchLog, out: Path) -> int:
    """Run a stage's command in this process; its exit code. What it prints goes to the standard error stream."""
    log.add_begin(stage.name)
    started = time.monotonic()
    code = 1
    try:
        with contextlib.redirect_stdout(sys.stderr):
            code = _exit_code(stage)
    except (SystemExit, click.exceptions.Exit) as stop:
        code = _code(stop)
        click.echo(f"Or go on with the whole bench: stesim bench --out {plain(shlex.quote(str(out)))}", err=True)
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        log.add_end(stage.name, time.monotonic() - started, code)
    return code


def _exit_code(stage: Stage) -> int:
    """What the command exits with, for an error of ours after its one line."""
    name = stage.name.split()[0]
    names = click.get_current_context().help_option_names  # a command keeps those that it is first asked for
    try:
        with stage.command.make_context(f"stesim {name}", list(stage.words), help_option_names=names) as ctx:
            stage.command.invoke(ctx)
    except StesimError as error:
        click.echo(f"stesim {name}: {plain(str(error))}", err=True)
        return 2 if isinstance(error, UserError) else 1
    return 0


def _code(stop: SystemExit | click.exceptions.Exit) -> int:
    code = stop.exit_code if isinstance(stop, click.exceptions.Exit) else stop.code
    return code if isinstance(code, int) else int(code is not None)


def _times(log: BenchLog, stages: Sequence[Stage]) -> str:
    """How long each stage took, in a line; of one that was killed the time until then is not known."""
    parts = [
        f"{stage.name} {'' if log.is_whole(stage.name) else 'at least '}{duration(log.seconds(stage.name))}"
        for stage in stages
    ]
    return f"Time: {', '.join(parts)}; together {duration(sum(log.seconds(stage.name) for stage in stages))}."
