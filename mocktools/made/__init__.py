"""Values made from a JSON Schema: the same for the same schema, seed and arguments, on every machine.

    >>> from mocktools import made
    >>> pet = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    >>> made.value(pet, "get_pet", {"id": 7})["id"]
    7
    >>> made.value(pet, "a", {}) == made.value(pet, "a", {}) != made.value(pet, "b", {})
    True

Modules, each importing only those before it: `joined` (all that is said of one place), `fitting` (does a value fit),
`patterns` (texts for simple regular expressions), `plausible` (texts and numbers that suit a name), `scalars`, `maker`.
Not covered: `unevaluated*`, `$dynamicRef`, references to anchors; `pattern` and `format` when a value is held against a
schema; a regular expression with more than literals, classes, groups and repetitions.
"""

from mocktools.made.fitting import fits
from mocktools.made.maker import value

__all__ = ["fits", "value"]
