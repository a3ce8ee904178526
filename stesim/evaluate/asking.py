"""Asking a model for the one call that answers a test query: as it is, with demonstrations (ICL), or fine-tuned (FT).

    evaluation = Evaluation(toolbox, prompts, settings, cases, choose, count=model.count, keep=folder.add_answer)
    drive(evaluation.ask(), model)

As in the paper (section 4), a query is answered by one greedy reply after the descriptions of the candidate tools, and,
in mode `icl`, after demonstrations of similar queries, the nearest last. A fine-tuned model (mode `ft`) is asked as it
was trained, with no tool described, or else with the prompts of the other modes. Not covered: what the replies are
worth (`measure`), carrying on after the first call, and whether the model is a trained one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from stesim.errors import UserError
from stesim.evaluate.answers import Answer
from stesim.evaluate.predictions import read_reply
from stesim.grammar import Bounds, reply_grammar
from stesim.models.constrain import check_grammar
from stesim.models.driving import Asking, derive_seed
from stesim.parsing import render
from stesim.prompts import StagePrompts
from stesim.records import Completion, Count, Demonstration, Message, Place, Request, Sampling, Tool
from stesim.retrieve import Embed, Index, by_embedding, by_words, candidates, tool_text
from stesim.testset import Case
from stesim.toolbox import Toolbox, describe

Mode = Literal["baseline", "icl", "ft"]
Retrieval = Literal["words", "embedding"]

_MARGIN = 16  # tokens of the context that stay free
_STOP = ("Observation:", "User Query:")


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What an evaluation depends on besides the model, the tools, the prompts, the test set and the demonstrations.

    `shots` demonstrations stand before a query at most; `candidates` tools are described to the model, with `oracle`
    the right one always among them. Only mode `ft` can do without `describe`: then no tool is described, and all are
    candidates. `limit` is the number of queries taken of each tool, None for all; `context` and `max_tokens` are in
    tokens.
    """

    mode: Mode
    testset: str
    tools: tuple[str, ...]
    unanswerable: bool
    shots: int
    retrieval: Retrieval
    candidates: int
    oracle: bool
    constrain: bool
    limit: int | None
    seed: int
    context: int
    max_tokens: int
    describe: bool = True

    def flat(self) -> dict[str, Any]:
        """The settings as the manifest holds them: `describe` only where there is a choice, in mode `ft`."""
        values = {**asdict(self), "tools": list(self.tools)}
        return values if self.mode == "ft" else {name: value for name, value in values.items() if name != "describe"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands before a query: the tools described, or which may be called where none is, in the toolset's order,
    and the demonstrations by their lines, nearest first.
    """

    candidates: tuple[str, ...]
    demonstrations: tuple[int, ...] = ()


Choose = Callable[[Case], Choice]


def chooser(
    tools: Sequence[Tool], demonstrations: Mapping[int, Demonstration], settings: AnswerSettings, embed: Embed
) -> Choose:
    """Finds the candidate tools for a query, and those demonstrations of them whose queries are most like it; once for
    each query.

    Both by words (BM25) or by the model's embeddings; then `ModelError` if it has none. By words, a demonstration is
    found by what its tool says of itself as well: people who want the same of a tool share few words otherwise.
    """

    def index(texts: Sequence[str]) -> Index:
        return by_embedding(texts, embed) if settings.retrieval == "embedding" else by_words(texts)

    few = len(tools) <= settings.candidates
    by_tool = None if few else index([tool_text(tool) for tool in tools])
    lines = list(demonstrations)
    texts = [demonstrations[line].query for line in lines]
    if settings.retrieval == "words":
        purposes = {tool.name: tool_text(tool) for tool in tools}
        texts = [f"{demonstrations[line].query} {purposes[demonstrations[line].tool]}" for line in lines]
    by_query = index(texts) if lines and settings.shots else None
    found: dict[str, Choice] = {}

    def choose(case: Case) -> Choice:
        if case.id not in found:
            found[case.id] = find(case)
        return found[case.id]

    def find(case: Case) -> Choice:
        right = case.calls[0].tool if settings.oracle and case.calls else None
        chosen = tools if by_tool is None else candidates(tools, case.query, settings.candidates, by_tool, right)
        names = tuple(tool.name for tool in chosen)
        if by_query is None:
            return Choice(names)
        among = [place for place, line in enumerate(lines) if demonstrations[line].tool in names]
        nearest = by_query.nearest(case.query, settings.shots, among) if among else []
        return Choice(names, tuple(lines[place] for place in nearest))

    return choose


def build_prompt(
    prompts: StagePrompts, tools: Sequence[Tool], shown: Sequence[Demonstration], query: str
) -> tuple[Message, ...]:
    """The whole prompt of one query. Its beginning depends on the candidate tools alone, so that it stays in the cache.

    `shown` are the demonstrations, the nearest last; each is its query and its call without a thought.
    """
    values = {
        "api_descriptions": "\n\n".join(describe(tool) for tool in tools),
        "api_names": ", ".join(tool.name for tool in tools),
    }
    messages = [Message("system", prompts["answer_system"].fill(**values))]
    for demonstration in shown:
        call = replace(demonstration.action, thought="")
        messages.append(Message("user", prompts["answer"].fill(**values, query=demonstration.query)))
        messages.append(Message("assistant", render(call)))
    return (*messages, Message("user", prompts["answer"].fill(**values, query=query)))


def build_trained_prompt(prompts: StagePrompts, shown: Sequence[Demonstration], query: str) -> tuple[Message, ...]:
    """The prompt of one query as a model is trained on it (paper: section 4, fine-tuning): no tool is described.

    `prompts` are those of the stage "tool_mode"; `shown` are demonstrations that stand before the query nevertheless,
    the nearest last.
    """
    system = prompts["tool_mode_system"].fill()
    messages = [Message("system", system)] if system else []
    for demonstration in shown:
        messages.append(Message("user", prompts["tool_mode"].fill(query=demonstration.query)))
        messages.append(Message("assistant", render(replace(demonstration.action, thought=""))))
    return (*messages, Message("user", prompts["tool_mode"].fill(query=query)))


@dataclass
class Evaluation:
    """What an evaluation asks with. `keep` is given each answer; the queries of the numbers `finished` have theirs.

    `prompts` are those of the stage "answer" where tools are described, else of "tool_mode".
    """

    toolbox: Toolbox
    prompts: StagePrompts
    settings: AnswerSettings
    cases: Sequence[Case]
    demonstrations: Mapping[int, Demonstration]
    choose: Choose
    count: Count
    keep: Callable[[Answer], None]
    finished: Collection[int] = ()
    _grammars: dict[tuple[str, ...], str] = field(default_factory=dict, init=False)

    def ask(self) -> Asking:
        """One request a query; the model's mistakes are answers like any other."""
        for number, case in self._in_turn():
            if number not in self.finished:
                answer = yield from self._answer(number, case)
                self.keep(answer)

    def _in_turn(self) -> list[tuple[int, Case]]:
        """The queries by their numbers, those for which the same tools are described one after the other: what their
        prompts begin with is then still in the cache. Where that is the same for all, in the order of the test set.
        """
        numbered = list(enumerate(self.cases, 1))
        if self.settings.describe:
            places = {name: place for place, name in enumerate(self.settings.tools)}
            numbered.sort(key=lambda each: [places[name] for name in self.choose(each[1]).candidates])
        return numbered

    def _answer(self, number: int, case: Case) -> Generator[Request, Completion, Answer]:
        settings, choice = self.settings, self.choose(case)
        place = Place(case.calls[0].tool if case.calls else "", 0, number, 1)
        messages, shown = self._fitted(case, choice)
        grammar = self._grammar(choice.candidates) if settings.constrain else ""
        sampling = greedy(settings.max_tokens)
        stop = () if grammar else _STOP
        completion = yield Request(
            place, "answer", messages, sampling, derive_seed(settings.seed, place), stop, grammar=grammar
        )
        text = completion.text.strip()
        return Answer(
            number, case.id, place.tool, case.query, text, read_reply(text, settings.tools), choice.candidates, shown,
            left_out=choice.demonstrations[len(shown) :][::-1],
        )  # fmt: skip

    def _fitted(self, case: Case, choice: Choice) -> tuple[tuple[Message, ...], tuple[int, ...]]:
        """The prompt and the lines of the demonstrations in it, after as many of the farthest have left as is needed.

        Raises `UserError` if it does not fit without any.
        """
        shown = choice.demonstrations[::-1]
        while self.count(messages := self._prompt(case, choice, shown)) > self._budget:
            if not shown:
                raise self._too_small(case, len(choice.candidates))
            shown = shown[1:]
        return messages, shown

    def _too_small(self, case: Case, described: int) -> UserError:
        settings = self.settings
        tools = f"the descriptions of {described} tools, " if settings.describe else ""
        fewer = " or fewer --candidates" if settings.describe else ""
        return UserError(
            f"a context of {settings.context} tokens is too small for {tools}the query {case.id} and a reply of "
            f"{settings.max_tokens}; use a larger --ctx{fewer}"
        )

    def _prompt(self, case: Case, choice: Choice, shown: Sequence[int]) -> tuple[Message, ...]:
        before = [self.demonstrations[line] for line in shown]
        if not self.settings.describe:
            return build_trained_prompt(self.prompts, before, case.query)
        return build_prompt(self.prompts, [self.toolbox.get(name) for name in choice.candidates], before, case.query)

    @property
    def _budget(self) -> int:
        return self.settings.context - self.settings.max_tokens - _MARGIN

    def _grammar(self, names: tuple[str, ...]) -> str:
        if names not in self._grammars:
            tools = [self.toolbox.get(name) for name in names]
            self._grammars[names] = reply_grammar(tools, Bounds.of(self.settings.max_tokens), thinks=False)
        return self._grammars[names]

    def check(self) -> None:
        """Raise `UserError` if some query has no room in the context, `ModelError` if the calls of some tool cannot be
        held to a grammar.
        """
        for name in self.settings.tools if self.settings.constrain else ():
            check_grammar(self._grammar((name,)), [f"Action: {name}\nAction Input: {{"], of=name)
        for number, case in enumerate(self.cases, 1):
            if number in self.finished:
                continue
            choice = replace(self.choose(case), demonstrations=())
            letters = sum(len(message.content.encode()) for message in self._prompt(case, choice, ()))
            if letters > self._budget:  # a token has a byte at least: others fit
                self._fitted(case, choice)


def misfit_of(
    answer: Answer, case: Case, settings: AnswerSettings, demonstrations: Mapping[int, Demonstration] | None
) -> str:
    """Why an answer cannot be one to this query under these settings; empty if it can.

    `demonstrations` is None where it is not known which there were.
    """
    if (answer.query, answer.tool) != (case.query, case.calls[0].tool if case.calls else ""):
        return "it answers another query"
    names = set(answer.candidates)
    offered = tuple(tool for tool in settings.tools if tool in names)
    most = min(settings.candidates, len(settings.tools))
    if answer.candidates != offered or len(offered) != most:
        if not settings.describe:
            return f"other tools could be called than the {most} of the settings"
        return f"the prompt described other tools than the {most} that the settings have it describe"
    if settings.oracle and answer.tool and answer.tool not in names:
        return "the prompt did not describe the right tool, as --oracle has it"
    lines = answer.nearest
    if demonstrations is None:
        return "" if len(lines) <= settings.shots else f"{len(lines)} demonstrations were found, not {settings.shots}"
    known = {line for line, one in demonstrations.items() if one.tool in names}
    wanted = min(settings.shots, len(known))
    if len(lines) != wanted:
        return f"{len(lines)} demonstrations were found for it, not {wanted}"
    return "" if len(set(lines) & known) == wanted else "it names demonstrations that there are not"


def greedy(max_tokens: int) -> Sampling:
    """The sampler that always takes the likeliest token."""
    return Sampling(0.0, 1.0, 0, 0.0, 1.0, max_tokens)
