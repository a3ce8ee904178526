"""The prompts of the stages: what each must hold, folders of one's own, the files of the paper's release."""

from __future__ import annotations

from pathlib import Path

import pytest

from stesim.errors import PromptError
from stesim.prompts import ALLOWED, STAGES, load_prompts, load_stage_prompts


@pytest.mark.parametrize("stage", STAGES)
def test_the_default_prompts_of_a_stage(stage: str) -> None:
    prompts = load_stage_prompts(stage)
    assert prompts.source == "default"
    assert prompts.templates.keys() == STAGES[stage].keys()
    for name, (required, allowed) in STAGES[stage].items():
        assert required <= prompts[name].variables() <= allowed
        values = dict.fromkeys(allowed, "VALUE")
        assert prompts[name].fill(**values).count("VALUE") >= len(required)


@pytest.mark.parametrize("stage", STAGES)
def test_a_folder_gives_a_stage_what_it_holds(stage: str, tmp_path: Path) -> None:
    default = load_stage_prompts(stage)
    seen = {default.fingerprint}
    for name, (required, _) in STAGES[stage].items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.txt").write_text("\ufeffMine " + " ".join(f"{{{each}}}" for each in required), "utf-8")
        prompts = load_stage_prompts(stage, folder)
        assert prompts.source == str(folder)
        assert prompts[name].text.startswith("Mine")
        assert all(prompts[other] == default[other] for other in STAGES[stage] if other != name)
        seen.add(prompts.fingerprint)
        assert load_stage_prompts(stage, folder).fingerprint == prompts.fingerprint
    assert len(seen) == 1 + len(STAGES[stage])


@pytest.mark.parametrize(
    ("stage", "name", "text", "message"),
    [
        ("judge", "judge", "{query} {calls}", r"prompt judge: the variable \{answer\} is missing"),
        ("judge", "judge", "Well?", r"prompt judge: the variable \{answer\}, \{calls\}, \{query\} is missing"),
        (
            "judge",
            "judge",
            "{query} {calls} {answer} {api_names}",
            r"unknown variable \{api_names\} \(known here: \{an",
        ),
        ("paraphrase", "paraphrase_first", "Again", r"prompt paraphrase_first: the variable \{query\} is missing"),
        ("paraphrase", "paraphrase_system", "{query}", r"unknown variable \{query\} \(known here: none\)"),
        ("answer", "answer", "{query} {0}", r"prompt answer: \{0\} is not a plain \{name\}"),
        ("answer", "answer", "{query} {", r"prompt answer: .*write \{\{ and \}\}"),
        ("call_first", "imagine_query", "{api_name}", r"prompt imagine_query: the variable \{arguments\} is missing"),
        ("call_first", "imagine_call", "{query}", r"prompt imagine_call: unknown variable \{query\}"),
    ],
)
def test_a_broken_template_is_refused_when_it_is_loaded(
    tmp_path: Path, stage: str, name: str, text: str, message: str
) -> None:
    (tmp_path / f"{name}.txt").write_text(text)
    with pytest.raises(PromptError, match=message):
        load_stage_prompts(stage, tmp_path)


def test_the_released_file_of_the_judge_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "prompt_filtering.txt").write_text('{api_descriptions} {query}\n{chains} {{"k": 1}}\n{final_ans}')
    prompts = load_stage_prompts("judge", tmp_path)
    filled = prompts["judge"].fill(api_descriptions="D", query="Q {chains}", calls="C", answer="A")
    assert filled == 'D Q {chains}\nC {"k": 1}\nA'
    (tmp_path / "judge.txt").write_text("{query} {calls} {answer}")
    assert load_stage_prompts("judge", tmp_path)["judge"].text == "{query} {calls} {answer}"  # the own file comes first


def test_the_released_file_for_answers_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "prompt_template.txt").write_text("Tools: {api_descriptions}\nOnly {api_names}: {{}}")
    prompts = load_stage_prompts("answer", tmp_path)
    assert prompts["answer_system"].fill(api_descriptions="D", api_names="N") == "Tools: D\nOnly N: {}"
    assert prompts["answer"] == load_stage_prompts("answer")["answer"]
    (tmp_path / "prompt_template.txt").write_text("{chains}")
    with pytest.raises(PromptError, match=r"prompt answer_system: unknown variable \{chains\}"):
        load_stage_prompts("answer", tmp_path)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("judge", "judge.txt, prompt_filtering.txt, paraphrase_system.txt"),
        ("paraphrase", "judge.txt, prompt_filtering.txt, paraphrase_system.txt"),
        ("answer", "answer_system.txt, answer.txt, prompt_template.txt"),
        ("call_first", "imagine_call.txt, imagine_call_next.txt, imagine_query.txt"),
    ],
)
def test_a_folder_without_a_file_of_the_stage_is_refused(stage: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("{query}")
    (tmp_path / "answers.txt" if stage == "answer" else tmp_path / "answer.txt").write_text("{query}")
    with pytest.raises(PromptError, match=f"no prompts in {tmp_path}: expected one or more of {expected}") as refused:
        load_stage_prompts(stage, tmp_path)
    assert "\n" not in str(refused.value)
    with pytest.raises(PromptError, match="no prompt folder"):
        load_stage_prompts(stage, tmp_path / "nowhere")


def test_what_one_command_takes_from_one_folder_may_be_for_one_of_its_stages(tmp_path: Path) -> None:
    (tmp_path / "judge.txt").write_text("{query} {calls} {answer}")
    prompts = load_stage_prompts("paraphrase", tmp_path)
    assert prompts.fingerprint == load_stage_prompts("paraphrase").fingerprint
    with pytest.raises(PromptError, match="expected one or more of answer_system"):
        load_stage_prompts("answer", tmp_path)


def test_templates_of_call_first_imagining_stand_beside_those_of_the_exploration(tmp_path: Path) -> None:
    (tmp_path / "imagine_call.txt").write_text("Mine: {api_descriptions}")
    with pytest.raises(PromptError, match=r"expected one or more of prompt_explore\.txt, "):
        load_prompts(tmp_path)
    prompts = load_prompts(tmp_path, beside="call_first")
    assert prompts.fingerprint == load_prompts().fingerprint  # and the worked examples stay
    assert prompts.source == str(tmp_path)
    (tmp_path / "reflect.txt").write_text("Done?")
    prompts = load_prompts(tmp_path, beside="call_first")
    assert (prompts.reflect.text, prompts.examples, prompts.begin_next.text) == ("Done?", (), "")
    (tmp_path / "imagine_call.txt").unlink()
    assert load_stage_prompts("call_first", tmp_path).fingerprint == load_stage_prompts("call_first").fingerprint


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "judge.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptError, match="is not UTF-8"):
        load_stage_prompts("judge", tmp_path)
    (tmp_path / "judge.txt").write_text("x" * 300_000)
    with pytest.raises(PromptError, match="larger than 256 KiB"):
        load_stage_prompts("judge", tmp_path)


def test_no_file_serves_two_stages() -> None:
    names = [name for stage in STAGES.values() for name in stage]
    assert len(set(names) | ALLOWED.keys()) == len(names) + len(ALLOWED)
