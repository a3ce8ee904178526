"""Prompt and completion in the ReAct text: the prompt of an evaluation, and the call that answers it.

    from stesim.prompts import load_stage_prompts
    rows(lesson, load_stage_prompts("answer"))[0]["completion"]

A second row goes on after the result of the call, with the final answer. Not covered: the tokens that a chat template
puts around system and user; thoughts, which are left out.
"""

from __future__ import annotations

from dataclasses import replace

from stesim.dataset.lesson import Lesson
from stesim.parsing import render
from stesim.prompts import StagePrompts
from stesim.records import FinalAnswer
from stesim.toolbox import describe

# What the prompt of an evaluation asks for where no tool fits.
NO_TOOL = "I cannot help with that."


def rows(lesson: Lesson, prompts: StagePrompts, *, calls_only: bool = False) -> list[dict[str, str]]:
    """The row with the call and the one with the answer; the first alone with `calls_only`, and where no tool fits.

    `prompts` are those of the stage "answer". A completion begins on a new line of its prompt.
    """
    values = {
        "api_descriptions": "\n\n".join(describe(tool) for tool in lesson.tools),
        "api_names": ", ".join(tool.name for tool in lesson.tools),
        "query": lesson.query,
    }
    prompt = "\n\n".join(prompts[name].fill(**values) for name in ("answer_system", "answer")) + "\n"
    shown = lesson.demonstration
    if shown is None:
        return [{"prompt": prompt, "completion": render(FinalAnswer(NO_TOOL))}]
    call = render(replace(shown.action, thought=""))
    called = {"prompt": prompt, "completion": call}
    if calls_only:
        return [called]
    return [
        called,
        {
            "prompt": f"{prompt}{call}\nObservation: {shown.observation}\n",
            "completion": render(FinalAnswer(shown.answer)),
        },
    ]
