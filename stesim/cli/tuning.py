"""The training of `stesim finetune`: rows become tokens, tokens an adapter, which is held against llama.cpp's figures.

    figures = Tuning(plan, "stesim finetune runs/first").tune()

What is on the disk at any moment is enough to go on from, and to come to the same adapter, byte for byte: a checkpoint
every half a minute, and when the user or the system asks for an end. The adapter is there, whole and verified, or not
at all. Not covered: what is trained on (`tune_plan.py`), and how the figures are shown (`tuned.py`).
"""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
import orjson

from stesim import __version__
from stesim.cli import tune_folder, tuned
from stesim.cli.common import plain
from stesim.cli.progress import Progress
from stesim.cli.stopping import ending_between_steps, exit_code
from stesim.cli.tune_folder import CHECKPOINT, SUMMARY, WEIGHTS, TuneFolder
from stesim.cli.tune_plan import Plan
from stesim.errors import StoreError, UserError
from stesim.finetune import heavy, network
from stesim.finetune.adapter import write_adapter
from stesim.finetune.base import check_trainable, full_precision
from stesim.finetune.machine import precision
from stesim.finetune.rows import Encoded, encode
from stesim.finetune.training import Step, Training, TrainSettings
from stesim.finetune.verify import Verified, check_base, verify
from stesim.models.llamacpp import LlamaCppModel, fingerprint
from stesim.models.lora import BASE, BASE_NAME, DATA
from stesim.store.folder import is_run
from stesim.store.whole import write_atomically
from stesim.toolbox import default_today

_EVERY = 30.0  # seconds between two checkpoints
_SMOOTH = 10  # batches whose mean loss is shown
_UNVERIFIED = "unverified.gguf"
_CONTEXT = 4096  # tokens, at most, unless longer rows are asked for


class _Shown(Progress):
    """How far the training is, with its loss, its pace and the time left."""

    def __init__(self, whole: int, done: int) -> None:
        super().__init__("steps", whole, done)
        self._losses: deque[float] = deque(maxlen=_SMOOTH)
        self._held_out: float | None = None
        self._trained, self._took = 0, 0.0

    def step(self, step: Step, tokens: int, seconds: float) -> None:
        """One more step, which trained on so many tokens."""
        self._losses.append(step.loss)
        self._held_out = self._held_out if step.held_out is None else step.held_out
        self._trained += tokens
        self._took += seconds
        self.advance(f"epoch {step.epoch}")

    def pace(self) -> str:
        """Loss, tokens a second and the time left, as text."""
        parts = [f"loss {sum(self._losses) / len(self._losses):.3f}"] if self._losses else []
        parts += [f"held out {self._held_out:.3f}"] if self._held_out is not None else []
        parts += [f"{self._trained / self._took:.0f} tokens/s"] if self._took > 0 else []
        return ", ".join([*parts, *filter(None, [super().pace()])])


