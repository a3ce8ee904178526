"""Exploration by simulated trial and error: the main loop (paper: section 3).

For each tool, episodes; in each episode, trials; in each trial the model imagines a query, tries to answer it with
the tool, and reflects. A small model may begin with a call instead, and write the query for it. `explore` is a
generator that yields a `Request` whenever the model is to be asked and is sent the `Completion`.

Not covered: where finished trials are kept (`keep` is given each), what is shown meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from stesim.call_first import CallFirst, calls_of
from stesim.errors import UserError
from stesim.grammar import YES_NO, Bounds, reply_grammar
from stesim.memory import ContextFull, Conversation, Count, LongTermMemory
from stesim.models.constrain import check_grammar
from stesim.models.driving import Asking, derive_seed
from stesim.parsing import parse_reflection, parse_tolerant
from stesim.prompts import PromptSet, StagePrompts
from stesim.queries import clean_query
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
    Step,
    Tool,
    Trial,
)
from stesim.toolbox import Toolbox, describe

WITHHELD = Observation("The call was received. Its result is not shown.", "withheld")
_REFLECTION_TOKENS = 24
_MARGIN = 16  # tokens of the context that stay free
_STOP: Mapping[Purpose, tuple[str, ...]] = {
    "imagine": ("Thought:", "Action:", "Observation:", "Final Answer:"),
    "try": ("Observation:", "User Query:"),
    "reflect": (),
}


@dataclass
class Exploration:
    """What a run explores with. `finished` are the trials of an earlier part of the run; `keep` gets each new one.

    `templates` are the prompts of call-first imagining, if that is what the settings ask for.
    """

    toolbox: Toolbox
    prompts: PromptSet
    settings: RunSettings
    count: Count
    keep: Callable[[Trial], None]
    finished: Sequence[Trial] = ()
    templates: StagePrompts | None = None
    _grammars: dict[str, str] = field(default_factory=dict, init=False)

    def explore(self) -> Asking:
        """The main loop. Trials that are finished already are remembered, not tried again."""
        for name in self.settings.tools:
            yield from self.explore_tool(self.toolbox.get(name))

    def explore_tool(self, tool: Tool) -> Asking:
        """All episodes of one tool. Tools know nothing of one another, so they may also run side by side."""
        done = {(trial.episode, trial.trial): trial for trial in self.finished if trial.tool == tool.name}
        past = LongTermMemory(self.prompts, self.count, self.settings.long_term_tokens)
        trials: list[Trial] = []
        for episode in range(1, self.settings.episodes + 1):
            conversation = self._new_conversation(tool)
            for number in range(1, self.settings.trials + 1):
                trial = done.get((episode, number))
                if trial is None:
                    place = Place(tool.name, episode, number, 0)
                    if self.settings.imagine == "call-first":
                        trial = yield from self._try_call_first(place, trials)
                    else:
                        trial = yield from self._try_once(place, conversation, past)
                    self.keep(trial)
                trials.append(trial)
                past.add(trial)
                conversation.finish(trial)
                if not self.settings.short_term:
                    conversation = self._new_conversation(tool)

    def _try_once(
        self, place: Place, conversation: Conversation, past: LongTermMemory
    ) -> Generator[Request, Completion, Trial]:
        """One trial: imagine a query, try to answer it, reflect. What earlier trials did with the tools is undone."""
        query = conversation.query = yield from self._imagine(place, conversation, past)
        solver = self._solver(place.tool, self.settings.max_calls)
        stop_reason = yield from solver.solve(
            conversation,
            lambda call, messages: self._request("try", replace(place, call=call), messages, first=call == 1),
        )
        steps = tuple(conversation.steps)
        reflection = yield from self._reflect(replace(place, call=len(steps) + 1), conversation)
        forgotten = conversation.forgotten
        return Trial(place.tool, place.episode, place.trial, query, steps, stop_reason, reflection, forgotten)

    def _try_call_first(self, place: Place, trials: Sequence[Trial]) -> Generator[Request, Completion, Trial]:
        """One trial that begins with a call: a query is written for it, and answered from what the call gave.

        `trials` are the earlier ones of the tool; their calls are the memory, as their queries are otherwise.
        """
        episode = [trial for trial in trials if trial.episode == place.episode] if self.settings.short_term else []
        made = calls_of(trials if self.settings.long_term else episode)
        imagined = yield from self._call_first.imagine(place, made, calls_of(episode))
        name, number, calls = place.episode, place.trial, imagined.calls
        if not imagined.query or imagined.rejected:
            return Trial(
                place.tool, name, number, imagined.query, calls, "no_query", None, 0, imagined.asked, imagined.rejected
            )
        conversation = self._new_conversation(self.toolbox.get(place.tool))
        conversation.query, conversation.steps = imagined.query, [calls[-1]]
        asked = len(calls) - 1 + imagined.asked
        stop_reason = yield from self._solver(place.tool, max(1, self.settings.max_calls - len(calls))).solve(
            conversation,
            lambda call, messages: self._request(
                "try", replace(place, call=asked + call), messages, first=False, answer=True
            ),
        )
        steps = (*calls[:-1], *conversation.steps)
        reflection = yield from self._reflect(replace(place, call=imagined.asked + len(steps)), conversation)
        return Trial(
            place.tool, name, number, imagined.query, steps, stop_reason, reflection, 0, imaginings=imagined.asked
        )

    @cached_property
    def _call_first(self) -> CallFirst:
        if self.templates is None:
            raise UserError("call-first imagining needs its prompts")
        steps: Callable[[str, str], Step] = lambda tool, text: self._solver(tool, 1).step(text)  # noqa: E731
        return CallFirst(self.toolbox, self.prompts, self.templates, self.settings, steps)

    def _solver(self, tool: str, max_calls: int) -> Solver:
        """What reads replies and makes calls, with the tools as they were at the beginning."""
        call = self.toolbox.fresh().call if self.settings.feedback else _withhold
        return Solver(lambda text: parse_tolerant(text, [tool]), call, max_calls)

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

    def _request(
        self, purpose: Purpose, place: Place, messages: tuple[Message, ...], *, first: bool = False,
        answer: bool = False,
    ) -> Request:  # fmt: skip
        """A question to the model; `first` says that it is a trial's first try, `answer` that it may only answer."""
        sampling = self.settings.sampling
        if purpose == "imagine":
            sampling = replace(sampling, temperature=self.settings.imagine_temperature)
        if purpose == "reflect":
            sampling = replace(sampling, max_tokens=min(sampling.max_tokens, _REFLECTION_TOKENS))
        seed = derive_seed(self.settings.seed, place)
        grammar = self._grammar(purpose, place, answer)
        stop = () if grammar else _STOP[purpose]
        begun = self._beginning(first) if purpose == "try" else ""
        return Request(place, purpose, messages, sampling, seed, stop, begun, grammar)

    def _grammar(self, purpose: Purpose, place: Place, answer: bool = False) -> str:
        """What the reply is held to; a query is imagined freely."""
        if not self.settings.constrain or purpose == "imagine":
            return ""
        if purpose == "reflect":
            return YES_NO
        bounds = Bounds.of(self.settings.sampling.max_tokens)
        if answer:
            return reply_grammar([], bounds)
        if place.tool not in self._grammars:
            self._grammars[place.tool] = reply_grammar([self.toolbox.get(place.tool)], bounds)
        return self._grammars[place.tool]

    def _beginning(self, first: bool) -> str:
        """What a reply while trying is made to begin with."""
        return (self.prompts.begin_first if first else self.prompts.begin_next).fill()

    def _new_conversation(self, tool: Tool) -> Conversation:
        beginnings = (self.prompts.begin_first.fill(), self.prompts.begin_next.fill())
        begun = max(self.count([Message("assistant", text)]) if text else 0 for text in beginnings)
        budget = self.settings.context - self.settings.sampling.max_tokens - begun - _MARGIN
        return Conversation(self.prompts, describe(tool), tool.name, self.count, budget)

    def check(self) -> None:
        """Raise `UserError` if some tool's description and the instructions leave no room for a trial, `ModelError` if
        its replies cannot be held to a grammar.
        """
        if self.settings.imagine == "call-first":
            self._call_first.check()
        for name in self.settings.tools:
            if self.settings.constrain:
                begun = [self._beginning(first) for first in (True, False)]
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
