"""From tools to the grammar of a well-formed reply, so that a model can be held to it while it decodes.

    >>> from stesim.records import Tool
    >>> print(reply_grammar([Tool("today", "The date.", {"type": "object"})], Bounds.of(128)).splitlines()[0])
    start: (THOUGHT "\\n")? (call | answer)

`replies` makes the grammars, `bounded` the schemas of the arguments within them. Not covered: decoding by a grammar
(`stesim/models/constrain.py`).
"""

from stesim.grammar.bounded import unsaid
from stesim.grammar.replies import YES_NO, Bounds, arguments_schema, reply_grammar, verdict_grammar

__all__ = ["YES_NO", "Bounds", "arguments_schema", "reply_grammar", "unsaid", "verdict_grammar"]
