"""`--lora` wherever a model is asked: the option, what a manifest recorded of it, and how it is told.

    >>> known = Named.recorded({"spec": "smollm2", "lora": {"spec": "/a.gguf", "scale": 0.5}})
    >>> Named("smollm2").chosen(known)
    Named(spec='smollm2', lora='/a.gguf:0.5')
    >>> Named("smollm2", "none").chosen(known)
    Named(spec='smollm2', lora=None)

A model that was begun with goes on with its adapter, which need not be typed again. Not covered: loading one
(`models.lora`), and which one an evaluation of a fine-tuned model takes by itself (`modes`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from stesim.cli import build
from stesim.cli.common import plain
from stesim.cli.modes import NONE, recorded_adapter


def lora_option(default: str = "") -> Callable[[Any], Any]:
    """`--lora`, which means the same wherever it is."""
    text = (
        f"A LoRA adapter for the model, and how much it counts, as adapter.gguf or adapter.gguf:0.5; {NONE} for none."
    )
    return click.option("--lora", metavar="ADAPTER[:SCALE]", help=f"{text}  {default}".rstrip())


class Named(NamedTuple):
    """What names a model: as `--model` takes it, and its adapter as `--lora` does."""

    spec: str
    lora: str | None = None

    @classmethod
    def recorded(cls, model: Mapping[str, Any]) -> Named:
        """What a manifest says of its model."""
        return cls(str(model.get("spec", "")), recorded_adapter(model))

    def chosen(self, known: Named) -> Named:
        """This model with the adapter that is typed for it, else with that of the same model as it is known."""
        if self.lora is not None:
            return self._replace(lora=None if self.lora == NONE else self.lora)
        return self._replace(lora=known.lora if build.lasting_spec(self.spec) == known.spec else None)

    def lasting(self) -> Named:
        """With paths as they can be found from another folder; raises `ModelError` for a scale that is no use."""
        from stesim.models import lora

        return Named(build.lasting_spec(self.spec), None if self.lora is None else lora.lasting(*lora.parse(self.lora)))

    @property
    def said(self) -> str:
        """The model and its adapter in words."""
        return self.spec + (f" with {self.lora}" if self.lora else "")


def outdated(run: Path) -> str:
    """What is said where a run's adapter was trained on other demonstrations than the run has now."""
    command = shlex.join(["stesim", "finetune", str(run), "--again"])
    return f"the demonstrations have changed since the adapter was trained; train it anew: {plain(command)}"


def told(model: Mapping[str, Any]) -> str:
    """A manifest's model by its name, with that of its adapter's file.

    >>> told({"name": "smollm2", "lora": {"spec": "/runs/adapter.gguf", "scale": 0.5}})
    'smollm2 with adapter.gguf:0.5'
    """
    found = recorded_adapter(model)
    return f"{model.get('name', '')}{f' with {Path(found).name}' if found else ''}"
