"""From options to what a run needs: settings, model, prompts, manifest.

Settings are layered: the defaults, what a resumed or replayed run recorded, `--paper`, and what the user typed. The
manifest holds all of them flat, with fingerprints of model, prompts and tools, so that a resumed run can be held
against it.
"""

from __future__ import annotations

import datetime
import itertools
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import __version__, toolbox
from stesim.cli.common import plain
from stesim.errors import ModelError, StoreError, UserError
from stesim.grammar import unsaid
from stesim.models import Model, ReplayModel, ScriptedModel
from stesim.prompts import PromptSet, StagePrompts, load_stage_prompts
from stesim.records import RunSettings, Sampling, Trial, which
from stesim.store import RunFolder, StageFolder
from stesim.store.folder import is_run
from stesim.toolbox import Toolbox

Values = dict[str, Any]

DEFAULT_MODEL = "smollm2"
DEFAULT_CONTEXT = 4096  # tokens, for models without a bound of their own

DEFAULTS: Values = {
    "tools": None,
    "episodes": 3,
    "trials": 2,
    "max_calls": 3,
    "seed": 0,
    "temperature": 0.4,
    "imagine_temperature": 0.6,
    "top_p": 0.95,
    "top_k": 40,
    "min_p": 0.05,
    "repeat_penalty": 1.05,
    "max_tokens": 128,
    "context": None,
    "observation_limit": 2048,
    "long_term_tokens": 512,
    "today": None,
    "constrain": "auto",
    "faults": toolbox.NO_FAULTS,
    "imagine": "query-first",
    "short_term": True,
    "long_term": True,
    "feedback": True,
    "reflection": True,
}
PAPER: Values = {
    "episodes": 15,
    "trials": 4,
    "max_calls": 4,
    "temperature": 1.0,
    "imagine_temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
    "repeat_penalty": 1.0,
    "max_tokens": 360,
    "constrain": "off",
}
NOT_DETERMINISTIC = (
    "seconds and reused_tokens in completions.jsonl; replies may differ on another processor or with another build of "
    "llama.cpp"
)
# Settings of runs from before there was a choice.
_LATER: Values = {"constrain": False, "faults": toolbox.NO_FAULTS, "imagine": "query-first"}
_PARTS = {
    "model": ("spec", "name", "fingerprint"),
    "prompts": ("source", "fingerprint"),
    "tools": ("toolset", "fingerprint"),
}
_SAMPLING = tuple(Sampling.__dataclass_fields__)


def open_model(
    spec: str, *, context: int | None, threads: int | None, today: datetime.date, lora: str | None = None
) -> Model:
    """The model that `--model` names, with the adapter that `--lora` does; raises `ModelError` with one line."""
    kind, colon, rest = spec.partition(":")
    if lora and colon and kind in ("scripted", "replay"):
        raise ModelError(f"--lora goes with a GGUF file; {spec} are replies, which have no weights to change")
    if kind == "scripted" and colon:
        return ScriptedModel.from_file(Path(rest))
    if kind == "replay" and colon:
        return open_replay(Path(rest))
    from stesim.models.default import smollm2_path
    from stesim.models.llamacpp import LlamaCppModel

    path = smollm2_path() if spec == DEFAULT_MODEL else Path(os.path.expanduser(spec))
    if not os.path.exists(path):
        raise ModelError(f"no model {spec!r}: give smollm2, the path of a GGUF file, scripted:FILE or replay:RUN")
    name = DEFAULT_MODEL if spec == DEFAULT_MODEL else None
    return LlamaCppModel(path, context=context, thread_count=threads, today=today, name=name, lora=lora)


def thread_count(text: str) -> int | None:
    """What `--threads` says: None for auto. Raises `UserError`."""
    if text == "auto":
        return None
    most = max(64, os.cpu_count() or 1)
    if len(text) > 4 or not text.isdecimal() or not 1 <= int(text) <= most:
        raise UserError(f"--threads {text[:20]!r} is neither auto nor a number from 1 to {most}")
    return int(text)


