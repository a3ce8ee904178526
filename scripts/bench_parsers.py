"""stesim's parsers beside LangChain's, LlamaIndex's and json-repair: how fast they are, and what they read.

    make bench-parsers FILES="mistral.json llama-7Bf_ICL.json"

FILES are the paper's released predictions; the replies of the recorded run in fixtures/cassettes are always read.
Prints Markdown tables. Where valid JSON stands after the first `Action Input:`, each value is held against it; in the
last table the damage is made here, so what was meant is known. Not covered: what a framework does beside parsing (its
stop words, asking again).
"""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import json_repair
from langchain_classic.agents.mrkl.output_parser import MRKLOutputParser
from langchain_classic.agents.output_parsers import ReActJsonSingleInputOutputParser, ReActSingleInputOutputParser
from langchain_classic.agents.structured_chat.output_parser import StructuredChatOutputParser
from langchain_core.agents import AgentAction
from llama_index.core.agent.react.output_parser import ReActOutputParser
from llama_index.core.agent.react.types import ActionReasoningStep
from parsers_damage import Object, damages, generated

from stesim import __version__
from stesim.parsing import parse_strict, parse_tolerant
from stesim.parsing.arguments import read_arguments
from stesim.parsing.calls import Source
from stesim.parsing.json_tolerant import Broken, Found
from stesim.parsing.markers import cut_stop_word
from stesim.records import Action

CASSETTE = Path(__file__).resolve().parents[1] / "fixtures" / "cassettes" / "smollm2-unconstrained" / "trials.jsonl"
ROUNDS = 7
SEED = 1
GENERATED = 300
Reader = Callable[[str], "Object | None"]


def strict(text: str) -> Object | None:
    reply = parse_strict(text)
    return reply.arguments if isinstance(reply, Action) else None


def tolerant(text: str) -> Object | None:
    reply = parse_tolerant(text)
    return reply.arguments if isinstance(reply, Action) else None


def _langchain(parser: Any) -> Reader:
    def read(text: str) -> Object | None:
        try:
            step = parser.parse(text)
            given = step.tool_input if isinstance(step, AgentAction) else None
            value = json.loads(given) if isinstance(given, str) else given
        except (ValueError, TypeError, LookupError):
            return None
        return value if isinstance(value, dict) else None

    return read


def llama_index(text: str, parser: ReActOutputParser = ReActOutputParser()) -> Object | None:  # noqa: B008
    """What its parser returns, be it read as JSON or picked out by its regular expression."""
    try:
        step = parser.parse(text)
    except Exception:  # it lets errors of several kinds through
        return None
    return plain(step.action_input) if isinstance(step, ActionReasoningStep) else None


def plain(value: Any) -> Any:
    """Its JSON reader returns containers of its own."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


PARSERS: dict[str, tuple[str, Reader]] = {
    "stesim strict (the paper's rule)": (__version__, strict),
    "stesim tolerant": (__version__, tolerant),
    "LangChain ReActSingleInputOutputParser": (
        version("langchain-classic"),
        _langchain(ReActSingleInputOutputParser()),
    ),
    "LangChain MRKLOutputParser": (version("langchain-classic"), _langchain(MRKLOutputParser())),
    "LangChain ReActJsonSingleInputOutputParser": (
        version("langchain-classic"),
        _langchain(ReActJsonSingleInputOutputParser()),
    ),
    "LangChain StructuredChatOutputParser": (version("langchain-classic"), _langchain(StructuredChatOutputParser())),
    "LlamaIndex ReActOutputParser": (version("llama-index-core"), llama_index),
    # It wants something before the action, and these models write nothing there.
    "LlamaIndex, with a line of thought before": (
        version("llama-index-core"),
        lambda text: llama_index(f"Thought: I look.\n{text}"),
    ),
}


def replies(path: Path) -> list[str]:
    """The texts in a file of released predictions."""
    return [each["model_output"] for examples in json.loads(path.read_text("utf-8")).values() for each in examples]


def recorded() -> list[str]:
    trials = [json.loads(line) for line in CASSETTE.read_text("utf-8").splitlines()]
    return [step["text"] for trial in trials for step in trial["steps"]]


def stopped(text: str) -> str:
    """The reply as an agent with the stop word "Observation" on a new line would have got it (LangChain sets that)."""
    return re.split(r"\n\s*Observation", text, maxsplit=1)[0]


def stated(text: str) -> Object | None:
    """The object that stands after the first `Action Input:`, if it is valid JSON."""
    rest = text.partition("Action Input:")[2].lstrip("\n `json")
    try:
        value = json.JSONDecoder().raw_decode(rest)[0]
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def same(first: object, second: object) -> bool:
    """Equal as JSON: True is not 1 there."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def rates(readers: dict[str, Callable[[Any], object]], texts: list[Any]) -> dict[str, str]:
    """Texts a second for each reader: the median of rounds in turn, with the least and the most."""
    found: dict[str, list[float]] = {name: [] for name in readers}
    for turn in range(ROUNDS + 1):
        for name, read in readers.items():
            before = time.perf_counter()
            for text in texts:
                read(text)
            # The first round only warms up.
            if turn:
                found[name].append(len(texts) / (time.perf_counter() - before))
    return {name: f"{statistics.median(all_):,.0f} ({min(all_):,.0f}–{max(all_):,.0f})" for name, all_ in found.items()}


