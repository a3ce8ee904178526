"""From options to what a fine-tuning needs: the model's file, the rows, the settings; all checked before any training.

    plan = prepare(Wish(Path("runs/first"), None, …))
    len(plan.rows)

What a training was begun with need not be typed again: its manifest's settings stand in for what is not typed. Not
covered: the training (`tuning.py`), for which torch and its relatives are needed; nothing here needs them.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stesim import toolbox
from stesim.cli import build, stages, tune_folder
from stesim.cli.common import note_strangers, plain
from stesim.demonstrations import DEMONSTRATIONS, read_demonstrations
from stesim.errors import UserError
from stesim.finetune import rows as row
from stesim.finetune.chat import read_chat
from stesim.finetune.drills import DrillPlan, drills
from stesim.finetune.rows import Row, RowPlan
from stesim.models import llamacpp, threads
from stesim.prompts import StagePrompts, load_stage_prompts
from stesim.records import Demonstration, Tool
from stesim.report.study import is_unjudged
from stesim.store import RunFolder
from stesim.toolbox import Toolbox

_UNJUDGED = (
    "note: the run was distilled without a judge, so that final answers may be wrong; --calls-only leaves them out"
)

# What may be another than it was when a training was begun: the parts of its manifest in words, and where it has what
# an option named.
_CHANGED = {
    "model": "the model was {name}, another file than this one",
    "prompts": "the prompts changed",
    "input": "the demonstrations, or what else is trained on, changed",
}
_TYPED = {
    "prompts": ("prompts", "source"), "toolset": ("tools", "toolset"), "demonstrations": ("input", "demonstrations"),
    "chat": ("input", "chat"), "start": ("input", "start"),
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What was typed; None for what was not. `settings` has the names of `tune_folder.DEFAULTS`; with `again` what is
    there already does not count.
    """

    run: Path
    spec: str | None
    out: Path | None
    demonstrations: Path | None
    toolset: str | None
    tools: str | None
    chat: Path | None
    start: Path | None
    prompts: Path | None
    settings: Mapping[str, Any]
    again: bool = False


@dataclass(frozen=True)
class Plan:
    """A training ready to begin or to go on.

    `adapter` is the file to come, `path` the work folder; `recorded` is the manifest there, empty for a new one.
    `model` is the file that is trained, `start` the weights to go on from. `data` is the fingerprint of the rows, of a
    finished training of those that it had. `counts` says how many demonstrations and rows of each kind there are,
    `parts` are those of the manifest; `of_run` is the run's manifest, `toolset` what `--toolset` takes for the tools;
    `anew` says whether what is there is to be set aside.
    """

    run: Path
    adapter: Path
    path: Path
    recorded: Mapping[str, Any]
    values: Mapping[str, Any]
    spec: str
    model: Path
    name: str
    fingerprint: str
    rows: Sequence[Row]
    data: str
    counts: Mapping[str, int]
    parts: Mapping[str, Mapping[str, Any]]
    start: Path | None
    of_run: Mapping[str, Any]
    toolset: str
    anew: bool

    @property
    def is_own(self) -> bool:
        """Whether the model is that of the run."""
        return bool(self.parts["model"]["spec"] == self.of_run["model"]["spec"])


@dataclass(frozen=True)
class _Material:
    """What is trained on: demonstrations and rows, these as one fingerprint, and what a manifest says of them."""

    shown: Sequence[Demonstration]
    rows: Sequence[Row]
    data: str
    prompts: Mapping[str, str]
    input: Mapping[str, str]


