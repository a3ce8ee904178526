"""The two stages of `stesim distill`: the judge of every trial, and the rewording of what passed.

    stages_of = Distillation(run, wish, toolset, box)
    judged = stages_of.judge()
    paraphrased = stages_of.paraphrase(originals)

Each works in a folder of its own in the run's, and resumes. What a stage was started with need not be typed again: its
manifest's settings stand in for what is not typed, as do those of a stage that is replayed. A model is loaded when it
is first asked. Not covered: the figures (`distilled.py`).
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from stesim.cli import build, stages
from stesim.cli.adapters import Named, told
from stesim.cli.common import plain
from stesim.cli.distill_again import AGAIN, differs, others, refuse_others
from stesim.cli.distill_folders import (
    JUDGE,
    JUDGE_DEFAULTS,
    PARAPHRASE,
    PARAPHRASE_DEFAULTS,
    SWITCHES,
    JudgeFolder,
    ParaphraseFolder,
    Source,
    Values,
    check_judged,
    check_paraphrased,
    stage_manifest,
)
from stesim.cli.progress import Progress
from stesim.gates import Gates
from stesim.judge import JudgeSettings, Judging
from stesim.models import Model, ScriptedModel
from stesim.models.driving import Asking
from stesim.models.recording import RecordingModel
from stesim.paraphrase import ParaphraseSettings, Paraphrasing, share
from stesim.paraphrase.stage import worked
from stesim.prompts import StagePrompts, load_stage_prompts
from stesim.records import Demonstration, Judged, Paraphrased, which
from stesim.store import StageFolder
from stesim.store.codec import judged_to_json, paraphrased_to_json
from stesim.toolbox import Toolbox, lasting

_NO_MODEL = "none"


@dataclass(frozen=True)
class Wish:
    """What was typed; None for what was not. `lora` is for the model, also where it judges. `judge_settings` and
    `paraphrase_settings` are for one stage each.
    """

    model: str | None
    lora: str | None
    judge: str | None
    prompts: Path | None
    threads: str
    toolset: str | None
    again: str
    judge_settings: Values
    paraphrase_settings: Values


@dataclass
class Distillation:
    """The stages of one run. `last` is what the summary of an earlier distillation says of its settings."""

    run: Source
    wish: Wish
    toolset: str
    box: Toolbox
    last: Values
    judge_name: str | None = field(default=None, init=False)
    paraphraser_name: str | None = field(default=None, init=False)
    seconds: float = field(default=0.0, init=False)
    _model: Model | None = field(default=None, init=False)
    _opened: tuple[Named, int | None] = field(default=(Named(""), None), init=False)
    _judged_with: Model | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._judge_path, self._paraphrase_path = self.run.path / JUDGE, self.run.path / PARAPHRASE
        self._judge_recorded = stage_manifest(JudgeFolder, self._judge_path, JUDGE, JUDGE_DEFAULTS)
        self._paraphrase_recorded = stage_manifest(
            ParaphraseFolder, self._paraphrase_path, PARAPHRASE, PARAPHRASE_DEFAULTS
        )
        self._meant = self._judge_recorded.get(PARAPHRASE, {})  # for the paraphrases, when the judge was begun
        self.judge_values = self._layers(
            JUDGE_DEFAULTS, self._judge_recorded, self.wish.judge, self.wish.judge_settings
        )
        if self.wish.judge is not None:
            self.judge_values["judge"] = True
        before = {"settings": self._meant.get("settings", {}) | self.last | _settings(self._paraphrase_recorded)}
        if self._paraphrase_recorded and not self.last:
            before["settings"]["paraphrase"] = True
        switch = before["settings"].get("paraphrase", True)
        if self.last or self._paraphrase_recorded:
            refuse_others(self.run.path, self._other_settings(before["settings"]))
        self.values = self._layers(PARAPHRASE_DEFAULTS, before, self.wish.model, self.wish.paraphrase_settings)
        self.paraphrases = bool(self.values.pop("paraphrase", switch))

    def _other_settings(self, begun: Values) -> list[str]:
        """How what was typed differs from what the distillation was done with, in words."""
        judged, typed = self._judge_recorded, self.wish.judge_settings
        if not judged:
            return ["its verdicts (judge/) are gone"]
        typed = {**typed, "judge": True if self.wish.judge is not None else typed["judge"]}
        words = {name: value for name, value in self.wish.paraphrase_settings.items() if name not in typed}
        found = others(typed, judged["settings"]) + others(words, {"paraphrase": True, **begun})
        toolset = judged["tools"]["toolset"]
        there = os.sep not in toolset or os.path.exists(toolset)  # one that was moved goes by its new path
        if there and self.wish.toolset:
            found += others({"toolset": lasting(self.wish.toolset)}, {"toolset": toolset})
        asked = judged["model"]["spec"] != _NO_MODEL or self._paraphrase_recorded
        return found if asked or not self.wish.model else [*found, "--model was of no use"]

    def close(self) -> None:
        """Free the model, if there is one."""
        if self._model is not None:
            self._model.close()
            self._model = None

    # -- the judge -------------------------------------------------------------------------------------------------

    def judge(self) -> list[Judged]:
        """What became of each trial; those that are not judged yet are judged now."""
        recorded, path, values = self._judge_recorded, self._judge_path, self.judge_values
        prompts = self._prompts(JUDGE, recorded)
        worked(self._paraphrase_prompts())  # a mistake in them shows now, not after the judge's hour
        named = self._judge_named() if values["judge"] else Named(_NO_MODEL)
        parts = {"prompts": stages.prompts_part(prompts), "tools": self._tools(), "input": self.run.fingerprint()}
        before = JudgeFolder.read(path).judged() if recorded else []
        check_judged(before, self.run.trials, path)
        if recorded and len(before) == len(self.run.trials) and _is_same(named, recorded):
            now = {"settings": _as_recorded(values, recorded), "model": recorded["model"], **parts}
            build.check_same(recorded, now, path, AGAIN, differs)
            self._name_judge(JudgeFolder.read(path))
            return before
        model = self._open(named, values)
        settings = _settled(values, model, "judge_tokens")
        judging = self._judging(settings, prompts, model)
        judging.check()
        to_come = self._paraphrase_named(required=False).lasting()
        meant = {
            "spec": to_come.spec,
            **({"lora": to_come.lora} if to_come.lora else {}),
            "prompts": stages.prompts_part(self._paraphrase_prompts())["source"],
            "settings": {**self.values, "paraphrase": self.paraphrases},
        }
        manifest = stages.make_manifest(JUDGE, settings, named.spec, model, **parts, paraphrase=meant)
        with stages.open_folder(JudgeFolder, path, manifest, AGAIN, differs) as folder:
            found = folder.judged()
            progress = Progress("trials", whole=len(self.run.trials), done=len(found))

            def ask(recording: RecordingModel) -> Asking:
                def keep(judged: Judged) -> None:
                    folder.add(judged_to_json(judged), recording.take_counts())
                    progress.advance(f"{judged.tool} {judged.episode}.{judged.trial}: {judged.gate or 'kept'}")

                judging.count, judging.keep, judging.finished = recording.count, keep, found
                return judging.ask(self.run.trials)

            asked = sum(judged.asked for judged in found)
            stages.conduct(folder, model, ask, progress, asked_before=asked, again=self.wish.again)
            self._name_judge(folder)
            self._judge_recorded, self._judged_with = folder.manifest, model
            return folder.judged()

    def _name_judge(self, folder: JudgeFolder) -> None:
        name = self._finish(folder)
        self.judge_name = name if self.judge_values["judge"] else None

    def _judging(self, settings: Values, prompts: StagePrompts, model: Model) -> Judging:
        gates = Gates(self.box, settings["grounding"], settings["similar"], self.run.today)
        traits = {name: settings[name] for name in ("seed", "judge_tokens", "context", "temperature", "constrain")}
        asked = prompts if settings["judge"] else None
        return Judging(self.box, asked, JudgeSettings(**traits), gates, model.count, keep=lambda _: None)

    def _judge_named(self) -> Named:
        """The judge's model: the typed one, the one that it was begun with, the run's."""
        if self.wish.judge is not None:
            return Named(self.wish.judge)
        begun, meant = Named.recorded(self._judge_recorded.get("model", {"spec": _NO_MODEL})), self._meant_named()
        if begun.spec != _NO_MODEL:
            typed = self.wish.model is not None or self.wish.lora is not None
            if not typed or (meant.spec and self._typed(meant.spec, meant).lasting() == meant):
                return begun
        return self._typed(self.wish.model or self.run.spec(), Named.recorded(self.run.model))

    # -- the paraphrases -------------------------------------------------------------------------------------------

    def paraphrase(self, originals: Sequence[Demonstration]) -> list[Paraphrased]:
        """The rewordings of the examples; none where they are switched off, and where none are wanted."""
        recorded, path, values = self._paraphrase_recorded, self._paraphrase_path, self.values
        numbers = [original.tool for original in originals]
        wanted = [share(numbers.count(tool), values["wanted"], values["most"]) for tool in set(numbers)]
        if not self.paraphrases or not any(wanted):
            return []
        prompts = self._paraphrase_prompts()
        judged = {"fingerprint": stages.fingerprint(self._judge_path / JudgeFolder.FINISHED)}
        parts = {"prompts": stages.prompts_part(prompts), "tools": self._tools(), "input": judged}
        before = ParaphraseFolder.read(path).paraphrased() if recorded else []
        named = self._paraphrase_named(required=len(before) < len(originals))
        if recorded and len(before) == len(originals) and _is_same(named, recorded):
            now = {"settings": _as_recorded(values, recorded), "model": recorded["model"], **parts}
            build.check_same(recorded, now, path, AGAIN, differs)
            check_paraphrased(before, originals, path)
            self.paraphraser_name = self._finish(ParaphraseFolder.read(path))
            return before
        model = self._open(named, values)
        settings = _settled(values, model, "max_tokens")
        manifest = stages.make_manifest(PARAPHRASE, settings, named.spec, model, **parts)
        with stages.open_folder(ParaphraseFolder, path, manifest, AGAIN, differs) as folder:
            found = folder.paraphrased()
            check_paraphrased(found, originals, path)
            progress = Progress("queries to reword", whole=len(originals), done=len(found))

            def ask(recording: RecordingModel) -> Asking:
                def keep(paraphrased: Paraphrased) -> None:
                    folder.add(paraphrased_to_json(paraphrased), recording.take_counts())
                    progress.advance(f"{'.'.join(map(str, which(paraphrased)))}: {len(paraphrased.paraphrases)}")

                traits = _paraphrase_settings(settings)
                return Paraphrasing(self.box, prompts, traits, recording.count, keep, found).ask(originals)

            asked = sum(paraphrased.asked for paraphrased in found) + self._asked_as_judge(named.spec, model)
            stages.conduct(folder, model, ask, progress, asked_before=asked, again=self.wish.again)
            self.paraphraser_name = self._finish(folder)
            return folder.paraphrased()

    def _asked_as_judge(self, spec: str, model: Model) -> int:
        """How many completions of a script went to the judge in an earlier part of the work."""
        same = build.lasting_spec(spec) == self._judge_recorded["model"]["spec"]
        if not same or model is self._judged_with or not isinstance(model, ScriptedModel):
            return 0
        return sum(judged.asked for judged in JudgeFolder.read(self._judge_path).judged())

    def _paraphrase_named(self, *, required: bool) -> Named:
        """The rewording model: the typed one, the one that the work was begun with, the run's."""
        begun = Named.recorded(self._paraphrase_recorded.get("model", {}))
        begun = begun if begun.spec else self._meant_named()
        if begun.spec:
            return self._typed(begun.spec, begun)
        spec = self.wish.model or self.run.spec(required=required and self.paraphrases)
        return self._typed(spec, Named.recorded(self.run.model))

    def _meant_named(self) -> Named:
        """The rewording model that was meant when the judge was begun; its name is empty if none was."""
        return Named(self._meant.get("spec", ""), self._meant.get("lora"))

    def _typed(self, spec: str, known: Named) -> Named:
        """What is typed; for what is not, this model, with its adapter if it is the one that is known."""
        return Named(self.wish.model or spec, self.wish.lora).chosen(known)

    # -- what both need --------------------------------------------------------------------------------------------

    def _layers(self, defaults: Values, recorded: Mapping[str, Any], spec: str | None, typed: Values) -> Values:
        replayed = self._replayed(spec, defaults) if not recorded.get("settings") else {}
        values = {**defaults, "seed": self.run.settings.seed, **replayed, **_settings(recorded)}
        values |= {name: value for name, value in typed.items() if value is not None}
        return {**values, "today": self.run.settings.today}

    def _replayed(self, spec: str | None, defaults: Values) -> Values:
        """The settings of the stage that is replayed."""
        if spec is None or not spec.startswith("replay:"):
            return {}
        path = Path(spec.removeprefix("replay:"))
        stage = JUDGE if defaults is JUDGE_DEFAULTS else PARAPHRASE
        return _settings(stage_manifest(JudgeFolder, path, stage, defaults, needed=True))

    def _prompts(self, stage: str, recorded: Mapping[str, Any]) -> StagePrompts:
        return load_stage_prompts(stage, build.folder_of_prompts(self.wish.prompts, recorded))

    def _paraphrase_prompts(self) -> StagePrompts:
        begun = {"prompts": {"source": self._meant.get("prompts")}}
        return self._prompts(PARAPHRASE, self._paraphrase_recorded or begun)

    def _tools(self) -> Mapping[str, Any]:
        return self.run.told_tools(self.toolset, self.box)

    def _open(self, named: Named, values: Values) -> Model:
        """The model, which is loaded only once where both stages have the same."""
        if named.spec == _NO_MODEL:
            return ScriptedModel([], name=_NO_MODEL)
        wanted = (named.lasting(), values["context"])
        if self._model is None or self._opened != wanted:
            self.close()
            threads = build.thread_count(self.wish.threads)
            click.echo(f"loading {plain(named.said)} …", err=True)
            today = self.run.today or datetime.date.today()
            self._model = build.open_model(
                named.spec, context=values["context"], threads=threads, today=today, lora=named.lora
            )
            self._opened = wanted
        return self._model

    def _finish(self, folder: StageFolder) -> str:
        """The name of a stage's model, whose time counts from now on."""
        self.seconds += sum(completion.seconds for _, completion in folder.completions())
        return told(folder.manifest["model"])


