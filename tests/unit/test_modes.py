"""The modes of an evaluation: which options go with which, and where the adapter of a fine-tuned model comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stesim.cli import modes
from stesim.errors import UserError

VALUES: dict[str, Any] = {"mode": "ft", "shots": 8, "describe": None, "candidates": 15, "oracle": False}
LORA = {"spec": "/runs/first/adapter.gguf", "scale": 1.0, "fingerprint": "a"}


def decided(values: dict[str, Any], recorded: dict[str, Any] | None = None, **typed: Any) -> dict[str, Any]:
    return modes.decided(VALUES | values | typed, typed, recorded or {})


@pytest.mark.parametrize(
    ("mode", "typed", "recorded", "shots", "describe"),
    [
        ("baseline", {}, {}, 0, True),
        ("icl", {}, {}, 8, True),
        ("icl", {"shots": 3}, {}, 3, True),
        ("ft", {}, {}, 0, False),
        ("ft", {"shots": 3}, {}, 3, False),
        ("ft", {"describe": True}, {}, 0, True),
        ("ft", {"describe": False}, {}, 0, False),
        ("ft", {}, {"mode": "ft", "shots": 2, "describe": False}, 2, False),
        ("ft", {}, {"mode": "icl", "shots": 2}, 0, False),
    ],
)
def test_what_a_mode_decides(mode: str, typed: Any, recorded: Any, shots: int, describe: bool) -> None:
    found = decided({"mode": mode}, recorded, **typed)
    assert (found["shots"], found["describe"]) == (shots, describe)


def test_the_description_that_was_recorded_stays() -> None:
    assert decided({"describe": True}, {"mode": "ft", "shots": 0, "describe": True})["describe"] is True


@pytest.mark.parametrize(
    ("mode", "typed", "said"),
    [
        ("icl", {"describe": True}, "--describe goes with --mode ft"),
        ("baseline", {"describe": False}, "--describe goes with --mode ft"),
        ("baseline", {"shots": 3}, "--shots goes with --mode icl or ft"),
        ("ft", {"candidates": 3}, "--candidates goes with --describe"),
        ("ft", {"oracle": True}, "--oracle goes with --describe"),
    ],
)
def test_options_of_other_modes_are_refused(mode: str, typed: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        decided({"mode": mode}, **typed)
    assert decided({}, describe=True, candidates=3)["candidates"] == 3


def test_without_descriptions_all_tools_are_candidates() -> None:
    tools = [f"tool_{n}" for n in range(50)]
    assert modes.with_tools(decided({"oracle": True}), tools) | {"tools": []} == {
        "mode": "ft", "shots": 0, "describe": False, "candidates": 50, "oracle": False, "tools": [],
    }  # fmt: skip
    assert modes.with_tools(decided({"mode": "icl"}), tools)["candidates"] == 15


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A run with an adapter of its own."""
    (tmp_path / "finetune").mkdir()
    (tmp_path / "finetune/adapter.gguf").touch()
    return tmp_path


def adapter(typed: str | None = None, mode: str = "ft", spec: str = "smollm2", **more: Any) -> str | None:
    return modes.adapter(typed, mode, spec, more.get("run"), more.get("known", {}), more.get("recorded", False))


def test_the_adapter_that_is_typed_comes_first(trained: Path) -> None:
    assert adapter("mine.gguf:0.5", run=trained, known={"lora": LORA}, recorded=True) == "mine.gguf:0.5"
    assert adapter("mine.gguf", "baseline") == "mine.gguf"
    assert adapter("none", run=trained) is None


def test_then_the_one_that_was_recorded(trained: Path) -> None:
    assert adapter(run=trained, known={"lora": LORA}, recorded=True) == LORA["spec"]
    assert adapter(run=trained, known={"lora": LORA | {"scale": 0.5}}, recorded=True) == f"{LORA['spec']}:0.5"
    assert adapter(run=trained, known={}, recorded=True) is None


def test_then_the_one_of_the_run(trained: Path) -> None:
    assert adapter(run=trained, known={"lora": LORA}) == str(trained / "finetune/adapter.gguf")
    assert adapter(mode="icl", run=trained) is None
    assert adapter(mode="icl", run=trained, known={"lora": LORA}) == LORA["spec"]  # that the run explored with


@pytest.mark.parametrize("spec", ["scripted:replies.json", "replay:first/eval/ft"])
def test_replies_have_none(spec: str, trained: Path) -> None:
    assert adapter(spec=spec, run=trained) is None
    assert adapter(spec=spec) is None


def test_where_there_is_none_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path} has no adapter yet: stesim finetune {tmp_path}, or name one with"):
        adapter(run=tmp_path)
    with pytest.raises(UserError, match="no --run to take it from: name one with --lora"):
        adapter()


def test_a_run_that_was_moved_has_its_adapter_with_it(trained: Path, tmp_path: Path) -> None:
    before = LORA | {"spec": str(tmp_path / "gone/finetune/adapter.gguf"), "scale": 0.5}
    here = str(trained / "finetune/adapter.gguf")
    assert adapter(run=trained, known={"lora": before}, recorded=True) == f"{here}:0.5"
    other = LORA | {"spec": str(tmp_path / "gone/mine.gguf")}
    assert adapter(run=trained, known={"lora": other}, recorded=True) == other["spec"]


@pytest.mark.parametrize("lora", [None, 3, [], {}, {"spec": 3}])
def test_a_manifest_that_tells_no_adapter(lora: Any, trained: Path) -> None:
    assert modes.recorded_adapter({"lora": lora}) is None
    assert adapter(run=trained, known={"lora": lora}, recorded=True) is None