@dataclass
class Tuning:
    """One fine-tuning; `again` is the command that goes on with it."""

    plan: Plan
    again: str

    def finished(self) -> dict[str, Any] | None:
        """The figures of a training that is over, its adapter made anew if that is gone; None for any other.

        Raises `StoreError` if the adapter is another one by now.
        """
        plan = self.plan
        found = tune_folder.read_summary(plan.path) if plan.recorded else None
        if found is None:
            return None
        if not os.path.lexists(plan.adapter):
            tensors = network.read(plan.path / WEIGHTS)
            base = full_precision(plan.model)
            write_adapter(plan.adapter, tensors, base, plan.values["alpha"], self._about())
        if fingerprint(plan.adapter) != found["fingerprint"]:
            raise StoreError(
                f"{plan.adapter} is not the adapter that {plan.path} tells of; choose another --out, or "
                f"{tune_folder.AGAIN}"
            )
        return {**found, "adapter": str(plan.adapter)}

    def tune(self) -> dict[str, Any]:
        """Train what is left to train, write the adapter, and give the figures. Raises `UserError`."""
        plan = self.plan
        if missing := heavy.missing():
            heavy.need(missing)
        check_trainable(plan.model)
        rows, cut = self._encoded()
        settings = self._settings()
        click.echo(f"loading {plain(plan.name)} in full precision …", err=True)
        base = full_precision(plan.model)
        training = Training(base, rows, settings, plan.start, plan.values["threads"])
        if not plan.recorded:
            check_base(plan.model, training.net, rows, plan.values["threads"])
            self._set_aside()
        with self._folder(settings) as folder:
            checkpoint = plan.path / CHECKPOINT
            if checkpoint.exists():
                training.restore(checkpoint)
            self._train(folder, training)
            verified = self._write(training, base, rows)
            shown = plan.parts["input"]["shown"]
            data = {"fingerprint": plan.data, "shown": shown, **plan.counts, "cut": cut, "held_out": len(training.held)}
            figures = {
                "adapter": str(plan.adapter.resolve()),
                "fingerprint": fingerprint(plan.adapter),
                "base": {"name": plan.name, "fingerprint": plan.fingerprint},
                "data": data,
                "settings": folder.manifest["settings"],
                **tuned.course(folder.steps(), training.stopped_early),
                "verified": verified.flat(),
            }
            told = orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            write_atomically(plan.path / SUMMARY, told)
            with contextlib.suppress(OSError):
                checkpoint.unlink()
        return {**figures, "adapter": str(plan.adapter)}

    def _encoded(self) -> tuple[list[Encoded], int]:
        """The rows as the tokens that llama.cpp asks with."""
        plan, longest = self.plan, self.plan.values["max_length"]
        size = longest if longest > _CONTEXT else None
        model = LlamaCppModel(plan.model, context=size, thread_count=1, today=default_today())
        try:
            trained = int(model.describe()["trained_context"])
            if longest > trained:
                raise UserError(f"--max-length {longest} is more than the {trained} tokens that {plan.name} can read")
            return encode(plan.rows, model, longest)
        finally:
            model.close()

    def _settings(self) -> TrainSettings:
        values = {**self.plan.values, "precision": precision(self.plan.values["precision"])}
        return TrainSettings(**{field.name: values[field.name] for field in fields(TrainSettings)})

    def _set_aside(self) -> None:
        """Make room for a training that begins anew. Raises `StoreError` if another process has begun one meanwhile."""
        if self.plan.anew:
            if aside := tune_folder.set_aside(self.plan.adapter):
                click.echo(f"what was trained before is now in {plain(str(aside))}", err=True)
        elif is_run(self.plan.path):
            raise StoreError(
                f"{self.plan.path} was begun by another stesim meanwhile; wait for it, then type this again"
            )

    def _folder(self, settings: TrainSettings) -> TuneFolder:
        """The work folder, locked; a new one gets its manifest."""
        plan = self.plan
        if plan.recorded:
            return TuneFolder.open_(plan.path)
        torch = heavy.need("torch")
        return TuneFolder.create(plan.path, {
            "stesim": __version__,
            "stage": tune_folder.STAGE,
            "settings": {**plan.values, **settings.flat()},
            **plan.parts,
            "torch": str(torch.__version__),
            "not_deterministic": "seconds in steps.jsonl; weights may differ on another machine or with another torch",
            "python": platform.python_version(),
            "machine": platform.machine(),
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        })  # fmt: skip

    def _train(self, folder: TuneFolder, training: Training) -> None:
        """Train to the end, or until an end is asked for: then what is done is kept, and the process exits."""
        known, checkpoint = len(folder.steps()), self.plan.path / CHECKPOINT
        kept, before = training.done, training.tokens
        saved = started = time.monotonic()
        progress = _Shown(training.of, training.done)
        try:
            with ending_between_steps() as pause, progress:
                for step in training.steps():
                    now = time.monotonic()
                    if step.number > known:  # those between the checkpoint and a kill are known already
                        folder.add_step(step, now - started)
                    progress.step(step, step.tokens - before, now - started)
                    if pause.asked or now - saved >= _EVERY:
                        training.save(checkpoint)
                        saved, kept = now, step.number
                    pause.here()
                    before, started = step.tokens, time.monotonic()
                training.save(checkpoint)
        except KeyboardInterrupt as stop:
            click.echo(f"\nstopped: {kept} of {progress.whole} steps are finished and kept.", err=True)
            click.echo(f"Go on with: {self.again}", err=True)
            raise SystemExit(exit_code(stop)) from None

    def _write(self, training: Training, base: Path, rows: Sequence[Encoded]) -> Verified:
        """Put the adapter in its place after llama.cpp has shown that it does what was trained."""
        plan = self.plan
        tensors = training.weights()
        torch = heavy.need("torch")
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError("the training came to weights that are no numbers; try a lower --learning-rate")
        write_atomically(plan.path / WEIGHTS, network.write(plan.path / WEIGHTS, tensors))
        unverified = plan.path / _UNVERIFIED
        try:
            write_adapter(unverified, tensors, base, plan.values["alpha"], self._about())
            training.settle()
            click.echo("holding the adapter against llama.cpp …", err=True)
            verified = verify(plan.model, unverified, training.net, rows, plan.values["threads"])
            unverified.replace(plan.adapter)
        except OSError as error:
            raise StoreError(f"cannot write {plan.adapter}: {error.strerror}") from None
        finally:
            with contextlib.suppress(OSError):
                unverified.unlink()
        return verified

    def _about(self) -> Mapping[str, str]:
        """What the adapter's file says of where it comes from."""
        plan = self.plan
        version = str(plan.recorded.get("stesim", __version__))  # one that is made anew comes to the same bytes
        return {BASE: plan.fingerprint, BASE_NAME: plan.name, DATA: plan.data, "stesim.version": version}
