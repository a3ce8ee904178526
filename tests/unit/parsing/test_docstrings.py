"""The snippets in the docstrings of the modules run, and show what they say."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from typing import Any

import pytest

import stesim.parsing

MODULES = [
    "stesim.parsing",
    *(f"stesim.parsing.{module.name}" for module in pkgutil.iter_modules(stesim.parsing.__path__)),
]


def is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


@pytest.mark.parametrize("name", MODULES)
def test_snippet(name: str) -> None:
    lines = re.findall(r"^    (.+)$", importlib.import_module(name).__doc__ or "", re.MULTILINE)
    assert lines, "no snippet"
    names: dict[str, Any] = {}
    for line in lines:
        code, _, comment = line.partition("  # ")
        code = code.strip()
        if code.startswith(("from ", "import ")) or re.match(r"\w+ = ", code):
            exec(code, names)
            continue
        found = eval(code.removeprefix("print"), names)
        if is_literal(comment.strip()):
            assert found == ast.literal_eval(comment.strip()), line
