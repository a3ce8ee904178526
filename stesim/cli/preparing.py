"""From options to what an evaluation needs besides the model: tools, prompts, test queries, demonstrations, a folder.

What an evaluation was started with need not be typed again: its manifest's settings stand in for what is not typed, as
do those of one that is replayed, and the tools of a run. Not covered: asking (`answering.py`).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import testset, toolbox
from stesim.cli import build, differences, modes, stages
from stesim.cli.common import check_out, note_strangers, plain
from stesim.demonstrations import DEMONSTRATIONS, read_demonstrations
from stesim.errors import StoreError, UserError
from stesim.evaluate.answers import AnswerFolder
from stesim.evaluate.result import RESULT
from stesim.files import read_bounded
from stesim.models import Model
from stesim.prompts import StagePrompts, load_stage_prompts
from stesim.records import Demonstration
from stesim.store import RunFolder
from stesim.store.folder import is_run
from stesim.testset import Case
from stesim.toolbox import Toolbox

STAGE = "eval"
DEFAULTS: Mapping[str, Any] = {
    "mode": "baseline", "testset": testset.BUNDLED, "unanswerable": True, "shots": modes.SHOTS, "retrieval": "words",
    "candidates": 15, "oracle": False, "constrain": "auto", "limit": None, "seed": 0, "context": None,
    "max_tokens": 128, "describe": None,
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
_LARGEST_RESULT = 64 << 20  # bytes


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
    lora: str | None = None
    model: Model | None = field(default=None, init=False)

    @property
    def remedy(self) -> str:
        """What chooses another folder for the answers."""
        return "another --name" if self.run is not None else "another --out"

    @property
    def both(self) -> bool:
        """Whether there are two evaluations, constrained and not."""
        return bool(self.settings["constrain"] == "both")

    def open_model(self, spec: str, lora: str | None, context: int | None) -> Model:
        """The model with its adapter, loaded when it is first needed."""
        if self.model is None:
            threads = build.thread_count(self.threads)
            click.echo(f"loading {plain(spec)}{f' with {plain(lora)}' if lora else ''} …", err=True)
            more = {} if lora is None else {"lora": lora}
            self.model = build.open_model(spec, context=context, threads=threads, today=toolbox.default_today(), **more)
        return self.model


@dataclass(frozen=True)
class Prepared:
    """An evaluation ready to go on: what is typed, recorded and read, put together.

    `lora` is the adapter that the model gets, as `--lora` takes it. `kept` is what its result says of the
    demonstrations, where all answers are there and these have changed since; there are no `demonstrations` then.
    """

    path: Path
    name: str
    values: Mapping[str, Any]
    recorded: Mapping[str, Any]
    resuming: bool
    spec: str
    lora: str | None
    toolset: str
    box: Toolbox
    prompts: StagePrompts
    cases: Sequence[Case]
    demonstrations: Mapping[int, Demonstration]
    parts: Mapping[str, Mapping[str, Any]]
    kept: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Shown:
    """The demonstrations that an evaluation can show: their file, its fingerprint, and those of the chosen tools."""

    path: Path | None = None
    fingerprint: str = ""
    each: Mapping[int, Demonstration] = field(default_factory=dict)


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
    kinds = {**_KINDS, **({"describe": bool} if settings.get("mode") == modes.TRAINED else {})}
    wrong = [name for name, kind in kinds.items() if not _is(settings.get(name), kind)]
    wrong += [name for name in settings if name not in kinds]
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
    """Everything but the model; `before` is the manifest of an evaluation that this one repeats.

    Raises `UserError`, also `StoreError` if the evaluation was begun with something else.
    """
    resuming = is_run(path)
    recorded = _checked(AnswerFolder.read(path).manifest, path) if resuming else before
    values = _values(wish, constrain, recorded, resuming)
    toolset, only = _tools(wish, values, recorded, run)
    stage = "answer" if values["describe"] else "tool_mode"
    prompts = load_stage_prompts(stage, build.folder_of_prompts(wish.prompts, recorded))
    with Toolbox.open(toolset, only=only, limit=_WHOLE) as box:
        values = modes.with_tools(values, [tool.name for tool in box.tools])
        if resuming:
            differences.refuse(differences.settings(recorded["settings"], _known(values)), path, wish.remedy)
        cases = _limited(testset.cases(values["testset"], values["tools"], values["unanswerable"]), values["limit"])
        parts: dict[str, Mapping[str, Any]] = {
            "prompts": stages.prompts_part(prompts),
            "tools": {"toolset": toolbox.lasting(toolset), "fingerprint": box.fingerprint},
            "input": {"testset": testset.fingerprint(cases)},
        }
        if resuming:
            differences.refuse(differences.parts(recorded, parts), path, wish.remedy)
        shown, kept = _shown_or_kept(wish, values, recorded, run, toolset, path if resuming else None, len(cases))
        parts["input"] = recorded["input"] if kept else _input(parts["input"]["testset"], shown)
        spec, lora = _model(wish, values["mode"], recorded, run)
        yield Prepared(
            path, name, values, recorded, resuming, spec, lora, toolset, box, prompts, cases, shown.each, parts, kept
        )


def _model(wish: Wish, mode: str, recorded: Mapping[str, Any], run: Mapping[str, Any]) -> tuple[str, str | None]:
    """The model and its adapter: those typed, or recorded, or of the run. Raises `UserError`."""
    known = recorded.get("model", run.get("model", {}))
    spec = wish.spec or known.get("spec") or build.DEFAULT_MODEL
    # A fine-tuned model that goes on keeps its adapter, wherever its file is now: loading tells whether they fit.
    same = build.lasting_spec(spec) == known.get("spec") or (bool(recorded) and mode == modes.TRAINED)
    return spec, modes.adapter(wish.lora, mode, spec, wish.run, known if same else {}, bool(recorded))


def _values(wish: Wish, constrain: str | None, recorded: Mapping[str, Any], resuming: bool) -> dict[str, Any]:
    """The settings: those typed, or recorded, or the defaults. Where it goes on, `auto` means what it meant."""
    typed = {key: value for key, value in wish.settings.items() if value is not None}
    values = {**DEFAULTS, **recorded.get("settings", {}), **typed, **({"constrain": constrain} if constrain else {})}
    values["testset"] = _lasting_testset(values["testset"])
    values = modes.decided(values, wish.settings, recorded.get("settings", {}))
    if resuming and values["constrain"] == "auto":
        values["constrain"] = recorded["settings"]["constrain"]
    return values


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as a manifest holds them, of an evaluation that goes on; without the number of candidates where that
    is the tools' business.
    """
    known = {**values, "constrain": values["constrain"] in ("on", True)}
    return known if values["describe"] else {name: value for name, value in known.items() if name != "candidates"}


