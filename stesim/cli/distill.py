"""`stesim distill`: make demonstrations of the trials of a run that are good enough to learn from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from stesim.cli import build, distilled, stages
from stesim.cli.adapters import lora_option
from stesim.cli.common import Finite, echo_json, plain, toolset_option
from stesim.cli.distill_again import set_aside
from stesim.cli.distill_folders import (
    JUDGE_DEFAULTS,
    PARAPHRASE_DEFAULTS,
    Source,
    Values,
    read_source,
    wrong_settings,
)
from stesim.cli.distilling import Distillation, Wish
from stesim.demonstrations import DEMONSTRATIONS, to_lines
from stesim.errors import StoreError
from stesim.files import read_bounded
from stesim.offline import no_network
from stesim.paraphrase import choose, demonstrations
from stesim.records import which
from stesim.report.study import DISTILLED
from stesim.toolbox import Toolbox

EPILOG = """\b
Examples:
  stesim distill runs/first                      judge, reword, write runs/first/demonstrations.jsonl
  stesim distill runs/first --judge mistral.gguf a stronger judge than the model that explored
  stesim distill runs/first --no-judge           the gates that need no model alone
  stesim distill runs/first --paraphrases 2      fewer rewordings, in less time
  stesim distill runs/first --again --no-judge   anew; what was there is set aside as runs/first/distill-1
  stesim distill runs/first --json | jq .gates   how many trials were dropped where
  jq -r '[.gate, .reason] | @tsv' runs/first/judge/judged.jsonl       why each trial was dropped