def share(count: int, total: int) -> str:
    return f"{count} ({count / total:.1%})"


def compare_parsers(title: str, texts: list[str]) -> None:
    """One table: speed, calls found, and how they stand to the JSON in the reply."""
    cut = [stopped(text) for text in texts]
    truth = [stated(text) for text in texts]
    speed = rates({name: read for name, (_, read) in PARSERS.items()}, texts)
    print(f"\n{title}: {len(texts)} replies; valid JSON follows the first `Action Input:` in ", end="")
    print(f"{share(sum(each is not None for each in truth), len(texts))}\n")
    print("| parser | version | replies/s | calls with an object | with a stop word | not the JSON there "
          "| no JSON there | of these, refused by stesim |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    ours = [tolerant(text) for text in texts]
    for name, (number, read) in PARSERS.items():
        values = [read(text) for text in texts]
        rows = [row for row in zip(values, truth, ours, strict=True) if row[0] is not None]
        differ = sum(told is not None and not same(value, told) for value, told, _ in rows)
        mended = [mine for _, told, mine in rows if told is None]
        stop = sum(read(text) is not None for text in cut)
        print(f"| {name} | {number} | {speed[name]} | {share(len(rows), len(texts))} | {share(stop, len(texts))} "
              f"| {differ} | {len(mended)} | {sum(mine is None for mine in mended)} |")  # fmt: skip


def _found(text: str, cut: bool) -> Found | Broken:
    return read_arguments(text, 0, len(text), cut=cut)


def own(text: str, cut: bool) -> Object | None:
    found = _found(text, cut)
    return found.value if isinstance(found, Found) else None


def repaired(text: str, cut: bool) -> Object | None:
    value = json_repair.loads(text)
    return value if isinstance(value, dict) else None


def repaired_strictly(text: str, cut: bool) -> Object | None:
    try:
        value = json_repair.loads(text, strict=True)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


READERS: dict[str, Callable[[str, bool], Object | None]] = {
    "stesim": own,
    "json-repair": repaired,
    "json-repair, strict=True": repaired_strictly,
}


def inputs(texts: list[str]) -> list[tuple[str, bool]]:
    """What stands after the first `Action Input:` of each reply, up to the next marker, and whether it may be cut off.

    Located by stesim, for every reader.
    """
    found = []
    for text in texts:
        body, complete = cut_stop_word(text)
        source = Source(body, None)
        mark = next((mark for mark in source.marks if mark.kind == "input"), None)
        if mark:
            end = source.bound(mark.end)
            found.append((body[mark.end : end].strip(), end == len(body) and not complete))
    return found


def compare_readers(title: str, texts: list[str]) -> None:
    """One table: the arguments as they stand in the replies."""
    given = inputs(texts)
    truth = [stated("Action Input:" + text) for text, _ in given]
    speed = rates({name: _on_pairs(read) for name, read in READERS.items()}, given)
    ours = [own(*each) for each in given]
    print(f"\n{title}: {len(given)} texts after an `Action Input:`, ", end="")
    print(f"{sum(each is not None for each in truth)} of them begin with valid JSON\n")
    print("| reader | texts/s | an object | not the JSON there | no JSON there | of these, other values than stesim's "
          "| of these, refused by stesim |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for name, read in READERS.items():
        rows = [(read(*each), told, mine) for each, told, mine in zip(given, truth, ours, strict=True)]
        differ = sum(value is not None and told is not None and not same(value, told) for value, told, _ in rows)
        mended = [(value, mine) for value, told, mine in rows if value is not None and told is None]
        other = sum(mine is not None and not same(value, mine) for value, mine in mended)
        alone = sum(mine is None for _, mine in mended)
        objects = sum(value is not None for value, _, _ in rows)
        print(f"| {name} | {speed[name]} | {share(objects, len(given))} | {differ} | {len(mended)} "
              f"| {other} | {alone} |")  # fmt: skip
    kinds = Counter(found.kind for text, cut in given for found in [_found(text, cut)] if isinstance(found, Broken))
    refused = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    print(f"\nRefused by stesim: {refused or 'none'}")


def _on_pairs(read: Callable[[str, bool], Object | None]) -> Callable[[tuple[str, bool]], Object | None]:
    return lambda each: read(*each)


def gold(paths: list[Path]) -> list[Object]:
    """The valid arguments in the released files, each once."""
    texts = {
        each["action_input"]
        for path in paths
        for examples in json.loads(path.read_text("utf-8")).values()
        for each in examples
    }
    found = []
    for text in sorted(texts):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict) and value:
            found.append(value)
    return found


def part_of(part: object, whole: object) -> bool:
    """Whether `part` holds nothing but members of `whole`."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and part_of(value, whole[key]) for key, value in part.items())
    return same(part, whole)


def outcome(value: Object | None, meant: Object) -> str:
    if value is None:
        return "refused"
    if same(value, meant):
        return "right"
    return "less" if part_of(value, meant) else "other"


def compare_on_damage(paths: list[Path]) -> None:
    """One table: what each reader makes of arguments that were damaged on purpose."""
    rng = random.Random(SEED)
    objects = [generated(rng) for _ in range(GENERATED)]
    known = gold(paths)
    counts: dict[str, dict[str, Counter[str]]] = {}
    spent = dict.fromkeys(READERS, 0.0)
    total = 0
    for whole in [*objects, *known]:
        for name, text, meant in damages(whole, rng):
            total += 1
            row = counts.setdefault(name, {reader: Counter() for reader in READERS})
            for reader, read in READERS.items():
                before = time.perf_counter()
                value = read(text, True)
                spent[reader] += time.perf_counter() - before
                row[reader][outcome(value, meant)] += 1
    print(f"\n{total:,} damaged texts from {len(objects)} generated objects", end="")
    print(f" and {len(known)} of the released files:" if known else ":")
    print("right / refused / members missing / other values\n")
    print(f"| damage | texts | {' | '.join(READERS)} |")
    print("|---|---|" + "---|" * len(READERS))
    for name, row in counts.items():
        cells = [" / ".join(str(row[reader][kind]) for kind in ("right", "refused", "less", "other"))
                 for reader in READERS]  # fmt: skip
        print(f"| {name} | {sum(row['stesim'].values()):,} | {' | '.join(cells)} |")
    print(f"| seconds, all texts | {total:,} | {' | '.join(f'{spent[reader]:.1f}' for reader in READERS)} |")


def main() -> None:
    """The tables for each file, for the recorded run, and for damage made on purpose."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    files = {**{path.name: replies(path) for path in paths}, "recorded run": recorded()}
    print("### Calls")
    for title, texts in files.items():
        compare_parsers(title, texts)
    print("\n### Arguments as they stand in the replies")
    for title, texts in files.items():
        compare_readers(title, texts)
    print("\n### Arguments damaged on purpose")
    compare_on_damage(paths)


if __name__ == "__main__":
    main()
