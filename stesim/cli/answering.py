"""Asking a model about a test set: an evaluation's folder, its answers and its result.

With all answers there, the model is not loaded. Not covered: the options and what is printed (`evaluate.py`,
`figures.py`), and what is read before a model is asked (`preparing.py`).
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import toolbox
from stesim.cli import build, modes, stages
from stesim.cli.adapters import Named, outdated
from stesim.cli.common import plain
from stesim.cli.preparing import STAGE, Prepared, Wish, manifest_of_replay, manifest_of_run, name_of, path_of, prepare
from stesim.cli.progress import Progress
from stesim.errors import ReplayMismatch, StoreError
from stesim.evaluate.answers import Answer, AnswerFolder
from stesim.evaluate.asking import AnswerSettings, Choice, Choose, Evaluation, chooser, misfit_of
from stesim.evaluate.measure import Marker
from stesim.evaluate.result import PREDICTIONS, RESULT, different_calls, make_predictions, make_result
from stesim.models import Model
from stesim.models.recording import RecordingModel
from stesim.offline import no_network
from stesim.report import trained
from stesim.report.study import demonstrations_now
from stesim.testset import Case


def answer(wish: Wish) -> list[tuple[Path, dict[str, Any]]]:
    """Ask the model all that is not answered yet; the folder and the result of each evaluation, two for `both`."""
    build.thread_count(wish.threads)
    run, replayed = manifest_of_run(wish), manifest_of_replay(wish.spec)
    name = name_of(wish, replayed)
    path = path_of(wish, name)
    found, before = [], replayed
    with no_network():
        try:
            for suffix, constrain in (("", "on"), ("-unconstrained", "off")) if wish.both else (("", None),):
                folder = path.with_name(path.name + suffix) if suffix else path
                with prepare(wish, folder, name + suffix, constrain, run, before) as prepared:
                    found.append((folder, _evaluate(wish, prepared)))
                before = before or AnswerFolder.read(folder).manifest
        finally:
            if wish.model is not None:
                wish.model.close()
    return found


def _evaluate(wish: Wish, prepared: Prepared) -> dict[str, Any]:
    """Ask what is left to ask, and make the result."""
    finished: list[int] = []
    if prepared.resuming:
        finished = list(_answers(AnswerFolder.read(prepared.path), prepared, _recorded_settings(prepared.recorded)))
    if not _complete(wish, prepared, len(finished)):
        _ask(wish, prepared, finished)
    else:
        _note_retrained(wish, prepared)
    return _finish(AnswerFolder.read(prepared.path), prepared)


def _complete(wish: Wish, prepared: Prepared, finished: int) -> bool:
    """Whether all answers of this same evaluation are there, so that no model is needed."""
    if not prepared.resuming or finished != len(prepared.cases):
        return False
    if wish.spec is None and wish.lora is None:
        return True
    return Named(prepared.spec, prepared.lora).lasting() == Named.recorded(prepared.recorded["model"])


def _ask(wish: Wish, prepared: Prepared, finished: Collection[int]) -> None:
    values, box = prepared.values, prepared.box
    model = wish.open_model(prepared.spec, prepared.lora, values["context"])
    settings = _settings(values, model)
    choose = _chooser(prepared, settings, model)

    def evaluation(count: Any, keep: Any) -> Evaluation:
        return Evaluation(
            box, prepared.prompts, settings, prepared.cases, prepared.demonstrations, choose, count, keep, finished
        )

    evaluation(model.count, lambda _: None).check()
    manifest = stages.make_manifest(STAGE, settings.flat(), prepared.spec, model, **prepared.parts)
    progress = Progress("queries", len(prepared.cases), len(finished))
    with _naming(wish):
        folder = stages.open_folder(AnswerFolder, prepared.path, manifest)
    with folder:
        build.notes(prepared.recorded if prepared.resuming else {}, manifest, box)
        _note_untrained(wish, prepared, manifest["model"])
        click.echo(f"{'going on with' if prepared.resuming else 'answers in'} {plain(str(folder.path))}", err=True)

        def ask(recording: RecordingModel) -> Any:
            def keep(answer: Answer) -> None:
                folder.add_answer(answer, recording.take_counts())
                progress.advance(answer.id)

            return evaluation(recording.count, keep).ask()

        stages.conduct(folder, model, ask, progress, asked_before=len(finished), again=_again(wish, prepared))


def _note_untrained(wish: Wish, prepared: Prepared, model: Mapping[str, Any]) -> None:
    """Say which of the tools that are asked about the run's own adapter was not trained on, and if it is outdated."""
    lora = model.get("lora")
    if prepared.values["mode"] != modes.TRAINED or wish.run is None or not lora or not trained.is_own(lora, wish.run):
        return
    training = _training(wish.run)
    known = training.tools if training else ()
    if strange := [tool for tool in prepared.values["tools"] if known and tool not in known]:
        click.echo(f"note: the adapter was not trained on {plain(', '.join(strange))}", err=True)
    _note_outdated(wish.run, training)


def _note_retrained(wish: Wish, prepared: Prepared) -> None:
    """Say that answers which are printed again are those of an adapter that the run has no more, or an outdated one."""
    lora = prepared.recorded["model"].get("lora")
    if wish.run is None or not isinstance(lora, dict) or not trained.is_own(lora, wish.run):
        return
    training = _training(wish.run)
    if training and training.made_another(lora, wish.run):
        click.echo(
            f"note: the adapter was made anew since; {wish.remedy} begins with the one that there is now", err=True
        )
    else:
        _note_outdated(wish.run, training)


