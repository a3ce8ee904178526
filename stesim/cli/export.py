"""`stesim export`: a run's demonstrations as training data for other tools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from stesim.cli import build
from stesim.cli.common import Finite, check_out, echo_json, note_strangers, plain, toolset_option
from stesim.dataset import FORMATS, Exported, Plan, export, file_name
from stesim.demonstrations import DEMONSTRATIONS, read_demonstrations
from stesim.errors import StoreError, UserError
from stesim.offline import no_network
from stesim.report.study import DISTILLED, is_unjudged
from stesim.report.summary import some
from stesim.store import RunFolder
from stesim.store.folder import COMPLETIONS, MANIFEST, TRIALS, is_run
from stesim.store.whole import write_atomically
from stesim.toolbox import Toolbox

EPILOG = """\b
Examples:
  stesim export runs/first --format messages          runs/first/exports/messages.jsonl, for TRL
  stesim export runs/first --format sharegpt --out ../LLaMA-Factory/data/tools.jsonl
  stesim export runs/first --format react --out - | head -1 | jq -r .prompt
  stesim export runs/first --format messages --calls-only      no result, no answer: they are as good as the model
  stesim export runs/first --format messages --mask-names 0.3 --no-call 0.1

\b
Formats:
  messages   chat messages with tools and tool calls: `datasets` (4.7 and newer), TRL
  react      prompt and completion in the ReAct text
  sharegpt   conversations as LLaMA-Factory reads them
  paper      dialog_history and response, as in the paper's release; a JSON list
"""
EXPORTS = "exports"
_STDOUT = Path("-")
_UNJUDGED = (
    "note: the run was distilled without a judge, so that final answers may be wrong; --calls-only leaves them out"
)
_OF_THE_RUN = (MANIFEST, TRIALS, COMPLETIONS, DISTILLED, DEMONSTRATIONS)
_OF_A_STAGE = (
    *_OF_THE_RUN, "judged.jsonl", "paraphrased.jsonl", "answers.jsonl", "predictions.json", "result.json"
)  # fmt: skip


@click.command("export", epilog=EPILOG, short_help="Write the demonstrations as training data.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True, help="What is to read the file.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A file, or - for the standard output.  [default: a file in RUN/exports/, named after the format]",
)
@click.option(
    "--mask-names",
    metavar="SHARE",
    type=Finite(0, 1),
    default=0.0,
    help="Give tools and arguments neutral names in this share of the rows.  [default: 0]",
)
@click.option(
    "--no-call",
    metavar="SHARE",
    type=Finite(0, 1),
    default=0.0,
    help="Add rows in which no tool fits: so many as this share of the demonstrations.  [default: 0]",
)
@click.option("--calls-only", is_flag=True, help="End each row with the call: no result, no final answer.")
@click.option(
    "--candidates",
    type=click.IntRange(1, 1000),
    default=Plan().candidates,
    show_default=True,
    help="Tools offered in a row, the right one among them.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Decides every random choice."
)
@toolset_option("[default: the run's]")
@click.option("--json", "as_json", is_flag=True, help="Print as an object what was written where.")
def export_(
    run: Path, format_: str, out: Path | None, mask_names: float, no_call: float, calls_only: bool, candidates: int,
    seed: int, toolset: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write the demonstrations of RUN, which `stesim distill RUN` has made, as training data."""
    if as_json and out == _STDOUT:
        raise UserError("--json and --out - would both write to the standard output; name a file with --out")
    path = _path(run, format_, out)
    plan = Plan(mask_names, no_call, candidates, seed, calls_only)
    made, demonstrations = _made(run, format_, toolset, plan)
    doubtful = not calls_only and is_unjudged(run)
    if out is None and path is not None:
        _make_folder(path.parent)
    if path is None:
        click.echo(made.data, nl=False)
    else:
        write_atomically(path, made.data)
    if doubtful:
        click.echo(_UNJUDGED, err=True)
    if as_json:
        echo_json({
            "format": format_, "path": str(path), "rows": made.rows, "demonstrations": demonstrations,
            "masked": made.masked, "no_call": made.no_call, "calls_only": calls_only, "renamed": made.renamed,
            "rounded": made.rounded,
        })  # fmt: skip
        return
    where = "the standard output" if path is None else plain(str(path))
    click.echo(f"{where}: {_told(made, demonstrations, calls_only)}", err=path is None)
    for name, other in made.renamed.items():
        click.echo(f"note: {plain(name)} is called {other} there", err=True)
    if made.rounded:
        click.echo(f"note: `datasets` rounds numbers in {made.rounded} demonstrations to 10 decimals", err=True)


def _path(run: Path, format_: str, out: Path | None) -> Path | None:
    """Where the file goes, None for the standard output; raises `UserError` for what is no place for a file."""
    if out == _STDOUT:
        return None
    if out is None:
        return run / EXPORTS / file_name(format_)
    check_out(out)
    if os.path.isdir(out):
        raise UserError(f"--out {out} is a folder; name a file in it, such as {out / file_name(format_)}")
    if os.path.exists(out) and not os.path.isfile(out):
        raise UserError(f"--out {out} is not a regular file; use - for the standard output")
    path = out.resolve()
    of_a_stage = is_run(path.parent) and (path.name in _OF_A_STAGE or path.name.startswith("."))
    if of_a_stage or (path.parent == run.resolve() and path.name in _OF_THE_RUN):
        raise UserError(f"--out {out} would overwrite a file of the run itself")
    return path


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}") from None


def _made(run: Path, format_: str, toolset: str | None, plan: Plan) -> tuple[Exported, int]:
    """The file's content and how many demonstrations it is made of."""
    manifest = build.recorded(RunFolder.read(run))
    if manifest.get("stage", "run") != "run":
        raise UserError(f"{run} is the folder of a stage after the run; name the run's own folder")
    tools = manifest["tools"]
    named, only = build.chosen_tools(toolset or build.recorded_toolset(manifest), manifest["settings"]["tools"])
    with no_network(), Toolbox.open(named, only=only) as box:
        found, strangers = read_demonstrations(run / DEMONSTRATIONS, [tool.name for tool in box.tools])
        note_strangers(strangers)
        if tools["fingerprint"] != box.fingerprint:
            click.echo("note: the tools have changed since the run; they are described as they are now", err=True)
        return export(format_, list(found.values()), box.tools, plan), len(found)


def _told(made: Exported, demonstrations: int, calls_only: bool) -> str:
    """What was written, in one line."""
    more = [f"{made.masked} masked"] * bool(made.masked) + [f"{made.no_call} without a call"] * bool(made.no_call)
    more += ["calls only"] * calls_only
    aside = f" ({', '.join(more)})" if more else ""
    return f"{some(made.rows, 'row')} from {some(demonstrations, 'demonstration')}{aside}"
