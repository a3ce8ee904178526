"""What a distillation came to: the figures of `distill.json`, and the tables that show them.

    figures = make(source, judged, paraphrased, demonstrations)
    show(figures, Path("runs/first"))

Not covered: why a single trial was dropped; that is in `judge/judged.jsonl`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import click

from stesim.cli.common import plain, table
from stesim.demonstrations import DEMONSTRATIONS
from stesim.paraphrase import REASONS
from stesim.records import Demonstration, Gate, Judged, Paraphrased
from stesim.report.summary import duration, share, some
from stesim.toolbox import fold

GATES: Mapping[str, str] = {
    "answer": "gave no final answer after a call",
    "rank": "the query goes better with another call",
    "format": "the arguments are not as the tool's schema has them",
    "execution": "the call failed, or gives something else when it is made again",
    "grounding": "the query lacks a value of the call",
    "duplicate": "the query is like one that was kept",
    "judge": "the judge found fault with it",
    "unparsed": "the judge's verdict could not be read, twice, or the trial was too long for it",
}
# What may be tried where a gate drops most; RUN stands for the run.
_ADVICE: Mapping[str, str] = {
    "answer": "stesim memory RUN shows which calls failed and which trials came to no query; a new run with more "
    "--trials, and with --faults off if it had faults, has more to choose from",
    "rank": "a new run with more --trials, or with a larger --model",
    "format": "a new run with --constrain on, or with a larger --model",
    "execution": "stesim memory RUN shows which calls failed; a new run with more --trials, and with --faults off if "
    "it had faults",
    "grounding": "stesim distill RUN --again --grounding words if it was strict, or off for queries that need not say "
    "all values; or a new run with --imagine call-first",
    "duplicate": "a new run with more --tools; or stesim distill RUN --again --similar 0.9",
    "judge": "stesim distill RUN --again --judge MODEL with a stronger judge, or with --no-judge",
    "unparsed": "stesim distill RUN --again --judge MODEL with a stronger judge, or with --no-judge",
}
assert _ADVICE.keys() == GATES.keys()
assert {"", *GATES} == set(get_args(Gate))


def make(
    tools: Sequence[str],
    judged: Sequence[Judged],
    paraphrased: Sequence[Paraphrased],
    demonstrations: Sequence[Demonstration],
) -> dict[str, Any]:
    """The figures: in all, and for each of the tools."""
    each = [
        {
            "tool": tool,
            **_count([one for one in judged if one.tool == tool], [one for one in paraphrased if one.tool == tool]),
        }
        for tool in tools
    ]
    by_tool = {tool: sum(one.tool == tool for one in demonstrations) for tool in tools}
    for row in each:
        row["demonstrations"] = by_tool[row["tool"]]
    return {
        **_count(judged, paraphrased),
        "originals": sum(not one.paraphrase for one in demonstrations),
        "paraphrases": sum(one.paraphrase > 0 for one in demonstrations),
        "demonstrations": len(demonstrations),
        "by_tool": by_tool,
        "tools": each,
    }


def _count(judged: Sequence[Judged], paraphrased: Sequence[Paraphrased]) -> dict[str, Any]:
    """The trials, those dropped at each gate and those that passed it, and the rewordings."""
    dropped, passed, left = {}, {}, len(judged)
    for gate in GATES:
        dropped[gate] = sum(one.gate == gate for one in judged)
        passed[gate] = left = left - dropped[gate]
    reasons: Counter[str] = Counter()
    for one in paraphrased:
        reasons.update(one.dropped)
    kept = [one.demonstration for one in judged if one.demonstration and not one.gate]
    return {
        "trials": len(judged),
        "kept": left,
        "distinct_queries": len({fold(one.query) for one in kept}),
        "distinct_values": len({value for one in kept for value in _values(one.tool, one.arguments)}),
        "gates": dropped,
        "passed": passed,
        "reworded": sum(len(one.paraphrases) for one in paraphrased),
        "paraphrases_asked": sum(one.asked for one in paraphrased),
        "paraphrases_dropped": {reason: reasons[reason] for reason in [*REASONS, *sorted(reasons)] if reasons[reason]},
    }


def _values(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """The plain values in arguments, each with the argument that it is a value of."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(f"{place} {name}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(place, inner)
    else:
        yield place, fold(value) if isinstance(value, str) else repr(value)