def _is_same(named: Named, recorded: Mapping[str, Any]) -> bool:
    """Whether a model is the one of a manifest, by its name."""
    return named.lasting() == Named.recorded(recorded["model"])


def _settings(manifest: Mapping[str, Any]) -> Values:
    found: Values = dict(manifest.get("settings", {}))
    return {name: value for name, value in found.items() if name not in SWITCHES}


def _as_recorded(values: Values, recorded: Mapping[str, Any]) -> Values:
    """The settings with what only a model could decide taken from those recorded, unless it is typed otherwise."""
    settled = dict(values)
    if "constrain" in settled:
        constrain = settled["constrain"]
        settled["constrain"] = recorded["settings"]["constrain"] if constrain == "auto" else constrain in ("on", True)
    settled["context"] = settled["context"] or recorded["settings"]["context"]
    return settled


def _settled(values: Values, model: Model, tokens: str) -> Values:
    """The settings with the context and the constraint that the model has; raises `UserError`."""
    settled = {**values, "context": build.context_size(values["context"], model, values[tokens], "a reply of")}
    if "constrain" in values:
        settled["constrain"] = build.constrained(values["constrain"], model)
    return settled


def _paraphrase_settings(values: Values) -> ParaphraseSettings:
    sampling, rest = build.split_sampling(values)
    return ParaphraseSettings(sampling=sampling, **rest)
