"""Feeds the parsers with texts that reach new code, found by coverage, and checks the oracle on each.

    make fuzz SECONDS=600

A find is written to `.fuzz/` as a file and printed; `python -m tests.fuzz.fuzz_parsing FILE` repeats it. Not part of
the test suite: that only runs the corpus through the same oracle.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("The fuzzer needs atheris, which `make fuzz` installs into .venv-fuzz (CPython 3.11 to 3.13 on Linux).")

with atheris.instrument_imports(include=["stesim.parsing"]):
    from tests.fuzz import oracle

# Counting what is covered takes most of the time.
oracle.SECONDS *= 5


def one_input(data: bytes) -> None:
    """Bytes that are no UTF-8 become single surrogates, which a model's text can hold too."""
    oracle.check(data.decode("utf-8", "surrogateescape"))


def main() -> None:
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
