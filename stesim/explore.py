"""Exploration by simulated trial and error: the main loop (paper: section 3).

For each tool, episodes; in each episode, trials; in each trial the model imagines a query, tries to answer it with
the tool, and reflects. `explore` is a generator that yields a `Request` whenever the model is to be asked and is sent
the `Completion`; `drive` runs it with a model.

Not covered: where finished trials are kept (`keep` is given each), what is shown meanwhile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stesim.errors import UserError
from stesim.grammar import YES_NO, Bounds, reply_grammar
from stesim.memory import ContextFull, Conversation, Count, LongTermMemory
from stesim.models.base import Model
from stesim.models.constrain import check_grammar
from stesim.parsing import parse_reflection, parse_tolerant
from stesim.prompts import PromptSet
from stesim.react import Solver
from stesim.records import (
    Action,
    Completion,
    Message,
    Observation,
    Place,
    Purpose,
    Reflection,
    Request,
    RunSettings,
    Tool,
    Trial,
)
from stesim.toolbox import Toolbox, describe

Asking = Generator[Request, Completion, None]

WITHHELD = Observation("The call was received. Its result is not shown.", "withheld")
_LONGEST_QUERY = 600  # characters
_REFLECTION_TOKENS = 24
_MARGIN = 16  # tokens of the context that stay free
_STOP: Mapping[Purpose, tuple[str, ...]] = {
    "imagine": ("Thought:", "Action:", "Observation:", "Final Answer:"),
    "try": ("Observation:", "User Query:"),
    "reflect": (),
}


@dataclass
class Exploration:
    """What a run explores with. `finished` are the trials of an earlier part of the run; `keep` gets each new one."""

    toolbox: Toolbox
    prompts: PromptSet
    settings: RunSettings
    count: Count
    keep: Callable[[Trial], None]
    finished: Sequence[Trial] = ()
    _grammars: dict[str, str] = field(default_factory=dict, init=False)

    def explore(self) -> Asking:
        """The main loop. Trials that are finished already are remembered, not tried again."""
        for name in self.settings.tools:
            yield from self.explore_tool(self.toolbox.get(name))

    def explore_tool(self, tool: Tool) -> Asking:
        """All episodes of one tool. Tools know nothing of one another, so they may also run side by side."""
        done = {(trial.episode, trial.trial): trial for trial in self.finished if trial.tool == tool.name}
        past = LongTermMemory(self.prompts, self.count, self.settings.long_term_tokens)
        for episode in range(1, self.settings.episodes + 1):
            conversation = self._new_conversation(tool)
            for number in range(1, self.settings.trials + 1):
                trial = done.get((episode, number))
                if trial is None:
                    trial = yield from self._try_once(Place(tool.name, episode, number, 0), conversation, past)
                    self.keep(trial)
                past.add(trial)
                conversation.finish(trial)
                if not self.settings.short_term:
                    conversation = self._new_conversation(tool)

    def _try_once(
        self, place: Place, conversation: Conversation, past: LongTermMemory
    ) -> Generator[Request, Completion, Trial]:
        """One trial: imagine a query, try to answer it, reflect. What earlier trials did with the tools is undone."""
        query = conversation.query = yield from self._imagine(place, conversation, past)
        call = self.toolbox.fresh().call if self.settings.feedback else _withhold
        solver = Solver(lambda text: parse_tolerant(text, [place.tool]), call, self.settings.max_calls)
        stop_reason = yield from solver.solve(
            conversation, lambda call, messages: self._request("try", replace(place, call=call), messages)
        )
        steps = tuple(conversation.steps)
        reflection = yield from self._reflect(replace(place, call=len(steps) + 1), conversation)
        forgotten = conversation.forgotten
        return Trial(place.tool, place.episode, place.trial, query, steps, stop_reason, reflection, forgotten)

    def _imagine(
        self, place: Place, conversation: Conversation, past: LongTermMemory
    ) -> Generator[Request, Completion, str]:
        remembered = past.text() if self.settings.long_term else ""
        try:
            messages = conversation.imagining(remembered)
        except ContextFull:  # the list of past queries gives way before the tool's description does
            messages = conversation.imagining("")
        completion = yield self._request("imagine", place, messages)
        return clean_query(completion.text)

    def _reflect(self, place: Place, conversation: Conversation) -> Generator[Request, Completion, Reflection | None]:
        if not self.settings.reflection:
            return None
        try:
            messages = conversation.reflecting()
        except ContextFull:
            return None
        completion = yield self._request("reflect", place, messages)
        text = completion.text.strip()
        return Reflection(parse_reflection(text), text)

    def _request(self, purpose: Purpose, place: Place, messages: tuple[Message, ...]) -> Request:
        sampling = self.settings.sampling
        if purpose == "imagine":
            sampling = replace(sampling, temperature=self.settings.imagine_temperature)
        if purpose == "reflect":
            sampling = replace(sampling, max_tokens=min(sampling.max_tokens, _REFLECTION_TOKENS))
        seed = derive_seed(self.settings.seed, place)
        grammar = self._grammar(purpose, place)
        stop = () if grammar else _STOP[purpose]
        return Request(place, purpose, messages, sampling, seed, stop, self._beginning(purpose, place), grammar)

    def _grammar(self, purpose: Purpose, place: Place) -> str:
        """What the reply is held to; a query is imagined freely."""
        if not self.settings.constrain or purpose == "imagine":
            return ""
        if purpose == "reflect":
            return YES_NO
        if place.tool not in self._grammars:
            bounds = Bounds.of(self.settings.sampling.max_tokens)
            self._grammars[place.tool] = reply_grammar([self.toolbox.get(place.tool)], bounds)
        return self._grammars[place.tool]

    def _beginning(self, purpose: Purpose, place: Place) -> str:
        """What the reply is made to begin with."""
        if purpose != "try":
            return ""
        return (self.prompts.begin_first if place.call == 1 else self.prompts.begin_next).fill()

    def _new_conversation(self, tool: Tool) -> Conversation:
        beginnings = (self.prompts.begin_first.fill(), self.prompts.begin_next.fill())
        begun = max(self.count([Message("assistant", text)]) if text else 0 for text in beginnings)
        budget = self.settings.context - self.settings.sampling.max_tokens - begun - _MARGIN
        return Conversation(self.prompts, describe(tool), tool.name, self.count, budget)

    def check(self) -> None:
        """Raise `UserError` if some tool's description and the instructions leave no room for a trial, `ModelError` if
        its replies cannot be held to a grammar.
        """
        for name in self.settings.tools:
            if self.settings.constrain:
                begun = [self._beginning("try", Place(name, 1, 1, call)) for call in (1, 2)]
                grammar = self._grammar("try", Place(name, 1, 1, 1))
                check_grammar(grammar, [*begun, f"Action: {name}\nAction Input: {{"], of=name)
            conversation = self._new_conversation(self.toolbox.get(name))
            conversation.query = "x " * 40
            try:
                conversation.trying()
            except ContextFull:
                raise UserError(
                    f"a context of {self.settings.context} tokens is too small for the description of {name}, the "
                    f"instructions and a reply of {self.settings.sampling.max_tokens}; use a larger --ctx"
                ) from None


def _withhold(_: Action) -> Observation:
    return WITHHELD


def drive(asking: Asking, model: Model) -> None:
    """Run a generator of requests to its end, answering each with the model."""
    try:
        request = next(asking)
        while True:
            request = asking.send(model.complete(request))
    except StopIteration:
        return


def derive_seed(seed: int, place: Place) -> int:
    """The sampler's seed for one completion: from the run's seed and the place in the run, 31 bits."""
    text = f"{seed}\0{place.tool}\0{place.episode}\0{place.trial}\0{place.call}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


# A heading, a number or a mark of the list before a query.
_LEAD = re.compile(
    r"\**(?:User(?:'s)? )?(?:Query|Question)(?: ?:\** ?|\*\* ?:? ?)|1[.)] |- (?:(?:not )?solved: )?|(?:not )?solved: ",
    re.IGNORECASE,
)


def clean_query(text: str) -> str:
    """The query in an imagine reply, on one line of at most 600 characters.

    Its first paragraph (the second if the first only announces it with a colon), without a heading, a number, a mark
    of the list of past queries, or quotes. May be empty.
    """
    first, *others = [paragraph for paragraph in text[:10_000].strip().split("\n\n") if paragraph.strip()] or [""]
    if first.rstrip("* \n").endswith(":") and others:
        first = others[0]
    query = " ".join(first.split("\n2. ")[0].split())
    while lead := _LEAD.match(query):
        query = query[lead.end() :]
    if len(query) > 1 and query[0] in "\"'“‘" and query[-1] in "\"'”’":
        query = query[1:-1].strip()
    return query[:_LONGEST_QUERY]
