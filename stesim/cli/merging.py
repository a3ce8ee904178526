"""`stesim finetune --merge`: where a merged model may go, and what becomes of one that is there already.

    check(Path("tuned.gguf"), plan)        # before the training, so that a mistake shows at once

Not covered: the merging itself (`stesim/finetune/merge.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from stesim import __version__
from stesim.cli.common import plain
from stesim.cli.tune_plan import Plan
from stesim.errors import ModelError, UserError
from stesim.finetune import merge as merging
from stesim.models.llamacpp import fingerprint
from stesim.models.lora import BASE, BASE_NAME, DATA

ADAPTER = "stesim.adapter.fingerprint"  # a field of a merged model
_SUFFIX = ".gguf"


def check(out: Path, plan: Plan) -> None:
    """Raise `UserError` for what is no place for a merged model."""
    if not str(out).isprintable():
        raise UserError(f"--merge {plain(str(out))!r} is not a name that can be printed")
    if out.suffix != _SUFFIX:
        raise UserError(f"--merge {out} is not the name of a GGUF file: it must end in {_SUFFIX}")
    if not out.absolute().parent.is_dir():
        raise UserError(f"--merge {out}: there is no folder {out.parent}")
    if out.resolve() in (plan.model.resolve(), plan.adapter.resolve()):
        raise UserError(f"--merge {out} would overwrite what it is made of; name another file")
    if os.path.lexists(out) and not _merged_of(out):
        raise UserError(f"--merge {out} is there already, and is no merged model; name another file")


def merge(out: Path, plan: Plan, adapter: str) -> dict[str, str]:
    """Write the merged model unless it is there; `adapter` is the adapter's fingerprint. Raises `UserError`."""
    if not os.path.lexists(out) or _merged_of(out) != adapter:
        click.echo(f"merging into {plain(str(out))} …", err=True)
        told = {BASE: plan.fingerprint, BASE_NAME: plan.name, DATA: plan.data, "stesim.version": __version__}
        merging.merge(plan.model, plan.adapter, out, {**told, ADAPTER: adapter})
    return {"path": str(out), "fingerprint": fingerprint(out)}


def _merged_of(path: Path) -> str:
    """The adapter whose fingerprint a merged model names; empty for any other file."""
    try:
        return merging.text_field(path, ADAPTER)
    except ModelError:
        return ""
