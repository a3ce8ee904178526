"""What the commands share: errors as one line, JSON output, and text made safe for a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import orjson

from stesim.errors import StesimError, UserError

_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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


def plain(text: str) -> str:
    """Text without escape sequences and control characters: what a model or a tool said cannot drive a terminal."""
    return _CONTROLS.sub("", text)


def echo_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a value as indented JSON."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def shorten(text: str, width: int) -> str:
    """One line of at most `width` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
