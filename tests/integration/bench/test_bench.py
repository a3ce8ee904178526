"""`stesim bench` with scripted and replayed models: from the exploration to the table."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import orjson
import pytest

from stesim.cli.conducting import Stage
from tests.integration.bench.miniature import FILES, ICL, correct, files_of, trial
from tests.integration.conftest import Type
from tests.integration.distilling import FAIL
from tests.integration.test_commands import one_line
from tests.tiny import make_tiny


def test_the_whole_bench(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    done = type_("bench", *inputs)
    assert done.stdout.startswith("### scripted replies: mytools.py tools, queries.jsonl test set\n")
    out = tmp_path / "runs/bench-scripted-scripts"
    assert set(files_of(out)) == set(FILES)
    headings = re.findall(r"== stage (\d) of 4, after [^,:]+ s(, about [^,:]+ s left)?: stesim (\w+) ", done.stderr)
    assert [(number, bool(left), name) for number, left, name in headings] == [
        ("1", False, "run"), ("2", False, "distill"), ("3", False, "eval"), ("4", True, "eval"),
    ]  # fmt: skip
    assert correct(done.stdout) == ["33.3", "100.0", "+66.7"]
    assert "2 of 4 trials (50.0 %) became demonstrations; 2 paraphrases were added" in done.stdout
    assert re.search(
        r"\nTime: run [^,]+ s, distill [^,]+ s, eval baseline [^,]+ s, eval icl [^,;]+ s; together [^,]+ s\.\n$",
        done.stdout,
    )
    assert "run folder:" in done.stderr
    assert "run folder:" not in done.stdout  # the report alone can be piped


def test_the_whole_bench_with_replies_of_a_trained_model(type_: Type, inputs: list[str], scripts: Path) -> None:
    """Nothing is trained here; the replies are asked for as those of a fine-tuned model are."""
    (scripts / "ft.json").write_bytes(orjson.dumps(ICL))
    done = type_("bench", *inputs, "--out", "tuned")
    assert re.findall(r"== stage (\d) of 5, .*--mode (\w+)", done.stderr) == [
        ("3", "baseline"), ("4", "icl"), ("5", "ft")
    ]  # fmt: skip
    assert "cannot be trained" not in done.stderr
    assert correct(done.stdout, "FT", "FT − baseline") == ["100.0", "+66.7"]
    manifest = json.loads(Path("tuned/eval/ft/manifest.json").read_text())
    assert manifest["settings"]["mode"] == "ft"
    assert ", eval ft " in done.stdout
    again = type_("bench", "--model", "replay:tuned", "--toolset", "mytools.py", "--out", "again")
    assert Path("again/eval/ft/answers.jsonl").read_bytes() == Path("tuned/eval/ft/answers.jsonl").read_bytes()
    assert correct(again.stdout, "FT", "FT − baseline") == ["100.0", "+66.7"]


def test_fine_tuning_may_be_left_out_and_taken_up(type_: Type, inputs: list[str], scripts: Path) -> None:
    (scripts / "ft.json").write_bytes(orjson.dumps(ICL))
    type_("bench", *inputs, "--out", "tuned", "--no-finetune")
    assert not Path("tuned/eval/ft").exists()
    assert type_("bench", "--out", "tuned").stderr.strip() == ""
    later = type_("bench", "--out", "tuned", "--finetune", "--toolset", "mytools.py")
    assert re.findall(r"== stage (\d) of 5", later.stderr) == ["5"]
    assert correct(later.stdout, "FT") == ["100.0"]


def test_replies_that_are_played_are_not_trained(type_: Type, inputs: list[str]) -> None:
    """The bench says what would train a model, once."""
    said = "note: replies that are played cannot be trained, so fine-tuning is left out; --base FILE.gguf names a model"
    assert said in type_("bench", *inputs, "--out", "bare").stderr
    assert said not in type_("bench", "--out", "bare").stderr
    assert said not in type_("bench", *inputs, "--out", "other", "--no-finetune").stderr


def test_a_bench_that_trains(type_: Type, inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole chain in miniature: the adapter of the demonstrations of the run is played by llama.cpp."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = make_tiny(tmp_path / "tiny.gguf")
    words = ["--base", base, "--rank", "2", "--epochs", "2", "--drills", "0", "--no-call", "0.5", "--limit", "1"]
    done = type_("bench", *inputs, *words, "--threads", "1", "--out", "trained")
    assert re.findall(r"== stage (\d) of 6, .*: stesim (\w+) ", done.stderr)[-2:] == [("5", "finetune"), ("6", "eval")]
    assert re.search(r"\nTime: .*, finetune [^,]+ s, eval ft [^,;]+ s; together", done.stdout)
    adapter = json.loads(Path("trained/finetune/adapter/finetune.json").read_text())
    assert adapter["settings"]["rank"] == 2
    assert [adapter["data"][name] for name in ("demonstrations", "drills", "no_call")] == [4, 0, 2]
    manifest = json.loads(Path("trained/eval/ft/manifest.json").read_text())
    assert manifest["model"]["spec"] == str(base)
    assert manifest["model"]["lora"]["fingerprint"] == adapter["fingerprint"]
    before = Path("trained/finetune/adapter.gguf").read_bytes()
    shutil.rmtree("trained/eval/ft")
    again = type_("bench", "--out", "trained", "--toolset", "mytools.py", "--threads", "2")
    assert re.findall(r"== stage (\d)", again.stderr) == ["6"]
    shutil.rmtree("trained/finetune")
    again = type_("bench", "--out", "trained", "--toolset", "mytools.py", "--threads", "1")
    assert re.findall(r"== stage (\d)", again.stderr) == ["5"]
    assert Path("trained/finetune/adapter.gguf").read_bytes() == before


def test_a_missing_extra_is_said_at_once(
    type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("stesim.finetune.heavy.missing", lambda: "peft")
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    error = one_line(type_("bench", *inputs, "--base", "tiny.gguf", "--out", "bare", code=2).stderr)
    assert error.endswith(
        "fine-tuning needs the package peft; install it with: pip install 'stesim[finetune]', or leave fine-tuning out "
        "with --no-finetune"
    )
    assert not Path("bare").exists()
    type_("bench", *inputs, "--base", "tiny.gguf", "--out", "bare", "--no-finetune")


def test_a_base_that_cannot_be_trained_is_said_at_once(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    for words, said in (
        (["--base", "nowhere.gguf"], "to train: give the path of a GGUF file"),
        (["--base", str(make_tiny(tmp_path / "gpt2.gguf", architecture="gpt2"))], "of the architecture 'gpt2'"),
        (["--base", "gpt2.gguf", "--model", "smollm2"], "--base goes with a scripted or replayed model"),
    ):
        assert said in one_line(type_("bench", *inputs, *words, "--out", "bare", code=2).stderr)
    assert not Path("bare").exists()


def test_the_folder_is_named_after_model_and_toolset(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stesim.cli.conducting._exit_code", lambda stage: 3)
    for words, name in (
        ([], "bench-smollm2"),
        (["--toolset", "all"], "bench-smollm2-all"),
        (["--toolset", "starter", "--quick"], "bench-smollm2-quick"),
    ):
        type_("bench", "--no-finetune", *words, code=3)
        assert Path("runs", name, ".bench.jsonl").is_file()


NOTHING = (
    "note: no trial passed every gate (most were dropped at the gate judge: 3 of 4), so there is nothing to learn from and the "
    "ICL evaluation is left out. Try, with another --out, more --trials, a stronger --judge, or --judge none.\n"
)


def test_nothing_to_learn_from_leaves_the_baseline(type_: Type, inputs: list[str], scripts: Path) -> None:
    """The report comes without ICL; so it does when it is printed again, and when the bench is repeated."""
    (scripts / "distill.json").write_bytes(orjson.dumps([FAIL] * 3))
    first = type_("bench", "--out", "bare", *inputs)
    assert re.findall(r"== stage (\d)", first.stderr) == ["1", "2", "3"]
    assert first.stderr.count(NOTHING) == 1
    assert "stesim eval --run bare --mode icl" not in first.stderr  # there is nothing that it could show
    again = type_("bench", "--out", "bare")
    assert again.stderr.strip() == NOTHING.strip()
    replayed = type_("bench", "--model", "replay:bare", "--toolset", "mytools.py", "--out", "again")
    assert replayed.stderr.count(NOTHING) == 1
    for shown in (first, again, replayed):
        assert correct(shown.stdout) == ["33.3"]
        assert "0 of 4 trials (0.0 %) became demonstrations" in shown.stdout
        assert "eval baseline" in shown.stdout
        assert "eval icl" not in shown.stdout
    assert not Path("bare/eval/icl").exists()
    assert Path("again/demonstrations.jsonl").read_bytes() == b""


def test_what_to_try_without_a_judge(type_: Type, inputs: list[str], scripts: Path) -> None:
    (scripts / "run.json").write_bytes(orjson.dumps([*trial("Count something for me", "a b c")] * 4))
    done = type_("bench", "--out", "bare", *inputs, "--judge", "none")
    assert "(most were dropped at the gate grounding: 4 of 4)" in done.stderr
    assert "more --trials or a stronger --model.\n" in done.stderr
    gates = [
        line.split(" | ")[0] for line in done.stdout.split("\n") if re.match(r"\| [a-z]+ \|.*\| \d+ \| \d+ \|$", line)
    ]
    assert gates == ["| answer", "| format", "| execution", "| grounding", "| duplicate"]
    replayed = type_("bench", "--model", "replay:bare", "--toolset", "mytools.py", "--out", "again")
    assert "more --trials or a stronger --model.\n" in replayed.stderr


def test_the_pair_is_of_the_same_prompts_and_of_these_demonstrations(done: Path, place: Path, type_: Type) -> None:
    """What the report compares stands in the manifests that evaluations really write."""
    manifests = [json.loads((done / f"eval/{name}/manifest.json").read_text()) for name in ("baseline", "icl")]
    assert manifests[0]["prompts"]["fingerprint"] == manifests[1]["prompts"]["fingerprint"]
    assert type_("report", done).stderr == ""
    lines = (done / "demonstrations.jsonl").read_text().split("\n")
    (done / "demonstrations.jsonl").write_text("\n".join(lines[1:]))
    shown = type_("report", done)
    tools = place / "mytools.py"
    assert shown.stderr == (
        f"note: icl was made from other demonstrations than {done} has now; make it anew under another name: stesim eval "
        f"--run {done} --mode icl --name icl-2 --model MODEL --toolset {tools} --testset "
        f"{place / 'queries.jsonl'} --ctx 4096 --constrain off\n"
    )
    assert "demonstrations a query, found by words; other demonstrations than the run has now; " in shown.stdout


def test_both_ways_of_decoding(type_: Type, inputs: list[str], scripts: Path) -> None:
    """A scripted model cannot be constrained, and the bench says so where it first matters."""
    failed = type_("bench", "--out", "both", *inputs, "--constrain", "both", code=2)
    assert "--constrain on: scripted:baseline.json cannot be held to a grammar" in failed.stderr.split("\n")[-3]
    assert re.findall(r"== stage (\d) of (\d)", failed.stderr)[-1] == ("3", "6")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--testset", "nowhere.jsonl"], "no test set"),
        (["--testset", "dev"], "test set dev has no query for the chosen tools (count_words)"),
        (["--tools", "nothing"], "nothing"),
        (["--judge", "nowhere.gguf"], "no model"),
        (["--threads", "many"], "--threads 'many' is neither auto nor a number"),
        (["--out", "a\x1bb"], "is not a name that can be printed"),
        (["--model", "nowhere.gguf"], "no model"),
    ],
)
def test_what_cannot_work_is_said_at_once(words: list[str], said: str, type_: Type, inputs: list[str]) -> None:
    failed = type_("bench", *inputs, *words, code=2)
    assert said in failed.stderr.strip().split("\n")[-1]
    assert "distill" not in failed.stderr


def test_a_folder_with_something_else_is_left_alone(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/one.jpg").write_text("x")
    error = one_line(type_("bench", "--out", "photos", *inputs, code=2).stderr)
    assert "photos is not empty and does not hold a run; choose another --out" in error
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["one.jpg"]


def test_the_folder_of_an_ablation_is_left_alone(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    """Also one in which nothing is explored yet; a run goes before whatever else was begun there."""
    (tmp_path / "parts/full").mkdir(parents=True)
    (tmp_path / "parts/.ablation.jsonl").write_text('{"settings":{}}\n')
    for _ in range(2):
        error = one_line(type_("bench", "--out", "parts", *inputs, code=2).stderr)
        assert error == "stesim: parts holds an ablation, not a run; choose another --out"
        assert not (tmp_path / "parts/.bench.jsonl").exists()
        shutil.rmtree(tmp_path / "parts/full", ignore_errors=True)
    words = ["--model", "scripted:scripts/run.json", *inputs[2:4], "--episodes", "2", "--trials", "2"]
    type_("run", "--out", "first", *words, "--constrain", "off")
    (tmp_path / "first/.ablation.jsonl").write_text('{"settings":{}}\n')
    assert correct(type_("bench", "--out", "first", *inputs).stdout) == ["33.3", "100.0", "+66.7"]


def test_quick_trains_little(type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is typed how much."""
    seen: list[Stage] = []
    monkeypatch.setattr("stesim.cli.recipe.check_trained", lambda *_: None)
    monkeypatch.setattr("stesim.cli.bench.conduct", lambda stages, *_: seen.extend(stages) or 3)
    places = inputs[2:6]
    for more in (["--quick"], ["--quick", "--drills", "60", "--epochs", "2", "--no-call", "0.2"], []):
        type_("bench", *places, *more, "--out", f"quick-{len(more)}", code=3)
    quick, typed, whole = (list(stage.words) for stage in seen if stage.name == "finetune")
    assert quick[1:5] == ["--epochs", "1", "--drills", "20"]
    assert typed[1:7] == ["--epochs", "2", "--drills", "60", "--no-call", "0.2"]
    assert not {"--epochs", "--drills", "--no-call"} & {*whole, *quick[5:]}


def test_quick_is_less_of_all(type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("stesim.cli.conducting._exit_code", lambda stage: seen.append(list(stage.words)) or 3)
    for more in ([], ["--episodes", "5"]):
        words = ["--quick", "--no-finetune", "--toolset", "mytools.py", "--testset", "queries.jsonl", *more]
        type_("bench", *words, "--out", f"quick-{len(more)}", code=3)
    first, second = (" ".join(typed) for typed in seen)
    assert "--imagine call-first --episodes 1 --trials 2" in first
    assert "--imagine call-first --episodes 5 --trials 2" in second
    log = [json.loads(line) for line in Path("quick-0/.bench.jsonl").read_text().splitlines()]
    assert log[0]["settings"]["quick"] is True
    assert "episodes" not in log[0]["settings"]
    assert [(entry["stage"], entry.get("code")) for entry in log[1:]] == [("run", None), ("run", 3)]
