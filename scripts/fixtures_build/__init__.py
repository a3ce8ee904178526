"""The parts of `scripts/build_fixtures.py`: one builder a fixture file, each returns the file's content."""
