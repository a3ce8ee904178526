"""What `stesim distill` reads: the run, and the folders of its two stages; all checked before anything is done.

    source = read_source(Path("runs/first"), unfinished=False)
    len(source.trials)

Not covered: writing, which the stages do (`distilling.py`).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stesim import toolbox
from stesim.cli import build, stages
from stesim.errors import StoreError, UserError
from stesim.gates import demonstration_of
from stesim.records import Demonstration, Judged, Paraphrased, RunSettings, Trial, which
from stesim.store import RunFolder, StageFolder
from stesim.store.codec import judged_from_json, paraphrased_from_json
from stesim.store.folder import TRIALS, is_run
from stesim.toolbox import Toolbox

Values = dict[str, Any]

JUDGE, PARAPHRASE = "judge", "paraphrase"
SWITCHES = ("paraphrase",)  # settings that say whether there is a stage, not how it is done
JUDGE_DEFAULTS: Values = {
    "judge": True, "seed": 0, "context": None, "judge_tokens": 256, "temperature": 0.7, "constrain": "auto",
    "grounding": "words", "similar": 0.8, "today": "",
}  # fmt: skip
PARAPHRASE_DEFAULTS: Values = {
    "seed": 0, "context": None, "temperature": 0.6, "top_p": 0.95, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.05,
    "max_tokens": 96, "wanted": 150, "most": 6, "grounding": "words", "similar": 0.9, "overlap": 0.5, "today": "",
}  # fmt: skip


class JudgeFolder(StageFolder):
    """The judge's folder; a line of what is finished for each trial, in the order of the run."""

    FINISHED = "judged.jsonl"
    ELSEWHERE = ""

    def judged(self) -> list[Judged]:
        """What became of the trials so far; raises `StoreError` with the line's number."""
        return [judged_from_json(value, where) for where, value in self.finished()]


class ParaphraseFolder(StageFolder):
    """The folder of the rewordings; a line of what is finished for each example, in the order of the run."""

    FINISHED = "paraphrased.jsonl"
    ELSEWHERE = ""

    def paraphrased(self) -> list[Paraphrased]:
        """The rewordings so far; raises `StoreError` with the line's number."""
        return [paraphrased_from_json(value, where) for where, value in self.finished()]


@dataclass(frozen=True)
class Source:
    """The run that is distilled; `missing` trials of it are not finished."""

    path: Path
    manifest: Mapping[str, Any]
    settings: RunSettings
    trials: Sequence[Trial]
    missing: int

    @property
    def today(self) -> datetime.date | None:
        """The date that the run's tools took for today."""
        return build.parse_day(self.settings.today) if self.settings.today else None

    def fingerprint(self) -> Mapping[str, Any]:
        """Of the trials, for the manifest."""
        return {"fingerprint": stages.fingerprint(self.path / TRIALS)}

    def spec(self, *, required: bool = True) -> str:
        """The run's model; for replies that were written before, `UserError` if one is `required`, else nothing."""
        spec: str = self.manifest["model"]["spec"]
        if not spec.startswith(("scripted:", "replay:")):
            return spec
        if required:
            raise UserError(
                f"{self.path} was made with recorded replies ({spec}), which are of no use here; name a model: --model "
                f"smollm2, the path of a GGUF file, scripted:FILE or replay:FOLDER"
            )
        return ""

    @property
    def model(self) -> Mapping[str, Any]:
        """What the run's manifest says of its model."""
        found: Mapping[str, Any] = self.manifest["model"]
        return found

    def told_tools(self, toolset: str, box: Toolbox) -> Mapping[str, Any]:
        """The tools for a manifest; raises `UserError` if they are not those of the run any more."""
        if box.fingerprint != self.manifest["tools"]["fingerprint"]:
            raise UserError(
                f"the tools of {toolset} are not those that {self.path} was made with: their descriptions, parameters "
                f"or fixtures have changed; make a new run"
            )
        return {"toolset": toolbox.lasting(toolset), "fingerprint": box.fingerprint}


