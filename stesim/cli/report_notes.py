"""What the report says beside its tables: evaluations without a partner, and those that are out of date.

    for note in notes(study):
        click.echo(f"note: {note}", err=True)

Not covered: making the partner; the note has the command for that.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stesim import toolbox
from stesim.cli.adapters import outdated
from stesim.cli.common import plain
from stesim.cli.modes import NONE, recorded_adapter
from stesim.cli.preparing import DEFAULTS
from stesim.report.evaluations import Evaluation
from stesim.report.paired import unlike
from stesim.report.study import Study
from stesim.report.trained import ADAPTER, is_own

_OTHER = {"icl": "baseline", "baseline": "icl", "ft": "baseline"}
_TYPED = {"testset": "--testset", "candidates": "--candidates", "retrieval": "--retrieval", "limit": "--limit",
          "seed": "--seed", "context": "--ctx", "max_tokens": "--max-tokens"}  # fmt: skip
_NOT_A_MODEL = ("scripted:", "replay:")


def notes(study: Study) -> list[str]:
    """A line for each thing to know; empty where there is none."""
    found = [f"the evaluation {plain(name)} is not finished and left out" for name in study.unfinished]
    for each in study.evaluations:
        if each.outdated:
            others = "another adapter or other demonstrations" if each.adapter else "other demonstrations"
            found.append(
                f"{plain(each.name)} was made from {others} than {plain(study.run)} has now; make it "
                f"anew under another name: {_command(study, each, each.mode)}"
            )
    run = Path(study.run)
    if study.outdated and any(each.mode == "ft" and is_own(each.adapter, run) for each in study.evaluations):
        found.append(outdated(run))
    return [*found, *_lone(study)]


def _lone(study: Study) -> Iterator[str]:
    """A line for each evaluation that is compared with nothing."""
    compared = {id(side) for each in study.comparisons for side in (each.after, each.before)}
    lone = [each for each in study.evaluations if id(each) not in compared]
    for each in lone:
        others = [one for one in study.evaluations if one.mode == _OTHER[each.mode]]
        if each.mode == "baseline" and (not study.learned or any(_explained(one, each, lone) for one in others)):
            continue
        why = ""
        if others:
            nearest = min(others, key=lambda one: len(unlike(one, each)))
            why = f"; {plain(nearest.name)} differs: {plain(', '.join(unlike(nearest, each)))}"
        partner = "ICL evaluation" if each.mode == "baseline" else "baseline"
        yield (
            f"{plain(each.name)} has no {partner} to be compared with{why}. Make it with: "
            f"{_command(study, each, _OTHER[each.mode])}"
        )


def _explained(icl: Evaluation, baseline: Evaluation, lone: Sequence[Evaluation]) -> bool:
    """Whether the note about an ICL evaluation is also the one about this baseline."""
    alike = (icl.group, icl.constrained) == (baseline.group, baseline.constrained)
    return alike and any(icl is one for one in lone)


def _command(study: Study, each: Evaluation, mode: str) -> str:
    """What to type for an evaluation like this one, in this mode, quoted for a shell."""
    settings, recorded = each.recorded.settings, each.recorded
    name, found = re.subn(rf"\b{each.mode}\b", mode, each.name)
    name = name if found else f"{each.name}-{mode}"
    words = ["stesim", "eval", "--run", study.run]
    code = recorded.text("tools", "toolset") or each.toolset
    unlike_run = ["--toolset", code] if code and (code != study.toolset or toolbox.runs_code(code)) else []
    if name in study.unfinished:
        return plain(shlex.join([*words, "--name", name, *unlike_run]))
    words += ["--mode", mode, "--name", _free(study, name), *_model(study, recorded.text("model", "spec"))]
    words += [*_lora(study, each, mode), *unlike_run]
    if recorded.tools and list(recorded.tools) != list(study.settings["tools"]):
        words += ["--tools", ",".join(recorded.tools)]
    if recorded.text("prompts", "source") not in ("", "default"):
        words += ["--prompts", recorded.text("prompts", "source")]
    words += _settings(each, settings)
    if mode == each.mode == "icl" and each.shots != DEFAULTS["shots"]:
        words += ["--shots", str(each.shots)]
    if mode == each.mode == "ft":
        words += ["--describe"] if each.describe else []
        words += ["--shots", str(each.shots)] if each.shots else []
    return plain(shlex.join([*words, "--constrain", "on" if each.constrained else "off"]))


def _settings(each: Evaluation, settings: Mapping[str, Any]) -> list[str]:
    """The options for those settings that are not what they are by themselves."""
    words = []
    for name, option in _TYPED.items():
        value = settings.get(name, getattr(each, name, None))
        if name == "candidates" and not each.describe:
            continue  # all tools, whatever their number
        if value not in (None, "", DEFAULTS[name]) and isinstance(value, int | str):
            words += [option, str(value)]
    if settings.get("unanswerable") is False:
        words.append("--no-unanswerable")
    return words + (["--oracle"] if each.oracle else [])


def _model(study: Study, spec: str) -> list[str]:
    """The model, where the command would take another one by itself; recorded replies are of no other evaluation."""
    if spec.startswith(_NOT_A_MODEL):
        return ["--model", "MODEL"]
    return ["--model", spec] if spec and spec != study.spec else []


def _lora(study: Study, each: Evaluation, mode: str) -> list[str]:
    """The adapter, where the command would take another one by itself."""
    spec = each.recorded.text("model", "spec")
    if spec.startswith(_NOT_A_MODEL):
        return []
    own = str(Path(study.run) / ADAPTER)
    told = {**each.adapter, "spec": own} if is_own(each.adapter, Path(study.run)) else each.adapter
    wanted = None if each.mode == "ft" != mode else recorded_adapter({"lora": told})
    of_run = recorded_adapter({"lora": study.adapter}) if not spec or spec == study.spec else None
    return [] if wanted == (own if mode == "ft" else of_run) else ["--lora", wanted or NONE]


def _free(study: Study, name: str) -> str:
    """The name, with a number if there is such an evaluation already."""
    found, number = name, 2
    while (Path(study.run) / "eval" / found).exists():
        found, number = f"{name}-{number}", number + 1
    return found
