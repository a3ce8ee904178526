"""Scoring replies whose right calls are known: well-formed, API match, correct, by the paper's definitions.

    from pathlib import Path
    from stesim.evaluate import read_predictions, score_all, tally
    predictions = read_predictions(Path("mistral.json"))
    print(tally(score_all(predictions, strict=True)).percentages())

Well-formed is a call with a JSON object, over all replies; API match the right tool, over the well-formed; correct the
right tool and the right arguments, over all. A name that is not in the file is replaced by the
closest one before it is compared. Arguments are right if the file holds a verdict on exactly this call that says so;
without one, if they equal the gold ones as strings. Not covered: asking a model, or a judge.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from stesim.errors import UserError
from stesim.files import read_bounded
from stesim.parsing import parse_strict, parse_tolerant
from stesim.parsing.values import storable
from stesim.records import Action, FinalAnswer, ParseFailure, Reply

LARGEST = 64 << 20  # bytes of a prediction file
_CUTOFF = 0.001  # the paper's: almost any name is close to some other
_LONGEST_NAME = 2000  # characters; what is longer is compared by its beginning

# The tools of the paper whose arguments it compares as strings; a chat model judged those of the other 19.
STRING_MATCH_TOOLS = frozenset(
    {
        "add_date",
        "BART%%Advisory information",
        "Car database%%Makes",
        "colegiosantaana%%Disciplina-1",
        "colegiosantaana%%Evaluaciones-1",
        "colegiosantaana%%Mensajes-1",
        "F1 Latest News%%GET recent F1 news from all sources",
        "Fluximmo%%get_portail_api",
        "Football Dolphin%%Head to head statistics",
        "forecast_weather",
        "get_today_date",
        "Global Email V4%%Global Email V4",
        "Handball Data%%Daily Match List-Scheduled",
        "JAK_API%%Ben 10",
        "JAK_API%%Brawl Stars",
        "JAK_API%%Genshin Impact",
        "JAK_API%%Miraculous",
        "Marvel Vs Capcom 2%%All Characters",
        "MikuAPI%%getRandomImage",
        "Numbers Translator%%Numbers Translator",
        "Numbers%%Get math fact",
        "NumbersToLetters%%Convertir cantidad a letra Moneda MXN Español",
        "NumbersToLetters%%Convertir cantidad a letra Moneda MXN Ingles",
        "Password Generator API%%Base",
        "Password Generator API%%Password of length 50",
        "pizzaallapala%%Get Producto Promo",
        "Places%%Geographic coordinates by placename",
        "siteDomain%%language list",
        "Soccer Data%%Tournament List",
        "thailand%%thai4",
        "Token API%%generate",
    }
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A reply and the call that would have been right; the flags are those stored in the file, None if it has none."""

    tool: str
    arguments: dict[str, Any]
    output: str
    err: int | None = None
    no_call: int | None = None
    api_match: int | None = None
    args_correct: int | None = None

    @property
    def verdict(self) -> bool | None:
        """The stored verdict on the arguments; None if the stored flags say that no call of the tool was judged."""
        judged = self.err == 0 and self.api_match == 1 and self.args_correct is not None
        return bool(self.args_correct) if judged else None


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions of a file. `names` are the tools that a reply may mean, in the file's order."""

    names: tuple[str, ...]
    each: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one reply.

    `same_string` is what comparing the arguments as strings says, None unless the tool was right. `unjudged` marks a
    call of a tool that takes a judge, without a verdict on this call.
    """

    prediction: Prediction
    reply: Reply
    right_tool: bool = False
    correct: bool = False
    same_string: bool | None = None
    unjudged: bool = False


@dataclass
class Tally:
    """Counts over scores. `stored` and `same` count, for each flag, how many the file holds and how many agree."""

    replies: int = 0
    well_formed: int = 0
    right_tool: int = 0
    correct: int = 0
    final_answers: int = 0
    unjudged: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)

    def add(self, score: Score) -> None:
        """Count a score."""
        reply = score.reply
        self.replies += 1
        self.well_formed += isinstance(reply, Action)
        self.final_answers += isinstance(reply, FinalAnswer)
        self.right_tool += score.right_tool
        self.correct += score.correct
        self.unjudged += score.unjudged
        self.repairs.update(reply.repairs)
        if isinstance(reply, ParseFailure):
            self.failures[reply.kind] += 1
        for flag, (stored, found) in _flags(score).items():
            self.stored[flag] += 1
            self.same[flag] += stored == found

    def percentages(self) -> dict[str, float | None]:
        """The paper's three figures, rounded as it rounds them; None of nothing."""
        return {
            "well_formed": _percent(self.well_formed, self.replies),
            "api_match": _percent(self.right_tool, self.well_formed),
            "correct": _percent(self.correct, self.replies),
        }