def _note_outdated(run: Path, training: trained.Training | None) -> None:
    """Say that a run's own adapter was trained on other demonstrations than the run has now."""
    with contextlib.suppress(StoreError):
        if training and training.learned_from_others(demonstrations_now(run)):
            click.echo(f"note: {outdated(run)}", err=True)


def _training(run: Path) -> trained.Training | None:
    """What made the run's own adapter; of a summary that cannot be read `stesim report` tells."""
    with contextlib.suppress(StoreError):
        return trained.read(run)
    return None


def _settings(values: Mapping[str, Any], model: Model) -> AnswerSettings:
    """The settings, from what is chosen and from what the model can do. Raises `UserError`."""
    size = build.context_size(values["context"], model, values["max_tokens"])
    constrain = build.constrained(values["constrain"], model)
    return AnswerSettings(**{**values, "tools": tuple(values["tools"]), "context": size, "constrain": constrain})


def _chooser(prepared: Prepared, settings: AnswerSettings, model: Model) -> Choose:
    """How candidates and demonstrations are found; a replay takes what the recorded embeddings chose."""
    if settings.retrieval == "embedding" and prepared.spec.startswith("replay:"):
        played = AnswerFolder.read(Path(prepared.spec.removeprefix("replay:")))
        chosen = {each.id: Choice(each.candidates, each.nearest) for each in played.answers()}

        def recorded(case: Case) -> Choice:
            if case.id not in chosen:
                raise ReplayMismatch(f"{prepared.spec} did not record the query {case.id}")
            return chosen[case.id]

        return recorded
    return chooser(prepared.box.tools, prepared.demonstrations, settings, model.embed)


def _recorded_settings(manifest: Mapping[str, Any]) -> AnswerSettings:
    return AnswerSettings(**{**manifest["settings"], "tools": tuple(manifest["settings"]["tools"])})


def _answers(folder: AnswerFolder, prepared: Prepared, settings: AnswerSettings) -> dict[int, Answer]:
    """The answers by the numbers of their queries, in the order in which they were asked.

    Raises `StoreError` unless they are those to the queries that the model was asked, under these settings.
    """
    demonstrations = None if prepared.kept else prepared.demonstrations
    # A query whose answer a kill prevented was asked twice.
    asked = list(dict.fromkeys(request.place.trial for request, _ in folder.completions()))
    found: dict[int, Answer] = {}
    for line, answer in enumerate(folder.answers()):
        where = f"{folder.path / AnswerFolder.FINISHED}, line {line + 1}"
        number = answer.number
        case = prepared.cases[number - 1] if 0 < number <= len(prepared.cases) else None
        if case is None or asked[line : line + 1] != [number] or answer.id != case.id:
            raise StoreError(f"{where} is out of place: is a line missing, or there twice?")
        if why := misfit_of(answer, case, settings, demonstrations):
            raise StoreError(f"{where} is not of this evaluation: {why}")
        found[number] = answer
    return found


def _finish(folder: AnswerFolder, prepared: Prepared) -> dict[str, Any]:
    """The result from what is in the folder; written down with the predictions unless it is there already."""
    settings = _recorded_settings(folder.manifest)
    by_number = _answers(folder, prepared, settings)
    answers = [by_number[number] for number in sorted(by_number)]
    about = (
        dict(prepared.kept)
        if prepared.kept
        else {
            "demonstrations": len(prepared.demonstrations),
            "different_calls": different_calls(answers, prepared.demonstrations),
        }
    )
    marker = Marker(prepared.box)
    lora = folder.manifest["model"].get("lora")
    about |= {"lora": lora} if isinstance(lora, dict) else {}
    marks = [marker.mark(case, each) for case, each in zip(prepared.cases, answers, strict=True)]
    result = make_result(
        marks, settings, (completion for _, completion in folder.completions()), name=prepared.name,
        model=folder.manifest["model"]["name"], toolset=folder.manifest["tools"]["toolset"],
        testset_fingerprint=folder.manifest["input"]["testset"], **about,
    )  # fmt: skip
    stages.write(folder.path / PREDICTIONS, make_predictions(marks, settings.tools))
    data = orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    stages.write(folder.path / RESULT, data)
    return result


def _again(wish: Wish, prepared: Prepared) -> str:
    """The command that goes on."""
    words = ["stesim", "eval"]
    if wish.run is not None:
        words += ["--run", str(wish.run), "--name", prepared.name.removesuffix("-unconstrained" if wish.both else "")]
    else:
        path = str(prepared.path)
        words += ["--out", path.removesuffix("-unconstrained") if wish.both else path]
    if wish.both:
        words += ["--constrain", "both"]
    if toolbox.runs_code(prepared.toolset):
        words += ["--toolset", prepared.toolset]
    return plain(shlex.join(words))


@contextlib.contextmanager
def _naming(wish: Wish) -> Iterator[None]:
    """Within a run it is `--name` that chooses another folder."""
    try:
        yield
    except StoreError as error:
        raise StoreError(str(error).replace("another --out", "another --name") if wish.run else str(error)) from None
