"""Measuring how well a model chooses and calls tools, on queries whose right calls are known.

    >>> from stesim.evaluate import same_strings
    >>> same_strings({"city": "Paris"}, {"city": " paris", "days": 2})
    True

`predictions` scores replies in the paper's released format; `asking` asks a model about a test set, with or without
demonstrations; `answers` are its replies as they are kept; `measure` makes the figures from them, `mistakes` looks at
what went wrong, `result` is the file that holds all this. Layers, each imports only those before it: `predictions`,
`answers`, `asking`, `measure`, `mistakes`, `result`.
Not covered: a judge of the answers, queries that take more than one call.
"""

from stesim.evaluate.predictions import (
    STRING_MATCH_TOOLS,
    Prediction,
    Predictions,
    Score,
    Tally,
    read_predictions,
    report,
    same_strings,
    score,
    score_all,
    tally,
    without_arguments,
)

__all__ = [
    "STRING_MATCH_TOOLS",
    "Prediction",
    "Predictions",
    "Score",
    "Tally",
    "read_predictions",
    "report",
    "same_strings",
    "score",
    "score_all",
    "tally",
    "without_arguments",
]