def score_all(predictions: Predictions, *, strict: bool) -> Iterator[Score]:
    """The scores, one after the other, by the paper's rule of parsing or the tolerant one."""
    closest = closest_of(predictions.names)
    for prediction in predictions.each:
        text = prediction.output
        reply = parse_strict(text) if strict else read_reply(text, predictions.names)
        yield score(prediction, reply, closest)


def score(prediction: Prediction, reply: Reply, closest: Callable[[str], str | None]) -> Score:
    """One reply held against the right call; `closest` gives the known name for the one that was written."""
    if not isinstance(reply, Action) or closest(reply.tool) != prediction.tool:
        return Score(prediction, reply)
    same = same_strings(prediction.arguments, reply.arguments)
    verdict = prediction.verdict
    if verdict is not None and _is_judged(prediction, reply):
        return Score(prediction, reply, True, verdict, same)
    return Score(prediction, reply, True, same, same, unjudged=prediction.tool not in STRING_MATCH_TOOLS)


def same_strings(gold: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Whether every gold argument is there as the same trimmed, lower-cased string; more arguments do no harm."""
    return all(name in arguments and _string(arguments[name]) == _string(value) for name, value in gold.items())


def tally(scores: Iterable[Score]) -> Tally:
    """The counts over the scores."""
    counts = Tally()
    for each in scores:
        counts.add(each)
    return counts


def without_arguments(predictions: Iterable[Prediction]) -> set[str]:
    """The tools that no gold call gives an argument: any well-formed call of theirs is correct."""
    seen: dict[str, bool] = {}
    for prediction in predictions:
        seen[prediction.tool] = seen.get(prediction.tool, True) and not prediction.arguments
    return {tool for tool, none in seen.items() if none}


def report(predictions: Predictions, scores: Sequence[Score], *, strict: bool) -> dict[str, Any]:
    """All figures as JSON values: in all, for the tools without arguments, for each tool."""
    counts = tally(scores)
    empty = without_arguments(predictions.each)
    by_tool = {name: Tally() for name in predictions.names}
    for each in scores:
        by_tool[each.prediction.tool].add(each)
    return {
        "rule": "strict" if strict else "tolerant",
        **_figures(counts),
        "final_answers": counts.final_answers,
        "failures": dict(counts.failures.most_common()),
        "repairs": dict(counts.repairs.most_common()),
        "unjudged": counts.unjudged,
        "no_argument_tools": {
            "tools": len(empty),
            **_figures(tally(each for each in scores if each.prediction.tool in empty)),
        },
        "agreement": {flag: {"stored": n, "same": counts.same[flag]} for flag, n in counts.stored.items()},
        "tools": {name: _figures(counts) for name, counts in by_tool.items()},
    }


def _figures(counts: Tally) -> dict[str, Any]:
    numbers = {"well_formed": counts.well_formed, "api_match": counts.right_tool, "correct": counts.correct}
    return {"replies": counts.replies, **counts.percentages(), "counts": numbers}


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 3) if whole else None


def _string(value: object) -> str:
    return str(value).strip().lower()


def _flags(score: Score) -> dict[str, tuple[int, int]]:
    """Each flag that the file holds, and what was found: `args_correct` is held against the string rule alone."""
    prediction, reply = score.prediction, score.reply
    pairs = {
        "err": (prediction.err, isinstance(reply, ParseFailure)),
        "no_call": (prediction.no_call, isinstance(reply, FinalAnswer)),
        "api_match": (prediction.api_match, score.right_tool),
    }
    if prediction.tool in STRING_MATCH_TOOLS and prediction.verdict is not None and score.same_string is not None:
        pairs["args_correct"] = (prediction.args_correct, score.same_string)
    return {flag: (stored, int(found)) for flag, (stored, found) in pairs.items() if stored is not None}


def read_reply(text: str, names: Sequence[str]) -> Reply:
    """The tolerant reading; whether a reply is well-formed does not depend on whether its tool exists."""
    reply = parse_tolerant(text, names)
    unknown = isinstance(reply, ParseFailure) and reply.kind == "unknown_tool"
    return parse_tolerant(text) if unknown else reply


def _is_judged(prediction: Prediction, call: Action) -> bool:
    """Whether the call is the one that the stored verdict is on: the one that the paper's rule reads."""
    read = parse_strict(prediction.output)
    return isinstance(read, Action) and read.arguments == call.arguments


def closest_of(names: Sequence[str]) -> Callable[[str], str | None]:
    """The function from a written name to the known one that the paper takes it for; None if none is like it."""
    known = frozenset(names)

    @lru_cache(maxsize=4096)
    def closest(name: str) -> str | None:
        if name in known:
            return name
        return next(iter(get_close_matches(name[:_LONGEST_NAME], names, 1, _CUTOFF)), None)

    return closest


def read_predictions(path: Path) -> Predictions:
    """The predictions of a file in the paper's released format; raises `UserError` with one line that says where."""
    try:
        text = read_bounded(path, LARGEST).decode("utf-8-sig")
        tools = json.loads(text, object_pairs_hook=lambda pairs: _members(pairs, path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: look at byte {error.start}") from None
    except RecursionError:
        raise UserError(f"{path} is nested too deep") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from None
    if not isinstance(tools, dict):
        raise UserError(f"{path} does not hold predictions: it must be an object with a list of records for each tool")
    each: list[Prediction] = []
    for tool, records in tools.items():
        if len(tool) > _LONGEST_NAME:
            raise UserError(f"{path}: a tool's name has more than {_LONGEST_NAME} characters")
        if not isinstance(records, list):
            raise UserError(f"{path}, tool {_clean(tool)!r:.100}: there is no list of records")
        for number, record in enumerate(records, 1):
            try:
                each.append(_prediction(_clean(tool), record))
            except ValueError as error:
                raise UserError(f"{path}, tool {_clean(tool)!r:.100}, record {number}: {error}") from None
    if not each:
        raise UserError(f"{path} holds no predictions")
    return Predictions(tuple(map(_clean, tools)), tuple(each))


def _members(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """An object of the file; a key that stands twice would hide what stands under it first."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise UserError(f"{path} holds the key {_clean(twice)!r:.100} twice in one object")
    return members


def _prediction(tool: str, record: object) -> Prediction:
    """A record, checked; raises `ValueError` that says what is wrong with it."""
    if not isinstance(record, dict):
        raise ValueError("it is not an object")
    flags = {name: _flag(record, name) for name in ("err", "no_call", "api_match", "args_correct")}
    return Prediction(
        tool=tool,
        arguments=_gold(_text(record, "action_input")),
        output=_text(record, "model_output"),
        **flags,
    )


def _text(record: dict[str, object], name: str) -> str:
    if name not in record:
        raise ValueError(f"it has no {name}")
    value = record[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return _clean(value)


def _flag(record: dict[str, object], name: str) -> int | None:
    value = record.get(name)
    if value is not None and not (isinstance(value, int) and value in (0, 1)):
        raise ValueError(f"{name} is neither 0 nor 1")
    return value


def _gold(text: str) -> dict[str, Any]:
    """The arguments of the right call; nothing stands for none."""
    try:
        value = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        raise ValueError("action_input is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("action_input is not a JSON object")
    if not storable(value):
        raise ValueError(
            "action_input holds a value that no call can have: not finite, beyond 64 bit, or nested too deep"
        )
    return value


def _clean(text: str) -> str:
    """The text with halves of characters, which JSON can hold and UTF-8 cannot, replaced."""
    return text.encode("utf-8", "replace").decode()
