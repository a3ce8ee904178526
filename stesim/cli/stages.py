"""What the commands that work stage by stage share: folders that resume, manifests, and the drive with a model.

Not covered: the run itself, whose options and view are in `run.py`.
"""

from __future__ import annotations

import datetime
import hashlib
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from stesim import __version__
from stesim.cli import build
from stesim.cli.pace import Pace
from stesim.cli.stopping import ending_well, exit_code
from stesim.errors import StoreError
from stesim.files import read_bounded
from stesim.models import Model, ScriptedModel
from stesim.models.driving import Asking, drive
from stesim.models.recording import RecordingModel
from stesim.prompts import StagePrompts
from stesim.records import Completion, Request
from stesim.store import StageFolder
from stesim.store.folder import is_run
from stesim.store.whole import write_atomically

Folder = TypeVar("Folder", bound=StageFolder)
_LARGEST_INPUT = 1 << 20  # bytes read at once


def open_folder(
    kind: type[Folder], path: Path, manifest: Mapping[str, Any], remedy: str = "another --out",
    differs: build.Differs = build.differs,
) -> Folder:  # fmt: skip
    """The folder of a stage: a new one, or one that is there already and was started with the same.

    Raises `StoreError` that names every difference (a setting as `differs` does), and the `remedy`.
    """
    if not is_run(path):
        return kind.create(path, manifest)
    folder = kind.open_(path)
    try:
        build.check_same(build.recorded(folder), manifest, path, remedy, differs)
    except BaseException:
        folder.close()
        raise
    return folder


def make_manifest(
    stage: str, settings: Mapping[str, Any], spec: str, model: Model, **parts: Mapping[str, Any]
) -> dict[str, Any]:
    """The manifest of a stage after the run.

    `settings` hold all that it depends on, `context` among them; `parts` are `prompts`, `tools` and `input`, each with
    a `fingerprint`.
    """
    return {
        "stesim": __version__,
        "stage": stage,
        "settings": dict(settings),
        "model": {
            "spec": build.lasting_spec(spec), "name": model.name, "fingerprint": model.fingerprint, **model.describe()
        },
        **parts,
        "not_deterministic": build.NOT_DETERMINISTIC,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def prompts_part(prompts: StagePrompts) -> Mapping[str, str]:
    """What a manifest says of a stage's prompts."""
    return {"source": build.lasting_spec(prompts.source), "fingerprint": prompts.fingerprint}


def fingerprint(path: Path) -> str:
    """SHA-256 of a file that a stage reads; raises `StoreError`."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_LARGEST_INPUT):
                found.update(block)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    return found.hexdigest()


def write(path: Path, data: bytes) -> None:
    """Write what a stage came to, unless the file is there as it should be; raises `StoreError`."""
    try:
        if read_bounded(path, len(data)) == data:
            return
    except OSError:
        pass
    write_atomically(path, data)


def conduct(
    folder: StageFolder,
    model: Model,
    ask: Callable[[RecordingModel], Asking],
    progress: Pace,
    *,
    asked_before: int,
    again: str,
) -> None:
    """Drive a stage to its end, with every completion kept in its folder.

    `ask` is given the model to count tokens with and to take the counts from that go with what is finished.
    `asked_before` is how many completions a scripted model has given to what is finished already; `again` is the
    command that goes on after Ctrl-C.
    """
    if isinstance(model, ScriptedModel):
        model.skip(asked_before)

    def record(request: Request, completion: Completion, counts: Mapping[str, int]) -> None:
        folder.add_completion(request, completion, counts)
        progress.completion(completion)

    recording = RecordingModel(progress.watched(model), record)
    try:
        with ending_well(), progress:
            drive(ask(recording), recording)
    except KeyboardInterrupt as stop:
        click.echo(f"\nstopped: {progress.done} of {progress.whole} {progress.what} are finished and kept.", err=True)
        click.echo(f"Go on with: {again}", err=True)
        raise SystemExit(exit_code(stop)) from None
