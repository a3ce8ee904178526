"""What `stesim rehearse` does one after the other: the rounds, the demonstrations of each, and the stages for them.

    plan = make_plan(run, values)
    each = lessons(plan, ARMS["both"], together=False)
    write_lessons(plan, each, run, out, values)
    conduct(stages(plan, each, run, out, values, "auto"), log, again)

A lesson is what is trained and asked about in one go: the first round, each later one without and with rehearsal, and
all tools together. Each has a folder with its demonstrations, its adapter and its evaluation. Not covered: the options
(`rehearse.py`), and what is made of the answers (`rehearsed.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import testset as testsets
from stesim import toolbox
from stesim.cli import build
from stesim.cli.common import plain
from stesim.cli.conducting import Stage, options
from stesim.cli.evaluate import evaluate
from stesim.cli.finetune import finetune
from stesim.cli.stages import fingerprint, write
from stesim.demonstrations import DEMONSTRATIONS, names, read_demonstrations, to_lines
from stesim.errors import StoreError, UserError
from stesim.finetune.chat import read_chat
from stesim.offline import no_network
from stesim.rehearse import Arm, Rounds, mixed, split
from stesim.report.evaluations import RESULT
from stesim.store import RunFolder
from stesim.store.folder import is_run
from stesim.toolbox import Toolbox

ADAPTER = "adapter.gguf"
SUMMARY = "adapter/finetune.json"
ARMS: Mapping[str, tuple[Arm, ...]] = {"both": ("without", "with"), "without": ("without",), "with": ("with",)}
_TRAINING = (
    "no_call", "drills", "chat", "rank", "alpha", "epochs", "batch", "learning_rate", "warmup", "max_length",
    "held_out", "patience", "precision", "seed",
)  # fmt: skip
_ASKING = ("testset", "limit", "constrain", "context", "max_tokens", "seed")
_CALLED = {"context": "--ctx"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What it comes down to: the model, the toolset, the tools of each round, and the fingerprint of the run's
    demonstrations, of which `counts` are the numbers for each round.
    """

    spec: str
    toolset: str
    rounds: tuple[tuple[str, ...], ...]
    counts: tuple[int, ...]
    fingerprint: str
    testset: str

    def flat(self) -> dict[str, Any]:
        """The plan as the log holds it."""
        return asdict(self)

    @classmethod
    def recorded(cls, value: Any, where: Path) -> Plan:
        """The inverse of `flat`; raises `StoreError` for anything else."""
        told = value if isinstance(value, dict) else {}
        rounds = told.get("rounds")
        fine = isinstance(rounds, list) and all(isinstance(each, list) and each for each in rounds)
        fine = fine and all(isinstance(tool, str) for each in rounds or () for tool in each)
        fine = fine and all(isinstance(told.get(name), str) for name in ("spec", "toolset", "fingerprint", "testset"))
        if not fine or not _are_numbers(told.get("counts"), len(rounds or ())):
            raise StoreError(f"the log in {where} does not tell the rounds; choose another --out")
        made = tuple(tuple(each) for each in rounds or ())
        return cls(
            told["spec"], told["toolset"], made, tuple(told["counts"]), told["fingerprint"], told["testset"]
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training with its evaluation: `number` counts the rounds from 0; `arm` is None for the first, which all arms
    share. `tools` are asked about, `trained` are those that it has demonstrations of; `start` names the lesson whose
    adapter it goes on from.
    """

    name: str
    number: int
    arm: Arm | None
    tools: tuple[str, ...]
    trained: tuple[str, ...]
    start: str = ""


def make_plan(run: Path, values: Mapping[str, Any]) -> Plan:
    """The plan for what was typed, with a note on tools that nothing is known of.

    Raises `UserError` for what a stage would fail on, or what would say nothing.
    """
    manifest = build.checked(RunFolder.read(run).manifest, run)
    spec = values["model"] or manifest["model"]["spec"]
    if spec.startswith(("scripted:", "replay:")):
        raise UserError(f"the model is trained, which {plain(spec)} cannot be; name one with --model, a GGUF file")
    toolset = values["toolset"] or build.recorded_toolset(manifest) or toolbox.EVERY
    tools = build.names_in(values["tools"]) if values["tools"] else list(manifest["settings"]["tools"])
    typed = [build.names_in(each) for each in values["round"] or ()]
    tools = [tool for each in typed for tool in each] or tools
    twice = [tool for tool, times in Counter(tools).items() if times > 1]
    if twice:
        raise UserError(f"a tool is learned in one round only; named twice: {plain(names(twice))}")
    with no_network(), Toolbox.open(toolset, only=tools):
        pass  # every name is known
    path = run / DEMONSTRATIONS
    counts = Counter(each.tool for each in read_demonstrations(path, tools)[0].values())
    rounds = tuple(map(tuple, typed)) or split(_shown(tools, counts), values["rounds"])
    _check_taught(rounds, counts, path, drilled=values["drills"] != 0)
    if values["chat"]:
        read_chat(Path(values["chat"]))  # every conversation can be learned
    for each in rounds:  # each has queries
        testsets.cases(values["testset"] or testsets.BUNDLED, each, unanswerable=False)
    return Plan(
        build.lasting_spec(spec), toolbox.lasting(toolset), rounds,
        tuple(sum(counts[tool] for tool in each) for each in rounds), fingerprint(path), _asked(rounds, values),
    )  # fmt: skip


def _check_taught(rounds: Rounds, counts: Mapping[str, int], path: Path, *, drilled: bool) -> None:
    """Raise `UserError` for a round without demonstrations, and for a tool that has none where no drills are made;
    where they are, a note says of which tools.
    """
    for number, each in enumerate(rounds, 1):
        if not any(counts[tool] for tool in each):
            raise UserError(f"there are no demonstrations for round {number} ({plain(names(each))}) in {path}")
    if unseen := [tool for each in rounds for tool in each if not counts[tool]]:
        said = f"there are no demonstrations of {plain(names(unseen))}, which only drills teach"
        if not drilled:
            raise UserError(f"{said}, and --drills 0 makes none")
        click.echo(f"note: {said}", err=True)


def seed_of(run: Path) -> int:
    """The seed that a run was explored with; raises `StoreError`."""
    return int(build.checked(RunFolder.read(run).manifest, run)["settings"]["seed"])


def _shown(tools: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """The tools that have demonstrations, with a note on the others."""
    others = [tool for tool in tools if not counts[tool]]
    if others:
        click.echo(f"note: left out, since there are no demonstrations of them: {plain(names(others))}", err=True)
    return [tool for tool in tools if counts[tool]]


def lessons(plan: Plan, arms: Sequence[Arm], *, together: bool) -> list[Lesson]:
    """All lessons in their order, each after the one that it goes on from."""
    found = [Lesson("round-1", 0, None, plan.rounds[0], plan.rounds[0])]
    before: dict[Arm, str] = {}
    for number in range(1, len(plan.rounds)):
        tools = tuple(tool for each in plan.rounds[: number + 1] for tool in each)
        for arm in arms:
            trained = plan.rounds[number] if arm == "without" else tools
            lesson = Lesson(f"round-{number + 1}-{arm}", number, arm, tools, trained, before.get(arm, "round-1"))
            before[arm] = lesson.name
            found.append(lesson)
    if together:
        every = tuple(tool for each in plan.rounds for tool in each)
        found.append(Lesson("together", len(plan.rounds) - 1, "together", every, every))
    return found


def _asked(rounds: Sequence[Sequence[str]], values: Mapping[str, Any]) -> str:
    """The fingerprint of the queries for all tools."""
    tools = [tool for each in rounds for tool in each]
    return testsets.fingerprint(testsets.cases(values["testset"] or testsets.BUNDLED, tools, unanswerable=False))


def write_lessons(plan: Plan, each: Sequence[Lesson], run: Path, out: Path, values: Mapping[str, Any]) -> None:
    """Write the demonstrations that each lesson trains on.

    Raises `StoreError` if the run's or the test set have changed since the plan was made, or if a file cannot be
    written.
    """
    path = run / DEMONSTRATIONS
    if _asked(plan.rounds, values) != plan.testset:
        raise StoreError(f"{out} cannot go on: the test set has changed since it was begun; choose another --out")
    if fingerprint(path) != plan.fingerprint:
        raise StoreError(f"{out} cannot go on: {path} has changed since it was begun; choose another --out")
    known = list(read_demonstrations(path, [tool for tools in plan.rounds for tool in tools])[0].values())
    for lesson in each:
        share = {"with": values["share"], "together": 1.0}.get(lesson.arm or "", 0.0)
        chosen = mixed(known, plan.rounds, lesson.number, share, values["seed"])
        _make(out / lesson.name)
        write(out / lesson.name / DEMONSTRATIONS, to_lines(chosen))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}") from None


def stages(
    plan: Plan, each: Sequence[Lesson], run: Path, out: Path, values: Mapping[str, Any], threads: str
) -> list[Stage]:
    """A training and an evaluation for each lesson, with what is typed for them."""
    common = ["--model", plan.spec, "--toolset", plan.toolset]
    found = []
    for lesson in each:
        folder = out / lesson.name
        adapter, result = folder / ADAPTER, folder / "eval" / RESULT
        trains = [str(run), *common, *_trained(plan, lesson, out, values, threads)]
        asks = ["--mode", "ft", *common, "--tools", _named(lesson.tools), "--lora", str(adapter)]
        asks += ["--out", str(result.parent), *options(values, *_ASKING, called=_CALLED)]
        asks += ["--describe"] if values["describe"] else []
        asks += ["--unanswerable" if values["unanswerable"] else "--no-unanswerable", "--threads", threads]
        found.append(Stage(f"finetune {lesson.name}", finetune, tuple(trains), (adapter, folder / SUMMARY)))
        found.append(Stage(f"eval {lesson.name}", evaluate, tuple(asks), (result,)))
    return found


def _trained(plan: Plan, lesson: Lesson, out: Path, values: Mapping[str, Any], threads: str) -> list[str]:
    """What a lesson's training is typed besides the run, the model and the toolset."""
    folder = out / lesson.name
    words = ["--tools", _named(lesson.trained), "--demonstrations", str(folder / DEMONSTRATIONS)]
    words += ["--out", str(folder / ADAPTER)]
    words += ["--start", str(out / lesson.start / ADAPTER)] if lesson.start else []
    words += ["--drill-tools", _named(plan.rounds[lesson.number])] if lesson.arm == "with" else []
    words += [*options(values, *_TRAINING), *(["--calls-only"] if values["calls_only"] else [])]
    begun = is_run((folder / SUMMARY).parent)  # it remembers its threads, which decide the last digits
    return words if begun else [*words, "--threads", threads]


def _named(tools: Sequence[str]) -> str:
    """The names as `--tools` takes them."""
    joined = ",".join(tools)
    plainly = not joined.startswith("[") and not any("," in tool or tool != tool.strip() for tool in tools)
    return joined if plainly else orjson.dumps(list(tools)).decode()


def _are_numbers(value: object, size: int) -> bool:
    return isinstance(value, list) and len(value) == size and all(type(each) is int for each in value)