def read_source(path: Path, *, unfinished: bool) -> Source:
    """The run in a folder; raises `StoreError` if it cannot be read, and `UserError` if trials are missing and it is
    not to be taken `unfinished`.
    """
    folder = RunFolder.read(path)
    if folder.manifest.get("stage", "run") != "run":
        raise StoreError(f"{path} is not a run but its stage {folder.manifest['stage']}; name the run's folder")
    manifest = build.checked(folder.manifest, path)
    sampling, rest = build.split_sampling(manifest["settings"])
    settings = RunSettings(sampling=sampling, **{**rest, "tools": tuple(rest["tools"])})
    trials = list(folder.trials())
    build.check_order(trials, settings, path)
    whole = len(settings.tools) * settings.episodes * settings.trials
    missing = whole - len(trials)
    if missing and not unfinished:
        raise UserError(
            f"{path} is not finished: {missing} of {whole} trials are missing. Go on with: stesim run --out {path}; or "
            f"take it as it is with --unfinished"
        )
    return Source(path, manifest, settings, trials, missing)


def stage_manifest(
    kind: type[StageFolder], path: Path, stage: str, defaults: Values, *, needed: bool = False
) -> Mapping[str, Any]:
    """The manifest of a stage's folder after a look at every value that is taken from it; empty if there is none.

    Raises `StoreError`, also for one that is missing but `needed`.
    """
    if not needed and not is_run(path):
        return {}
    manifest = build.recorded(kind.read(path))
    wrong = wrong_settings(manifest["settings"], defaults) if manifest.get("stage") == stage else ["stage"]
    wrong += build.wrong_parts(manifest, {"prompts": ["source"], "tools": ["toolset"], "input": ["fingerprint"]})
    meant = manifest.get(PARAPHRASE, {})
    if stage == JUDGE and not _is_meant(meant):
        wrong.append(PARAPHRASE)
    if wrong:
        names = ", ".join(wrong)
        raise StoreError(f"{path / 'manifest.json'} is not a manifest of the stage {stage}: look at {names}")
    return manifest


def _is_meant(value: Any) -> bool:
    """Whether this is what a judge's manifest says of the paraphrases to come."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("spec", "prompts")):
        return False
    settings = value.get("settings")
    if not isinstance(value.get("lora", ""), str):
        return False
    return isinstance(settings, dict) and not wrong_settings(settings, {**PARAPHRASE_DEFAULTS, "paraphrase": True})


def wrong_settings(settings: Mapping[str, Any], defaults: Values) -> list[str]:
    """The names of settings that are missing, unknown or of another kind than the default."""
    if settings.keys() != defaults.keys():
        return ["settings"]
    return [name for name, value in defaults.items() if not _is(settings[name], name, value)]


def _is(value: object, name: str, default: object) -> bool:
    if name == "context":
        return value is None or type(value) is int
    if name == "constrain":
        return type(value) is bool
    if name == "grounding":
        return value in ("words", "strict", "off")
    return type(value) is type(default) or (type(default) is float and type(value) is int)


def check_judged(judged: Sequence[Judged], trials: Sequence[Trial], path: Path) -> None:
    """Raise `StoreError` unless these are the first of the trials, in order."""
    for number, found in enumerate(judged, 1):
        trial = trials[number - 1] if number <= len(trials) else None
        demonstration = found.demonstration
        same = trial is not None and which(found) == which(trial) and demonstration in (None, demonstration_of(trial))
        if not same or not (found.gate or demonstration):
            raise StoreError(
                f"{path / JudgeFolder.FINISHED}, line {number} is not that of a trial: is a line missing, or there "
                f"twice, or of another run? Begin anew with --again, which sets aside what is there"
            )


def check_paraphrased(paraphrased: Sequence[Paraphrased], originals: Sequence[Demonstration], path: Path) -> None:
    """Raise `StoreError` unless these are of the first of the examples, in order."""
    for number, found in enumerate(paraphrased, 1):
        if number > len(originals) or which(found) != which(originals[number - 1]):
            raise StoreError(
                f"{path / ParaphraseFolder.FINISHED}, line {number} is not that of an example: is a line missing, or "
                f"there twice? Begin anew with --again, which sets aside what is there"
            )
