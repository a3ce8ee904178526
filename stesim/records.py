"""The frozen records that everything passes around; pure data, no I/O.

A model's mistake is data here (a `ParseFailure` on a `Step`), never an exception. What a record looks like
in a file is the business of `stesim/store`; what it means is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Purpose = Literal["imagine", "call", "rank", "try", "reflect", "judge", "paraphrase", "answer"]
Imagining = Literal["query-first", "call-first"]
Rejection = Literal["", "grounding", "rank"]
Gate = Literal["", "answer", "rank", "format", "execution", "grounding", "duplicate", "judge", "unparsed"]
StopReason = Literal["final_answer", "max_calls", "context_full", "repeated_call", "no_query"]
Answer = Literal["yes", "no", "unparsed"]
Verdict = Literal["pass", "fail", "unparsed"]


def shared_prefix(first: Sequence[object], second: Sequence[object]) -> int:
    """How many leading elements two sequences have in common."""
    shortest = min(len(first), len(second))
    return next((i for i in range(shortest) if first[i] != second[i]), shortest)


@dataclass(frozen=True, slots=True)
class Tool:
    """An API that a model can call: what the model is told of it.

    `parameters` is a JSON Schema of type object; `provider` names who offers the API, `tags` what it is about.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    provider: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A call that the model made: `tool` with `arguments` (a JSON object).

    `repairs` names what had to be mended to read it; empty for a reply that was well-formed as printed.
    """

    tool: str
    arguments: dict[str, Any]
    thought: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The model's answer to the user, which ends a trial."""

    text: str
    thought: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply in which no call and no answer could be read.

    `kind` is the name of the failure (`empty`, `missing_action`, `unknown_tool`, `truncated` ...);
    `observation` tells the model what was wrong and what to write instead.
    """

    kind: str
    observation: str
    thought: str = ""
    repairs: tuple[str, ...] = ()


Reply = Action | FinalAnswer | ParseFailure


@dataclass(frozen=True, slots=True)
class Observation:
    """What the model is shown after a call.

    `text` is as shown (already cut to its limit); `kind` is `ok` for a result, `http_error` for a status
    of 400 and above, `no_fixture` for a request that nothing was recorded for, `timeout` for a server that
    did not answer, `parse_failure` for a reply that could not be read, `withheld` where execution feedback is off.
    `status` is the HTTP status, if there was one.
    """

    text: str
    kind: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One reply of the model while it tries to answer: its text, how it was read, what it was shown then.

    `observation` is None for a final answer only.
    """

    text: str
    reply: Reply
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Reflection:
    """The model's own verdict on a trial (paper: section 3.1, self-reflection)."""

    answer: Answer
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge's verdict on a trial in three aspects (paper: section 3.2): is the answer informative, is it faithful
    to the results of the calls, were the calls appropriate?

    `explanations` are the judge's reasons in that order, empty where it gave none; `repairs` names what had to be
    mended to read the verdict.
    """

    informative: Verdict
    faithful: Verdict
    appropriate: Verdict
    explanations: tuple[str, str, str] = ("", "", "")
    repairs: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`fail` if one aspect fails, `pass` if all pass, else `unparsed`: what could not be read is not a fail."""
        aspects = (self.informative, self.faithful, self.appropriate)
        if "fail" in aspects:
            return "fail"
        return "unparsed" if "unparsed" in aspects else "pass"


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: an imagined query and the attempt to answer it. `episode` and `trial` count from 1.

    `reflection` is None where it is switched off, and where the context was full. `forgotten` is how many earlier
    trials of the episode had to leave the context before this one was over. `imaginings` is how many times the model
    was asked before there was a query; `rejected` says why none of the queries imagined for a call was good enough
    (`grounding`: not all its values are in it; `rank`: it goes better with another call), the last one standing here.
    """

    tool: str
    episode: int
    trial: int
    query: str
    steps: tuple[Step, ...]
    stop_reason: StopReason
    reflection: Reflection | None = None
    forgotten: int = 0
    imaginings: int = 1
    rejected: Rejection = ""

    @property
    def solved(self) -> bool | None:
        """Whether the model holds the query fulfilled; None if it was not asked or did not say."""
        if self.reflection is None or self.reflection.answer == "unparsed":
            return None
        return self.reflection.answer == "yes"

    @property
    def final_answer(self) -> str | None:
        """The text of the final answer, or None if the trial stopped without one."""
        last = self.steps[-1].reply if self.steps else None
        return last.text if isinstance(last, FinalAnswer) else None

    @property
    def completions(self) -> int:
        """How many times the model was asked in this trial: to imagine, to try, to reflect."""
        return self.imaginings + len(self.steps) + (self.reflection is not None)

    @property
    def parsed_calls(self) -> int:
        """How many replies were read as a call."""
        return sum(isinstance(step.reply, Action) for step in self.steps)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A query with the call that answers it, what the call gave, and the answer (paper: section 3.2, exploitation).

    `episode` and `trial` say which trial of the run it comes from; `paraphrase` is 0 for the query as imagined and
    counts its rewordings from 1.
    """

    tool: str
    query: str
    arguments: dict[str, Any]
    observation: str
    answer: str
    episode: int
    trial: int
    paraphrase: int = 0
    thought: str = ""

    @property
    def action(self) -> Action:
        """The call."""
        return Action(self.tool, self.arguments, self.thought)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one trial on its way to the demonstrations.

    `gate` is the one that it did not pass, empty if it passed all, and `reason` says why; `demonstration` is None where
    the trial gave no final answer through a parsed call. `asked` is how many times the judge was asked.
    """

    tool: str
    episode: int
    trial: int
    gate: Gate
    reason: str = ""
    demonstration: Demonstration | None = None
    judgement: Judgement | None = None
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Paraphrased:
    """The rewordings of one demonstration's query (paper: section 3.2, paraphrasing).

    `tool`, `episode` and `trial` say which demonstration; `dropped` counts by reason the replies that were no good, and
    `asked` is how many times the model was asked.
    """

    tool: str
    episode: int
    trial: int
    paraphrases: tuple[str, ...]
    dropped: dict[str, int]
    asked: int


def which(one: Trial | Demonstration | Judged | Paraphrased) -> tuple[str, int, int]:
    """The trial that it is or that it comes from: tool, episode, trial."""
    return one.tool, one.episode, one.trial


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


Count = Callable[[Sequence[Message]], int]  # the tokens of a prompt


def join_runs(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with those of one role in a row joined by an empty line: the roles alternate."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every setting of the sampler, all explicit: nothing is left to a library's default.

    `max_tokens` bounds the reply; `top_k` 0 means no bound; `repeat_penalty` 1.0 means none.
    """

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repeat_penalty: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a run a model is asked: call 0 is the imagining, then each reply; reflection comes last.

    A stage after the run counts its questions about a trial from call 1. A test query has episode 0 and its number as
    trial.
    """

    tool: str
    episode: int
    trial: int
    call: int


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    `stop` are texts that end the reply (they are not part of it); `seed` is derived from the run's seed
    and `place`, so that a reply depends on nothing that came before but its prompt. `prefill` is text
    that the reply is made to start with; the completion's text includes it. Where `grammar` is not empty, the reply
    keeps to it (see `stesim/grammar/`) and ends by it: then `stop` and `max_tokens` do not count. Where there are
    `choices` nothing is sampled: the reply is the one of them that the model finds likeliest after the prompt.
    """

    place: Place
    purpose: Purpose
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int
    stop: tuple[str, ...] = ()
    prefill: str = ""
    grammar: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's reply.

    `finish` is `stop` (the model ended, or a stop text came) or `length` (`max_tokens` or the context was
    reached). `prompt_tokens` of the prompt were sent, `reused_tokens` of them were still in the cache;
    `tokens` were generated in `seconds` (prompt and reply together).
    """

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int = 0
    reused_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run depends on besides the model, the tools and the prompts.

    `short_term`, `long_term`, `feedback` and `reflection` are the paper's ablation switches. A query is imagined at
    a temperature of its own: small models need a high one to imagine something new and a low one to keep to the
    format. `observation_limit` is in characters, `long_term_tokens` and `context` in tokens; `today` is an ISO date.
    `constrain` says whether replies are held to a grammar while they are decoded; `faults` which share of the calls
    fails ("429:0.1,timeout:0.02") or `off`. `imagine` says whether a trial begins with a query, as in the paper, or
    with a call for which a query is written then.
    """

    tools: tuple[str, ...]
    episodes: int
    trials: int
    max_calls: int
    seed: int
    sampling: Sampling
    imagine_temperature: float
    context: int
    observation_limit: int = 2048
    long_term_tokens: int = 512
    today: str = ""
    constrain: bool = False
    faults: str = "off"
    imagine: Imagining = "query-first"
    short_term: bool = True
    long_term: bool = True
    feedback: bool = True
    reflection: bool = True
