"""The judge: of every finished trial, whether it may become a demonstration (paper: section 3.2, filtering).

    from stesim.models.driving import drive
    judging = Judging(toolbox, load_stage_prompts("judge"), JudgeSettings(seed=0), gates, model.count, keep)
    drive(judging.ask(folder.trials()), model)          # `keep` is given a `Judged` for each trial, in order

The gates that need no model come first, so that the judge is asked of those alone that pass them; a demonstration
counts for the duplicates that follow only if the judge has passed it, too. A verdict that cannot be read is asked for
once more. Without prompts there is no judge, and the gates decide alone.

A small judge may copy its worked examples. An aspect whose explanation has a number or a name of theirs, which neither
the trial nor the rest of the prompt has, counts as not read (`echo` among the repairs).

Not covered: where the verdicts are kept; several judges; a copied explanation without a number or a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

from stesim.gates import Gates, demonstration_of, results_of
from stesim.grammar import Bounds, verdict_grammar
from stesim.models.constrain import check_grammar
from stesim.models.driving import Asking, derive_seed
from stesim.parsing import parse_verdict, render
from stesim.prompts import StagePrompts
from stesim.records import (
    Completion,
    Count,
    Demonstration,
    Judged,
    Judgement,
    Message,
    Place,
    Request,
    Sampling,
    Trial,
    which,
)
from stesim.toolbox import Toolbox, describe

BEGIN = "1)"  # what a verdict is made to begin with
ASKED_AT_MOST = 2
_MARGIN = 16  # tokens of the context that stay free
_SHORTEST = 200  # characters of an observation below which it is not cut further
_LEFT_OUT = "(Earlier calls are left out.)"
_LONGEST_REASON = 200
_ASPECTS = ("informative", "faithful", "appropriate")
_FEW = 2  # digits below which a number is common wording
_LABEL = re.compile(r"^[A-Z][A-Za-z ]*:", re.MULTILINE)
_BEGINS = re.compile(r"(?:\A|\n|[.!?:)]\s|[\"'“‘(])\s*\Z")  # what stands before the first word of a sentence or a quote
_NEAR = 8  # characters in which that is looked for
_PLACEHOLDER = re.compile(r"(?<!\{)\{\w+\}(?!\})")
_VERDICT_WORDS = frozenset(("Yes", "No", "I"))
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """What the judge depends on besides the model and the prompt.

    `judge_tokens` bounds a verdict (paper: 512), `context` the prompt and the verdict together, in tokens; None where
    the model has no bound. The first verdict is the likeliest one; the second try, after one that could not be read,
    is sampled at `temperature`. `constrain` holds the verdict to its format while it is decoded.
    """

    seed: int = 0
    judge_tokens: int = 256
    context: int | None = None
    temperature: float = 0.7
    constrain: bool = False

    def sampling(self, call: int) -> Sampling:
        """The sampler's settings for the first or the second time of asking."""
        temperature = 0.0 if call == 1 else self.temperature
        return Sampling(temperature, 1.0, 0, 0.05, 1.0, self.judge_tokens)

    @property
    def grammar(self) -> str:
        """What a verdict is held to: three explanations share the tokens, at three letters or more a token."""
        return verdict_grammar(Bounds.of(max(1, self.judge_tokens // 2))) if self.constrain else ""


Verdict = Generator[Request, Completion, tuple[Judgement | None, int]]


@dataclass
class Judging:
    """What a judgement is made with. `finished` are those of an earlier part of the stage; `keep` gets each new one.

    `toolbox` describes the tools; `prompts` None stands for no judge; `count` measures a prompt in tokens.
    """

    toolbox: Toolbox
    prompts: StagePrompts | None
    settings: JudgeSettings
    gates: Gates
    count: Count
    keep: Callable[[Judged], None]
    finished: Sequence[Judged] = ()
    _grammar: str = field(default="", init=False)
    _foreign: frozenset[str] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        self._grammar = self.settings.grammar
        self._foreign = marks_of_examples(self.prompts["judge"].text) if self.prompts else frozenset()

    def ask(self, trials: Iterable[Trial]) -> Asking:
        """Judge the trials one after the other; those that are finished are not judged again."""
        done = set(map(which, self.finished))
        for judged in self.finished:
            if not judged.gate and judged.demonstration is not None:
                self.gates.keep(judged.demonstration)
        for trial in trials:
            if which(trial) not in done:
                judged = yield from self._judge(trial)
                if not judged.gate and judged.demonstration is not None:
                    self.gates.keep(judged.demonstration)
                self.keep(judged)

    def check(self) -> None:
        """Raise `ModelError` if verdicts cannot be held to their grammar."""
        if self._grammar and self.prompts is not None:
            check_grammar(self._grammar, [BEGIN], of="the verdict")

    def _judge(self, trial: Trial) -> Generator[Request, Completion, Judged]:
        """One trial: the gates, and then the judge."""
        gate, reason = self.gates.check(trial)
        demonstration = demonstration_of(trial)
        judged = Judged(*which(trial), gate, reason, demonstration)
        if gate or self.prompts is None or demonstration is None:
            return judged
        judgement, asked = yield from self._ask(trial, demonstration, self.prompts)
        judged = replace(judged, judgement=judgement, asked=asked)
        if judgement is None:
            return replace(judged, gate="unparsed", reason="the trial is too long for the judge's context")
        if judgement.verdict == "unparsed":
            echo = "echo" in judgement.repairs
            reason = "the judge spoke of the worked examples" if echo else "the judge's verdict could not be read"
            return replace(judged, gate="unparsed", reason=reason)
        return replace(judged, gate="judge", reason=_why(judgement)) if judgement.verdict == "fail" else judged

    def _ask(self, trial: Trial, demonstration: Demonstration, prompts: StagePrompts) -> Verdict:
        """The judge's verdict and how many times it was asked; no verdict if the trial does not fit in the context."""
        messages = self._messages(trial, demonstration, prompts)
        if messages is None:
            return None, 0
        judgement = None
        for call in range(1, ASKED_AT_MOST + 1):
            place = Place(*which(trial), call)
            seed = derive_seed(self.settings.seed, place)
            sampling = self.settings.sampling(call)
            completion = yield Request(place, "judge", messages, sampling, seed, prefill=BEGIN, grammar=self._grammar)
            judgement = without_echo(parse_verdict(completion.text), self._foreign, self._said(trial, demonstration))
            if judgement.verdict != "unparsed":
                return judgement, call
        return judgement, ASKED_AT_MOST

    def _said(self, trial: Trial, demonstration: Demonstration) -> str:
        """All that the judge is told of a trial."""
        calls = [f"{render(action)}\n{shown.text}" for action, shown in results_of(trial)]
        tool = describe(self.toolbox.get(demonstration.tool))
        return "\n".join((tool, demonstration.query, *calls, demonstration.answer))

    def _messages(
        self, trial: Trial, demonstration: Demonstration, prompts: StagePrompts
    ) -> tuple[Message, ...] | None:
        """The prompt; where it is too long, the earlier calls leave first, then ever more of the last one's result."""
        told = [(render(replace(action, thought="")), shown.text) for action, shown in results_of(trial)]
        whole = len(told)
        description = describe(self.toolbox.get(demonstration.tool))
        while True:
            calls = [f"{call}\nObservation: {shown}" for call, shown in told]
            text = prompts["judge"].fill(
                api_descriptions=description,
                query=demonstration.query,
                calls="\n\n".join([*([_LEFT_OUT] if len(told) < whole else []), *calls]),
                answer=demonstration.answer,
            )
            messages = (Message("user", text),)
            if self._fits(messages):
                return messages
            if len(told) > 1:
                del told[0]
                continue
            call, shown = told[0]
            if len(shown) <= _SHORTEST:
                return None
            told[0] = (call, f"{shown[: max(_SHORTEST, len(shown) // 2) - 2]} …")

    def _fits(self, messages: Sequence[Message]) -> bool:
        if self.settings.context is None:
            return True
        budget = self.settings.context - self.settings.judge_tokens - _MARGIN
        return self.count([*messages, Message("assistant", BEGIN)]) <= budget


def _why(judgement: Judgement) -> str:
    """The aspects that failed, each with the judge's reason."""
    verdicts = (judgement.informative, judgement.faithful, judgement.appropriate)
    failed = [
        f"not {aspect}: {' '.join(reason.split())}".rstrip(": ")
        for aspect, verdict, reason in zip(_ASPECTS, verdicts, judgement.explanations, strict=True)
        if verdict == "fail"
    ]
    return "; ".join(failed)[:_LONGEST_REASON]


def marks_of_examples(prompt: str) -> frozenset[str]:
    """The numbers of two digits or more and the names (capitalised words within a sentence) of a prompt's worked
    examples, without those that stand elsewhere in it.

    A worked example is a paragraph without a placeholder that holds a verdict that can be read.
    """
    blocks = prompt.split("\n\n")
    examples = [
        block for block in blocks if not _PLACEHOLDER.search(block) and parse_verdict(block).verdict != "unparsed"
    ]
    rest = {word for block in blocks if block not in examples for word in _TOKEN.findall(block)}
    found = set()
    for example in examples:
        text = _LABEL.sub(lambda label: " " * (label.end() - label.start() - 1) + ":", example)
        for token in _TOKEN.finditer(text):
            word = token[0]
            within = not _BEGINS.search(text[max(0, token.start() - _NEAR) : token.start()])
            if (word[0].isdigit() and len(word) >= _FEW) or (word[0].isupper() and within):
                found.add(word)
    return frozenset(found - rest - _VERDICT_WORDS)


def without_echo(judgement: Judgement, foreign: Collection[str], said: str) -> Judgement:
    """The judgement with every aspect unparsed whose explanation has one of the `foreign` words, unless it is among
    what is `said` of the trial.
    """
    known = set(_TOKEN.findall(said.casefold())) | set(re.findall(r"\d+", said))
    echoes = [
        any(word in foreign and word.casefold() not in known for word in _TOKEN.findall(reason))
        for reason in judgement.explanations
    ]
    if not any(echoes):
        return judgement
    verdicts = (judgement.informative, judgement.faithful, judgement.appropriate)
    one, two, three = ("unparsed" if echo else verdict for echo, verdict in zip(echoes, verdicts, strict=True))
    return replace(judgement, informative=one, faithful=two, appropriate=three, repairs=(*judgement.repairs, "echo"))