def show(figures: Mapping[str, Any], path: Path) -> None:
    """Print the figures for a person."""
    click.echo()
    run, reworded = plain(shlex.quote(str(path))), bool(figures["paraphrases_asked"])
    rows = [_row(plain(each["tool"]), each, reworded) for each in figures["tools"]]
    headings = ("tool", "trials", "kept", "share", *(("asked", "reworded") if reworded else ()), "demonstrations")
    table([headings, *rows, _row("all", figures, reworded)])
    click.echo()
    if gates := _gate_rows(figures):
        table([("gate", "dropped", "left", "dropped because"), *gates], last_left=True)
    else:
        click.echo("No gate dropped a trial.")
    dropped = figures["paraphrases_dropped"]
    if dropped:
        click.echo("\nrewordings dropped, because the reply:")
        table([(f"  {plain(why)}", str(n), REASONS.get(why, "")) for why, n in dropped.items()], last_left=True)
    click.echo(
        f"\nkept: trials that passed every gate: {some(figures['distinct_queries'], 'different query')} with "
        f"{some(figures['distinct_values'], 'different value')} of arguments."
    )
    if reworded:
        click.echo("asked: how often the model was asked for a rewording.")
    click.echo(f"{_content(figures)}.\n{_models(figures)}")
    if not figures["demonstrations"]:
        click.echo("No trial passed every gate, so there is nothing to learn from.")
    if 2 * figures["kept"] < figures["trials"] or not figures["trials"]:
        click.echo(_why(figures).replace("RUN", run))
    click.echo(f"demonstrations: {plain(str(path / DEMONSTRATIONS))}")
    if figures["demonstrations"]:
        click.echo(
            f"\nNext:\n  stesim eval --run {run} --mode icl      with the demonstrations in the prompt\n"
            f"  stesim export {run} --format messages   as training data"
        )


def _content(figures: Mapping[str, Any]) -> str:
    """What the demonstrations are."""
    text = f"{some(figures['demonstrations'], 'demonstration')}: {some(figures['originals'], 'query')} as imagined"
    if not figures["paraphrases_asked"]:
        return text
    more = f" (of {figures['reworded']} made)" if figures["reworded"] != figures["paraphrases"] else ""
    return f"{text}, {some(figures['paraphrases'], 'rewording')}{more}"


def _row(name: str, figures: Mapping[str, Any], reworded: bool) -> tuple[str, ...]:
    """A row of the table by tools; the columns of the rewordings if there are any."""
    columns = (*(("paraphrases_asked", "reworded") if reworded else ()), "demonstrations")
    shown = (figures[key] for key in columns)
    kept, trials = figures["kept"], figures["trials"]
    return (name, str(trials), str(kept), share(kept, trials), *map(str, shown))


def _gate_rows(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    dropped, left = figures["gates"], figures["passed"]
    return [(gate, str(dropped[gate]), str(left[gate]), GATES[gate]) for gate in GATES if dropped[gate]]


def _models(figures: Mapping[str, Any]) -> str:
    """Who judged, who reworded, and how long it took."""
    judge = plain(figures["judge"] or "none, the other gates decided alone")
    reworded = f" rewordings: {plain(figures['paraphraser'])}." if figures["paraphraser"] else ""
    return f"judge: {judge}.{reworded} {duration(figures['seconds'])} of the models' time."


def _why(figures: Mapping[str, Any]) -> str:
    """Where most trials were lost, and what may be tried."""
    if not figures["trials"]:
        return "The run has no finished trials."
    gate = max(GATES, key=lambda name: figures["gates"][name])
    dropped = f"{figures['gates'][gate]} of {figures['trials']}"
    return f"Most were dropped at the gate {gate} ({dropped}). What may help: {_ADVICE[gate]}."