def prepare(wish: Wish) -> Plan:
    """Everything but the training; raises `UserError`, also if it was begun with something else.

    Where it is finished, a note says what has changed by itself since.
    """
    manifest = _of_run(wish.run)
    adapter = tune_folder.adapter_path(wish.run, wish.out)
    path = tune_folder.work_folder(adapter)
    recorded = {} if wish.again else tune_folder.read_manifest(path)
    finished = tune_folder.read_summary(path) if recorded else None
    if not recorded and not wish.again and os.path.lexists(adapter):
        raise UserError(f"{adapter} is there already, and its folder {path} is not; choose another --out")
    spec = _spec(wish, recorded, manifest)
    model = model_path(spec)
    fingerprint = llamacpp.fingerprint(model)
    start, gone = _start_or_kept(wish, recorded, finished, fingerprint, adapter)
    values = _values(wish, recorded, manifest, start)
    toolset, only = _tools(wish, values, recorded or manifest)
    with Toolbox.open(toolset, only=only) as box:
        values["tools"] = [tool.name for tool in box.tools]
        if recorded:
            typed = {**wish.settings, "tools": values["tools"] if wish.tools else None}
            tune_folder.refuse(tune_folder.other_settings(typed, recorded["settings"]), path)
        found, gone = _material_or_kept(wish, recorded, finished, values, box, start, gone)
        tools = {"toolset": toolbox.lasting(toolset), "fingerprint": box.fingerprint}
    name = build.DEFAULT_MODEL if spec == build.DEFAULT_MODEL else model.stem
    parts: dict[str, Mapping[str, Any]] = {
        "model": {"spec": build.lasting_spec(spec), "name": name, "fingerprint": fingerprint, "file": model.name},
        "prompts": found.prompts, "tools": tools, "input": found.input,
    }  # fmt: skip
    if recorded:
        _check_same(wish, recorded, parts, path, finished is not None, gone)
    elif not values["calls_only"] and wish.demonstrations is None and is_unjudged(wish.run):
        click.echo(_UNJUDGED, err=True)
    data = finished["data"]["fingerprint"] if finished else found.data
    return Plan(
        wish.run, adapter, path, recorded, values, spec, model, name, fingerprint, found.rows, data,
        _counts(found.shown, found.rows), parts, start["file"] if start else None, manifest, toolset, wish.again,
    )  # fmt: skip


def model_path(spec: str) -> Path:
    """The file of the model that is trained; raises `UserError` for replies that were written before."""
    if spec.startswith(("scripted:", "replay:")):
        raise UserError(
            f"replies that were written before cannot be trained ({spec[:60]}); name a model: --model smollm2 or the "
            f"path of a GGUF file"
        )
    from stesim.models.default import smollm2_path

    path = smollm2_path() if spec == build.DEFAULT_MODEL else Path(os.path.expanduser(spec))
    llamacpp.check_gguf(path)
    return path


def _of_run(path: Path) -> Mapping[str, Any]:
    """The manifest of a run; raises `UserError` for the folder of another stage."""
    manifest = build.recorded(RunFolder.read(path))
    if manifest.get("stage", "run") != "run":
        raise UserError(f"{path} is the folder of a stage after the run; name the run's own folder")
    return manifest


