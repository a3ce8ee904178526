"""`stesim tools`: what tools there are, what each takes, and one call from the shell."""

from __future__ import annotations

import datetime
import sys

import click
import orjson

from stesim import toolbox
from stesim.cli.common import Group, echo_json, plain, shorten
from stesim.errors import UserError
from stesim.records import Action, Tool
from stesim.toolbox import Toolbox

_LARGEST = 1 << 20  # bytes of arguments


def as_json(tool: Tool) -> dict[str, object]:
    """A tool as machines read it."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "provider": tool.provider,
    }


@click.group(cls=Group)
def tools() -> None:
    """List the mock tools, show one, or call one."""


@tools.command("list", epilog="\b\nExample:\n  stesim tools list --json | jq -r '.[].name'\n")
@click.option("--toolset", default="all", show_default=True, help="A named toolset.")
@click.option("--json", "json_", is_flag=True, help="Print a list of objects.")
def list_(toolset: str, json_: bool) -> None:
    """List the tools of a toolset."""
    with Toolbox.open(toolset) as box:
        if json_:
            echo_json([as_json(tool) for tool in box.tools])
            return
        width = max(len(tool.name) for tool in box.tools)
        for tool in box.tools:
            click.echo(f"{plain(tool.name):{width}}  {shorten(tool.description, 100)}")


@tools.command(epilog="\b\nExample:\n  stesim tools show forecast_weather\n")
@click.argument("name")
@click.option("--json", "json_", is_flag=True, help="Print an object.")
def show(name: str, json_: bool) -> None:
    """Show what a tool does and takes, as a model is told."""
    with Toolbox.open("all") as box:
        tool = box.get(name)
    if json_:
        echo_json(as_json(tool))
    else:
        click.echo(plain(toolbox.describe(tool)))
        click.echo(f"Provider: {plain(tool.provider)}")


@tools.command(
    epilog='\b\nExamples:\n  stesim tools call forecast_weather \'{"city": "Paris"}\'\n'
    '  echo \'{"city": "Paris"}\' | stesim tools call forecast_weather -\n'
)
@click.argument("name")
@click.argument("arguments", default="{}")
@click.option("--json", "json_", is_flag=True, help="Print an object with kind, status and text.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The date that the tools take for today.")
def call(name: str, arguments: str, json_: bool, today: datetime.datetime | None) -> None:
    """Make one call: ARGUMENTS is a JSON object, or - to read it from the standard input.

    Exits with 1 if the API answers with an error.
    """
    if arguments == "-":
        if sys.stdin is None:
            raise UserError("there is no standard input to read the arguments from")
        arguments = sys.stdin.read(_LARGEST + 1)
    values = _object(arguments)
    with Toolbox.open("all", today=today.date() if today else None, limit=_LARGEST) as box:
        box.get(name)
        observation = box.call(Action(name, values))
    if json_:
        echo_json({"kind": observation.kind, "status": observation.status, "text": observation.text})
    else:
        click.echo(plain(observation.text))
    if observation.kind != "ok":
        raise SystemExit(1)


def _object(text: str) -> dict[str, object]:
    if len(text) > _LARGEST:
        raise UserError(f"the arguments are larger than {_LARGEST} characters")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"the arguments are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError('the arguments must be a JSON object such as {"city": "Paris", "days": 2}')
    return value
