"""Whether a query says what a call needs: the values that a person would have had to name are in it.

A query that was imagined for a call, or reworded, is only of use if somebody who knows nothing but the query could make
that call.

    >>> from stesim.records import Tool
    >>> tool = Tool("forecast", "", {"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})
    >>> ungrounded({"city": "Paris", "days": 7}, "Will it rain in Paris this week?", tool)
    ('days',)
    >>> ungrounded({"city": "Paris", "days": 7}, "How will the weather be in Paris over a week?", tool)
    ()

Layers, each imports only those before it: `words` (folding, codes), `numbers` (amounts and what they are amounts of),
`dates`, `check`. Not covered: other languages than English but for words that the value itself has, spelling mistakes,
knowledge of the world ("the capital of France"), movable feasts such as Easter.
"""

from stesim.grounding.check import Grounding, ungrounded

__all__ = ["Grounding", "ungrounded"]
