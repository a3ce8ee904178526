"""The conversation in which a model rewords the queries (paper: section 3.2): once, then again in a new way.

    >>> from stesim.prompts import load_stage_prompts
    >>> examples, openings = worked(load_stage_prompts("paraphrase"))
    >>> len(examples), openings[0]
    (2, 'Can you')

Each example has a conversation of its own, which grows with its rewordings. A small model keeps to the task if worked
examples go before and if each reply is begun for it, in a new way each time (the templates `paraphrase_examples` and
`paraphrase_openings`; empty ones do without). A reply that is no good is dropped and counted, and leaves the
conversation, for it would lead the next ones astray. Not covered: several conversations side by side.
"""

from __future__ import annotations

import datetime
import random
import re
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from stesim.errors import PromptError
from stesim.grounding import Grounding
from stesim.grounding.words import content, stems
from stesim.models.driving import Asking, derive_seed
from stesim.paraphrase.balance import share
from stesim.paraphrase.checks import Check
from stesim.prompts import StagePrompts
from stesim.queries import clean_query
from stesim.records import Completion, Count, Demonstration, Message, Paraphrased, Place, Request, Sampling, which
from stesim.toolbox import Toolbox, describe

_MARGIN = 16  # tokens of the context that stay free


@dataclass(frozen=True, slots=True)
class ParaphraseSettings:
    """What the rewordings depend on besides the model, the tools and the prompts.

    `wanted` demonstrations a tool are aimed at, with at most `most` rewordings an example (see `balance`); `context` is
    in tokens; `grounding`, `similar` and `overlap` are what `Check` takes; `today` is an ISO date.
    """

    seed: int
    sampling: Sampling
    context: int
    wanted: int = 150
    most: int = 6
    grounding: Grounding = "words"
    similar: float = 0.9
    overlap: float = 0.5
    today: str = ""


@dataclass
class Paraphrasing:
    """Rewords examples. `finished` are those of an earlier part of the work, in order; `keep` gets each new one."""

    toolbox: Toolbox
    prompts: StagePrompts
    settings: ParaphraseSettings
    count: Count
    keep: Callable[[Paraphrased], None]
    finished: Sequence[Paraphrased] = ()
    _taken: dict[str, set[tuple[str, ...]]] = field(default_factory=dict, init=False)

    def ask(self, originals: Sequence[Demonstration]) -> Asking:
        """Reword the examples one after the other; `keep` is given one `Paraphrased` for each.

        An example is to have its share of rewordings (see `balance`); the model is asked until it has, at most `most`
        times.
        """
        self.check()
        numbers = Counter(original.tool for original in originals)
        for original in originals:
            self._taken.setdefault(original.tool, set()).add(stems(original.query))
        done = {which(paraphrased): paraphrased for paraphrased in self.finished}
        for original in originals:
            paraphrased = done.get(which(original))
            if paraphrased is None:
                wanted = share(numbers[original.tool], self.settings.wanted, self.settings.most)
                paraphrased = yield from self._reword(original, wanted)
                self.keep(paraphrased)
            self._taken[original.tool] |= {stems(text) for text in paraphrased.paraphrases}

    def check(self) -> None:
        """Raise `PromptError` if the worked examples cannot be read."""
        worked(self.prompts)

    def _reword(self, original: Demonstration, wanted: int) -> Generator[Request, Completion, Paraphrased]:
        settings = self.settings
        today = datetime.date.fromisoformat(settings.today) if settings.today else None
        tool = self.toolbox.get(original.tool)
        check = Check(
            tool, original.arguments, original.query, settings.grounding, today, settings.similar, settings.overlap,
            self._alien(),
        )  # fmt: skip
        openings = self._openings(original)
        kept: list[str] = []
        dropped: Counter[str] = Counter()
        asked = 0
        while len(kept) < wanted and asked < settings.most:
            messages = self._fitted(original, kept)
            if messages is None:
                break
            asked += 1
            place = Place(*which(original), asked)
            opening = openings[(asked - 1) % len(openings)]
            completion = yield self._request(place, messages, opening)
            text = check.trimmed(clean_query(completion.text))
            fault = check.fault(text, kept, opening=opening, cut_off=_is_cut_off(completion))
            if not fault and stems(text) in self._taken[original.tool]:
                fault = "same"
            if fault:
                dropped[fault] += 1
            else:
                kept.append(text)
        return Paraphrased(*which(original), tuple(kept), dict(sorted(dropped.items())), asked)

    def _request(self, place: Place, messages: tuple[Message, ...], opening: str) -> Request:
        stop = ("\n",) if opening else ()  # else there may be a heading before it
        seed = derive_seed(self.settings.seed, place)
        return Request(place, "paraphrase", messages, self.settings.sampling, seed, stop, opening)

    def _openings(self, original: Demonstration) -> list[str]:
        """The openings in an order of this example's own."""
        _, openings = worked(self.prompts)
        draw = random.Random(f"{self.settings.seed}\0{original.tool}\0{original.episode}\0{original.trial}")
        return draw.sample(openings, len(openings)) or [""]

    def _alien(self) -> frozenset[str]:
        examples, _ = worked(self.prompts)
        return frozenset(word for query, *_ in examples for word in content(query))

    def _fitted(self, original: Demonstration, kept: Sequence[str]) -> tuple[Message, ...] | None:
        """The conversation with as many of the newest rewordings as fit; None if it does not even fit without any."""
        budget = self.settings.context - self.settings.sampling.max_tokens - _MARGIN
        for oldest in range(len(kept) + 1):
            messages = self._messages(original, kept[oldest:])
            if self.count(messages) <= budget:
                return messages
        return None

    def _messages(self, original: Demonstration, kept: Sequence[str]) -> tuple[Message, ...]:
        examples, _ = worked(self.prompts)
        system = self.prompts["paraphrase_system"].fill()
        messages = [Message("system", system)] if system else []
        for query, *rewordings in examples:
            told = self._told(query, rewordings, "")
            messages += told[:-1]  # it ends with its last rewording
        return (*messages, *self._told(original.query, kept, describe(self.toolbox.get(original.tool))))

    def _told(self, query: str, rewordings: Sequence[str], description: str) -> list[Message]:
        """The question for a rewording, those so far, and after each the question for another one."""
        messages = [Message("user", self.prompts["paraphrase_first"].fill(query=query, api_descriptions=description))]
        for text in rewordings:
            messages += [Message("assistant", text), Message("user", self.prompts["paraphrase_next"].fill(query=query))]
        return messages


def _is_cut_off(completion: Completion) -> bool:
    """Whether the query in a reply has no end: what would have come next belongs to it."""
    return completion.finish == "length" and clean_query(completion.text) != clean_query(f"{completion.text}x")


def worked(prompts: StagePrompts) -> tuple[list[list[str]], list[str]]:
    """The worked examples, each a query and its rewordings, and the openings of replies.

    Examples are parted by lines of `=========`, and have a line for each text. Raises `PromptError` for an example
    without a rewording.
    """
    parts = re.split(r"^={5,}\s*$", prompts["paraphrase_examples"].fill(), flags=re.MULTILINE)
    examples = [lines for part in parts if (lines := _lines(part))]
    if any(len(lines) < 2 for lines in examples):
        raise PromptError("prompt paraphrase_examples: each example must have a query and, below it, rewordings of it")
    return examples, _lines(prompts["paraphrase_openings"].fill())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
