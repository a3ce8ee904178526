"""The canonical text of a call or an answer: the inverse of the parser.

    from stesim.parsing.render import render
    from stesim.records import Action
    print(render(Action("today", {}, "I need the date.")))

Not here: the chat template around it, and the observation.
"""

from __future__ import annotations

import json

from stesim.records import Action, FinalAnswer


def render(reply: Action | FinalAnswer) -> str:
    """The ReAct text of a call or an answer, without a `Thought:` line if there was no thought.

    `parse_tolerant` reads it back, given that the thought holds no marker of its own.
    """
    thought = f"Thought: {reply.thought}\n" if reply.thought else ""
    if isinstance(reply, FinalAnswer):
        return f"{thought}Final Answer: {reply.text}"
    arguments = json.dumps(reply.arguments, ensure_ascii=False)
    return f"{thought}Action: {reply.tool}\nAction Input: {arguments}"