def open_replay(path: Path) -> ReplayModel:
    """The model that repeats a recorded run, or another stage."""
    folder = RunFolder.read(path)
    manifest = recorded(folder)
    return ReplayModel(
        folder.completions(), folder.counts(), name=f"replay:{path}", fingerprint=manifest["model"]["fingerprint"],
        context=manifest["settings"]["context"],
    )  # fmt: skip


def recorded(folder: StageFolder) -> Mapping[str, Any]:
    """The manifest of a folder of any stage, checked as far as every stage needs it; raises `StoreError`."""
    manifest = folder.manifest
    if manifest.get("stage", "run") == "run":
        return checked(manifest, folder.path)
    settings = manifest.get("settings")
    fine = isinstance(settings, dict) and isinstance(settings.get("context"), int)
    if not fine or wrong_parts(manifest, {"model": _PARTS["model"]}):
        raise StoreError(f"{folder.path / 'manifest.json'} is not a manifest of stesim")
    return manifest


def recorded_manifest(spec: str | None, out: Path | None) -> tuple[Mapping[str, Any], bool]:
    """The manifest of the run to go on with (and True), or of the run to replay (and False), or nothing."""
    if out is not None and is_run(out):
        return checked(RunFolder.read(out).manifest, out), True
    if spec is not None and spec.startswith("replay:"):
        path = Path(spec.removeprefix("replay:"))
        return checked(RunFolder.read(path).manifest, path), False
    return {}, False


