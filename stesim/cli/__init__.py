"""The command line: reads options, builds what they ask for, calls it, and turns a `StesimError` into one line.

    stesim --help

One module a command (`run`, `memory`, `show`, `evaluate`, `parse`, `tools`, `completion`), beside what they share:
`common` (errors, output), `build` (models, settings, manifests), `finish` (the summary), `view` and `watch` (what is
shown while a run goes on).
"""

from stesim.cli.main import main

__all__ = ["main"]
