"""The example project in an environment of its own: its tests pass, and need no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# No socket at all: the plugin's own guard would let those of this machine pass.
OFFLINE = """
import sys, pytest
def refuse(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"{event} {arguments}")
sys.addaudithook(refuse)
sys.exit(pytest.main(["-W", "error::pytest.PytestWarning", "-p", "no:cacheprovider"]))
"""


def sh(*words: object, cwd: Path) -> str:
    found = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def test_the_example_agent_passes_its_tests(tmp_path: Path) -> None:
    project, python = tmp_path / "project", tmp_path / "venv/bin/python"
    shutil.copytree(ROOT / "examples" / "agent_tests", project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    sh(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    sh(python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt", cwd=project)
    sh(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT, cwd=tmp_path)
    sh(python, "-m", "pip", "install", "--quiet", "--no-deps", next(tmp_path.glob("stesim-*.whl")), cwd=project)
    assert "4 passed" in sh(python, "-c", OFFLINE, cwd=project)