def _input(asked: str, shown: _Shown) -> dict[str, str]:
    """What a manifest says of the test queries and the demonstrations."""
    both = hashlib.sha256(f"{asked}\0{shown.fingerprint}".encode()).hexdigest()
    return {
        "testset": asked, "demonstrations": str(shown.path.resolve()) if shown.path else "", "fingerprint": both
    }  # fmt: skip


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


def _shown_or_kept(
    wish: Wish, values: Mapping[str, Any], recorded: Mapping[str, Any], run: Mapping[str, Any], toolset: str,
    begun: Path | None, asked: int,
) -> tuple[_Shown, Mapping[str, Any] | None]:  # fmt: skip
    """The demonstrations; or, if they have changed since the evaluation in `begun` was finished, what its result says
    of them.

    Raises `StoreError` if they have changed since an unfinished one was begun, or if others are asked for.
    """
    path = _file_of(wish, values, recorded)
    try:
        shown = _read(path, values, toolset, run if wish.run else {})
        why = ""
    except UserError as error:
        if begun is None:
            raise
        shown, why = _Shown(path), f": {error}"
    if begun is None:
        return shown, None
    before = recorded["input"]
    if not why and _input(before["testset"], shown)["fingerprint"] == before["fingerprint"]:
        return shown, None
    if wish.demonstrations is not None and path is not None and str(path.resolve()) != before["demonstrations"]:
        differences.refuse(
            [f"--demonstrations was {before['demonstrations']}, not {path.resolve()}"], begun, wish.remedy
        )
    kept = _kept(begun) if sum(1 for _ in AnswerFolder.read(begun).finished()) == asked else None
    if kept is None:
        raise StoreError(
            f"{begun} cannot go on: the demonstrations in {path} have changed since it was begun{why}; choose "
            f"{wish.remedy} to begin with these"
        )
    said = f"note: the demonstrations have changed since{why}; {wish.remedy} begins with those that there are now"
    click.echo(plain(said), err=True)
    return _Shown(), kept


def _kept(path: Path) -> Mapping[str, Any] | None:
    """What the result in a folder says of the demonstrations; nothing if it has none that can be used."""
    try:
        told = orjson.loads(read_bounded(path / RESULT, _LARGEST_RESULT))
    except (OSError, orjson.JSONDecodeError):
        return None
    told = told if isinstance(told, dict) else {}
    number, calls = told.get("demonstrations"), told.get("different_calls")
    if type(number) is not int or type(calls) not in (int, float, type(None)):
        return None
    return {"demonstrations": number, "different_calls": calls}


def _file_of(wish: Wish, values: Mapping[str, Any], recorded: Mapping[str, Any]) -> Path | None:
    """The file of demonstrations; none where none is shown. Raises `UserError`."""
    if not values["shots"]:
        if wish.demonstrations is not None:
            shows = "--shots" if values["mode"] == modes.TRAINED else "--mode icl: a baseline shows none"
            raise UserError(f"--demonstrations goes with {shows}")
        return None
    before = recorded.get("input", {}).get("demonstrations")
    path = wish.demonstrations or (wish.run / DEMONSTRATIONS if wish.run else Path(before) if before else None)
    if path is None:
        needs = "--mode icl" if values["mode"] == "icl" else "--shots"
        raise UserError(f"{needs} needs demonstrations: give --run RUN or --demonstrations FILE")
    return path


def _read(path: Path | None, values: Mapping[str, Any], toolset: str, run: Mapping[str, Any]) -> _Shown:
    """The demonstrations of the chosen tools, with a note on those of others. Raises `UserError`."""
    if path is None:
        return _Shown()
    found, strangers = read_demonstrations(path, values["tools"], lambda others: _hint(others, path, toolset, run))
    note_strangers(strangers)
    return _Shown(path, stages.fingerprint(path), found)


def _hint(others: Collection[str], path: Path, toolset: str, run: Mapping[str, Any]) -> str:
    """What to do where all demonstrations are of other tools: choose these, or their toolset, which the run tells."""
    if set(others) <= set(toolbox.tool_names(toolset)):
        return "choose these with --tools"
    if not run:
        with contextlib.suppress(StoreError):  # the file may lie anywhere
            run = RunFolder.read(path.parent).manifest
    tools = run.get("tools")
    theirs = tools.get("toolset") if isinstance(tools, dict) else None
    if isinstance(theirs, str) and theirs != toolbox.lasting(toolset):
        return f"the tools chosen are of {toolset}, the run's are of {theirs}: --toolset {theirs}"
    return f"{toolset} does not have them: name the toolset that does with --toolset"
