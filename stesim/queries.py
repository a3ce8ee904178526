"""A user's query in what a model wrote: cleaned of what stands around it.

    >>> clean_query('**User Query:** "Will it rain in Oslo?"')
    'Will it rain in Oslo?'

Not covered: whether it is a question at all, and whether a tool can answer it.
"""

from __future__ import annotations

import re

LONGEST_QUERY = 600  # characters

# A heading, a number or a mark of the list before a query.
_LEAD = re.compile(
    r"\**(?:User(?:'s)? )?(?:Query|Question)(?: ?:\** ?|\*\* ?:? ?)|1[.)] |- (?:(?:not )?solved: )?|(?:not )?solved: ",
    re.IGNORECASE,
)


def clean_query(text: str) -> str:
    """The query in an imagine reply, on one line of at most 600 characters.

    Its first paragraph (the second if the first only announces it with a colon), without a heading, a number, a mark
    of the list of past queries, or quotes. May be empty.
    """
    first, *others = [paragraph for paragraph in text[:10_000].strip().split("\n\n") if paragraph.strip()] or [""]
    if first.rstrip("* \n").endswith(":") and others:
        first = others[0]
    query = " ".join(first.split("\n2. ")[0].split())
    while lead := _LEAD.match(query):
        query = query[lead.end() :]
    if len(query) > 1 and query[0] in "\"'“‘" and query[-1] in "\"'”’":
        query = query[1:-1].strip()
    return query[:LONGEST_QUERY]
