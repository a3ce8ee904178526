"""Where toolsets of one's own come from: a Python file, a folder, an installed package.

    python -c "from mocktools.sources import entry_points; print(entry_points.names())"

Not covered: the bundled ones, see `toolsets.py`.
"""
