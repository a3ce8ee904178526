"""What the commands share: errors as one line, JSON output, and text made safe for a terminal."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from click.shell_completion import CompletionItem

from stesim.demonstrations import names
from stesim.errors import StesimError, UserError
from stesim.records import Rejection, Trial
from stesim.report.summary import some

_UNSEEN = r"\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile(rf"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f{_UNSEEN}]")
_NO_QUERY: Mapping[Rejection, str] = {
    "": "the calls were made before",
    "grounding": "the queries written did not say the call",
    "rank": "the query written goes better with another call",
}
_NOT_ESCAPED = re.compile(f"[{_UNSEEN}]")  # JSON leaves these as they are


class Group(click.Group):
    """A group of commands whose `StesimError`s become one line and an exit code, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2, any other error of ours with 1."""
        try:
            return super().invoke(ctx)
        except StesimError as error:
            click.echo(f"stesim: {plain(str(error))}", err=True)
            ctx.exit(2 if isinstance(error, UserError) else 1)
        except KeyboardInterrupt:
            click.echo("stesim: stopped", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            # Whoever read our output has gone; say nothing more, also not while the interpreter shuts down.
            sys.stdout = None
            ctx.exit(141)
        except RecursionError:  # JSON may be nested deeper than Python can follow
            click.echo("stesim: a value in a file is nested too deep", err=True)
            ctx.exit(2)
        except OSError as error:  # a name too long, a folder that may not be entered, a full device
            where = f": {error.filename}" if error.filename else ""
            click.echo(f"stesim: {error.strerror or error}{plain(str(where))}", err=True)
            ctx.exit(2)


class Finite(click.FloatRange):
    """A range of numbers that holds no NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or click's own error."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is not a number.", param, ctx)


def toolset_option(default: str = "") -> Callable[[Any], Any]:
    """`--toolset`, which means the same wherever it is."""
    text = (
        "Where the tools come from: starter, all or extended; a provider such as weather; a Python file, a folder or a "
        "JSON file; or the name under which an installed package offers one."
    )
    return click.option(
        "--toolset", metavar="NAME|PATH", help=f"{text}  {default}".rstrip(), callback=_named,
        shell_complete=_complete_toolset,
    )  # fmt: skip


def _named(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise UserError("--toolset is empty; leave it out or name a toolset")
    return value


def _complete_toolset(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    from stesim.toolbox import toolset_names

    found = [CompletionItem(name) for name in toolset_names(every=True) if name.startswith(begun)]
    return [*found, CompletionItem(begun, type="file")] if not found or "/" in begun else found


def complete_tools(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of tools for the shell, also after a comma; of the toolset that was typed, unless it is a Python file,
    which would be run."""
    from stesim.toolbox import EVERY, runs_code, tool_names

    before, comma, last = begun.rpartition(",")
    toolset = ctx.params.get("toolset") or EVERY
    try:
        names = [] if runs_code(toolset) else tool_names(toolset)
    except StesimError:
        names = []
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(last)]


def plain(text: str) -> str:
    """Text without escape sequences and control characters: what a model or a tool said cannot drive a terminal."""
    return _CONTROLS.sub("", text)


def no_query(trial: Trial) -> str:
    """Why a trial that began with a call came to no query that stands, in words; empty for any other trial."""
    if trial.stop_reason != "no_query":
        return ""
    gave = any(step.observation is not None and step.observation.kind == "ok" for step in trial.steps)
    return _NO_QUERY[trial.rejected] if gave or trial.rejected else "no call gave a result"


def note_strangers(strangers: Mapping[str, int]) -> None:
    """Say of how many demonstrations the tools are not among the chosen ones, if there are any."""
    if number := sum(strangers.values()):
        left = f"{some(number, 'demonstration')} of other tools {'is' if number == 1 else 'are'} left out"
        click.echo(f"note: {left}: {plain(names(strangers))}", err=True)


def echo_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a value as indented JSON."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONEncodeError:  # a path that is not UTF-8, a value nested deep
        text = json.dumps(value, indent=2)
    click.echo(_NOT_ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def table(rows: Sequence[Sequence[str]], *, last_left: bool = False) -> None:
    """Print columns of text: the first one (and the last, if so) aligned to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    to_left = {0, len(widths) - 1} if last_left else {0}
    for row in rows:
        cells = zip(row, widths, strict=True)
        aligned = [cell.ljust(size) if at in to_left else cell.rjust(size) for at, (cell, size) in enumerate(cells)]
        click.echo("  ".join(aligned).rstrip())


def check_out(out: Path | None) -> None:
    """Raise `UserError` for a path after `--out` that could drive a terminal when it is shown."""
    if out is not None and not str(out).isprintable():
        raise UserError(f"--out {plain(str(out))!r} is not a name that can be printed")


def shorten(text: str, width: int) -> str:
    """One line of at most `width` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
