"""The rooms of the code and who may import whom: the design's directions, held true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORDS = {"stesim.records", "stesim.errors"}

# Each room and the rooms of stesim that it may import, besides itself.
ALLOWED = {
    "stesim.records": set[str](),
    "stesim.errors": set[str](),
    "stesim.offline": {"stesim.errors"},
    "stesim.files": set[str](),
    "stesim.store": {*RECORDS, "stesim.files"},
    "stesim.prompts": {"stesim.errors", "stesim.files"},
    "stesim.grammar": RECORDS,
    "stesim.parsing": {"stesim.records"},
    "stesim.models": {*RECORDS, "stesim.files"},
    "stesim.toolbox": {*RECORDS, "mocktools"},
    "stesim.grounding": {"stesim.records", "stesim.toolbox"},
    "stesim.similarity": {"stesim.grounding"},
    "stesim.schemas": {"stesim.records"},
    "stesim.gates": {"stesim.records", "stesim.schemas", "stesim.toolbox", "stesim.grounding", "stesim.similarity"},
    "stesim.judge": {
        *RECORDS, "stesim.gates", "stesim.prompts", "stesim.models", "stesim.parsing",
        "stesim.toolbox", "stesim.grammar",
    },
    "stesim.memory": {"stesim.records", "stesim.store", "stesim.prompts"},
    "stesim.react": {*RECORDS, "stesim.models", "stesim.parsing", "stesim.toolbox", "stesim.prompts", "stesim.memory"},
    "stesim.queries": set[str](),
    "stesim.paraphrase": {
        *RECORDS, "stesim.grounding", "stesim.models", "stesim.prompts", "stesim.queries", "stesim.similarity",
        "stesim.toolbox",
    },
    "stesim.spoken": {"stesim.grounding", "stesim.toolbox"},
    "stesim.call_first": {
        *RECORDS, "stesim.models", "stesim.parsing", "stesim.prompts", "stesim.toolbox", "stesim.grammar",
        "stesim.grounding", "stesim.queries", "stesim.spoken",
    },
    "stesim.explore": {
        *RECORDS, "stesim.react", "stesim.memory", "stesim.prompts", "stesim.store", "stesim.queries",
        "stesim.models", "stesim.parsing", "stesim.toolbox", "stesim.grammar", "stesim.call_first",
    },
    "stesim.evaluate": {
        *RECORDS, "stesim.files", "stesim.parsing", "stesim.prompts", "stesim.store", "stesim.models", "stesim.toolbox",
        "stesim.grammar", "stesim.retrieve", "stesim.testset", "stesim.bootstrap",
    },
    "stesim.demonstrations": {*RECORDS, "stesim.files", "stesim.store"},
    "stesim.retrieve": {*RECORDS, "stesim.grounding", "stesim.toolbox"},
    "stesim.testset": {*RECORDS, "stesim.files", "stesim.toolbox", "mocktools"},
    "stesim.bootstrap": set[str](),
    "stesim.rehearse": {*RECORDS, "stesim.bootstrap"},
    "stesim.finetune": {
        *RECORDS, "stesim.files", "stesim.grounding", "stesim.models", "stesim.parsing", "stesim.prompts",
        "stesim.schemas", "stesim.spoken", "stesim.store", "stesim.toolbox",
    },
    "stesim.dataset": {*RECORDS, "stesim.parsing", "stesim.prompts", "stesim.toolbox"},
    "stesim.report": {*RECORDS, "stesim.store", "stesim.files", "stesim.bootstrap", "stesim.demonstrations"},
    # For whoever tests an agent of their own.
    "stesim.calls": {"mocktools"},
    "stesim.testing": {*RECORDS, "mocktools", "stesim.calls", "stesim.models"},
    "stesim.pytest_plugin": {"mocktools", "stesim.testing"},
}  # fmt: skip
FREE = {"stesim", "stesim.cli", "stesim.__main__"}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("stesim", "mocktools"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(part for part in parts if part != "__init__"), path))
    return found


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2]) if module.startswith("stesim") else "mocktools"


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module == "stesim"
                else {node.module or ""}
            )
    return {name for name in found if name.split(".")[0] in ("stesim", "mocktools")}


@pytest.mark.parametrize(("module", "path"), modules(), ids=[module for module, _ in modules()])
def test_imports_go_one_way(module: str, path: Path) -> None:
    room = room_of(module)
    if room in FREE:
        return
    allowed = {"mocktools"} if room == "mocktools" else ALLOWED[room] | {room}
    for imported in imports_of(path):
        assert room_of(imported) in allowed, f"{module} imports {imported}"


def test_every_room_is_known() -> None:
    rooms = {room_of(module) for module, _ in modules()} - FREE - {"mocktools"}
    assert rooms == set(ALLOWED)


def test_the_base_import_is_light() -> None:
    """Neither `import stesim` nor the command line's modules load llama-cpp-python or rich."""
    import subprocess
    import sys

    code = "import sys, stesim.cli; print([m for m in ('llama_cpp', 'rich', 'jinja2', 'numpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_files_and_functions_stay_small() -> None:
    for module, path in modules():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{module} has more than 400 lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                assert size <= 60, f"{module}.{node.name} has {size} lines"


def test_public_names_have_docstrings() -> None:
    for module, path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{module} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{module}.{node.name} has no docstring"
