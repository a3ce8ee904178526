"""Recorded and hand-written exchanges: their file format, which of them answers a request, and why none does.

    python -c "from pathlib import Path; from mocktools.exchanges import format; print(format.read(Path('pets.json')))"

Modules, each importing only those before it: `files`, `schemas`, `matching`, `rules`, `format` (the file), `patterns`,
`tables`, `explain`, `misfits`, `arguments`, `routes` (what answers) - and `secrets`, which finds what must not be
stored. `docs/fixtures.md` shows the format. Not covered: responses that are not text.
"""