def checked(manifest: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """A manifest read from disk, after a look at every value that a run takes from it; raises `StoreError`."""
    wanted = {name: type(value) for name, value in DEFAULTS.items()}
    wanted |= {"tools": list, "context": int, "today": str, "constrain": bool}
    settings = manifest.get("settings")
    if isinstance(settings, dict):
        for name, value in _LATER.items():
            settings.setdefault(name, value)
    if isinstance(settings, dict) and settings.keys() == wanted.keys():
        wrong = [name for name, kind in wanted.items() if not _is(settings[name], kind)]
    else:
        wrong = ["settings"]
    if isinstance(manifest.get("tools"), dict):
        manifest["tools"].setdefault("toolset", toolbox.EVERY)  # runs from before there were others
    wrong += wrong_parts(manifest, _PARTS)
    if wrong:
        raise StoreError(f"{path / 'manifest.json'} is not a run's manifest: look at {', '.join(wrong)}")
    return manifest


def wrong_parts(manifest: Mapping[str, Any], parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Those parts of a manifest that are no objects with texts under all their names."""
    wrong = []
    for part, names in parts.items():
        told = manifest.get(part)
        if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in names):
            wrong.append(part)
    return wrong


def _is(value: object, kind: type) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(name, str) for name in value)
    return type(value) is kind or (kind is float and type(value) is int)


def check_order(finished: Sequence[Trial], settings: RunSettings, path: Path) -> None:
    """Raise `StoreError` unless the finished trials are the first ones of the run, in order."""
    places = itertools.product(settings.tools, range(1, settings.episodes + 1), range(1, settings.trials + 1))
    for number, trial in enumerate(finished, 1):
        if which(trial) != next(places, None):
            raise StoreError(
                f"{path / 'trials.jsonl'}, line {number} is out of place: is a line missing, or there twice?"
            )


def chosen_tools(toolset: str | None, tools: str | list[str] | None) -> tuple[str, list[str] | None]:
    """The toolset that `--toolset` and `--tools` mean, and the names of the tools, or None for all of them.

    Without either it is `starter`; names without a toolset are those of any bundled tools.
    """
    if tools is None:
        return toolset or toolbox.STARTER, None
    return toolset or toolbox.EVERY, tools if isinstance(tools, list) else names_in(tools)


def recorded_toolset(manifest: Mapping[str, Any]) -> str | None:
    """The toolset of a recorded run. A Python file is code, so only who types its name runs it: `UserError`."""
    found: str | None = manifest.get("tools", {}).get("toolset")
    if found and toolbox.runs_code(found):
        raise UserError(f"the run used the tools of a Python file; name it to run its code: --toolset {plain(found)}")
    return found


def names_in(value: str) -> list[str]:
    """The names meant by `--tools`: with commas between them, or a JSON list."""
    if value in toolbox.toolset_names():
        raise UserError(f"--tools takes names of tools; {value} is a toolset: --toolset {value}")
    if value.lstrip().startswith("["):
        try:
            names = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise UserError(f"--tools is not a JSON list: {error}") from None
        if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
            raise UserError("--tools: the JSON list must hold names")
    else:
        names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise UserError("--tools names no tool")
    return names


def parse_day(text: str | None) -> datetime.date:
    """The date that the tools take for today."""
    try:
        return datetime.date.fromisoformat(text) if text else toolbox.default_today()
    except ValueError:
        raise UserError(f"--today {text!r} is not a date such as 2024-05-31") from None


def make_settings(values: Values, model: Model) -> RunSettings:
    """The settings from layered values and from what the model can do. Raises `UserError`."""
    size = context_size(values["context"], model, values["max_tokens"])
    sampling, rest = split_sampling(values)
    rest |= {"tools": tuple(values["tools"]), "context": size, "today": parse_day(values["today"]).isoformat()}
    rest["constrain"] = constrained(values["constrain"], model)
    return RunSettings(sampling=sampling, **rest)


def split_sampling(values: Mapping[str, Any]) -> tuple[Sampling, Values]:
    """The sampler's settings among flat ones, and the other ones."""
    rest = {name: value for name, value in values.items() if name not in _SAMPLING}
    return Sampling(**{name: values[name] for name in _SAMPLING}), rest


def context_size(wanted: int | None, model: Model, reply: int, told: str = "--max-tokens") -> int:
    """The size of the context in tokens: what is wanted, else the model's.

    Raises `UserError` if the model has less, and if `reply` tokens do not fit in it; `told` says what these are.
    """
    if model.context and wanted and wanted > model.context:
        raise UserError(f"--ctx {wanted} is more than the model's {model.context}")
    size = wanted or model.context or DEFAULT_CONTEXT
    if reply >= size:
        raise UserError(f"{told} {reply} does not fit in a context of {size} tokens; use a larger --ctx")
    return size


def folder_of_prompts(typed: Path | None, recorded: Mapping[str, Any]) -> Path | None:
    """The folder of prompts, typed or else recorded in a manifest; None for those that come with stesim."""
    source = recorded.get("prompts", {}).get("source") or "default"
    return typed or (None if source == "default" else Path(source))


def constrained(wanted: str | bool, model: Model) -> bool:
    """Whether replies are constrained; a run that was recorded says so itself."""
    if wanted == "on" and not model.constrains:
        raise UserError(f"--constrain on: {model.name} cannot be held to a grammar; use off or auto")
    return model.constrains if wanted == "auto" else wanted in ("on", True)


def flat(settings: RunSettings) -> Values:
    """The settings as the manifest holds them."""
    values = asdict(settings)
    sampling = values.pop("sampling")
    return {**values, **sampling, "tools": list(settings.tools)}


def call_first_prompts(settings: RunSettings, folder: Path | None) -> StagePrompts | None:
    """The prompts of call-first imagining, where the settings ask for it."""
    return load_stage_prompts("call_first", folder) if settings.imagine == "call-first" else None


def make_manifest(
    settings: RunSettings, spec: str, model: Model, prompts: PromptSet, toolset: str, box: Toolbox,
    templates: StagePrompts | None = None,
) -> Values:  # fmt: skip
    """What `manifest.json` says: all that the run depends on, and what it does not decide."""
    fingerprint = prompts.fingerprint + (f"+{templates.fingerprint}" if templates else "")
    return {
        "stesim": __version__,
        "stage": "run",
        "settings": flat(settings),
        "model": {"spec": lasting_spec(spec), "name": model.name, "fingerprint": model.fingerprint, **model.describe()},
        "prompts": {"source": lasting_spec(prompts.source), "fingerprint": fingerprint},
        "tools": {"toolset": toolbox.lasting(toolset), "fingerprint": box.fingerprint},
        "memory": (
            "Short-term: when a prompt would leave less than max_tokens of the context, the oldest trials of the "
            "episode leave first; the first one that stays takes over the tool's description. Long-term: the newest "
            "queries that fit in long_term_tokens."
        ),
        "not_deterministic": NOT_DETERMINISTIC,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


Differs = Callable[[str, Mapping[str, Any], Mapping[str, Any]], str]


def differs(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """That a setting was another one, for an error message."""
    return f"{name} was {_said(before, name)}, not {_said(after, name)}"


def check_same(
    recorded: Mapping[str, Any], now: Mapping[str, Any], out: Path, remedy: str = "another --out",
    differs: Differs = differs,
) -> None:  # fmt: skip
    """Raise `StoreError`, naming every difference, unless a run can go on with what it was started with.

    `recorded` is a manifest that `checked` has passed; `remedy` is what the user can do besides typing the same,
    `differs` says of a setting's name that it was another one.
    """
    stage = recorded.get("stage", "run")
    differences = [f"it holds the stage {stage}, not {now['stage']}"] if now.get("stage", stage) != stage else []
    earlier, settings = recorded["settings"], now["settings"]
    differences += [
        differs(name, earlier, settings)
        for name in settings | earlier
        if earlier.get(name, ...) != settings.get(name, ...)
    ]
    for part in [*_PARTS, "input"]:
        before, after = _part(recorded, part), _part(now, part)
        if before.get("fingerprint") != after.get("fingerprint"):
            differences.append(f"the {part} changed{_unlike_names(before, after)}")
    if differences:
        raise StoreError(f"{out} was started differently: {'; '.join(differences)}. Use the same settings, or {remedy}")


def _said(settings: Mapping[str, Any], name: str) -> str:
    return repr(settings[name]) if name in settings else "nothing"


def _unlike_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The names of two parts of manifests, with those of a model's adapters, where they differ."""
    adapters = [each["lora"] if isinstance(each.get("lora"), dict) else {} for each in (before, after)]
    names = [str(each.get("name")) for each in (before, after)]
    if adapters[0] != adapters[1]:
        told = [f"{each['spec']}:{each.get('scale')}" if each.get("spec") else "no adapter" for each in adapters]
        if told[0] == told[1]:
            return " (the adapter is another one now)"
        names = [f"{name} with {each}" for name, each in zip(names, told, strict=True)]
    return "" if names[0] == names[1] else f" ({names[0]}, not {names[1]})"


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = manifest.get(name)
    return found if isinstance(found, dict) else {}


def notes(recorded: Mapping[str, Any], now: Mapping[str, Any], box: Toolbox) -> None:
    """Say what does not stop a run but may change what comes of it."""
    for tool in box.tools if now["settings"]["constrain"] else ():
        if words := unsaid(tool.parameters):
            click.echo(f"note: the grammar of {plain(tool.name)} leaves out {plain(', '.join(words))}", err=True)
    trained = now["model"].get("trained_context")
    if trained and now["settings"]["context"] > trained:
        click.echo(f"note: the context is larger than the {trained} tokens that the model was trained with", err=True)
    before = {"stesim": recorded.get("stesim"), "llama-cpp-python": recorded.get("model", {}).get("llama_cpp_python")}
    after = {"stesim": now["stesim"], "llama-cpp-python": now["model"].get("llama_cpp_python")}
    for name, version in before.items():
        if version and version != after[name]:
            click.echo(f"note: the run was begun with {name} {version}; this is {after[name]}", err=True)


def lasting_spec(spec: str) -> str:
    """A path as it can be found from another folder; anything else as it is."""
    kind, colon, rest = spec.partition(":")
    if spec in (DEFAULT_MODEL, "default"):  # names, even if a file is called so
        return spec
    if colon and kind in ("scripted", "replay"):
        return f"{kind}:{Path(rest).resolve()}"
    path = os.path.expanduser(spec)
    return str(Path(path).resolve()) if os.path.exists(path) else spec
