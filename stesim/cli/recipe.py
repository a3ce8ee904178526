"""What is typed for each stage of the whole method, from the settings of `stesim bench` or `stesim ablate`.

    recipe = Recipe(values, Path("runs/bench-smollm2"), threads="auto")
    stages = [recipe.explore("run"), recipe.distill("distill"), recipe.evaluate("eval icl", "icl", "icl")]

A stage is typed only what was typed for the chain; it knows its own defaults. Not covered: running the stages
(`conducting.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from stesim import testset as testsets
from stesim import toolbox
from stesim.cli import build
from stesim.cli.common import Finite, complete_tools, toolset_option
from stesim.cli.conducting import Stage, begun_with, options
from stesim.cli.distill import distill
from stesim.cli.evaluate import evaluate
from stesim.cli.finetune import finetune
from stesim.cli.run import run
from stesim.cli.stage_log import StageLog, is_begun
from stesim.demonstrations import DEMONSTRATIONS
from stesim.errors import StoreError, UserError
from stesim.offline import no_network
from stesim.report.evaluations import RESULT
from stesim.report.study import DISTILLED
from stesim.report.trained import ADAPTER, SUMMARY
from stesim.store import RunFolder
from stesim.store.folder import TRIALS, is_run
from stesim.toolbox import Toolbox

BENCH, ABLATION = "bench", "ablation"  # kinds of chains
NO_JUDGE = "none"
TUNED = "ft"
TEXTS = ("model", "judge", "toolset", "tools", "imagine", "testset", "constrain", "base")  # settings that are texts
# For the default model: what it explores in less than half an hour, with the starter tools.
_WHOLE: Mapping[str, Any] = {"episodes": 3, "trials": 5}
# For a first look: the stages are the same, with less to do.
_QUICK: Mapping[str, Any] = {"episodes": 1, "trials": 2, "limit": 2, "paraphrases": 1, "drills": 20, "epochs": 1}
_CALLED = {"context": "--ctx"}
_RECORDED = ("scripted", "replay")  # kinds of models that are replies, and cannot be trained
_COUNT = click.IntRange(1, 10**6)
_STEM = 40  # characters of a model's name in the folder's


def setting(*names: str, kind: Any = None, text: str, **more: Any) -> Callable[[Any], Any]:
    """An option that is None where it was not typed."""
    return click.option(*names, type=kind, default=None, help=text, **more)


def settings(*decodings: str) -> Callable[[Any], Any]:
    """The options that the chains share; `--constrain` takes the `decodings`."""
    found = [*_EXPLORED, *_TUNED, setting(
        "--constrain", kind=click.Choice(decodings), text="Hold replies to a grammar"
        f"{'; both: evaluate with and without' if 'both' in decodings else ''}.  [default: auto]",
    ), *_LAST]  # fmt: skip

    def add(command: Any) -> Any:
        for option in reversed(found):
            command = option(command)
        return command

    return add


_EXPLORED = [
    setting(
        "--judge",
        text="The judge's model, or none for the gates that need none.  [default: none for smollm2, else the model "
        "itself]",
        metavar="MODEL|none",
    ),
    toolset_option("[default: starter]"),
    setting("--tools", text="Only these tools, with commas between their names.", shell_complete=complete_tools),
    setting(
        "--imagine",
        kind=click.Choice(["query-first", "call-first"]),
        text="Begin a trial with a query, as the paper does, or with a call.  [default: call-first for smollm2, else "
        "query-first]",
    ),
    setting("--episodes", kind=_COUNT, text="Episodes for each tool.  [default: 3]"),
    setting("--trials", kind=_COUNT, text="Trials in each episode.  [default: 5 for smollm2, else 2]"),
    setting("--paraphrases", kind=click.IntRange(0, 100), text="Rewordings of a query, at most.  [default: 6]"),
    setting("--testset", metavar="bundled|dev|PATH", text="Queries with their right calls.  [default: bundled]"),
    setting("--limit", kind=_COUNT, text="The first so many queries of each tool.  [default: all]"),
]
_TUNED = [
    setting("--base", metavar="FILE", text="A GGUF file to train, where the model is scripted or replayed."),
    setting("--epochs", kind=_COUNT, text="How often the training sees each example.  [default: finetune's]"),
    setting("--rank", kind=click.IntRange(1, 1024), text="The rank of the adapter.  [default: finetune's]"),
    setting(
        "--learning-rate", kind=Finite(0, 1, min_open=True), text="The largest learning rate.  "
        "[default: finetune's]",
    ),
    setting(
        "--drills", kind=click.IntRange(0, 10**6), text="Calls with made-up values for each tool, to learn to copy "
        "them.  [default: finetune's]",
    ),
    setting(
        "--no-call", kind=Finite(0, 1), text="Requests that no tool serves, as a share of the demonstrations.  "
        "[default: finetune's]",
    ),
]  # fmt: skip
_LAST = [
    setting("--seed", kind=click.IntRange(0, 2**63 - 1), text="Decides every random choice.  [default: 0]"),
    setting("--ctx", "context", kind=click.IntRange(64, 1 << 20), text="Context size in tokens."),
    click.option(
        "--quick",
        is_flag=True,
        default=None,
        help="A first look: 1 episode of 2 trials, 1 rewording, 2 queries and 20 drills a tool, 1 epoch, where nothing "
        "else is typed.",
    ),
    click.option(
        "--threads",
        default="auto",
        show_default=True,
        help="A number, or auto to measure. Changes the speed, and the last digits of what is trained.",
    ),
]


@dataclass(frozen=True)
class Recipe:
    """How the stages of one run are typed. `values` are the settings as `settled` gives them, `out` the run's folder.

    `within` is the part of a scripted or replayed model's folder where the replies of this run's stages are.
    """

    values: Mapping[str, Any]
    out: Path
    threads: str
    within: str = ""

    def explore(self, name: str, *more: str, played: Path | None = None) -> Stage:
        """The exploration; with `played`, the replies are those of this run, whose settings hold then."""
        words = ["--out", str(self.out)]
        if played is None:
            words += [*self._model("run"), *more]
            words += self._options("toolset", "tools", "imagine", "episodes", "trials", "seed", "context")
            words += self.decoding
        else:
            words += ["--model", f"replay:{played}", *self._code]
        return Stage(name, run, (*words, "--threads", self.threads), (self.out / TRIALS,))

    def distill(self, name: str, *, judged: bool = True) -> Stage:
        """The distillation; without `judged`, the gates that need no model alone."""
        words = [str(self.out), *self._distilling(judged)]
        words += [*self._options("paraphrases", "seed", "context"), *self.decoding, *self._again]
        return Stage(name, distill, tuple(words), (self.out / DISTILLED, self._demonstrations))

    def evaluate(self, name: str, mode: str, called: str, constrain: Sequence[str] | None = None) -> Stage:
        """An evaluation, whose own name is `called`, with the options of its decoding."""
        words = ["--run", str(self.out), "--mode", mode, "--name", called, *self._asked(mode, called)]
        words += self.decoding if constrain is None else constrain
        words += self._options("testset", "limit", "seed", "context", *(["shots"] if mode == "icl" else []))
        words += [*(self._options("tools") if self._code else []), *self._again]
        leaves = (self.out / "eval" / called / RESULT,)
        return Stage(name, evaluate, tuple(words), leaves, None if mode == "baseline" else self._demonstrations)

    def finetune(self, name: str) -> Stage | None:
        """The training; None where no model can be trained, but replies are played."""
        if self.trained is None:
            return None
        model = ["--model", self.trained] if self.values["base"] or self.values["model"] else []
        words = [str(self.out), *model, *self._options("epochs", "rank", "learning_rate", "drills", "no_call", "seed")]
        words += ["--calls-only"] if self.values["judge"] == NO_JUDGE else []  # nobody has looked at the answers
        begun = is_run(self.out / SUMMARY.parent)  # it remembers its threads, which decide the last digits
        words += [*self._code, *([] if begun or self.threads == "auto" else ["--threads", self.threads])]
        return Stage(name, finetune, tuple(words), (self.out / ADAPTER, self.out / SUMMARY), self._demonstrations)

    @property
    def decoding(self) -> list[str]:
        """How replies are decoded, where every stage does it alike."""
        return [] if self.values["constrain"] == "both" else self._options("constrain")

    @cached_property
    def trained(self) -> str | None:
        """The model that is trained; None where there are only replies that are played."""
        if self.values["base"]:
            return str(self.values["base"])
        spec = self.values["model"] or _model_of(self.out) or build.DEFAULT_MODEL
        return None if _kind(spec) in _RECORDED else str(spec)

    def has_tuned(self, called: str) -> bool:
        """Whether there is something to ask as it was trained: a model, or replies of one."""
        return self.trained is not None or self._has_replies(called)

    # -- models ------------------------------------------------------------------------------------------------

    def _model(self, stage: str) -> list[str]:
        """The model of a stage: where replies were recorded, those of this very stage."""
        spec = self.values["model"]
        kind, _, rest = (spec or "").partition(":")
        if kind == "scripted" and Path(rest).is_dir():
            spec = f"scripted:{self._folder / stage}.json"
        elif kind == "replay":
            spec = f"replay:{self._folder if stage == 'run' else self._folder / 'eval' / stage}"
        return ["--model", spec] if spec else []

    def _asked(self, mode: str, called: str) -> list[str]:
        """The model of an evaluation. Where a base was trained and its replies are not recorded, it is asked itself."""
        base = self.values["base"]
        if mode == TUNED and base and not self._has_replies(called):
            return ["--model", str(base)]
        return self._model(called)

    def _distilling(self, judged: bool) -> list[str]:
        """The models that judge and reword."""
        judge = self.values["judge"] if judged else NO_JUDGE
        if _kind(self.values["model"]) != "replay":
            model = self._model("distill")
        else:
            judge = judge or f"replay:{self._folder / 'judge'}"
            reworded = self._folder / "paraphrase"
            model = ["--model", f"replay:{reworded}"] if is_run(reworded) else ["--no-paraphrase"]
        return [*model, *(["--no-judge"] if judge == NO_JUDGE else ["--judge", judge] if judge else [])]

    def _has_replies(self, called: str) -> bool:
        """Whether the replies of an evaluation are played."""
        kind = _kind(self.values["model"])
        if kind == "scripted":
            return (self._folder / f"{called}.json").is_file()
        return kind == "replay" and is_run(self._folder / "eval" / called)

    @property
    def _folder(self) -> Path:
        """Where the replies of this run's stages are, of a scripted or replayed model."""
        return Path(self.values["model"].partition(":")[2]) / self.within

    # -- words -------------------------------------------------------------------------------------------------

    def _options(self, *names: str) -> list[str]:
        return options(self.values, *names, called=_CALLED)

    @property
    def _code(self) -> list[str]:
        return code_words(self.values["toolset"])

    @property
    def _again(self) -> list[str]:
        return [*self._code, "--threads", self.threads]

    @property
    def _demonstrations(self) -> Path:
        return self.out / DEMONSTRATIONS


