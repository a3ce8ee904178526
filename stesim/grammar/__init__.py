"""From tools to the grammar of a well-formed reply, so that a model can be held to it while it decodes.

    >>> from stesim.records import Tool
    >>> print(reply_grammar([Tool("today", "The date.", {"type": "object"})], Bounds.of(128)).splitlines()[0])
    start: (THOUGHT "\\n")? (call | answer)

`replies` and `queries` make the grammars, `bounded` the schemas of the arguments within them, `steering` narrower
ones. Not covered: decoding by a grammar (`stesim/models/constrain.py`).
"""

from stesim.grammar.bounded import unsaid
from stesim.grammar.queries import query_grammar
from stesim.grammar.replies import YES_NO, Bounds, arguments_schema, call_grammar, reply_grammar, verdict_grammar
from stesim.grammar.steering import narrowed

__all__ = [
    "YES_NO",
    "Bounds",
    "arguments_schema",
    "call_grammar",
    "narrowed",
    "query_grammar",
    "reply_grammar",
    "unsaid",
    "verdict_grammar",
]
