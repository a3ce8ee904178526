"""`stesim tools`: what tools there are, what each takes, and one call from the shell."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence

import click
import orjson

from stesim import toolbox
from stesim.cli.common import Group, complete_tools, echo_json, plain, shorten, toolset_option
from stesim.cli.record import record
from stesim.cli.toolsets import check, import_
from stesim.errors import UserError
from stesim.offline import no_network
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
        "tags": tool.tags,
    }


@click.group(cls=Group)
def tools() -> None:
    """List the mock tools, show one, or call one; check, import and record tools of your own."""


@tools.command(
    "list",
    epilog="\b\nExamples:\n  stesim tools list --tags\n  stesim tools list --tags places,travel\n"
    "  stesim tools list --toolset mytools.py --json | jq -r '.[].name'\n",
)
@toolset_option("[default: all]")
@click.option(
    "--tags",
    is_flag=False,
    flag_value="",
    metavar="[NAMES]",
    help="Show what each tool is about; with names, only the tools that have one of these tags.",
)
@click.option("--json", "json_", is_flag=True, help="Print a list of objects.")
def list_(toolset: str | None, tags: str | None, json_: bool) -> None:
    """List the tools of a toolset."""
    with no_network(), Toolbox.open(toolset or "all") as box:
        found = _tagged(box.tools, tags)
    if json_:
        echo_json([as_json(tool) for tool in found])
        return
    width = max(len(plain(tool.name)) for tool in found)
    for tool in found:
        shown = f"  [{plain(', '.join(tool.tags))}]" if tags is not None and tool.tags else ""
        click.echo(f"{plain(tool.name):{width}}  {shorten(tool.description, 100 - len(shown))}{shown}")


def _tagged(tools: Sequence[Tool], tags: str | None) -> list[Tool]:
    """The tools that have one of these tags (with commas between them), or all; raises `UserError`."""
    wanted = {tag.strip() for tag in (tags or "").split(",") if tag.strip()}
    known = sorted({tag for tool in tools for tag in tool.tags})
    if strange := sorted(wanted - set(known)):
        raise UserError(f"no tool is tagged {', '.join(strange)[:100]!r}; there are: {', '.join(known) or 'no tags'}")
    return [tool for tool in tools if not wanted or wanted & set(tool.tags)]


@tools.command(epilog="\b\nExample:\n  stesim tools show forecast_weather\n")
@click.argument("name", shell_complete=complete_tools)
@toolset_option("[default: all bundled tools]")
@click.option("--json", "json_", is_flag=True, help="Print an object.")
def show(name: str, toolset: str | None, json_: bool) -> None:
    """Show what a tool does and takes, as a model is told."""
    with no_network(), Toolbox.open(toolset or toolbox.EVERY) as box:
        tool, address, example = box.get(name), box.address(name), box.example(name)
    if json_:
        echo_json({**as_json(tool), "address": address, "example": example})
    else:
        click.echo(plain(toolbox.describe(tool)))
        click.echo(f"Provider: {plain(tool.provider)}")
        click.echo(f"Address: {plain(address)}")
        if example:
            click.echo(f"Example: {plain(orjson.dumps(example).decode())}")


@tools.command(
    epilog='\b\nExamples:\n  stesim tools call forecast_weather \'{"city": "Paris"}\'\n'
    '  echo \'{"city": "Paris"}\' | stesim tools call forecast_weather -\n'
    "  stesim tools call get_today_date --faults 429:1        how a failing call looks\n"
)
@click.argument("name", shell_complete=complete_tools)
@click.argument("arguments", default="{}")
@toolset_option("[default: all bundled tools]")
@click.option("--json", "json_", is_flag=True, help="Print an object with kind, status and text.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The date that the tools take for today.")
@click.option("--faults", default=toolbox.NO_FAULTS, help="The share of calls that fail, as in `stesim run`.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Decides which calls fail.")
def call(
    name: str, arguments: str, toolset: str | None, json_: bool, today: datetime.datetime | None, faults: str, seed: int
) -> None:
    """Make one call: ARGUMENTS is a JSON object ({} if left out), or - to read it from the standard input.

    Exits with 1 if the API answers with an error.
    """
    if arguments == "-":
        if sys.stdin is None:
            raise UserError("there is no standard input to read the arguments from")
        arguments = sys.stdin.read(_LARGEST + 1)
    values = _object(arguments)
    day = today.date() if today else None
    opened = Toolbox.open(toolset or toolbox.EVERY, today=day, limit=_LARGEST, explain=True, faults=faults, seed=seed)
    with no_network(), opened as box:
        box.get(name)
        observation = box.call(Action(name, values))
    if json_:
        echo_json({"kind": observation.kind, "status": observation.status, "text": observation.text})
    else:
        click.echo(plain(observation.text))
    if observation.kind != "ok":
        raise SystemExit(1)


for command in (check, import_, record):
    tools.add_command(command)


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
