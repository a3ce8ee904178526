"""ShareGPT conversations as LLaMA-Factory documents them: human, function_call, observation, gpt.

    >>> from stesim.records import Demonstration
    >>> shown = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> rows(Lesson(shown.query, (), shown))[0]["conversations"][1]
    {'from': 'function_call', 'value': '{"name": "rain", "arguments": {"city": "Rome"}}'}

`dataset_info.json` there needs `"formatting": "sharegpt"` and the columns `conversations` (messages), `system` and
`tools`. Not covered: other dialects of the format, which know no calls.
"""

from __future__ import annotations

import json
from typing import Any

from stesim.dataset.lesson import Lesson
from stesim.dataset.messages import NO_TOOL, function


def rows(lesson: Lesson, *, calls_only: bool = False) -> list[dict[str, Any]]:
    """One row, which may end with the call; `system` is empty, which means the model's own."""
    shown = lesson.demonstration
    said = [("human", lesson.query)]
    if shown is None:
        said += [("gpt", NO_TOOL)]
    else:
        call = json.dumps({"name": shown.tool, "arguments": shown.arguments}, ensure_ascii=False)
        said += [("function_call", call)]
        said += [] if calls_only else [("observation", shown.observation), ("gpt", shown.answer)]
    tools = json.dumps([function(tool) for tool in lesson.tools], ensure_ascii=False)
    return [{"conversations": [{"from": who, "value": text} for who, text in said], "system": "", "tools": tools}]
