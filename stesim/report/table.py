"""A study as Markdown, ready to paste: what in-context learning (ICL) and fine-tuning (FT) changed, tool by tool and
failure by failure.

    print(markdown(read(Path("runs/first"))))

The rows are the paper's comparison (section 4.2): the model with the tools' descriptions alone, with demonstrations
from its own exploration, and fine-tuned on them; the paper's own figures stand in a table of their own. What models,
tools and users wrote is escaped. Not covered: a page with graphics.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby

from stesim.report.evaluations import METRICS, METRICS_MEAN, Evaluation, Figure
from stesim.report.markdown import cell, code, place, table
from stesim.report.paper import METHODS, RESULTS, SOURCE, gains
from stesim.report.study import Distillation, Study
from stesim.report.summary import NOTHING, duration, percent, some
from stesim.report.trained import Training

_LONGEST = 300  # characters of a query or a reply among the examples
_SHOWN = 3  # examples of a kind of failure
_NAMED = 3  # tools of a toolset, at most; of more their number is said
_OF_WRONG_VALUES = {"miscopied": "– of these, nearly the right one", "other": "– of these, another one"}
_PASSED = {
    "answer": "gave a final answer after a call that could be read",
    "rank": "the query goes best with its call",
    "format": "arguments fit the schema",
    "execution": "result is not an error, and the same again",
    "grounding": "the query holds the values of the call",
    "duplicate": "not nearly the same as another one",
    "judge": "the judge let it pass",
    "unparsed": "the judge's verdict could be read",
}


def markdown(
    study: Study, *, examples: bool = False, paper: bool = False, sizes: Mapping[str, int] | None = None
) -> str:
    """The whole report; with `examples`, also replies that failed, by kind; with `paper`, also the paper's figures.

    `sizes` says how many tools there are in a toolset, of those where it is known.
    """
    parts: list[str] = []
    for _, group in groupby(study.evaluations, key=lambda each: each.group):
        evaluations = list(group)
        first = evaluations[0]
        tools = _tools(first, (sizes or {}).get(first.toolset, 0))
        parts.append(f"### {place(first.model)}: {tools}, {place(first.testset)} test set")
        parts += _evaluated(study, evaluations)
        parts += _failed(evaluations) if examples else []
    parts += _of_the_paper() if paper else []
    parts.append(f"### Exploration{', distillation and fine-tuning' if study.training else ' and distillation'}")
    parts += _explored(study)
    return "\n\n".join(parts)


def _tools(each: Evaluation, size: int) -> str:
    """The tools of an evaluation: the toolset, and which of its tools where they are not all."""
    names = [cell(name) for name in each.recorded.tools]
    if not 0 < each.tools < size:
        return f"{place(each.toolset)} tools"
    if 0 < len(names) <= _NAMED:
        said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    else:
        said = some(each.tools, "tool")
    return f"{said} of {place(each.toolset)}"


def _evaluated(study: Study, evaluations: Sequence[Evaluation]) -> list[str]:
    """The tables of the evaluations of one model on one test set."""
    labels = _labels(evaluations)
    headings = ("method", "decoding", "queries", *METRICS.values())
    rows = [(*label, _queries(each), *(_share(each.metrics.get(name)) for name in METRICS)) for each, label in labels]
    more = "" if not any(each.unanswerable for each in evaluations) else " queries: answerable + not answerable ones."
    parts = [table(headings, rows, left=2), f"Percent with 95 % intervals. {METRICS_MEAN}{more}"]
    compared = [each for each in study.comparisons if any(each.after is one for one in evaluations)]
    if compared:
        names = {id(each): method for each, (method, _) in labels}
        rows = [
            (
                f"{names[id(each.after)]} − {names.get(id(each.before), each.before.method)}", each.after.decoding,
                *(_points(each.differences.get(name)) for name in METRICS),
            )
            for each in compared
        ]  # fmt: skip
        parts.append(table(("difference", "decoding", *METRICS.values()), rows, left=2))
        parts.append(
            "Percentage points with the 95 % interval of the paired difference: the same queries on both sides."
        )
    figures = [each.metrics.values() for each in evaluations] + [each.differences.values() for each in compared]
    if any(map(_has_no_width, chain.from_iterable(figures))):
        parts.append("An interval without width means only that all queries came out alike, however few they are.")
    columns = [", ".join(label) for _, label in labels]
    parts += _by_tool(evaluations, columns)
    parts += _by_failure(evaluations, columns)
    parts.append("\n".join(f"- {_conditions(each, column)}" for each, column in zip(evaluations, columns, strict=True)))
    return parts


def _labels(evaluations: Sequence[Evaluation]) -> list[tuple[Evaluation, tuple[str, str]]]:
    """Method and decoding of each evaluation; with all their names where those do not tell each from the others."""
    plain = [(each.method, each.decoding) for each in evaluations]
    several = len(set(plain)) < len(plain)
    named = [
        (f"{method} ({cell(each.name)})" if several else method, decoding)
        for each, (method, decoding) in zip(evaluations, plain, strict=True)
    ]
    return list(zip(evaluations, named, strict=True))


def _by_tool(evaluations: Sequence[Evaluation], columns: Sequence[str]) -> list[str]:
    tools = _union(each.by_tool or {} for each in evaluations)
    rows = []
    for tool in tools:
        found = [(each.by_tool or {}).get(tool, {}) for each in evaluations]
        queries = next((int(values["queries"] or 0) for values in found if "queries" in values), 0)
        rows.append((cell(tool), str(queries), *(percent(values.get("correct")) for values in found)))
    return [table(("correct, by tool", "queries", *columns), rows)] if rows else []


def _by_failure(evaluations: Sequence[Evaluation], columns: Sequence[str]) -> list[str]:
    kinds = _union(each.failures or {} for each in evaluations)
    rows = []
    for kind in kinds:
        rows.append((_kind(kind), *(str((each.failures or {}).get(kind, 0)) for each in evaluations)))
        if kind == "wrong_value" and any(each.wrong_values for each in evaluations):
            for of, said in _OF_WRONG_VALUES.items():
                rows.append((said, *(str(each.wrong_values.get(of, NOTHING)) for each in evaluations)))
    return [table(("failures, by kind", *columns), rows)] if rows else []


def _confused(each: Evaluation) -> list[str]:
    """Which tools were called instead of the right ones."""
    rows = [(cell(pair.right), cell(pair.called), str(pair.answers)) for pair in each.confusions]
    return [table(("right tool", "called instead", "answers"), rows, left=2)] if rows else []


def _conditions(each: Evaluation, label: str) -> str:
    """Under which settings an evaluation was made, and what it took, in a line."""
    queries = f"{each.queries} queries" if each.queries != 1 else "1 query"
    queries += f" and {each.unanswerable} that no tool can serve" if each.unanswerable else ""
    parts = [some(each.tools, "tool") + ("" if each.describe else ", none described") if each.tools else "", queries]
    if each.candidates and each.candidates < each.tools:
        parts.append(f"{each.candidates} candidate tools{', the right one among them' if each.oracle else ''}")
    if each.not_offered:
        parts.append(f"for {each.not_offered} queries the right one was not")
    if scale := each.adapter.get("scale"):
        parts.append("LoRA adapter" + (f" at {cell(str(scale))}" if scale != 1 else ""))
    if each.mode == "icl" or (each.mode == "ft" and each.shots):
        shots = min(each.shots, each.demonstrations)
        parts.append(f"{shots} of {each.demonstrations} demonstrations a query, found by {cell(each.retrieval)}")
    if each.outdated:
        parts.append(f"other demonstrations {'or another adapter ' if each.adapter else ''}than the run has now")
    parts.append("" if each.seed is None else f"seed {each.seed}")
    if tokens := each.tokens:
        reused = f" ({_number(tokens['reused'])} of them reused)" if tokens.get("reused") else ""
        parts.append(
            f"{_number(tokens.get('prompt', 0))} prompt tokens{reused}, {_number(tokens.get('generated', 0))} generated"
        )
    parts.append(duration(each.seconds) if each.seconds else "")
    return f"{label}: {'; '.join(part for part in parts if part)}."


def _failed(evaluations: Sequence[Evaluation]) -> list[str]:
    """Which tools were taken for others, and failures word for word."""
    parts = []
    for each, label in _labels(evaluations):
        lines = []
        for kind, examples in (each.examples or {}).items():
            for example in examples[:_SHOWN]:
                right = "no call" if example.right is None else code(_call(example.right), _LONGEST)
                lines.append(
                    f"- {_kind(kind)}: {cell(example.query, _LONGEST)} ({cell(example.id)})\n"
                    f"  - right: {right}\n  - said: {code(example.said, _LONGEST)}"
                    + (f"\n  - differs: {cell('; '.join(example.differs), _LONGEST)}" if example.differs else "")
                )
        if lines or each.confusions:
            parts += [f"#### Failures: {', '.join(label)}", *_confused(each), *(["\n".join(lines)] if lines else [])]
    return parts


def _call(call: Mapping[str, object]) -> str:
    arguments = json.dumps(call.get("arguments", {}), ensure_ascii=False)
    return f"{call.get('tool', '')} {arguments}"


def _explored(study: Study) -> list[str]:
    """What the run and the distillation came to."""
    settings, run = study.settings, study.exploration
    trials = f"{run.trials} of {study.planned}" if run.trials < study.planned else str(run.trials)
    imagined = f", imagined {cell(str(settings['imagine']))}" if settings.get("imagine") else ""
    plan = f"{some(settings['episodes'], 'episode')} of {some(settings['trials'], 'trial')} each{imagined}"
    lines = [
        f"{place(study.model)} on {some(len(settings['tools']), 'tool')} ({place(study.toolset)}), {plan}, "
        f"seed {cell(str(settings.get('seed', NOTHING)))}: {trials} trials, {run.answered} answered after a call, "
        f"{_number(study.tokens)} tokens generated in {duration(study.seconds)}."
    ]
    lines += ["Not distilled."] if study.distillation is None else _distilled(study.distillation)
    return lines + (_trained(study.training) if study.training else [])


def _distilled(found: Distillation) -> list[str]:
    left = found.left
    rows = [
        (_kind(gate), cell(_PASSED.get(gate, "")), str(n), str(left[gate]) if found.trials is not None else NOTHING)
        for gate, n in found.dropped.items()
        if gate in found.asked
    ]
    parts = [table(("gate", "passed if", "dropped", "trials left"), rows, left=2)] if rows else []
    kept = NOTHING if found.kept is None else str(found.kept)
    share = f" ({percent(100 * (found.kept or 0) / found.trials)} %)" if found.trials else ""
    counts = [f"{kept} of {found.trials if found.trials is not None else NOTHING} trials{share} became demonstrations"]
    if found.paraphrases is not None:
        unfit = ", ".join(f"{n} {_kind(why)}" for why, n in found.unfit.items() if n)
        counts.append(f"{found.paraphrases} paraphrases were added" + (f" (dropped: {unfit})" if unfit else ""))
    if found.demonstrations is not None:
        counts.append(f"{found.demonstrations} demonstrations in all")
    counts.append(f"judge: {cell(found.judge)}" if found.judge else "no judge")
    counts.append(duration(found.seconds) if found.seconds else "")
    return [*parts, "; ".join(part for part in counts if part) + "."]


def _trained(found: Training) -> list[str]:
    """What the fine-tuning came to, in a line; what is not told is left out. Rows by kind are of all rows."""
    take = found.number
    drills = take("data", "drills") or None
    said = [
        ("LoRA of rank {:.0f}", take("settings", "rank")),
        ("{:.0f} demonstration{s}", take("data", "demonstrations")),
        ("{:.0f} row{s}", take("data", "rows")),
        ("{:.0f} of them drills" if drills != 1 else "1 of them a drill", drills),
        ("{:.0f} of them without a call", take("data", "no_call") or None),
        ("{:.0f} row{s} learned", found.learned),
        ("{:.0f} held out", take("data", "held_out")),
        ("{:g} epoch{s}", take("epochs")),
        ("{:.0f} step{s}", take("steps")),
        ("loss {:.3f} at first", take("loss", "first")),
        ("{:.3f} at last", take("loss", "last")),
        ("{:.3f} on the rows held out", take("loss", "held_out_best")),
        ("KL of llama.cpp to the trained model {:.1g}", take("verified", "kl")),
    ]
    parts = [text.format(value, s="" if value == 1 else "s") for text, value in said if value is not None]
    seconds = take("seconds")
    return [f"Fine-tuned: {', '.join([*parts, *([duration(seconds)] if seconds else [])])}."] if parts else []


def _of_the_paper() -> list[str]:
    """The paper's figures, marked as such."""
    rows, above = [], gains(RESULTS)
    for model in dict.fromkeys(row.model for row in RESULTS):
        found = {row.method: row for row in RESULTS if row.model == model}
        each = [found.get(method) for method in METHODS]
        figures = [f"{row.well_formed} / {row.api_match} / {row.correct}" if row else NOTHING for row in each]
        points = [_signed(above[model][name]) if name in above[model] else NOTHING for name in METHODS[1:]]
        rows.append((cell(model), *figures, *points))
    headings = ("the paper's model", *METHODS, *(f"{name} − baseline, correct" for name in METHODS[1:]))
    return [
        f"### The paper's figures ({SOURCE})",
        table(headings, rows),
        "Percent, well-formed / API match / correct. Not measured here: 50 tools of ToolBench, 15 queries each, other "
        "and larger models, replies not constrained, the arguments of 19 tools judged by a chat model. Set the gains "
        "side by side, not single figures.",
    ]


def _union(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _kind(name: str) -> str:
    return cell(name.replace("_", " "))


def _queries(each: Evaluation) -> str:
    return f"{each.queries} + {each.unanswerable}" if each.unanswerable else str(each.queries)


def _has_no_width(figure: Figure) -> bool:
    return figure.value is not None and figure.low is not None and figure.low == figure.high


def _share(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return NOTHING
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.1f} to {figure.high:.1f})"
    return f"{figure.value:.1f}{interval}"


def _points(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return NOTHING
    low, high = (_signed(figure.low or 0.0), _signed(figure.high or 0.0))
    return f"{_signed(figure.value)} ({low} to {high})"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if round(value, 1) else "0.0"


def _number(value: int) -> str:
    """A number with its thousands apart: 12 345."""
    return f"{value:,}".replace(",", " ")
