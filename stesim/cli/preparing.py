"""From options to what an evaluation needs besides the model: tools, prompts, test queries, demonstrations, a folder.

What an evaluation was started with need not be typed again: its manifest's settings stand in for what is not typed, as
do those of one that is replayed, and the tools of a run. Not covered: asking (`answering.py`).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from stesim import testset, toolbox
from stesim.cli import build, stages
from stesim.cli.common import check_out, plain
from stesim.demonstrations import DEMONSTRATIONS, names, read_demonstrations
from stesim.errors import StoreError, UserError
from stesim.evaluate.answers import AnswerFolder
from stesim.models import Model
from stesim.prompts import StagePrompts, load_stage_prompts
from stesim.records import Demonstration
from stesim.store import RunFolder
from stesim.store.folder import is_run
from stesim.testset import Case
from stesim.toolbox import Toolbox

STAGE = "eval"
DEFAULTS: Mapping[str, Any] = {
    "mode": "baseline", "testset": testset.BUNDLED, "unanswerable": True, "shots": 8, "retrieval": "words",
    "candidates": 15, "oracle": False, "constrain": "auto", "limit": None, "seed": 0, "context": None,
    "max_tokens": 128,
}  # fmt: skip
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "mode": str, "testset": str, "tools": list, "unanswerable": bool, "shots": int, "retrieval": str, "candidates": int,
    "oracle": bool, "constrain": bool, "limit": (int, type(None)), "seed": int, "context": int, "max_tokens": int,
}  # fmt: skip
_PARTS = {
    "model": ("spec", "name", "fingerprint"), "prompts": ("source", "fingerprint"),
    "tools": ("toolset", "fingerprint"), "input": ("demonstrations", "testset", "fingerprint"),
}  # fmt: skip
_WHOLE = 1 << 24  # characters of a result that is compared with another: none is cut short
_LONGEST_NAME = 100


@dataclass
class Wish:
    """What was typed; None for what was not. `settings` has the names of `DEFAULTS`."""

    spec: str | None
    run: Path | None
    name: str | None
    out: Path | None
    toolset: str | None
    tools: str | None
    demonstrations: Path | None
    prompts: Path | None
    threads: str
    settings: Mapping[str, Any]
    model: Model | None = field(default=None, init=False)

    @property
    def both(self) -> bool:
        """Whether there are two evaluations, constrained and not."""
        return bool(self.settings["constrain"] == "both")

    def open_model(self, spec: str, context: int | None) -> Model:
        """The model, loaded when it is first needed."""
        if self.model is None:
            threads = build.thread_count(self.threads)
            click.echo(f"loading {plain(spec)} …", err=True)
            self.model = build.open_model(spec, context=context, threads=threads, today=toolbox.default_today())
        return self.model


@dataclass(frozen=True)
class Prepared:
    """An evaluation ready to go on: what is typed, recorded and read, put together."""

    path: Path
    name: str
    values: Mapping[str, Any]
    recorded: Mapping[str, Any]
    resuming: bool
    spec: str
    toolset: str
    box: Toolbox
    prompts: StagePrompts
    cases: Sequence[Case]
    demonstrations: Mapping[int, Demonstration]
    parts: Mapping[str, Mapping[str, Any]]


def manifest_of_run(wish: Wish) -> Mapping[str, Any]:
    """The manifest of `--run`, or nothing; raises `StoreError`, and `UserError` where `--out` stands beside it."""
    if wish.run is None:
        return {}
    if wish.out is not None:
        raise UserError(f"--out goes without --run: with it the answers are in {wish.run}/eval/NAME; choose --name")
    return build.checked(RunFolder.read(wish.run).manifest, wish.run)


def manifest_of_replay(spec: str | None) -> Mapping[str, Any]:
    """The manifest of the evaluation that `--model replay:` names, or nothing; raises `StoreError`."""
    if spec is None or not spec.startswith("replay:"):
        return {}
    path = Path(spec.removeprefix("replay:"))
    return _checked(RunFolder.read(path).manifest, path)


def _checked(manifest: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """A manifest read from disk, after a look at every value that is taken from it; raises `StoreError`."""
    settings, where = manifest.get("settings"), path / "manifest.json"
    if manifest.get("stage") != STAGE or not isinstance(settings, dict):
        raise StoreError(f"{where} is not an evaluation's manifest")
    wrong = [name for name, kind in _KINDS.items() if not _is(settings.get(name), kind)]
    wrong += [name for name in settings if name not in _KINDS]
    wrong += [] if all(isinstance(tool, str) for tool in settings.get("tools", ())) else ["tools"]
    wrong += build.wrong_parts(manifest, _PARTS)
    if wrong:
        raise StoreError(f"{where} is not an evaluation's manifest: look at {', '.join(dict.fromkeys(wrong))}")
    return manifest


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    return type(value) in (kind if isinstance(kind, tuple) else (kind,))


def name_of(wish: Wish, replayed: Mapping[str, Any]) -> str:
    """The evaluation's name: the typed one, else the mode. Raises `UserError` for one that cannot name a folder."""
    mode = wish.settings["mode"] or replayed.get("settings", {}).get("mode") or DEFAULTS["mode"]
    name: str = mode if wish.name is None else wish.name
    if not name or name.startswith(".") or "/" in name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UserError(f"--name {plain(name)[:_LONGEST_NAME]!r} cannot name a folder: no slash, no dot at its head")
    return name


