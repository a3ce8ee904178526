"""Imagining a query from a call, for models too small to imagine one that their tools can answer.

The model first writes a valid call, steered away from the calls made already, and it is made. If it gives a result, the
model writes what a user might have said to get that: several times, with other opening words. A query is kept if it
says every value of the call that a person would have had to say; of those the likeliest one is taken, and it stands if
the model, given nothing else, finds this call likelier for it than others. The paper goes the other way (section 3.1):
query first.

Not covered: the rest of the trial, which is the same as ever (`stesim/explore.py`); calls of several tools.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from stesim.errors import PromptError
from stesim.grammar import Bounds, call_grammar, narrowed, query_grammar
from stesim.grounding import ungrounded
from stesim.models.driving import derive_seed
from stesim.parsing.render import render
from stesim.prompts import PromptSet, StagePrompts
from stesim.queries import clean_query
from stesim.records import (
    Action,
    Completion,
    Message,
    Observation,
    Place,
    Purpose,
    Rejection,
    Request,
    RunSettings,
    Step,
    Tool,
    Trial,
)
from stesim.spoken import values_to_say
from stesim.toolbox import Toolbox, describe

QUERIES = 4  # that are written for a call
OTHERS = 6  # calls that the right one is held against
_REMEMBERED = 5  # earlier calls that the model is shown
_LONGEST_PURPOSE = 240  # characters
_BREAKS = ("\n",)

Asking = Generator[Request, Completion, "Imagined"]


@dataclass(frozen=True)
class Imagined:
    """What came of imagining: the calls made (the last one is the query's, if there is a query), the query, how often
    the model was asked for queries, and why none of them is good enough.
    """

    calls: tuple[Step, ...]
    query: str = ""
    asked: int = 0
    rejected: Rejection = ""


@dataclass(frozen=True)
class QueryExample:
    """A worked example: a call of an API, and what a user said to get it."""

    asked: str
    query: str


@dataclass
class CallFirst:
    """Imagines with one set of tools and prompts. `prompts` are the exploration's, `templates` those of this stage.

    `step` reads a reply and makes its call, with the tools as they were at the beginning of a trial.
    """

    toolbox: Toolbox
    prompts: PromptSet
    templates: StagePrompts
    settings: RunSettings
    step: Callable[[str, str], Step]

    def check(self) -> None:
        """Raise `PromptError` for worked examples that cannot be read, before a run begins."""
        read_examples(self.templates["query_examples"].fill())

    def imagine(self, place: Place, made: Sequence[Action], before: Sequence[Action]) -> Asking:
        """A call that gives a result, and a query for it.

        `made` are all earlier calls of the tool that gave one, none of which is made again; `before` those of them that
        the model is shown.
        """
        tool = self.toolbox.get(place.tool)
        calls: list[Step] = []
        while len(calls) < self.settings.max_calls:
            step = yield from self._call(replace(place, call=len(calls)), tool, before, len(made) + len(calls))
            calls.append(step)
            action = step.reply
            if isinstance(action, Action) and _gave_result(step.observation) and not _is_among(action, made):
                return (yield from self._query(place, tool, tuple(calls), action, made))
        return Imagined(tuple(calls))

    def _call(
        self, place: Place, tool: Tool, before: Sequence[Action], turn: int
    ) -> Generator[Request, Completion, Step]:
        """One call that the model writes, made."""
        seed = derive_seed(self.settings.seed, place)
        example = self.toolbox.example(tool.name)
        shown = [Action(tool.name, dict(example)), *before[-_REMEMBERED:]] if example else before[-_REMEMBERED:]
        messages = [*self._call_opening, *self._calls(describe(tool), tool.name, shown)]
        grammar = ""
        if self.settings.constrain:
            turn += derive_seed(self.settings.seed, Place(tool.name, 0, 0, 0))
            year = datetime.date.fromisoformat(self.settings.today).year
            narrow = narrowed(tool.parameters, example, random.Random(seed), turn, year)
            grammar = call_grammar(replace(tool, parameters=narrow), Bounds.of(self.settings.sampling.max_tokens))
        completion = yield self._request("call", place, messages, grammar, stop=("Observation:",))
        return self.step(tool.name, completion.text.strip())

    def _query(
        self, place: Place, tool: Tool, calls: tuple[Step, ...], action: Action, made: Sequence[Action]
    ) -> Asking:
        """The likeliest of some queries for the call that say all of it, if it goes with no other call better."""
        messages = [*self._query_opening, Message("user", self._asked(tool, action))]
        wanted, place = replace(place, call=len(calls)), replace(place, call=len(calls) + QUERIES)
        queries = yield from self._write(wanted, tool, action, messages)
        today = datetime.date.fromisoformat(self.settings.today)
        grounded = [query for query in queries if not ungrounded(action.arguments, query, tool, "words", today)]
        if not grounded:
            return Imagined(calls, queries[0] if queries else "", QUERIES, "grounding")
        chosen = yield self._request("rank", place, messages, choices=tuple(grounded))
        place = replace(place, call=place.call + 1)
        choices = (render(action), *(render(other) for other in self._others(place, action, made)))
        asked = [*self._call_opening, Message("user", self._tried(tool.name, chosen.text))]
        likeliest = yield self._request("rank", place, asked, choices=choices)
        rejected: Rejection = "" if likeliest.text == choices[0] else "rank"
        return Imagined(calls, chosen.text, QUERIES + 2, rejected)

    def _write(
        self, place: Place, tool: Tool, action: Action, messages: Sequence[Message]
    ) -> Generator[Request, Completion, list[str]]:
        """Different queries for one call, each begun with other words."""
        values = values_to_say(action.arguments, tool.parameters)
        drawn = random.Random(derive_seed(self.settings.seed, place))
        openings = drawn.sample(self._openings, min(QUERIES, len(self._openings)))
        found = []
        for number in range(QUERIES):
            opening = openings[number % len(openings)]
            grammar = query_grammar(values, opening) if self.settings.constrain else ""
            where = replace(place, call=place.call + number)
            completion = yield self._request("imagine", where, messages, grammar, stop=_BREAKS, prefill=opening)
            found.append(clean_query(completion.text))
        return list(dict.fromkeys(query for query in found if query))

    def _others(self, place: Place, action: Action, made: Sequence[Action]) -> list[Action]:
        """Other calls: the latest ones of this tool, and examples of other tools, drawn."""
        same = [other for other in made[::-1] if other.arguments != action.arguments][: OTHERS // 2]
        tools = [name for name in self.settings.tools if name != action.tool]
        drawn = random.Random(derive_seed(self.settings.seed, place))
        others = drawn.sample(tools, min(OTHERS - OTHERS // 2, len(tools)))
        return same + [Action(name, dict(self.toolbox.example(name))) for name in others]

    def _request(
        self, purpose: Purpose, place: Place, messages: Sequence[Message], grammar: str = "", *,
        stop: tuple[str, ...] = (), prefill: str = "", choices: tuple[str, ...] = (),
    ) -> Request:  # fmt: skip
        sampling = replace(self.settings.sampling, temperature=self.settings.imagine_temperature)
        seed = derive_seed(self.settings.seed, place)
        return Request(
            place, purpose, tuple(messages), sampling, seed, () if grammar else stop, prefill, grammar, choices
        )

    # -- prompts -----------------------------------------------------------------------------------------------

    @cached_property
    def _call_opening(self) -> list[Message]:
        """What every conversation about calls begins with: the calls of the exploration's worked examples."""
        messages = [Message("system", self.prompts.system.fill())]
        for example in self.prompts.examples:
            turns = [turn for trial in example.trials for turn in trial.turns]
            calls = [_without_thought(reply) for reply, observation in turns if observation is not None]
            messages += self._told(example.api_descriptions, example.api_names, calls)
        return messages

    def _calls(self, descriptions: str, name: str, calls: Sequence[Action]) -> list[Message]:
        """Earlier calls of a tool, and the question for another one."""
        told = self._told(descriptions, name, [render(replace(call, thought="")) for call in calls])
        return [*told, Message("user", self._ask(descriptions, name, first=not calls))]

    def _told(self, descriptions: str, name: str, replies: Sequence[str]) -> list[Message]:
        messages = []
        for number, reply in enumerate(replies):
            messages += [Message("user", self._ask(descriptions, name, first=number == 0)), Message("assistant", reply)]
        return messages

    def _ask(self, descriptions: str, name: str, *, first: bool) -> str:
        template = self.templates["imagine_call" if first else "imagine_call_next"]
        return template.fill(api_descriptions=descriptions, api_names=name)

    @cached_property
    def _query_opening(self) -> list[Message]:
        """What every conversation about queries begins with: worked examples."""
        messages = [Message("system", self.templates["query_system"].fill())]
        for example in read_examples(self.templates["query_examples"].fill()):
            messages += [Message("user", example.asked), Message("assistant", example.query)]
        return messages

    @cached_property
    def _openings(self) -> list[str]:
        return [line.strip() for line in self.templates["query_openings"].fill().split("\n") if line.strip()] or [""]

    def _asked(self, tool: Tool, action: Action) -> str:
        purpose = " ".join(tool.description.split())[:_LONGEST_PURPOSE]
        arguments = json.dumps(action.arguments, ensure_ascii=False)
        return self.templates["imagine_query"].fill(api_name=tool.name, purpose=purpose, arguments=arguments)

    def _tried(self, name: str, query: str) -> str:
        return self.prompts.try_first.fill(api_descriptions="", api_names=name, query=query)


def read_examples(text: str) -> list[QueryExample]:
    """The worked examples of a prompt file: blocks with an empty line between, the last line `User:` and the query.

    Raises `PromptError` for a block without such a line.
    """
    found = []
    for number, block in enumerate(filter(str.strip, text.split("\n\n")), 1):
        asked, _, query = block.strip().rpartition("\nUser:")
        if not asked or not query.strip() or "\n" in query.strip():
            raise PromptError(f"prompt query_examples: the last line of example {number} must be User: and a query")
        found.append(QueryExample(asked, query.strip()))
    return found


def _without_thought(reply: str) -> str:
    """A reply of a worked example from its call on."""
    return reply[max(0, reply.find("Action:")) :]


def _gave_result(observation: Observation | None) -> bool:
    """Whether a query is written for the call: it was no error, as far as was shown."""
    return observation is not None and observation.kind in ("ok", "withheld")


def _is_among(action: Action, made: Sequence[Action]) -> bool:
    """Whether the call was made before; one without arguments is always as good as new."""
    return bool(action.arguments) and any(action.arguments == other.arguments for other in made)


def calls_of(trials: Sequence[Trial]) -> list[Action]:
    """The calls of trials for which a query was written."""
    found = []
    for trial in trials:
        made = [step for step in trial.steps if _gave_result(step.observation)] if trial.query else []
        found += [step.reply for step in made[-1:] if isinstance(step.reply, Action)]
    return found
