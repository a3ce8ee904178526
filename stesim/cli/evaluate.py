"""`stesim eval`: how many replies are well-formed, name the right tool and are correct."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from stesim.cli.common import echo_json, plain
from stesim.errors import UserError
from stesim.evaluate import Predictions, Score, read_predictions, report, score_all
from stesim.parsing.vocabulary import FAILURES, REPAIRS

EPILOG = """\b
Examples:
  stesim eval --predictions mistral.json             what the model meant, read tolerantly
  stesim eval --predictions mistral.json --strict    comparable with the paper's tables
  stesim eval --predictions mistral.json --json | jq .correct
"""
_RULES = {
    "strict": "strict (the paper's rule of parsing)",
    "tolerant": "tolerant (malformed replies are repaired where there is no doubt; not the paper's rule)",
}
_HEADINGS = ("", "replies", "well-formed", "API match", "correct")
_NOTICE_AFTER = 2.0  # seconds


@click.command("eval", epilog=EPILOG, short_help="Score replies whose right calls are known.")
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Replies in the format of the paper's released predictions.",
)
@click.option(
    "--strict/--tolerant",
    default=False,
    help="Read replies by the paper's rule, to compare with its tables, or as they were meant.  [default: tolerant]",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object, with figures for each tool.")
def evaluate(predictions: Path | None, strict: bool, as_json: bool) -> None:
    """Score replies against known right calls, as the paper does.

    Well-formed: a call with a JSON object, of all replies. API match: the right tool, of the well-formed. Correct: the
    right tool with the right arguments, of all replies.
    """
    if predictions is None:
        raise UserError("nothing to score: give --predictions FILE")
    found = read_predictions(predictions)
    figures = report(found, _scores(found, strict), strict=strict)
    echo_json(figures) if as_json else _show(figures, predictions)


def _scores(predictions: Predictions, strict: bool) -> list[Score]:
    """The scores, with a word on how far it is if it takes long."""
    scores: list[Score] = []
    started, pause = time.monotonic(), _NOTICE_AFTER
    for score in score_all(predictions, strict=strict):
        scores.append(score)
        if time.monotonic() - started > pause:
            click.echo(f"scored {len(scores)} of {len(predictions.each)} replies", err=True)
            pause *= 2
    return scores


def _show(figures: Mapping[str, Any], path: Path) -> None:
    """Print the figures for a person."""
    empty = figures["no_argument_tools"]
    click.echo(f"{plain(str(path))}: {figures['replies']} replies, {len(figures['tools'])} tools")
    click.echo(f"parsing: {_RULES[figures['rule']]}\n")
    rows = [_HEADINGS, _row("all", figures)]
    if empty["tools"]:
        rows.append(_row(f"{empty['tools']} tools without arguments", empty))
    _table(rows, left=1)
    click.echo("\nwell-formed: % of the replies. API match: % of the well-formed. correct: % of the replies.")
    if empty["tools"]:
        click.echo(
            "Tools without arguments: no right call has any; where no verdict is stored, the name alone decides."
        )
    if not figures["agreement"]:
        click.echo("The file holds no verdicts: arguments are right if they equal the right ones as strings.")
    elif figures["unjudged"]:
        click.echo(
            f"unjudged: {figures['unjudged']} calls of tools whose arguments take a judge have no stored verdict; they "
            f"count as\ncorrect only if the arguments equal the right ones as strings."
        )
    malformed = {"(final answer, no call)": figures["final_answers"]} if figures["final_answers"] else {}
    _counts("not well-formed", malformed | figures["failures"], FAILURES)
    _counts("repairs", figures["repairs"], REPAIRS)
    _agreement(figures["agreement"])


def _row(label: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    shares = (figures[name] for name in ("well_formed", "api_match", "correct"))
    return (label, str(figures["replies"]), *("–" if share is None else f"{share:.3f}" for share in shares))


def _counts(title: str, counts: Mapping[str, int], meanings: Mapping[str, str]) -> None:
    """How often each thing happened, and what it means."""
    if counts:
        click.echo(f"\n{title}:")
        _table([(f"  {name}", str(n), meanings.get(name, "")) for name, n in counts.items()], left=1, last_left=True)


def _agreement(agreement: Mapping[str, Mapping[str, int]]) -> None:
    """How many of the flags that the file holds are the same here."""
    if not agreement:
        return
    click.echo("\nthe same as stored in the file:")
    notes = {"args_correct": "the string rule alone, where it is the paper's"}
    rows = [(f"  {flag}", f"{n['same']} of {n['stored']}", notes.get(flag, "")) for flag, n in agreement.items()]
    _table(rows, left=1, last_left=True)


def _table(rows: Sequence[Sequence[str]], *, left: int, last_left: bool = False) -> None:
    """Columns of text: the first `left` ones (and the last, if so) aligned to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < left or (last_left and column == len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
