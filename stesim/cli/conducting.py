"""Commands that chain others: stages in one process, one after the other, and going on where they were stopped.

    log = StageLog(out, "bench")
    stages = [Stage("run", run, ("--out", str(out)), (out / TRIALS,)), …]
    with log.begun(settings):
        if code := conduct(stages, log, f"stesim bench --out {out}"):
            ctx.exit(code)
    click.echo(times(log, stages))

Each stage is a command that resumes by itself; what is over is not begun again. Not covered: which stages there are and
what is typed for them.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stesim.cli.common import plain
from stesim.cli.stage_log import REFUSED, StageLog
from stesim.errors import StesimError, StoreError, UserError
from stesim.report.summary import duration


@dataclass(frozen=True, slots=True)
class Stage:
    """A command of the chain with the words that are typed for it; when it is over, the files of `leaves` are there.

    The first word of its `name` is the command's, the others tell it from further stages of that command; the name is
    unique in the chain. One that has `demonstrations` learns from this file, and is left out where it is empty.
    """

    name: str
    command: click.Command
    words: tuple[str, ...]
    leaves: tuple[Path, ...]
    demonstrations: Path | None = None

    @property
    def typed(self) -> str:
        """The command as it would be typed."""
        return shlex.join(["stesim", self.verb, *self.words])

    @property
    def verb(self) -> str:
        """The command's name."""
        return self.name.split()[0]

    def is_finished(self, log: StageLog) -> bool:
        """Whether it has come to its end and what it leaves is there."""
        return log.is_finished(self.name) and all(path.is_file() for path in self.leaves)

    @property
    def is_left_out(self) -> bool:
        """Whether there are no demonstrations to learn from; False while their file is not there yet."""
        path = self.demonstrations
        return path is not None and path.is_file() and not path.stat().st_size

    def is_over(self, log: StageLog) -> bool:
        """Whether nothing is left to do."""
        return self.is_finished(log) or self.is_left_out


def conduct(stages: Sequence[Stage], log: StageLog, again: str) -> int:
    """Run what is left of the stages, in order; the exit code of the first that does not end well, else 0.

    What they print goes to the standard error stream. `again` is the command that goes on with the whole chain.
    """
    started = time.monotonic() - sum(log.seconds(stage.name) for stage in stages)
    for number, stage in enumerate(stages, 1):
        if stage.is_over(log):
            continue
        passed = duration(time.monotonic() - started)
        left = _left(stages, log)
        told = f"after {passed}{'' if left is None else f', about {duration(left)} left'}"
        click.echo(f"\n== stage {number} of {len(stages)}, {told}: {plain(stage.typed)}", err=True)
        if code := _run(stage, log, again):
            return code
    return 0


def times(log: StageLog, stages: Sequence[Stage]) -> str:
    """How long each stage took that was not left out, in a line; of one that was killed the time until then is not
    known.
    """
    kept = [stage.name for stage in stages if not stage.is_left_out]
    parts = [f"{name} {'' if log.is_whole(name) else 'at least '}{duration(log.seconds(name))}" for name in kept]
    return f"Time: {', '.join(parts)}; together {duration(sum(map(log.seconds, kept)))}."


def _left(stages: Sequence[Stage], log: StageLog) -> float | None:
    """About how many seconds are left, if each stage takes as long as those of the same command that are finished.

    None while a command is left that has not come to its end once.
    """
    taken: dict[str, list[float]] = {}
    for stage in stages:
        if stage.is_finished(log):
            taken.setdefault(stage.verb, []).append(log.seconds(stage.name))
    left = [stage for stage in stages if not stage.is_over(log)]
    if any(stage.verb not in taken for stage in left):
        return None
    means = {verb: sum(seconds) / len(seconds) for verb, seconds in taken.items()}
    return sum(max(0.0, means[stage.verb] - log.seconds(stage.name)) for stage in left)


def begun_with(log: StageLog, typed: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """The settings that a chain was begun with, None for those not typed.

    Raises `StoreError`, naming the differences by the options of the command that is typed, if others are typed now.
    """
    begun = {name: log.settings.get(name) for name in typed}
    differences = [
        _difference(_option(name), begun[name], value)
        for name, value in typed.items()
        if value is not None and value != begun[name]
    ]
    if differences:
        raise StoreError(
            f"{out} was started differently: {'; '.join(differences)}. Use the same settings, or another --out"
        )
    return begun


def _option(name: str) -> str:
    """The option of the command that is typed, for its parameter of this name."""
    found = (param for param in click.get_current_context().command.params if param.name == name)
    return next((max(param.opts, key=len) for param in found), name)


def _difference(option: str, before: Any, now: Any) -> str:
    """That an option was typed otherwise; a flag is typed or not."""
    if now is True:
        return f"{option} was not typed"
    return f"{option} was {'not typed' if before is None else _said(before)}, not {_said(now)}"


def _said(value: Any) -> str:
    """A value; of an option that is typed several times all of them."""
    return " and ".join(map(repr, value)) if isinstance(value, list) else repr(value)


def options(values: Mapping[str, Any], *names: str, called: Mapping[str, str] | None = None) -> list[str]:
    """The words for those settings that have a value; `called` are the options that have another name.

    >>> options({"seed": 3, "rank": None, "context": 512}, "seed", "rank", "context", called={"context": "--ctx"})
    ['--seed', '3', '--ctx', '512']
    """
    found = {name: f"--{name.replace('_', '-')}" for name in names} | dict(called or {})
    return [word for name in names if values[name] is not None for word in (found[name], str(values[name]))]


def _run(stage: Stage, log: StageLog, again: str) -> int:
    """Run a stage's command in this process; its exit code."""
    log.add_begin(stage.name)
    started = time.monotonic()
    code = 1
    try:
        with contextlib.redirect_stdout(sys.stderr):
            code = _exit_code(stage)
        if code and (code != REFUSED or log.has_finished):
            click.echo(f"When this is put right, go on with the whole {log.called}: {plain(again)}", err=True)
    except (SystemExit, click.exceptions.Exit) as stop:
        code = _code(stop)
        click.echo(f"Or go on with the whole {log.called}: {plain(again)}", err=True)
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        log.add_end(stage.name, time.monotonic() - started, code)
    return code


def _exit_code(stage: Stage) -> int:
    """What the command exits with, for an error of ours after its one line."""
    names = click.get_current_context().help_option_names  # a command keeps those that it is first asked for
    try:
        with stage.command.make_context(f"stesim {stage.verb}", list(stage.words), help_option_names=names) as ctx:
            stage.command.invoke(ctx)
    except StesimError as error:
        click.echo(f"stesim {stage.verb}: {plain(str(error))}", err=True)
        return REFUSED if isinstance(error, UserError) else 1
    return 0


def _code(stop: SystemExit | click.exceptions.Exit) -> int:
    code = stop.exit_code if isinstance(stop, click.exceptions.Exit) else stop.code
    return code if isinstance(code, int) else int(code is not None)
