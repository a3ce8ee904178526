"""The training format of the paper's release: `dialog_history` and `response`.

    >>> from stesim.records import Demonstration
    >>> shown = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> print(rows(Lesson(shown.query, (), shown))[0]["response"])
    Action: <tool_rain>
    Action Input: {"city": "Rome"}

As there (paper: section 4, fine-tuning), a tool is one new token, `<tool_NAME>`, and no prompt describes it; the loss
is on the response only. The file is one JSON list. Not covered: general data (FLAN) mixed in, and the list of new
tokens that its trainer is given.
"""

from __future__ import annotations

import json
from typing import Any

from stesim.dataset.lesson import Lesson

# The system message that the release trains and predicts with where tools are used.
SYSTEM = "You are a helpful assistant. You are in tool mode now. Use APIs to help with your task."


def rows(lesson: Lesson, *, calls_only: bool = False) -> list[dict[str, Any]]:
    """The row with the call and, unless there are to be `calls_only`, the one with the answer, as the release writes
    them; none where there is no call.
    """
    shown = lesson.demonstration
    if shown is None:
        return []
    arguments = json.dumps(shown.arguments, ensure_ascii=False)
    call = f"Action: <tool_{shown.tool}>\nAction Input: {arguments}"
    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": lesson.query}]
    called = {"dialog_history": asked, "response": call}
    if calls_only:
        return [called]
    observed = {"role": "user", "content": f"Observation: {shown.observation}"}
    return [
        called,
        {
            "dialog_history": [*asked, {"role": "assistant", "content": call}, observed],
            "response": f"Final Answer: {shown.answer}",
        },
    ]