def path_of(wish: Wish, name: str) -> Path:
    """The evaluation's folder: in the run, where `--out` says, or a new one in `evals/`. Raises `UserError`."""
    if wish.run is not None:
        return wish.run / "eval" / name
    if wish.out is not None:
        check_out(wish.out)
        return wish.out
    stem = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{name}"
    path, number = Path("evals") / stem, 2
    while path.exists():
        path, number = Path("evals") / f"{stem}-{number}", number + 1
    return path


@contextlib.contextmanager
def prepare(
    wish: Wish, path: Path, name: str, constrain: str | None, run: Mapping[str, Any], before: Mapping[str, Any]
) -> Iterator[Prepared]:
    """Everything but the model; `before` is the manifest of an evaluation that this one repeats."""
    resuming = is_run(path)
    recorded = _checked(AnswerFolder.read(path).manifest, path) if resuming else before
    typed = {key: value for key, value in wish.settings.items() if value is not None}
    values = {**DEFAULTS, **recorded.get("settings", {}), **typed, **({"constrain": constrain} if constrain else {})}
    values["testset"] = _lasting_testset(values["testset"])
    toolset, only = _tools(wish, values, recorded, run)
    prompts = load_stage_prompts("answer", build.folder_of_prompts(wish.prompts, recorded))
    with Toolbox.open(toolset, only=only, limit=_WHOLE) as box:
        values["tools"] = [tool.name for tool in box.tools]
        values["shots"] = values["shots"] if values["mode"] == "icl" else 0
        cases = _limited(testset.cases(values["testset"], values["tools"], values["unanswerable"]), values["limit"])
        shown, demonstrations = _demonstrations(wish, values, recorded)
        asked = testset.fingerprint(cases)
        shown_as = stages.fingerprint(shown) if shown else ""
        both = hashlib.sha256(f"{asked}\0{shown_as}".encode()).hexdigest()
        lasting = str(shown.resolve()) if shown else ""
        parts = {
            "prompts": stages.prompts_part(prompts),
            "tools": {"toolset": toolbox.lasting(toolset), "fingerprint": box.fingerprint},
            "input": {"testset": asked, "demonstrations": lasting, "fingerprint": both},
        }
        spec = wish.spec or recorded.get("model", run.get("model", {})).get("spec") or build.DEFAULT_MODEL
        yield Prepared(
            path, name, values, recorded, resuming, spec, toolset, box, prompts, cases, demonstrations, parts
        )


def _lasting_testset(name: str) -> str:
    return name if name in (testset.BUNDLED, testset.DEV) else str(Path(name).expanduser().resolve())


def _tools(
    wish: Wish, values: Mapping[str, Any], recorded: Mapping[str, Any], run: Mapping[str, Any]
) -> tuple[str, list[str] | None]:
    """The toolset and its tools: those typed, or recorded, or of the run, or those that the test set asks for."""
    known = recorded or run
    if wish.toolset or wish.tools:
        return build.chosen_tools(wish.toolset or build.recorded_toolset(known), wish.tools)
    if known:
        return build.chosen_tools(build.recorded_toolset(known), list(known["settings"]["tools"]))
    if values["testset"] == testset.BUNDLED:
        return toolbox.STARTER, None
    every = toolbox.tool_names(toolbox.EVERY)
    asked = {case.calls[0].tool for case in testset.cases(values["testset"], every, False)}
    return toolbox.EVERY, [name for name in every if name in asked]


def _limited(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """The first queries of each tool, and of those that no tool can help with."""
    seen: Counter[str] = Counter()
    chosen = []
    for case in cases:
        tool = case.calls[0].tool if case.calls else ""
        seen[tool] += 1
        if limit is None or seen[tool] <= limit:
            chosen.append(case)
    return chosen


def _demonstrations(
    wish: Wish, values: Mapping[str, Any], recorded: Mapping[str, Any]
) -> tuple[Path | None, dict[int, Demonstration]]:
    """The file of demonstrations, and those of the chosen tools; none for a baseline."""
    if values["mode"] != "icl":
        if wish.demonstrations is not None:
            raise UserError("--demonstrations goes with --mode icl: a baseline shows none")
        return None, {}
    before = recorded.get("input", {}).get("demonstrations")
    path = wish.demonstrations or (wish.run / DEMONSTRATIONS if wish.run else Path(before) if before else None)
    if path is None:
        raise UserError("--mode icl needs demonstrations: give --run RUN or --demonstrations FILE")
    found, strangers = read_demonstrations(path, values["tools"])
    if strangers:
        left = f"{strangers.total()} demonstrations of other tools are left out: {names(strangers)}"
        click.echo(f"note: {plain(left)}", err=True)
    return path, found
