"""Where the fixture files are: in the installed package, or beside it in a source checkout."""

from __future__ import annotations

from pathlib import Path


def fixtures_dir() -> Path:
    """The folder of the fixture files.

    A wheel maps the top-level folder `fixtures/` to `mocktools/_fixtures`; a checkout has it one level up.
    """
    here = Path(__file__).resolve().parent
    installed = here / "_fixtures"
    return installed if installed.is_dir() else here.parent / "fixtures"