"""
_LARGEST = 1 << 20  # bytes of a summary
_REMEMBERED: Values = {"seed": 0, "wanted": 150, "most": 6, "paraphrase": True}
_COUNT = click.IntRange(1, 10**6)


def _from(stage: Values, name: str, text: str) -> str:
    return f"{text}  [default: {stage[name]}]"


@click.command(epilog=EPILOG, short_help="Make demonstrations of the good trials.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--model",
    help="Judges and rewords: smollm2, the path of a GGUF file, scripted:FILE or replay:RUN/paraphrase.  "
    "[default: the run's]",
)
@lora_option("[default: the run's, for the run's model]")
@click.option("--judge", metavar="MODEL", help="Another model for the judge; also replay:RUN/judge.")
@click.option("--no-judge", is_flag=True, help="No judge: only the gates that need no model.")
@click.option(
    "--paraphrase/--no-paraphrase", default=None, help="Reword the queries, so that tools are balanced.  [default: on]"
)
@toolset_option("[default: the run's]")
@click.option(
    "--grounding",
    type=click.Choice(["words", "strict", "off"]),
    help="How the values of a call must be in its query: also in other words or units, by their own words, or not at "
    "all.  [default: words]",
)
@click.option(
    "--similar",
    type=Finite(0, 1),
    help=_from(JUDGE_DEFAULTS, "similar", "From this similarity on (0 to 1), queries for one call are duplicates."),
)
@click.option("--per-tool", type=_COUNT, help=_from(PARAPHRASE_DEFAULTS, "wanted", "Demonstrations wanted of a tool."))
@click.option(
    "--paraphrases",
    type=click.IntRange(0, 100),
    help=_from(PARAPHRASE_DEFAULTS, "most", "Rewordings that the model is asked for, for one query, at most."),
)
@click.option(
    "--temperature", type=Finite(0, 5), help=_from(PARAPHRASE_DEFAULTS, "temperature", "At which queries are reworded.")
)
@click.option(
    "--overlap",
    type=Finite(0, 1),
    help=_from(PARAPHRASE_DEFAULTS, "overlap", "The share of words that a rewording keeps; 0 for strong models."),
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Decides every random choice.  [default: the run's]")
@click.option(
    "--constrain",
    type=click.Choice(["auto", "on", "off"]),
    help="Hold verdicts to their format while they are decoded; auto: where the judge can be.  [default: auto]",
)
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    help="A folder with judge.txt, prompt_filtering.txt or paraphrase_*.txt.",
)
@click.option(
    "--ctx", "context", type=click.IntRange(64, 1 << 20), help="Context size in tokens.  [default: the model's]"
)
@click.option(
    "--threads", default="auto", show_default=True, help="A number, or auto to measure. Changes the speed only."
)
@click.option("--unfinished", is_flag=True, help="Take the run as it is, even if trials are missing.")
@click.option(
    "--again", is_flag=True, help="Begin anew: what was distilled before is set aside in RUN/distill-1, distill-2, …"
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def distill(
    run: Path, model: str | None, judge: str | None, no_judge: bool, toolset: str | None, prompts: Path | None,
    threads: str, unfinished: bool, again: bool, as_json: bool, **typed: Any,
) -> None:  # fmt: skip
    """Make demonstrations of the trials of RUN that are good enough to learn from.

    A trial must pass every gate: an answer through a call, valid arguments, a result that comes again, a query that
    says the arguments' values and is no duplicate, and the judge. Then its query is reworded. What was stopped goes on
    with the same command; what it was begun with need not be typed again, and cannot be changed but with --again.
    """
    if judge is not None and no_judge:
        raise click.UsageError("--judge and --no-judge exclude each other")
    source = read_source(run, unfinished=unfinished)
    chosen = toolset or build.recorded_toolset(source.manifest)
    wish = _wish(source, model, judge, no_judge, toolset, prompts, threads, typed)
    build.thread_count(threads)
    opened = Toolbox.open(
        chosen or "", only=list(source.settings.tools), today=source.today, limit=source.settings.observation_limit
    )
    with no_network(), opened as box:
        source.told_tools(str(chosen), box)
        aside = set_aside(run) if again else None
        if aside:
            click.echo(f"what was distilled before is now in {plain(str(aside))}", err=True)
        work = Distillation(source, wish, str(chosen), box, _remembered(run / DISTILLED))
        try:
            figures = _distill(source, work)
        finally:
            work.close()
    echo_json({"run": str(run), **figures}) if as_json else distilled.show(figures, run)


def _wish(
    source: Source, model: str | None, judge: str | None, no_judge: bool, toolset: str | None, prompts: Path | None,
    threads: str, typed: Mapping[str, Any],
) -> Wish:  # fmt: skip
    """What was typed, by stage."""
    common = {name: typed[name] for name in ("seed", "context", "grounding")}
    again = ["stesim", "distill", str(source.path)]
    again += ["--toolset", toolset] if toolset else []
    again += ["--unfinished"] if source.missing else []
    return Wish(
        model, typed["lora"], judge, prompts, threads, toolset, plain(shlex.join(again)),
        {**common, "judge": False if no_judge else None, "similar": typed["similar"], "constrain": typed["constrain"]},
        {**common, "paraphrase": typed["paraphrase"], "wanted": typed["per_tool"], "most": typed["paraphrases"],
         "temperature": typed["temperature"], "overlap": typed["overlap"]},
    )  # fmt: skip


def _distill(source: Source, work: Distillation) -> dict[str, Any]:
    """Do what is left to do, write the two files unless they are there already, and give the figures."""
    judged = work.judge()
    passed = [one.demonstration for one in judged if not one.gate and one.demonstration is not None]
    wanted, seed = work.values["wanted"], work.values["seed"]
    originals = choose(passed, wanted, seed)
    paraphrased = work.paraphrase(originals)
    found = demonstrations(originals, {which(one): one for one in paraphrased}, wanted, seed)
    figures = {
        **distilled.make(source.settings.tools, judged, paraphrased, found),
        "missing": source.missing,
        "judge": work.judge_name,
        "paraphraser": work.paraphraser_name,
        "seconds": round(work.seconds, 2),
        "settings": {"seed": seed, "wanted": wanted, "most": work.values["most"], "paraphrase": work.paraphrases},
    }
    stages.write(source.path / DEMONSTRATIONS, to_lines(found))
    stages.write(source.path / DISTILLED, orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return figures


def _remembered(path: Path) -> Values:
    """What the summary of an earlier distillation says of its settings; raises `StoreError` if it cannot be read."""
    if not path.exists():
        return {}
    try:
        value = orjson.loads(read_bounded(path, _LARGEST))
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{path} is not JSON: {error}; remove it to make it anew") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    settings = value.get("settings") if isinstance(value, dict) else None
    if not isinstance(settings, dict) or wrong_settings(settings, _REMEMBERED):
        raise StoreError(f"{path} is not the summary of a distillation; remove it to make it anew")
    return settings
