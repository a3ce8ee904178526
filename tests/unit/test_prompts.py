"""Prompt templates: strict variables, folders, the released format."""

from __future__ import annotations

from pathlib import Path

import pytest

from stesim.errors import PromptError
from stesim.prompts import ALLOWED, REQUIRED, Template, Told, load_prompts

RELEASED = Path(__file__).resolve().parents[3] / "shared" / "paper" / "prompts"


def test_the_default_set_has_all_templates_with_their_variables() -> None:
    prompts = load_prompts()
    for name in ALLOWED:
        template = getattr(prompts, name)
        assert REQUIRED.get(name, set()) <= template.variables() <= ALLOWED[name]
    assert prompts.examples
    assert prompts.begin_first.text.startswith("Thought:")


def test_filling_puts_values_in_as_they_are() -> None:
    template = Template("try_first", 'Use {api_names}: {{"a": 1}} for {query}')
    filled = template.fill(api_names="{query}", query="{api_names} {{x}} {0.__class__}")
    assert filled == 'Use {query}: {"a": 1} for {api_names} {{x}} {0.__class__}'


def test_filling_names_a_missing_value() -> None:
    with pytest.raises(PromptError, match=r"try_first: no value for \{query\}"):
        Template("try_first", "{query}").fill(api_names="x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{query} {api_names} {tools}", r"try_first: unknown variable \{tools\} \(known here: \{api_descriptions\}"),
        ("{query}", r"try_first: the variable \{api_names\} is missing"),
        ("{query} {api_names} {", "try_first: .*write {{ and }}"),
        ("{query} {api_names} {0}", r"try_first: \{0\} is not a plain"),
        ("{query} {api_names} {query.__class__}", "is not a plain {name}"),
        ("{query!r} {api_names}", "is not a plain {name}"),
        ("{query:>10} {api_names}", "is not a plain {name}"),
        ('{query} {api_names} {"key": 1}', "is not a plain {name}"),
    ],
)
def test_a_broken_template_is_refused_when_it_is_loaded(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "try_first.txt").write_text(text)
    with pytest.raises(PromptError, match=message):
        load_prompts(tmp_path)


def test_a_folder_overrides_what_it_holds_and_has_no_examples_of_ours(tmp_path: Path) -> None:
    (tmp_path / "reflect.txt").write_text("Done? {query}")
    prompts = load_prompts(tmp_path)
    assert prompts.reflect.fill(query="Q") == "Done? Q"
    assert prompts.imagine_first == load_prompts().imagine_first
    assert prompts.examples == ()
    assert prompts.begin_first.text == prompts.begin_next.text == ""
    assert prompts.fingerprint != load_prompts().fingerprint


def test_folders_that_hold_no_prompts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no prompts in"):
        load_prompts(tmp_path)
    with pytest.raises(PromptError, match="no prompt folder"):
        load_prompts(tmp_path / "nowhere")
    (tmp_path / "reflect.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match="is not UTF-8"):
        load_prompts(tmp_path)
    (tmp_path / "reflect.txt").write_text("x" * 300_000)
    with pytest.raises(PromptError, match="it is larger than 256 KiB"):
        load_prompts(tmp_path)


def test_the_released_format(tmp_path: Path) -> None:
    parts = ["Imagine with {api_descriptions}\n\nUser Query:", "Try {api_names}: {{}} {query}", "Again", "Try again"]
    (tmp_path / "prompt_explore.txt").write_text("\n\n=========\n\n".join(parts))
    prompts = load_prompts(tmp_path)
    assert prompts.try_first.fill(api_names="a", query="q") == "Try a: {} q"
    assert prompts.imagine_next.text == "Again"
    (tmp_path / "prompt_explore.txt").write_text("=========".join(parts))
    with pytest.raises(PromptError, match="expected 4 parts"):
        load_prompts(tmp_path)


@pytest.mark.skipif(not RELEASED.is_dir(), reason="the paper's released prompts are not here")
def test_the_released_prompts_load() -> None:
    prompts = load_prompts(RELEASED)
    assert prompts.imagine_first.text.endswith("User Query:")
    assert '{\n    "key_1": "value_1"' in prompts.try_first.fill(api_names="a", query="q")
    assert prompts.try_next.variables() == set()


def test_examples(tmp_path: Path) -> None:
    trial = (
        "Where is {0}?\n=========\n"
        "Thought: t\nAction: find x\nAction Input: {{}}\nObservation: {{}}\nThought: u\nFinal Answer: {0}\n=========\nYes"
    )
    text = "\n=========\n".join(["API name: find x\nDescription: d", trial.format("x"), trial.format("y")])
    (tmp_path / "example_1.txt").write_text(text)
    (tmp_path / "reflect.txt").write_text("Done?")
    (example,) = load_prompts(tmp_path).examples
    assert example.api_names == "find x"
    assert [told.query for told in example.trials] == ["Where is x?", "Where is y?"]
    first = ("Thought: t\nAction: find x\nAction Input: {}", "{}")
    assert example.trials[1] == Told("Where is y?", (first, ("Thought: u\nFinal Answer: y", None)), "Yes")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("API name: a\n=========\nq\n=========\nThought: x", "found 3 parts"),
        ("a\n=========\nq\n=========\nThought: x\n=========\nYes", "must begin with 'API name: '"),
        ("API name: a\n=========\nq\n=========\nx\n=========\nYes", "a transcript must"),
        ("API name: a\n=========\nq\n=========\nThought: x\nObservation: y\n=========\nYes", "end with a final answer"),
    ],
)
def test_broken_examples_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "example.txt").write_text(text)
    (tmp_path / "reflect.txt").write_text("Done?")
    with pytest.raises(PromptError, match=message):
        load_prompts(tmp_path)
