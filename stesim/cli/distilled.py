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
from stesim.report.summary import duration, share
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
    headings = ("tool", "trials", "kept", "share", "asked", "reworded", "demonstrations")
    rows = [headings, *(_row(plain(each["tool"]), each) for each in figures["tools"]), _row("all", figures)]
    table(rows)
    click.echo()
    table([("gate", "dropped", "passed", ""), *_gate_rows(figures)], last_left=True)
    dropped = figures["paraphrases_dropped"]
    if dropped:
        click.echo("\nrewordings dropped, because the reply:")
        table([(f"  {plain(why)}", str(n), REASONS.get(why, "")) for why, n in dropped.items()], last_left=True)
    used = figures["paraphrases"]
    more = f" (of {figures['reworded']} made)" if figures["reworded"] != used else ""
    click.echo(
        f"\nkept: trials that passed every gate: {figures['distinct_queries']} different queries with "
        f"{figures['distinct_values']} different values of arguments.\n"
        f"asked: how often the model was asked for a rewording.\n"
        f"{figures['demonstrations']} demonstrations: {figures['originals']} queries as imagined, {used} "
        f"rewordings{more}.\n{_models(figures)}"
    )
    if not figures["demonstrations"]:
        click.echo(f"No trial passed every gate, so there is nothing to learn from: {_why(figures)}.")
    click.echo(f"demonstrations: {plain(str(path / DEMONSTRATIONS))}")
    if figures["demonstrations"]:
        run = plain(shlex.quote(str(path)))
        click.echo(
            f"\nNext:\n  stesim eval --run {run} --mode icl      with the demonstrations in the prompt\n"
            f"  stesim export {run} --format messages   as training data"
        )


def _row(name: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    shown = (figures[key] for key in ("paraphrases_asked", "reworded", "demonstrations"))
    kept, trials = figures["kept"], figures["trials"]
    return (name, str(trials), str(kept), share(kept, trials), *map(str, shown))


def _gate_rows(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [(gate, str(figures["gates"][gate]), str(figures["passed"][gate]), GATES[gate]) for gate in GATES]


def _models(figures: Mapping[str, Any]) -> str:
    """Who judged, who reworded, and how long it took."""
    judge = plain(figures["judge"] or "none, the other gates decided alone")
    reworded = plain(figures["paraphraser"] or "none")
    return f"judge: {judge}. rewordings: {reworded}. {duration(figures['seconds'])} of the models' time."


def _why(figures: Mapping[str, Any]) -> str:
    """Where most trials were lost."""
    if not figures["trials"]:
        return "the run has no finished trials"
    gate = max(GATES, key=lambda name: figures["gates"][name])
    return f"most were dropped at the gate {gate} ({figures['gates'][gate]} of {figures['trials']})"
