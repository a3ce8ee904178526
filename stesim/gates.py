"""What a trial must pass, without a model being asked, before it may become a demonstration.

    from stesim.gates import Gates, demonstration_of
    with Toolbox.open("starter") as toolbox:
        gates = Gates(toolbox, grounding="words")
        gate, reason = gates.check(trial)           # ("", "") if it passed all
        if not gate:
            gates.keep(demonstration_of(trial))     # for the duplicates of it that follow

In order of cost: a final answer through a call, a query that fits the call (`rank`, of runs that imagine the call
first), arguments as the schema has them, a result that was no error and comes again, a query that holds the arguments'
values, and a query that is not a near-duplicate of a kept one. Not covered: whether the answer is any good, which is
the judge's business.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stesim.grounding import Grounding, ungrounded
from stesim.grounding.words import stems
from stesim.records import Action, Demonstration, Gate, Observation, Tool, Trial
from stesim.schemas import invalid_arguments
from stesim.similarity import DEFAULT, same
from stesim.toolbox import Toolbox

_LONGEST_REASON = 200  # characters
_REJECTED = {
    "rank": "the query goes better with another call",
    "grounding": "no query imagined for the call holds all its values",
}
Passed = tuple[Gate, str]
PASSED: Passed = ("", "")


def demonstration_of(trial: Trial) -> Demonstration | None:
    """The query of a trial with its last parsed call, the observation after that and the final answer (paper: section
    3.2); None if the trial lacks one of them.
    """
    answer, results = (trial.final_answer or "").strip(), results_of(trial)
    if not answer or not results or not trial.query.strip():
        return None
    action, observation = results[-1]
    where = (trial.episode, trial.trial)
    return Demonstration(
        action.tool, trial.query, action.arguments, observation.text, answer, *where, thought=action.thought
    )


def results_of(trial: Trial) -> list[tuple[Action, Observation]]:
    """The parsed calls of a trial, each with what came of it."""
    return [
        (step.reply, step.observation)
        for step in trial.steps
        if isinstance(step.reply, Action) and step.observation is not None
    ]


Words = tuple[str, ...]


@dataclass
class Gates:
    """The gates of one distillation. `toolbox` has the run's tools, without faults and with the run's date and limit of
    observations.

    `grounding` is how the values of a call must be in its query, `similar` from which similarity on a query for the
    same call is a duplicate (0 to 1), `today` the day of the run.
    """

    toolbox: Toolbox
    grounding: Grounding = "words"
    similar: float = DEFAULT
    today: datetime.date | None = None
    _kept: dict[str, list[tuple[Words, Demonstration]]] = field(default_factory=dict, init=False)

    def check(self, trial: Trial) -> Passed:
        """The first gate that a trial does not pass and why; both empty if it passes all."""
        if trial.rejected:
            return trial.rejected, _REJECTED[trial.rejected]
        demonstration = demonstration_of(trial)
        if demonstration is None:
            return "answer", _no_demonstration(trial)
        tool = next((tool for tool in self.toolbox.tools if tool.name == demonstration.tool), None)
        if tool is None:
            return "format", f"there is no tool {demonstration.tool}"[:_LONGEST_REASON]
        if reason := invalid_arguments(tool, demonstration.arguments):
            return "format", reason[:_LONGEST_REASON]
        if reason := self._not_executed(trial, demonstration):
            return "execution", reason[:_LONGEST_REASON]
        return self.check_query(demonstration, tool)

    def check_query(self, demonstration: Demonstration, tool: Tool) -> Passed:
        """The gates that look at the query: grounding, and duplicates of those kept so far."""
        missing = ungrounded(demonstration.arguments, demonstration.query, tool, self.grounding, self.today)
        if missing:
            return "grounding", f"not in the query: {', '.join(missing)}"[:_LONGEST_REASON]
        twin = self.duplicate_of(demonstration)
        return ("duplicate", f"like that of episode {twin.episode}, trial {twin.trial}") if twin else PASSED

    def keep(self, demonstration: Demonstration) -> None:
        """Remember a demonstration that passed everything, so that duplicates of it are found."""
        self._kept.setdefault(demonstration.tool, []).append((_words(demonstration.query), demonstration))

    def duplicate_of(self, demonstration: Demonstration) -> Demonstration | None:
        """The first kept demonstration of the tool with the same words, or with the same call and a similar query.

        Queries that differ in the values of their calls are no duplicates, however alike.
        """
        words = _words(demonstration.query)
        for said, kept in self._kept.get(demonstration.tool, ()):
            if said == words:
                return kept
            if _same_call(kept, demonstration) and same(kept.query, demonstration.query, self.similar):
                return kept
        return None

    def _not_executed(self, trial: Trial, demonstration: Demonstration) -> str:
        """Why the call's result cannot be shown; empty if it can.

        Nothing is asked of a run whose results were withheld. The call is made anew in a state in which nothing was
        done, as it will be by whoever learns from it: one that needs earlier calls gives something else then.
        """
        _, observation = results_of(trial)[-1]
        if observation.kind == "withheld":
            return ""
        if observation.kind != "ok":
            return f"the call failed ({observation.kind}): {observation.text}"
        again = self.toolbox.fresh().call(demonstration.action)
        if again != replace(observation, status=again.status):
            return f"made again, the call gives something else ({again.kind}): {again.text}"
        return ""


def _words(query: str) -> Words:
    """What two queries have in common that say the same: their words, or all of a query that has none."""
    return stems(query) or (query.strip(),)


def _no_demonstration(trial: Trial) -> str:
    if not trial.query.strip():
        return "there is no query"
    if not trial.parsed_calls:
        return "no call was made"
    if trial.final_answer is None:
        return f"there is no final answer ({trial.stop_reason})"
    return "the final answer is empty" if not trial.final_answer.strip() else "the call has no result"


def _same_call(one: Demonstration, other: Demonstration) -> bool:
    return _canonical(one.arguments) == _canonical(other.arguments)


def _canonical(arguments: Mapping[str, Any]) -> str:
    """Arguments as text that is the same for the same call: null is left out, and 3.0 is 3."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return json.dumps(_plain(given), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
