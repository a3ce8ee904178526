"""`stesim parse`: one reply as it is read, for a person with a pipe or a script with `jq`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stesim.cli.build import chosen_tools
from stesim.cli.common import echo_json, toolset_option
from stesim.errors import UserError
from stesim.files import read_bounded
from stesim.offline import no_network
from stesim.parsing import parse_reflection, parse_strict, parse_tolerant, parse_verdict
from stesim.store.codec import reply_to_json
from stesim.toolbox import tool_names

EPILOG = """\b
Examples:
  stesim parse < reply.txt
  echo "Action: add date Action Input: {'days': 3,}" | stesim parse --tools add_date,today
  stesim parse --strict reply.txt | jq -r .failure
  stesim parse --tools '["Places%%Find, by name", "get_today_date"]' < reply.txt
  echo "1) Yes. 2) No, it invents a time. 3) Yes." | stesim parse --as verdict
"""
KEYS = ("kind", "tool", "arguments", "text", "thought", "repairs", "failure", "observation")
LARGEST = 1 << 20  # bytes of a reply


@click.command(epilog=EPILOG, short_help="Read one reply and print it as JSON.")
@click.argument("file", default="-")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["reply", "verdict", "reflection"]),
    default="reply",
    show_default=True,
    help="What the text is: a reply of the ReAct format, a judge's verdict in three aspects, or a yes or no.",
)
@click.option("--strict", is_flag=True, help="The paper's rule, which repairs nothing.  [default: tolerant]")
@toolset_option()
@click.option(
    "--tools",
    help="The names that count as tools: with commas between them, or a JSON list of names.  [default: those of the "
    "toolset, or any]",
)
def parse(file: str, kind: str, strict: bool, toolset: str | None, tools: str | None) -> None:
    """Read a model's reply from FILE (or the standard input) and print what it says as JSON.

    kind is action, final_answer or failure; what does not apply is null. A reply that cannot be read is no error of
    this command: failure names what was wrong, observation is what a model would be told, and the exit code is 0.
    Of a verdict each aspect is pass, fail or unparsed; a reflection's answer is yes, no or unparsed.
    """
    if kind != "reply" and (strict or toolset or tools is not None):
        raise UserError(f"--strict, --toolset and --tools say how a reply is read; they do not go with --as {kind}")
    names = _names(toolset, tools)
    data = _bytes(file)
    if kind == "verdict":
        echo_json(read_verdict(data))
    elif kind == "reflection":
        echo_json({"kind": "reflection", "answer": parse_reflection(_text(data))})
    else:
        echo_json(read_reply(data, names, strict=strict))


def read_reply(data: bytes, tools: Collection[str] | None, *, strict: bool) -> dict[str, Any]:
    """A reply as JSON values, always with the same keys; bytes that are not UTF-8 become replacement characters."""
    text = _text(data)
    reply = parse_strict(text, tools) if strict else parse_tolerant(text, tools)
    return {**dict.fromkeys(KEYS), **reply_to_json(reply)}


def read_verdict(data: bytes) -> dict[str, Any]:
    """A judge's verdict as JSON values: over all, each aspect, the reasons given, and what was mended."""
    judgement = parse_verdict(_text(data))
    return {"kind": "verdict", "verdict": judgement.verdict, **asdict(judgement)}


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


def _names(toolset: str | None, tools: str | None) -> list[str] | None:
    if toolset is None and tools is None:
        return None
    toolset, names = chosen_tools(toolset, tools)
    if names is None:
        with no_network():
            names = tool_names(toolset)
    if not all(_is_text(name) for name in names):
        raise UserError("--tools holds bytes that are not UTF-8")
    return names


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bytes(file: str) -> bytes:
    if file != "-":
        try:
            return read_bounded(Path(file), LARGEST)
        except OSError as error:
            raise UserError(f"cannot read {file}: {error.strerror}") from None
    if sys.stdin is None:
        raise UserError("there is no standard input to read the reply from")
    if sys.stdin.isatty():
        click.echo("type or paste a model's reply, then press Ctrl-D on a line of its own", err=True)
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UserError(f"the reply is larger than {LARGEST // 1024} KiB")
    return data
