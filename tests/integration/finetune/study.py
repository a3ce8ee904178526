"""Demonstrations of the scripted study, and settings with which a tiny model learns them in a second."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from stesim.records import Demonstration, Message

CITIES = ("Rome", "Oslo", "Paris", "Lima", "Cairo", "Bern")
SHOWN = [
    *(Demonstration("forecast_weather", f"Rain in {city}?", {"city": city, "days": number}, "{}", "No.", 1, number)
      for number, city in enumerate(CITIES, 1)),
    *(Demonstration("get_country", f"Where is {name}?", {"name": name}, '{"region": "Asia"}', "In Asia.", 1, number)
      for number, name in enumerate(("Japan", "Nepal"), 1)),
]  # fmt: skip
QUICK = ("--calls-only", "--drills", 0, "--rank", 4, "--epochs", 2, "--batch", 2, "--held-out", 0.2,
         "--learning-rate", 0.005, "--precision", "fp32", "--threads", 1)  # fmt: skip
QUESTION = [Message("user", "Rain in Rome?")]


Tune = Callable[..., Result]


def left(run: Path) -> set[str]:
    """The files that are in the folder of the fine-tuning."""
    return {str(path.relative_to(run / "finetune")) for path in (run / "finetune").rglob("*") if path.is_file()}


WHOLE = {"adapter.gguf", *(f"adapter/{name}" for name in (
    ".lock", "manifest.json", "steps.jsonl", "weights.safetensors", "finetune.json"))}  # fmt: skip


def refused(result: Result, *said: str) -> str:
    """One line on the standard error stream that says so, and nothing on the other."""
    line = result.stderr.splitlines()[-1]
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert line.startswith("stesim: ")
    assert all(text in line for text in said), line
    return line


def following(shown: str) -> list[list[str]]:
    """The commands after `Next:`, as they are typed after `stesim`."""
    lines = shown.partition("\nNext:\n")[2].splitlines()
    return [shlex.split(line.removeprefix("  stesim ").partition("      ")[0]) for line in lines]


def conversation(*turns: tuple[str, str]) -> str:
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in turns]})
