r"""Markdown out of text that nobody vouches for: names, queries and replies stay inside their cell.

    >>> cell("a|b\nc")
    'a\\|b c'
    >>> print(table(("tool", "correct"), [("add", "50.0")]))
    | tool | correct |
    |---|---:|
    | add | 50.0 |

Not covered: text of several lines, and HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SPECIAL = re.compile(r"[\\`*\[\]|~<>#]|(?<!\w)_|_(?!\w)|(?<=_)_")


def cell(text: str, width: int = 0) -> str:
    """One line in which nothing is markup; of at most `width` characters, 0 for as many as there are."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], one_line(text, width)).replace("&", "&amp;")


def one_line(text: str, width: int = 0) -> str:
    """The text without control characters and line breaks, cut to `width` characters, 0 for no bound."""
    found = " ".join(_UNSEEN.sub("", _ESCAPES.sub("", re.sub(r"[\r\n\t]", " ", text))).split())
    return found if not width or len(found) <= width else found[: width - 1] + "…"


def code(text: str, width: int = 0) -> str:
    """A code span with this text, for running text: in a table a pipe in it would end the cell."""
    line = one_line(text, width)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{space}{line}{space}{fence}"


def place(name: str) -> str:
    """A cell with a name, of a path its last part: where the files of a machine are is nobody's business."""
    return cell(name.rstrip("/").rpartition("/")[2] or name)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table of cells that are escaped already: the first `left` columns to the left, the others to the right."""
    rule = "".join("---|" if column < left else "---:|" for column in range(len(headings)))
    return "\n".join([_row(headings), "|" + rule, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