def _spec(wish: Wish, recorded: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """The model: the typed one, the one that the training was begun with, the run's."""
    found = wish.spec or recorded.get("model", {}).get("spec") or run["model"]["spec"]
    return str(found)


def _values(
    wish: Wish, recorded: Mapping[str, Any], run: Mapping[str, Any], start: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The settings: those typed, or recorded, or the defaults; `precision` may be auto still."""
    values = {**tune_folder.DEFAULTS, "tools": list(run["settings"]["tools"])}
    if start:
        values |= {name: start[name] for name in ("rank", "alpha")}
    values |= recorded.get("settings", {})
    values |= {name: value for name, value in wish.settings.items() if value is not None and value != "auto"}
    if values["alpha"] is None:
        values["alpha"] = 2.0 * values["rank"]
    if values["seed"] is None:
        values["seed"] = run["settings"]["seed"]
    values["threads"] = values["threads"] or threads.available_cores()
    if start and any(values[name] != start[name] for name in ("rank", "alpha")):
        raise UserError(
            f"the adapter {start['path']} has --rank {start['rank']} and --alpha {start['alpha']:g}; leave these out "
            f"to go on training from it"
        )
    return values


def _tools(wish: Wish, values: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The toolset and the tools; `known` is the manifest of the training, or of the run for a new one."""
    toolset = wish.toolset or build.recorded_toolset(known)
    return build.chosen_tools(toolset, wish.tools or values["tools"])  # type: ignore[return-value]


def _file(typed: Path | None, recorded: Mapping[str, Any], name: str) -> Path | None:
    """A file of the training's data: the typed one, or the recorded one."""
    before = recorded.get("input", {}).get(name)
    return typed or (Path(before) if before else None)


def _material_or_kept(
    wish: Wish, recorded: Mapping[str, Any], finished: Mapping[str, Any] | None, values: Mapping[str, Any],
    box: Toolbox, start: Mapping[str, Any] | None, gone: str,
) -> tuple[_Material, str]:  # fmt: skip
    """What is trained on; or, if a training is finished and some of that cannot be read any more, what it says of that,
    and why, which is `gone` if it is the adapter that it went on from.
    """
    try:
        if not gone:
            return _material(wish, recorded, values, box, start), ""
    except UserError as error:
        if not _needs_nothing(wish, finished):
            raise
        gone = f": {error}"
    data = finished["data"]["fingerprint"] if finished else ""
    return _Material((), (), data, recorded["prompts"], recorded["input"]), gone


def _needs_nothing(wish: Wish, finished: Mapping[str, Any] | None) -> bool:
    """Whether a training is finished, and nothing was typed that what it was trained on is to be compared with."""
    return finished is not None and not (wish.prompts or wish.demonstrations or wish.chat or wish.start)


def _material(
    wish: Wish, recorded: Mapping[str, Any], values: Mapping[str, Any], box: Toolbox, start: Mapping[str, Any] | None
) -> _Material:
    prompts = load_stage_prompts("tool_mode", build.folder_of_prompts(wish.prompts, recorded))
    own = wish.run / DEMONSTRATIONS
    file, chat = _file(wish.demonstrations, recorded, "demonstrations") or own, _file(wish.chat, recorded, "chat")
    shown = _read(file, values["tools"])
    rows = _rows(shown, box, prompts, values, chat)
    data = row.fingerprint(rows)
    return _Material(
        shown, rows, data, stages.prompts_part(prompts), _input(data, own, None if file == own else file, chat, start)
    )


def _read(path: Path, tools: Sequence[str]) -> list[Demonstration]:
    found, strangers = read_demonstrations(path, tools)
    note_strangers(strangers)
    return list(found.values())


def _rows(
    shown: Sequence[Demonstration], box: Toolbox, prompts: StagePrompts, values: Mapping[str, Any], chat: Path | None
) -> list[Row]:
    """All that is trained on, in order."""
    found = row.rows(shown, prompts, RowPlan(values["calls_only"], values["no_call"], values["seed"]))
    drilled = box.tools if values["drill_tools"] is None else [_tool(box, name) for name in values["drill_tools"]]
    made = drills(shown, drilled, prompts, DrillPlan(values["drills"], values["seed"]))
    counts = Counter(each.tool for each in made)
    if few := {tool.name: counts[tool.name] for tool in drilled if counts[tool.name] < values["drills"]}:
        told = ", ".join(f"{plain(name)} ({count} of {values['drills']})" for name, count in few.items())
        click.echo(
            f"note: no more drills could be made up that the schema allows and that ask something new: {told}", err=True
        )
    return [*found, *made, *(read_chat(chat) if chat else [])]


def _counts(shown: Sequence[Demonstration], rows: Sequence[Row]) -> dict[str, int]:
    """How many demonstrations there are, and how many rows of each kind."""
    kinds = Counter(each.kind for each in rows)
    return {"demonstrations": len(shown), "rows": len(rows), "calls": kinds["call"], "answers": kinds["answer"],
            "no_call": kinds["no_call"], "drills": kinds["drill"], "chat": kinds["chat"]}  # fmt: skip


def _input(
    data: str, own: Path, file: Path | None, chat: Path | None, start: Mapping[str, Any] | None
) -> Mapping[str, str]:
    """What a manifest says of all that goes into the training: where it came from, and one fingerprint. There is no
    `file` where the demonstrations are the run's own, which may be moved with them: of these there is the fingerprint.
    """
    begun = f"{data}\0{start['weights']}" if start else data
    paths = {"demonstrations": file, "chat": chat, "start": start["path"] if start else None}
    told = {name: str(path.resolve()) if path else "" for name, path in paths.items()}
    shown = "" if file else stages.fingerprint(own)
    return {**told, "fingerprint": hashlib.sha256(begun.encode()).hexdigest(), "shown": shown}


def _tool(box: Toolbox, name: str) -> Tool:
    """One of the tools that are trained; raises `UserError` for another name."""
    found = next((tool for tool in box.tools if tool.name == name), None)
    if found is None:
        raise UserError(f"--drill-tools names {plain(name)[:60]!r}, which is none of the tools that are trained")
    return found


def _start(wish: Wish, recorded: Mapping[str, Any], model: str, out: Path) -> Mapping[str, Any] | None:
    """The adapter that the training goes on from: its path, rank, alpha, the file of its weights and their fingerprint;
    `model` is the fingerprint of the model, `out` the adapter to come.
    """
    path = _file(wish.start, recorded, "start")
    if path is None:
        return None
    if path.suffix != ".gguf":
        raise UserError(f"--start {path} is no adapter; name the .gguf file that `stesim finetune` made")
    folder = tune_folder.work_folder(path)
    summary = tune_folder.read_summary(folder)
    if summary is None:
        raise UserError(
            f"--start {path}: there is no finished training in {folder}; an adapter can be trained further where "
            f"`stesim finetune` made it"
        )
    if summary["base"].get("fingerprint") != model:
        told = plain(str(summary["base"].get("name")))[:60]
        raise UserError(f"the adapter {path} belongs to another model ({told}); name it with --model")
    settings = tune_folder.read_manifest(folder)["settings"]
    file = folder / tune_folder.WEIGHTS
    weights = stages.fingerprint(file)
    if path.resolve() == out.resolve():
        raise UserError(f"--start {path} is the adapter that is to be written; choose another --out")
    return {"path": path, "rank": settings["rank"], "alpha": settings["alpha"], "file": file, "weights": weights}


def _start_or_kept(
    wish: Wish, recorded: Mapping[str, Any], finished: Mapping[str, Any] | None, model: str, out: Path
) -> tuple[Mapping[str, Any] | None, str]:
    """The adapter that the training goes on from; or, if the training is finished and that adapter cannot be read any
    more, none, and why.
    """
    try:
        return _start(wish, recorded, model, out), ""
    except UserError as error:
        if not _needs_nothing(wish, finished):
            raise
        return None, f": {error}"


def _check_same(
    wish: Wish, recorded: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], path: Path, finished: bool,
    gone: str,
) -> None:  # fmt: skip
    """Raise `StoreError` for what is not as it was when the training was begun; if it is finished, only for what was
    typed and for another model. `gone` says why something cannot be read any more.
    """
    others = [name for name in _CHANGED if recorded[name]["fingerprint"] != parts[name]["fingerprint"]]
    tune_folder.refuse(_typed_otherwise(wish, recorded, parts, others), path)
    if not finished or "model" in others:
        name = plain(recorded["model"]["name"])
        tune_folder.refuse([_CHANGED[each].format(name=name) for each in others], path, typed=False)
    elif others or gone:
        what = "the demonstrations, or what else is trained on," if gone or "prompts" not in others else "the prompts"
        click.echo(f"note: {what} have changed since{plain(gone)}; --again trains anew", err=True)


def _typed_otherwise(
    wish: Wish, recorded: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], others: Collection[str]
) -> list[str]:
    """Of the parts that are others than when it was begun, what was typed so, each in words."""
    found = []
    if "model" in others and wish.spec and parts["model"]["spec"] != recorded["model"]["spec"]:
        found.append(_CHANGED["model"].format(name=plain(recorded["model"]["name"])))
    for name, (part, key) in _TYPED.items():
        before, now = recorded[part][key], parts[part][key]
        if getattr(wish, name) and before != now and ("prompts" if name == "prompts" else "input") in others:
            unsaid = "the run's" if name == "demonstrations" else "nothing"
            found.append(f"--{name} was {before or unsaid}, not {now or unsaid}")
    return found
