"""`stesim tools record`: ask live APIs once and keep what they answer; the only command that uses the network."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stesim.cli.common import Finite, plain, shorten
from stesim.errors import UserError
from stesim.toolbox import user_errors

if TYPE_CHECKING:
    from mocktools.exchanges.format import Call
    from mocktools.recording import Kind, Outcome, Recorder, Step

_PATIENCE = 2.0  # seconds until a word is said about what is waited for
_WIDTH = 80
_LARGEST = 8 << 20  # characters from the standard input
_ORDER: tuple[Kind, ...] = ("new", "changed", "unchanged", "skipped", "failed")
_EPILOG = """\b
Examples:
  stesim tools record mytools/ --tool get_pet --args '{"petId": 1}'
  stesim tools record mytools/ --from queries.jsonl --missing
  stesim tools record mytools/tools.json --tool get_pet        its example call
  stesim tools record mytools/ --all --missing                 those of all tools
  jq -c '.[]' calls.json | stesim tools record mytools/ --from - --json
  PETSTORE_TOKEN=... stesim tools record mytools/ --tool get_pet
  stesim tools record mytools/ --tool add_pet --base-url http://127.0.0.1:8000 --allow-writes
"""


@click.command(epilog=_EPILOG)
@click.argument("tool_file", type=click.Path(path_type=Path))
@click.option("--tool", "name", metavar="NAME", help="Which tool; may be left out if there is one only.")
@click.option("--args", "arguments", multiple=True, metavar="JSON", help="Arguments of a call; may be repeated.")
@click.option(
    "--from", "source", metavar="FILE", help="Calls as JSON lines, or rows of a test set; - is standard input."
)
@click.option("--all", "every", is_flag=True, help="The example call of every tool.")
@click.option("--base-url", default="", metavar="URL", help="Send to this scheme and host in place of the tool's own.")
@click.option("--missing", is_flag=True, help="Make only the calls that no fixture answers yet.")
@click.option("--allow-writes", is_flag=True, help="Also make calls that can change things on the server.")
@click.option(
    "--allow-invalid", is_flag=True, help="Also make calls that do not fit a tool's parameters, for the API's error."
)
@click.option("--keep-personal", is_flag=True, help="Do not take e-mail addresses and tokens out of the answers.")
@click.option("--keep-busy", is_flag=True, help="Also store answers such as 429 and 503.")
@click.option("--pause", type=Finite(0, 60), default=0.0, metavar="SECONDS", help="Wait between two calls.")
@click.option("--json", "json_", is_flag=True, help="Print a list of objects.")
def record(
    tool_file: Path,
    name: str | None,
    arguments: tuple[str, ...],
    source: str | None,
    every: bool,
    base_url: str,
    missing: bool,
    allow_writes: bool,
    allow_invalid: bool,
    keep_personal: bool,
    keep_busy: bool,
    pause: float,
    json_: bool,
) -> None:
    """Call live APIs once and store the answers as fixtures.

    TOOL_FILE is a toolset folder or its tools.json. The answers go to fixtures/recorded-<tool>.json in that folder, and
    the tools then answer these calls the same without the network. Without --args and --from the tool's example call
    is recorded. Calls are held against the tools' parameters before anything is sent. Secrets are filled from the
    environment and never stored. Exits with 1 if some calls failed.
    """
    from mocktools.recording import Options, Recorder

    options = Options(base_url, allow_writes, missing, keep_personal, keep_busy, allow_invalid)
    done: list[Outcome] = []
    with user_errors(), Recorder(tool_file, options) as recorder:
        steps = recorder.plan(_calls(recorder, name, arguments, source, every))
        try:
            for outcome in _outcomes(recorder, steps, pause):
                done.append(outcome)
                if not json_:
                    _show(outcome)
        finally:
            # Also after Ctrl-C: what was recorded before is stored.
            if json_:
                click.echo(json.dumps([_as_json(outcome) for outcome in done], indent=2))
            elif done:
                _sum_up(done)
    if any(outcome.kind == "failed" for outcome in done):
        raise SystemExit(1)


def _calls(
    recorder: Recorder, name: str | None, arguments: tuple[str, ...], source: str | None, every: bool
) -> list[Call]:
    """What is asked for; raises `MockToolsError` and `UserError`."""
    from mocktools.recording import calls

    if arguments and source is not None:
        raise UserError("--args and --from cannot be used together")
    if every:
        if name is not None or arguments or source is not None:
            raise UserError("--all goes without --tool, --args and --from")
        return _examples(recorder)
    if source == "-":
        if sys.stdin is None:
            raise UserError("there is no standard input to read the calls from")
        return calls.from_lines(sys.stdin.read(_LARGEST + 1), calls.STDIN, recorder.tools, name, recorder.wrong)
    if source is not None:
        return calls.from_file(Path(source), recorder.tools, name, recorder.wrong)
    tool = calls.chosen(recorder.tools, name)
    if tool is None:
        names = shorten(", ".join(tool.name for tool in recorder.tools), 300)
        raise UserError(f"there are several tools; name one with --tool: {names}; or record each one's example: --all")
    return calls.from_arguments(arguments, tool) if arguments else calls.from_example(tool)


def _examples(recorder: Recorder) -> list[Call]:
    """The example calls of all tools; says on the standard error stream which are left out."""
    from mocktools.recording import calls

    found, left_out = calls.from_examples(recorder.tools, recorder.options.allow_writes)
    for reason in left_out:
        click.echo(plain(f"left out: {reason}"), err=True)
    if not found:
        raise UserError("no tool has an example call that may be made")
    return found


def _outcomes(recorder: Recorder, steps: list[Step], pause: float) -> Iterator[Outcome]:
    sent = False
    for number, step in enumerate(steps, 1):
        if not step.skip:
            if sent:
                time.sleep(pause)
            sent = True
        with _patient(f"{number} of {len(steps)}: waiting for {_shown(step.call)}"):
            outcome = recorder.record(step)
        yield outcome


@contextlib.contextmanager
def _patient(text: str) -> Iterator[None]:
    """Says `text` on the standard error stream if the block takes longer than two seconds."""
    timer = threading.Timer(_PATIENCE, lambda: click.echo(plain(text), err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _show(outcome: Outcome) -> None:
    status = f"  HTTP {outcome.status}" if outcome.status is not None and outcome.kind != "failed" else ""
    why = f": {outcome.message}" if outcome.message else ""
    click.echo(plain(f"{outcome.kind:9}  {_shown(outcome.call)}{status}{why}"))
    for note in outcome.notes:
        click.echo(plain(f"{'':9}  {note}"))


def _sum_up(done: list[Outcome]) -> None:
    counts = Counter(outcome.kind for outcome in done)
    files = sorted({str(outcome.file) for outcome in done if outcome.kind in ("new", "changed")})
    where = f"; see {', '.join(files)}" if files else ""
    click.echo(plain(", ".join(f"{counts[kind]} {kind}" for kind in _ORDER if counts[kind]) + where))


def _shown(call: Call) -> str:
    return f"{call.tool} {shorten(json.dumps(dict(call.arguments), ensure_ascii=False), _WIDTH)}"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "tool": outcome.call.tool,
        "arguments": dict(outcome.call.arguments),
        "outcome": outcome.kind,
        "status": outcome.status,
        "file": str(outcome.file) if outcome.file else None,
        "message": outcome.message,
        "notes": list(outcome.notes),
    }
