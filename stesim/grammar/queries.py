"""The grammar of a query that says certain values: a sentence of a few words around them.

    >>> query_grammar([("Paris",)], "Will").partition("Will")[0]
    'start: /'

A small model that is asked to write such a query forgets a value, or goes on for ever; held to this it can do neither,
and the order of the values and the words between them are its own. All of it is one expression, since a word may be a
value. Not covered: numbers other than the values', and letters beyond Latin ones outside the values.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_WORD = r"[A-Za-zÀ-ÖØ-öø-ÿ'’]{1,14}"
_BEFORE = f"( {_WORD},?){{0,8}} "
_BETWEEN = f",?( {_WORD}){{0,5}} "
_AFTER = f"( {_WORD}){{0,4}}[.?!]?"
_MOST_ORDERED_FREELY = 3


def query_grammar(values: Sequence[Sequence[str]], opening: str) -> str:
    """A query that begins with `opening` and holds, for each of `values`, one of the texts that say it.

    Up to three values come in any order, more in the order given.
    """
    if not values:
        return f"start: /{_escaped(opening)}( {_WORD},?){{0,8}} {_WORD}[.?!]?/"
    said = [f"({'|'.join(map(_escaped, texts))})" for texts in values]
    orders = list(itertools.permutations(said)) if len(said) <= _MOST_ORDERED_FREELY else [tuple(said)]
    told = "|".join(_BETWEEN.join(order) for order in orders)
    return f"start: /{_escaped(opening)}{_BEFORE}({told}){_AFTER}/"


def _escaped(text: str) -> str:
    """The text as an expression that matches it and nothing else."""
    return re.escape(text).replace("/", r"\/").replace(r"\ ", " ").replace("\n", " ")
