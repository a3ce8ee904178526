"""`stesim report` with a fine-tuned model: its rows and differences, the paper's figures, what is out of date."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from tests.integration.conftest import Type
from tests.integration.test_report_command import DISTILLED, evaluated, rows
from tests.unit.results import result, write_manifest, write_result

__all__ = ["evaluated"]  # a fixture

SUMMARY = {
    "adapter": "adapter.gguf", "fingerprint": "a", "settings": {"rank": 16}, "steps": 117, "epochs": 3,
    "data": {"demonstrations": 7, "rows": 14, "drills": 0, "no_call": 2}, "seconds": 242.0,
    "loss": {"first": 3.2104, "last": 0.1, "held_out_best": None}, "verified": {"kl": 5.2e-5, "bound": 0.001},
}  # fmt: skip


@pytest.fixture
def tuned(evaluated: Path) -> Path:
    """A run with all four evaluations, and one of the model fine-tuned on it."""
    lora = {"spec": str(evaluated / "finetune/adapter.gguf"), "scale": 1.0, "fingerprint": "a"}
    wrong = {
        "id": "x",
        "query": "Peru?",
        "right": None,
        "said": "y",
        "differs": ["name: 1, not 2", "n: left out, not |"],
    }
    value = result("ft", mode="ft", correct=[1, 1, 1, 1]) | {
        "describe": False,
        "shots": 0,
        "candidates": 20,
        "lora": lora,
    }
    write_result(evaluated, value | {"examples": {"wrong_value": [wrong]}})
    (evaluated / "finetune/adapter").mkdir(parents=True)
    (evaluated / "finetune/adapter/finetune.json").write_bytes(orjson.dumps(SUMMARY))
    return evaluated


def test_the_rows_and_the_differences(tuned: Path, type_: Type) -> None:
    done = type_("report", tuned)
    assert done.stderr == ""
    assert [row[:2] + row[5:6] for row in rows(done.stdout, "method")[1:4]] == [
        ["baseline", "constrained", "25.0 (0.0 to 50.0)"], ["ICL", "constrained", "100.0 (75.0 to 100.0)"],
        ["FT", "constrained", "100.0 (75.0 to 100.0)"],
    ]  # fmt: skip
    assert [row[:2] for row in rows(done.stdout, "difference")[1:]] == [
        ["ICL − baseline", "constrained"], ["FT − baseline", "constrained"], ["FT − ICL", "constrained"],
        ["ICL − baseline", "unconstrained"],
    ]  # fmt: skip
    assert rows(done.stdout, "difference")[2][4].startswith("+75.0 (+")
    assert "- FT, constrained: 20 tools, none described; 4 queries; LoRA adapter; seed 7; " in done.stdout
    assert "\n\n### Exploration, distillation and fine-tuning\n\n" in done.stdout
    assert (
        "\n\nFine-tuned: LoRA of rank 16, 7 demonstrations, 14 rows, 2 of them without a call, 3 epochs, 117 steps, "
        "loss 3.210 at first, 0.100 at last, KL of llama.cpp to the trained model 5e-05, 4 min 2 s.\n" in done.stdout
    )


def test_rows_that_were_learned_and_held_out(tuned: Path, type_: Type) -> None:
    data = {"demonstrations": 2, "rows": 122, "drills": 120, "no_call": 0, "held_out": 9}
    path = tuned / "finetune/adapter/finetune.json"
    path.write_bytes(orjson.dumps(SUMMARY | {"data": data, "epochs": 1, "steps": 15}))
    said = "16, 2 demonstrations, 122 rows, 120 of them drills, 113 rows learned, 9 held out, 1 epoch, 15 steps, loss"
    assert said in type_("report", tuned).stdout
    data = {"demonstrations": 1, "rows": 2, "drills": 1, "held_out": 1}
    path.write_bytes(orjson.dumps(SUMMARY | {"data": data, "epochs": 2, "steps": 1}))
    said = "16, 1 demonstration, 2 rows, 1 of them a drill, 1 row learned, 1 held out, 2 epochs, 1 step, loss"
    assert said in type_("report", tuned).stdout


def test_failures_tell_how_arguments_differ(tuned: Path, type_: Type) -> None:
    shown = type_("report", tuned, "--examples").stdout
    assert "#### Failures: FT, constrained\n" in shown
    assert "\n  - differs: name: 1, not 2; n: left out, not \\|\n" in shown


def test_failures_tell_what_was_taken_for_what(tuned: Path, type_: Type) -> None:
    """As far as a result tells it: older ones do not."""
    path = tuned / "eval/ft/result.json"
    told = {"wrong_values": {"miscopied": 3, "other": 4}, "confusions": [{"right": "a|b", "called": "c", "answers": 5}]}
    path.write_bytes(orjson.dumps(json.loads(path.read_bytes()) | told))
    done = type_("report", tuned, "--examples").stdout
    assert rows(done, "failures, by kind")[1:4] == [
        ["wrong value", *"22222"], ["– of these, nearly the right one", "–", "–", "3", "–", "–"],
        ["– of these, another one", "–", "–", "4", "–", "–"],
    ]  # fmt: skip
    assert "#### Failures: FT, constrained\n\n| right tool | called instead | answers |\n" in done
    assert rows(done, "right tool")[1:] == [["a\\|b", "c", "5"]]
    assert done.count("called instead") == 1
    assert "called instead" not in type_("report", tuned).stdout
    found = {each["name"]: each for each in json.loads(type_("report", tuned, "--json").stdout)["evaluations"]}
    assert {name: found["ft"][name] for name in told} == told
    assert (found["icl"]["wrong_values"], found["icl"]["confusions"]) == ({}, [])


@pytest.mark.parametrize(
    "told",
    [
        {"confusions": [1]}, {"confusions": {}}, {"confusions": [{"right": "a", "called": "b", "answers": True}]},
        {"confusions": [{"right": "a", "answers": 1}]}, {"wrong_values": {"miscopied": "many"}}, {"wrong_values": []},
    ],
)  # fmt: skip
def test_a_result_of_another_shape_is_named(told: dict[str, object], tuned: Path, type_: Type) -> None:
    path = tuned / "eval/ft/result.json"
    path.write_bytes(orjson.dumps(json.loads(path.read_bytes()) | told))
    assert f"is not the result of an evaluation: look at {next(iter(told))}" in type_("report", tuned, code=2).stderr


def test_the_figures_of_the_paper_are_marked_as_such(tuned: Path, type_: Type) -> None:
    shown = type_("report", tuned).stdout
    assert "### The paper's figures (Wang et al., arXiv 2403.04746, section 4)\n" in shown
    table = rows(shown, "the paper's model")
    assert [
        "Mistral-7B-Instruct",
        "61.7 / 69.3 / 30.1",
        "69.9 / 88.4 / 47.9",
        "99.1 / 95.8 / 76.8",
        "+17.8",
        "+46.7",
    ] in table
    assert ["GPT-4", "96.1 / 78.1 / 60.8", "97.7 / 92.8 / 76.3", "–", "+15.5", "–"] in table
    assert "Not measured here" in shown


def test_they_stand_where_a_fine_tuned_model_does_or_where_asked_for(tuned: Path, type_: Type) -> None:
    assert "paper" not in type_("report", tuned, "--no-paper").stdout
    assert "paper" not in json.loads(type_("report", tuned, "--no-paper", "--json").stdout)
    found = json.loads(type_("report", tuned, "--json").stdout)["paper"]
    assert {
        "model": "Llama-2-7B-chat",
        "method": "FT",
        "well_formed": 99.2,
        "api_match": 94.9,
        "correct": 73.3,
    } in found
    (tuned / "eval/ft/result.json").unlink()
    assert "paper" not in type_("report", tuned).stdout
    assert "paper's" in type_("report", tuned, "--paper").stdout


def test_for_machines(tuned: Path, type_: Type) -> None:
    found = json.loads(type_("report", tuned, "--json").stdout)
    names = [{name: value for name, value in each.items() if isinstance(value, str)} for each in found["differences"]]
    assert names[:3] == [
        {"baseline": "baseline", "icl": "icl"}, {"baseline": "baseline", "ft": "ft"}, {"icl": "icl", "ft": "ft"},
    ]  # fmt: skip
    assert found["differences"][1]["correct"]["value"] == 75
    assert found["finetuning"] == SUMMARY
    (ft,) = [each for each in found["evaluations"] if each["mode"] == "ft"]
    assert (ft["describe"], ft["adapter"]["fingerprint"], ft["outdated"]) == (False, "a", False)


def test_another_adapter_since(tuned: Path, type_: Type) -> None:
    (tuned / "finetune/adapter/finetune.json").write_bytes(orjson.dumps(SUMMARY | {"fingerprint": "b"}))
    done = type_("report", tuned)
    assert done.stderr == (
        f"note: ft was made from another adapter or other demonstrations than {tuned} has now; make it anew under another "
        f"name: stesim eval --run {tuned} --mode ft --name ft-2 --toolset starter --seed 7 --constrain on\n"
    )
    assert "; other demonstrations or another adapter than the run has now; " in done.stdout


def test_a_fine_tuned_model_with_nothing_to_compare_it_with(finished: Path, type_: Type) -> None:
    lora = {"spec": "mine.gguf", "scale": 0.5, "fingerprint": "a"}
    own = {"describe": False, "shots": 0, "candidates": 20, "lora": lora, "toolset": "extended"}
    write_result(finished, result("soft-ft", mode="ft") | own)
    write_manifest(finished, "soft-ft", {"candidates": 20, "describe": False, "seed": 0}, model={"spec": "m.gguf"})
    done = type_("report", finished)
    assert done.stderr == (
        "note: soft-ft has no baseline to be compared with. Make it with: "
        f"stesim eval --run {finished} --mode baseline --name soft-baseline --model m.gguf --constrain on\n"
    )
    assert "LoRA adapter at 0.5" in done.stdout


@pytest.mark.parametrize(
    ("mode", "told", "of_run", "words"),
    [
        ("ft", {"spec": "RUN/finetune/adapter.gguf", "scale": 0.5}, {}, "--lora RUN/finetune/adapter.gguf:0.5"),
        ("ft", {"spec": "RUN/finetune/adapter.gguf", "scale": 1.0}, {}, ""),
        ("baseline", {"spec": "mine.gguf", "scale": 1.0}, {"spec": "old.gguf", "scale": 1.0}, "--lora none"),
        ("baseline", {"spec": "mine.gguf", "scale": 1.0}, {}, ""),
    ],
)
def test_what_is_to_be_typed_names_the_adapter(
    mode: str, told: dict[str, object], of_run: dict[str, object], words: str, finished: Path, type_: Type
) -> None:
    """Where the command would take another one by itself: to make it anew, or a baseline for it."""
    lora = {**told, "spec": str(told["spec"]).replace("RUN", str(finished)), "fingerprint": "a"}
    manifest = json.loads((finished / "manifest.json").read_bytes())
    manifest["model"] |= {"spec": "m.gguf", **({"lora": of_run} if of_run else {})}
    (finished / "manifest.json").write_bytes(orjson.dumps(manifest))
    write_result(finished, result("ft", mode="ft") | {"describe": False, "shots": 0, "lora": lora})
    write_manifest(finished, "ft", {"seed": 0}, model={"spec": "m.gguf"})
    (finished / "finetune/adapter").mkdir(parents=True)
    (finished / "finetune/adapter/finetune.json").write_bytes(orjson.dumps(SUMMARY | {"fingerprint": "b"}))
    (line,) = [line for line in type_("report", finished).stderr.splitlines() if f" --mode {mode} " in line]
    assert ("--lora" in line) == bool(words)
    assert words.replace("RUN", str(finished)) in line


@pytest.mark.parametrize("summary", [b"{", b"[]"])
def test_a_broken_summary_is_named(summary: bytes, tuned: Path, type_: Type) -> None:
    (tuned / "finetune/adapter/finetune.json").write_bytes(summary)
    assert "finetune.json is not" in type_("report", tuned, code=2).stderr


def test_a_summary_that_tells_nothing_is_left_out(tuned: Path, type_: Type) -> None:
    (tuned / "finetune/adapter/finetune.json").write_bytes(b"{}")
    assert "Fine-tuned:" not in type_("report", tuned).stdout
    assert DISTILLED["judge"] in type_("report", tuned).stdout


def test_a_baseline_with_an_adapter_is_told_apart(tuned: Path, type_: Type) -> None:
    value = json.loads((tuned / "eval/ft/result.json").read_bytes())
    write_result(tuned, value | {"name": "odd", "mode": "baseline", "describe": None})
    done = type_("report", tuned)
    assert ["baseline with adapter", "constrained"] in [row[:2] for row in rows(done.stdout, "method")]
    assert [row[0] for row in rows(done.stdout, "difference")[1:4]] == ["ICL − baseline", "FT − baseline", "FT − ICL"]