def code_words(toolset: str | None) -> list[str]:
    """The words for a toolset that is code: a run remembers its tools, but runs no code unasked."""
    return ["--toolset", toolset] if toolset is not None and toolbox.runs_code(toolset) else []


def lasting(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, with paths as they can be found from another folder."""
    values = dict(typed)
    for name in ("model", "judge", "base"):
        values[name] = values[name] if values[name] in (None, NO_JUDGE) else build.lasting_spec(values[name])
    if values["toolset"] is not None:
        values["toolset"] = toolbox.lasting(values["toolset"])
    if values["testset"] not in (None, testsets.BUNDLED, testsets.DEV):
        values["testset"] = str(Path(values["testset"]).expanduser().resolve())
    return values


def folder_name(kind: str, typed: Mapping[str, Any]) -> str:
    """The name of a chain's folder, after its model and, if it is one that has a name, its toolset."""
    model = (typed["model"] or build.DEFAULT_MODEL).rpartition(":")
    stem = f"{model[0]}-{Path(model[2]).name.removesuffix('.gguf')}"
    letters = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in stem)
    toolset = typed["toolset"] if typed["toolset"] in toolbox.toolset_names() else None
    more = f"-{toolset}" if toolset not in (None, toolbox.STARTER) else ""
    return f"{kind}-{letters[-_STEM:].strip('.-') or 'model'}{more}{'-quick' if typed['quick'] else ''}"


