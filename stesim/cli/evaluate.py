"""`stesim eval`: how well a model calls tools, asked now about a test set or scored from recorded replies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from stesim.cli import answering, differences, figures
from stesim.cli.adapters import lora_option
from stesim.cli.common import complete_tools, echo_json, plain, table, toolset_option
from stesim.cli.preparing import DEFAULTS, Wish
from stesim.errors import UserError
from stesim.evaluate import Predictions, Score, read_predictions, report, score_all
from stesim.parsing.vocabulary import FAILURES, REPAIRS

EPILOG = """\b
Examples:
  stesim eval --mode baseline                        smollm2 as it is, about the starter tools
  stesim eval --run runs/first --mode icl            with the run's demonstrations, and the run's model and tools
  stesim eval --run runs/first --mode ft             the model that stesim finetune runs/first trained
  stesim eval --run runs/first --mode icl --constrain both    constrained and unconstrained, side by side
  stesim eval --run runs/first --name icl            go on, if it was stopped; or print it again
  stesim eval --model replay:runs/first/eval/icl     repeat an evaluation without its model
  stesim eval --predictions mistral.json --strict    recorded replies, comparable with the paper's tables
"""
_RULES = {
    "strict": "strict (the paper's rule of parsing)",
    "tolerant": "tolerant (malformed replies are repaired where there is no doubt; not the paper's rule)",
}
_HEADINGS = ("", "replies", "well-formed", "API match", "correct")
_NOTICE_AFTER = 2.0  # seconds
_COUNT = click.IntRange(1, 10**6)


@click.command("eval", epilog=EPILOG, short_help="Measure how well a model calls tools.")
@click.option(
    "--model",
    "spec",
    help="smollm2, the path of a GGUF file, scripted:FILE (a JSON list of replies) or replay:FOLDER of an evaluation.  "
    "[default: the run's, else smollm2]",
)
@lora_option("[default: in mode ft RUN/finetune/adapter.gguf, else the one that the run explored with, if any]")
@click.option("--run", type=click.Path(path_type=Path), help="A run, whose tools and demonstrations are used.")
@click.option(
    "--mode",
    type=click.Choice(["baseline", "icl", "ft"]),
    help="baseline: the tools' descriptions alone; icl: with demonstrations in the prompt; ft: a fine-tuned model, "
    "asked as it was trained, with no tool described.  [default: baseline]",
)
@click.option(
    "--describe/--no-describe",
    default=None,
    help="In mode ft: describe the tools as the other modes do, with --shots also demonstrations.  [default: off]",
)
@click.option(
    "--demonstrations",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Demonstrations, a JSON object a line.  [default: RUN/demonstrations.jsonl]",
)
@toolset_option("[default: the run's, else starter]")
@click.option("--tools", help="Only these tools, with commas between their names.", shell_complete=complete_tools)
@click.option(
    "--testset",
    metavar="bundled|dev|PATH",
    help="Queries with their right calls; dev are those to choose prompts and settings on.  [default: bundled]",
)
@click.option(
    "--unanswerable/--no-unanswerable",
    default=None,
    help="Ask also the queries that no tool can help with.  [default: on]",
)
@click.option(
    "--shots",
    type=_COUNT,
    help="Demonstrations before a query, at most; a baseline shows none.  "
    f"[default: {DEFAULTS['shots']} in mode icl, in mode ft none]",
)
@click.option(
    "--retrieval",
    type=click.Choice(["words", "embedding"]),
    help="How demonstrations and candidate tools are found: BM25, or the model's own embeddings.  [default: words]",
)
@click.option(
    "--candidates",
    type=_COUNT,
    help=f"Tools that the prompt describes, where it describes any.  [default: {DEFAULTS['candidates']}]",
)
@click.option(
    "--oracle/--no-oracle",
    default=None,
    help="Of more tools than --candidates: always describe the right one, as in the paper, which flatters.  "
    "[default: off]",
)
@click.option(
    "--constrain",
    type=click.Choice(["auto", "on", "off", "both"]),
    help="Hold replies to a grammar of well-formed calls; auto: where the model can be; both: two evaluations.  "
    "[default: auto]",
)
@click.option("--limit", type=_COUNT, help="The first so many queries of each tool.  [default: all]")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="Recorded with each reply; replies are greedy.  [default: 0]"
)
@click.option(
    "--ctx",
    "context",
    type=click.IntRange(64, 1 << 20),
    help="Context size in tokens.  [default: the model's, at most 4096]",
)
@click.option("--max-tokens", type=_COUNT, help=f"Tokens of a reply, at most.  [default: {DEFAULTS['max_tokens']}]")
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    help="A folder with answer_system.txt and answer.txt (where no tool is described: tool_mode_system.txt and "
    "tool_mode.txt), or one of them.",
)
@click.option("--name", help="The evaluation's name, its folder is RUN/eval/NAME.  [default: the mode]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The evaluation's folder where there is no run.  [default: a new folder in evals/]",
)
@click.option(
    "--threads", default="auto", show_default=True, help="A number, or auto to measure. Changes the speed only."
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask no model: score replies in the format of the paper's released predictions.",
)
@click.option(
    "--strict/--tolerant",
    default=False,
    help="Of --predictions: read replies by the paper's rule, to compare with its tables, or as they were meant.  "
    "[default: tolerant]",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object, with figures for each tool.")
def evaluate(predictions: Path | None, strict: bool, as_json: bool, threads: str, **typed: Any) -> None:
    """Ask a model about queries whose right calls are known, or score replies that are recorded.

    Well-formed: a call with a JSON object, of all answerable queries. API match: the right tool, of the well-formed.
    Correct: the right tool with the right arguments, of all answerable queries. An evaluation that was stopped goes on
    with --run RUN --name NAME or --out FOLDER; what it was started with need not be typed again.
    """
    asking = [name for name, value in typed.items() if value is not None]
    if predictions is not None:
        if asking:
            raise UserError(f"--predictions asks no model: leave out {_option(asking[0])}")
        found = read_predictions(predictions)
        scored = report(found, _scores(found, strict), strict=strict)
        echo_json(scored) if as_json else _show(scored, predictions)
        return
    if strict:
        raise UserError("--strict goes with --predictions; an evaluation writes a predictions.json to give there")
    if not asking:
        raise UserError(
            "nothing to do: ask a model (stesim eval --mode baseline, or with --model or --run), or score recorded "
            "replies with --predictions FILE"
        )
    settings = {name: typed.pop(name) for name in DEFAULTS}
    results = answering.answer(Wish(**typed, threads=threads, settings=settings))
    if as_json:
        echo_json(results[0][1] if len(results) == 1 else [result for _, result in results])
        return
    figures.show(results)


def _option(name: str) -> str:
    return "--model" if name == "spec" else differences.option(name)


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
    table(rows)
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
        table([(f"  {name}", str(n), meanings.get(name, "")) for name, n in counts.items()], last_left=True)


def _agreement(agreement: Mapping[str, Mapping[str, int]]) -> None:
    """How many of the flags that the file holds are the same here."""
    if not agreement:
        return
    click.echo("\nthe same as stored in the file:")
    notes = {"args_correct": "the string rule alone, where it is the paper's"}
    rows = [(f"  {flag}", f"{n['same']} of {n['stored']}", notes.get(flag, "")) for flag, n in agreement.items()]
    table(rows, last_left=True)
