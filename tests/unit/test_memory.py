"""Short-term and long-term memory: what stays, what leaves first, what is shown where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.memory import ContextFull, Conversation, LongTermMemory, with_past
from stesim.models import estimate_tokens
from stesim.prompts import PromptSet, load_prompts
from stesim.records import Action, FinalAnswer, Message, Observation, Reflection, Step, Trial

DESCRIPTION = "API name: forecast\nDescription: THE-DESCRIPTION"


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> PromptSet:
    """The default templates without examples, so that the trials can be counted."""
    folder = tmp_path_factory.mktemp("prompts")
    (folder / "reflect.txt").write_text("REFLECT")
    return load_prompts(folder)


def a_trial(number: int, query: str = "", result: str = "{}", solved: str = "yes", forgotten: int = 0) -> Trial:
    steps = (
        Step("Thought: call it", Action("forecast", {}), Observation(result, "ok", 200)),
        Step("Final Answer: done", FinalAnswer("done")),
    )
    reflection = Reflection(solved, solved.title())  # type: ignore[arg-type]
    return Trial("forecast", 1, number, query or f"query {number}?", steps, "final_answer", reflection, forgotten)


def conversation(prompts: PromptSet, budget: int = 100_000) -> Conversation:
    return Conversation(prompts, DESCRIPTION, "forecast", estimate_tokens, budget)


def texts(messages: Sequence[Message]) -> str:
    return "\n".join(message.content for message in messages)


def test_the_description_is_in_the_first_trial_only(prompts: PromptSet) -> None:
    talk = conversation(prompts)
    assert texts(talk.imagining("")).count("THE-DESCRIPTION") == 1
    talk.finish(a_trial(1))
    talk.finish(a_trial(2))
    messages = talk.imagining("")
    assert texts(messages).count("THE-DESCRIPTION") == 1
    assert "THE-DESCRIPTION" in messages[1].content
    assert "query 1?" in texts(messages)
    assert "query 2?" in texts(messages)


def test_the_list_of_past_queries_is_in_the_imagine_prompt_and_gone_after_it(prompts: PromptSet) -> None:
    talk = conversation(prompts)
    talk.finish(a_trial(1))
    assert "PAST" in texts(talk.imagining("PAST"))
    talk.query = "new?"
    assert "PAST" not in texts(talk.trying())
    assert "PAST" not in texts(talk.reflecting())
    asked = conversation(prompts)
    asked.finish(a_trial(1))
    assert asked.imagining("PAST")[:-1] == talk.trying()[:-3]  # the same but for the imagine prompt itself


def test_roles_alternate_whatever_happened(prompts: PromptSet) -> None:
    talk = conversation(prompts)
    unanswered = Trial("forecast", 1, 1, "q?", (a_trial(1).steps[0],) * 3, "max_calls", None)
    talk.finish(unanswered)
    talk.query = "next?"
    talk.steps = [a_trial(1).steps[0]]
    for messages in (talk.imagining("x"), talk.trying(), talk.reflecting()):
        roles = [message.role for message in messages]
        assert roles[0] == "system"
        assert roles[1:] == ["user" if n % 2 == 0 else "assistant" for n in range(len(roles) - 1)]
        assert roles[-1] == "user"


def test_the_oldest_trials_leave_first_and_the_next_takes_over_the_opening(prompts: PromptSet) -> None:
    talk = conversation(prompts)
    for number in (1, 2, 3):
        talk.finish(a_trial(number, result="x" * 400))
    whole = estimate_tokens(talk.imagining(""))
    talk.budget = whole - 1
    messages = talk.imagining("")
    assert talk.forgotten == 1
    assert "query 1?" not in texts(messages)
    assert "THE-DESCRIPTION" in messages[1].content
    assert messages[2].content == "query 2?"
    assert prompts.try_first.fill(api_names="forecast", query="query 2?") == messages[3].content
    assert estimate_tokens(messages) <= talk.budget


def test_what_has_left_does_not_come_back(prompts: PromptSet) -> None:
    talk = conversation(prompts)
    talk.finish(a_trial(1))
    talk.finish(a_trial(2, forgotten=1))  # so it was when the run was stopped
    assert talk.forgotten == 1
    assert "query 1?" not in texts(talk.imagining(""))


def test_a_trial_that_does_not_fit_by_itself_fills_the_context(prompts: PromptSet) -> None:
    talk = conversation(prompts, budget=400)
    talk.finish(a_trial(1))
    talk.query = "q?"
    talk.steps = [Step("y" * 4000, a_trial(1).steps[0].reply, Observation("z", "ok"))]
    with pytest.raises(ContextFull):
        talk.trying()
    assert talk.forgotten == 0


def test_the_long_term_list_marks_what_was_solved(prompts: PromptSet) -> None:
    memory = LongTermMemory(prompts, estimate_tokens, 1000)
    assert memory.text() == ""
    for number, solved in enumerate(["yes", "no", "unparsed"], 1):
        memory.add(a_trial(number, solved=solved))
    assert memory.text().splitlines()[-3:] == ["- solved: query 1?", "- not solved: query 2?", "- query 3?"]


@given(st.lists(st.text(min_size=1, max_size=200), max_size=30), st.integers(0, 300))
def test_the_long_term_list_holds_the_newest_that_fit(queries: list[str], budget: int) -> None:
    prompts = load_prompts()
    memory = LongTermMemory(prompts, estimate_tokens, budget)
    for query in queries:
        memory.add(Trial("t", 1, 1, query, (), "max_calls"))
    text = memory.text()

    def shown(newest: int) -> str:
        entries = queries[len(queries) - newest :]
        return prompts.long_term.fill(queries="\n".join(f"- {query}" for query in entries))

    fitting = [n for n in range(1, len(queries) + 1) if estimate_tokens([Message("user", shown(n))]) <= budget]
    assert text == (shown(max(fitting)) if fitting else "")


def test_where_the_list_goes_in_a_prompt_of_the_released_kind() -> None:
    assert with_past("Imagine.\n\nUser Query:", "PAST") == "Imagine.\n\nPAST\n\nUser Query:"
    assert with_past("Imagine.", "PAST") == "Imagine.\n\nPAST"
    assert with_past("Imagine.\n\nUser Query:", "") == "Imagine.\n\nUser Query:"


def test_an_empty_list_leaves_no_gap() -> None:
    prompts = load_prompts()
    message = Conversation(prompts, DESCRIPTION, "forecast", estimate_tokens, 10**6).imagining("")[-1]
    assert "\n\n\n" not in message.content
    assert message.content.startswith("Here is an API")


def test_examples_open_every_conversation() -> None:
    prompts = load_prompts()
    messages = Conversation(prompts, DESCRIPTION, "forecast", estimate_tokens, 10**6).imagining("")
    told = sum(len(example.trials) for example in prompts.examples)
    assert told >= 2
    assert texts(messages).count(prompts.reflect.fill(query="")) == told
    assert messages[-1].role == "user"
    assert "THE-DESCRIPTION" in messages[-1].content


def test_prompt_files_are_here() -> None:
    assert (Path(__file__).resolve().parents[2] / "prompts" / "imagine_first.txt").is_file()