def settled(log: StageLog, typed: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """The settings that a chain was begun with.

    Raises `StoreError` if others are typed, naming the differences, and for a folder that holds something else.
    """
    if not log.is_new:
        return begun_with(log, typed, out)
    _check_place(log.kind, out)
    if out.is_dir() and not is_run(out) and any(not entry.name.startswith(".") for entry in out.iterdir()):
        raise StoreError(f"{out} is not empty and does not hold a run; choose another --out")
    replayed = _replayed(log, typed["model"])
    found = {name: replayed.get(name) if value is None else value for name, value in typed.items()}
    default = (found["model"] or build.DEFAULT_MODEL) == build.DEFAULT_MODEL
    if default and not found["quick"] and not is_run(out):
        found |= {name: value for name, value in _WHOLE.items() if found[name] is None}
    if default and found["judge"] is None:  # it is a poor judge of its own answers
        found["judge"] = NO_JUDGE
    return found


def _check_place(kind: str, out: Path) -> None:
    """Raise `StoreError` if a chain that is new would begin in the folder of another one: a bench works in the folder
    of a run, an ablation in one that holds a folder for each of its runs.
    """
    if kind == ABLATION and (is_run(out) or is_begun(out, BENCH)):
        raise StoreError(f"{out} holds a {'run' if is_run(out) else BENCH}, not an ablation; choose another --out")
    if kind == BENCH and is_begun(out, ABLATION) and not is_run(out):
        raise StoreError(f"{out} holds an ablation, not a run; choose another --out")


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with those that `--quick` and the default model bring where nothing else was typed."""
    found = dict(values)
    if found["quick"]:
        found |= {name: value for name, value in _QUICK.items() if found[name] is None}
    if found["imagine"] is None and (found["model"] or build.DEFAULT_MODEL) == build.DEFAULT_MODEL:
        found["imagine"] = "call-first"
    return found


def check(values: Mapping[str, Any], *, named: bool, explored: bool) -> None:
    """Raise `UserError` for what a later stage would fail on after much time.

    `named` says whether the toolset was typed this time; `explored` whether there is a run already.
    """
    toolset, judge, model = values["toolset"], values["judge"], values["model"]
    if toolset and toolbox.runs_code(toolset) and not named:
        raise UserError(f"the tools are those of a Python file; name it to run its code: --toolset {toolset}")
    is_file = judge not in (None, NO_JUDGE, build.DEFAULT_MODEL) and _kind(judge) not in _RECORDED
    if is_file and not Path(str(judge)).is_file():
        raise UserError(f"no model {judge!r} for the judge")
    if values["base"] and _kind(model) not in _RECORDED:
        raise UserError("--base goes with a scripted or replayed model; any other is trained itself")
    if explored or _kind(model) == "replay":
        return
    chosen, only = build.chosen_tools(toolset, values["tools"])
    with no_network(), Toolbox.open(chosen, only=only) as box:
        testsets.cases(values["testset"] or testsets.BUNDLED, [tool.name for tool in box.tools], unanswerable=True)


def check_trained(spec: str, remedy: str = "") -> None:
    """Raise `UserError` if a model cannot be trained here: the extra is missing, or it is of an unknown kind.

    `remedy` is what else can be done about a missing extra.
    """
    from stesim.finetune import heavy

    if package := heavy.missing():
        raise UserError(
            f"fine-tuning needs the package {package}; install it with: pip install 'stesim[finetune]'{remedy}"
        )
    from stesim.finetune.base import check_trainable
    from stesim.models.default import smollm2_path
    from stesim.models.llamacpp import check_gguf

    path = smollm2_path() if spec == build.DEFAULT_MODEL else Path(spec).expanduser()
    if not path.is_file():
        raise UserError(f"no model {spec!r} to train: give the path of a GGUF file")
    check_gguf(path)
    check_trainable(path)


def _replayed(log: StageLog, model: str | None) -> Mapping[str, Any]:
    """The settings of the chain that is repeated, but for its models; nothing where it is no chain of this kind."""
    kind, _, rest = (model or "").partition(":")
    found = StageLog(Path(rest), log.kind, TEXTS).settings if kind == "replay" else {}
    models = ("model", "base")
    return {
        name: value for name, value in found.items() if name not in models and (name != "judge" or value == NO_JUDGE)
    }


def _model_of(out: Path) -> str | None:
    """The model of the run that is in a folder already."""
    if not is_run(out):
        return None
    spec: str = build.checked(RunFolder.read(out).manifest, out)["model"]["spec"]
    return spec


def _kind(spec: str | None) -> str:
    kind, colon, _ = (spec or "").partition(":")
    return kind if colon else ""
