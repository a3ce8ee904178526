"""From the text of a model's reply to a call, an answer or a failure; from a reflection or a judgement to yes or no.

    from stesim.parsing import parse_tolerant, render
    reply = parse_tolerant("Action: `today`\\nAction Input: {'zone': 'UTC',}", ["today"])
    print(render(reply))        # Action: today / Action Input: {"zone": "UTC"}
    print(reply.repairs)        # ('name_wrapping', 'single_quotes', 'trailing_comma')

Pure functions over text: they never raise, and take time linear in its length. `parse_tolerant` is what exploration
uses, `parse_strict` is the paper's rule; `parse_reflection` reads the model's own verdict on a trial, `parse_verdict`
a judge's. Layers, each imports only those before it: `vocabulary`, `values`, `failures`; `markers`, `names`, `escapes`;
`json_tolerant`, `arguments`, `envelope`; `calls`; `bare`, `protocols`; `strict`, `tolerant`, `reflection`, `render`;
`aspects`, `verdict_json`; `verdict`. Not covered: replies that are parsed by a server, checks against a schema.
"""

from stesim.parsing.reflection import parse_reflection
from stesim.parsing.render import render, render_verdict
from stesim.parsing.strict import parse_strict
from stesim.parsing.tolerant import parse_tolerant
from stesim.parsing.verdict import parse_verdict

__all__ = ["parse_reflection", "parse_strict", "parse_tolerant", "parse_verdict", "render", "render_verdict"]
