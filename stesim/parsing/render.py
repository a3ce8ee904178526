"""The canonical text of a call, an answer or a verdict: the inverse of the parsers.

    from stesim.parsing.render import render
    from stesim.records import Action
    print(render(Action("today", {}, "I need the date.")))

Not here: the chat template around it, and the observation.
"""

from __future__ import annotations

import json

from stesim.records import Action, FinalAnswer, Judgement

# Begins the further lines of an explanation, so that what they number is not taken for an aspect.
INDENT = "   "


def render(reply: Action | FinalAnswer) -> str:
    """The ReAct text of a call or an answer, without a `Thought:` line if there was no thought.

    `parse_tolerant` reads it back, given that the thought holds no marker of its own.
    """
    thought = f"Thought: {reply.thought}\n" if reply.thought else ""
    if isinstance(reply, FinalAnswer):
        return f"{thought}Final Answer: {reply.text}"
    arguments = json.dumps(reply.arguments, ensure_ascii=False)
    return f"{thought}Action: {reply.tool}\nAction Input: {arguments}"


def render_verdict(judgement: Judgement) -> str:
    """The three lines that the judge is asked for, `1) Yes. <explanation>`; an unparsed aspect is left out.

    Further lines of an explanation are indented. `parse_verdict` reads it back; what an explanation may not hold for
    that is listed there.
    """
    verdicts = (judgement.informative, judgement.faithful, judgement.appropriate)
    lines = []
    for number, (verdict, reason) in enumerate(zip(verdicts, judgement.explanations, strict=True), start=1):
        if verdict != "unparsed":
            word = "Yes" if verdict == "pass" else "No"
            first, *more = f"{number}) {word}. {reason}".rstrip(" ").split("\n")
            lines += [first, *(INDENT + line if line else line for line in more)]
    return "\n".join(lines)
