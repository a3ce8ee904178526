"""`stesim bench` with scripted and replayed models: from the exploration to the table, stopped and gone on with."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stesim.cli import conducting, main
from stesim.cli.stage_log import StageLog
from stesim.errors import StoreError
from stesim.models import ScriptedModel
from stesim.parsing import render
from stesim.records import Action
from tests.integration.conftest import Type, answer, call
from tests.integration.distilling import FAIL, PASS
from tests.integration.test_commands import one_line
from tests.integration.test_resume import in_a_process_that_dies
from tests.tiny import make_tiny

TOOL = '''\
import mocktools


@mocktools.tool
def count_words(text: str, shortest: int = 1) -> dict[str, int]:
    """Count the words of a text.

    Args:
        text: The text.
        shortest: Leave out words with fewer letters than this.
    """
    return {"words": sum(len(word) >= shortest for word in text.split())}
'''
QUERIES = [
    ("How many words has 'one two three'?", {"text": "one two three"}),
    ("count the words in: so be it", {"text": "so be it"}),
    ("'I am not there', how many words of 3 letters or more?", {"text": "I am not there", "shortest": 3}),
]


def words(query: str, text: str) -> list[str]:
    return [query, call("count_words", {"text": text}), answer("Some."), "Yes"]


# Four trials: two that are kept, one whose text is not in the query, one that the judge drops.
EXPLORED = [
    *words("How many words are in the sentence 'hello big world'?", "hello big world"),
    *words("Count something for me", "a b c"),
    *words("How many words has the line 'to be or not'?", "to be or not"),
    *words("I want to know the number of words of 'green tea'", "green tea"),
]
DISTILLED = [
    PASS, PASS, FAIL,
    "Please tell me how many words the sentence 'hello big world' has.",
    "Could you count the words in the line 'to be or not'?",
]  # fmt: skip
RIGHT = [render(Action("count_words", dict(arguments))) for _, arguments in QUERIES]
BASELINE = ["I count three.", RIGHT[1], render(Action("count_words", {"text": "I am"})), "Final Answer: I cannot."]
ICL = [*RIGHT, "Final Answer: No tool can."]
SETTINGS = ["--episodes", "2", "--trials", "2", "--paraphrases", "1", "--constrain", "off", "--imagine", "query-first"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tool of one's own, a test set of one's own, and the replies of each stage."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "scripts").mkdir()
    for name, texts in {"run": EXPLORED, "distill": DISTILLED, "baseline": BASELINE, "icl": ICL}.items():
        (folder / "scripts" / f"{name}.json").write_bytes(orjson.dumps(texts))
    (folder / "mytools.py").write_text(TOOL, encoding="utf-8")
    lines = [
        {"id": f"words-{number}", "query": query, "calls": [{"tool": "count_words", "arguments": arguments}]}
        for number, (query, arguments) in enumerate(QUERIES, 1)
    ]
    lines.append({"id": "none-1", "query": "Sing me a song.", "calls": []})
    (folder / "queries.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return folder


def typed_in(place: Path) -> list[str]:
    """What is typed there."""
    places = ["--toolset", str(place / "mytools.py"), "--testset", str(place / "queries.jsonl")]
    return ["--model", f"scripted:{place / 'scripts'}", *places, *SETTINGS]


@pytest.fixture
def inputs(place: Path, tmp_path: Path) -> list[str]:
    """What is typed, in a folder of the test's own, where the replies can be changed."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("whole"))
    return typed_in(tmp_path)


@pytest.fixture
def scripts(inputs: list[str], tmp_path: Path) -> Path:
    """The folder with the replies."""
    return tmp_path / "scripts"


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    """The folder of a finished bench; no test changes it."""
    result = CliRunner().invoke(main, ["bench", "--out", str(place / "whole"), *typed_in(place)])
    assert result.exit_code == 0, result.output
    return place / "whole"


@pytest.fixture
def done(whole: Path, type_: Type, tmp_path: Path) -> Path:
    """A copy of the finished bench."""
    return shutil.copytree(whole, tmp_path / "whole")


FILES = [
    "trials.jsonl", "judge/judged.jsonl", "paraphrase/paraphrased.jsonl", "demonstrations.jsonl",
    "eval/baseline/answers.jsonl", "eval/icl/answers.jsonl", "eval/icl/predictions.json",
]  # fmt: skip


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def correct(shown: str, *rows: str) -> list[str]:
    """The shares of right answers in these rows of the tables, without their intervals."""
    found = [line.strip("| ").split(" | ") for line in shown.split("\n") if line.startswith("| ")]
    wanted = rows or ("baseline", "ICL", "ICL − baseline")
    figures = [cells for cells in found if cells[0] in wanted and cells[1].endswith("constrained")]
    return [cells[4 + ("−" not in cells[0])].split(" (")[0] for cells in figures]


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
    words = ["--base", base, "--rank", "2", "--epochs", "2", "--drills", "0", "--limit", "1"]
    done = type_("bench", *inputs, *words, "--threads", "1", "--out", "trained")
    assert re.findall(r"== stage (\d) of 6, .*: stesim (\w+) ", done.stderr)[-2:] == [("5", "finetune"), ("6", "eval")]
    assert re.search(r"\nTime: .*, finetune [^,]+ s, eval ft [^,;]+ s; together", done.stdout)
    adapter = json.loads(Path("trained/finetune/adapter/finetune.json").read_text())
    assert (adapter["settings"]["rank"], adapter["data"]["demonstrations"], adapter["data"]["drills"]) == (2, 4, 0)
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


def test_a_finished_bench_prints_its_report_only(
    done: Path, type_: Type, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    monkeypatch.setattr("stesim.cli.build.open_model", lambda *_, **__: pytest.fail("a model was loaded"))
    for more in ([], typed_in(place)):
        again = type_("bench", "--out", done, *more)
        assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]
        assert again.stderr.strip() == ""
    assert {path: path.read_bytes() for path in done.rglob("*") if path.is_file()} == before


def test_the_settings_need_not_be_typed_again(
    done: Path, type_: Type, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for a Python file, which is code."""
    shutil.rmtree(done / "eval")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    error = one_line(type_("bench", "--out", done, code=2).stderr)
    assert f"name it to run its code: --toolset {place / 'mytools.py'}" in error
    again = type_("bench", "--out", done, "--toolset", place / "mytools.py")
    assert re.findall(r"== stage (\d)", again.stderr) == ["3", "4"]
    assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "9"], "seed was not typed, not 9"),
        (["--trials", "3", "--testset", "dev"], "trials was 2, not 3; testset was '"),
        (["--quick"], "quick was not typed, not True"),
        (["--model", "smollm2"], "not 'smollm2'"),
    ],
)
def test_other_settings_are_refused_and_named(words: list[str], said: str, done: Path, type_: Type) -> None:
    before = files_of(done)
    error = one_line(type_("bench", "--out", done, *words, code=2).stderr)
    assert f"{done} was started differently: " in error
    assert said in error
    assert files_of(done) == before


# Every stage is stopped in its middle: the run has 16 completions, distilling 5, each evaluation 4.
@pytest.mark.parametrize("completions", [1, 15, 17, 21, 22, 26, 28])
def test_a_bench_that_is_stopped_goes_on(
    completions: int, whole: Path, type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = ScriptedModel.complete, 0

    def complete(self: ScriptedModel, *arguments: object) -> object:
        nonlocal seen
        seen += 1
        if seen == completions:
            raise KeyboardInterrupt
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ScriptedModel, "complete", complete)
    stopped = type_("bench", "--out", "stopped", *inputs, code=130)
    assert stopped.stdout == ""
    assert "Go on with: stesim " in stopped.stderr
    toolset = inputs[inputs.index("--toolset") + 1]
    told = f"Or go on with the whole bench: stesim bench --out stopped --toolset {toolset}\n"
    assert stopped.stderr.endswith(told)
    again = type_("bench", "--out", "stopped", "--toolset", "mytools.py")
    assert files_of(Path("stopped")) == files_of(whole)
    assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]
    assert seen > completions


@pytest.mark.parametrize("write_number", [1, 2, 3, 5, 23, 25, 27, 33, 40, 45, 56])
def test_a_bench_that_is_killed_goes_on(
    write_number: int, whole: Path, type_: Type, inputs: list[str], tmp_path: Path
) -> None:
    words = ["bench", "--out", str(tmp_path / "killed"), *inputs]
    assert in_a_process_that_dies(write_number, write_number % 5, words)
    again = type_(*words)
    assert files_of(tmp_path / "killed") == files_of(whole)
    assert "at least" in again.stdout or write_number < 3


def test_a_bench_killed_again_and_again(whole: Path, type_: Type, inputs: list[str], tmp_path: Path) -> None:
    words = ["bench", "--out", str(tmp_path / "killed"), *inputs]
    killed = 0
    while in_a_process_that_dies(9, 2, words):
        killed += 1
    assert killed > 3
    type_(*words)
    assert files_of(tmp_path / "killed") == files_of(whole)


def test_a_bench_repeated_without_its_model(done: Path, type_: Type, inputs: list[str]) -> None:
    again = type_("bench", "--model", f"replay:{done}", "--toolset", inputs[3], "--out", "again")
    assert files_of(Path("again")) == files_of(done)
    assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]


def test_a_stage_that_fails_stops_the_bench(type_: Type, inputs: list[str], scripts: Path) -> None:
    (scripts / "baseline.json").write_text('["one"]')
    failed = type_("bench", "--out", "failed", *inputs, code=2)
    assert failed.stdout == ""
    *_, said, told = failed.stderr.strip().split("\n")
    assert said.startswith("stesim eval: scripted:baseline.json has only 1 completions; one more was asked for")
    assert told.startswith("When this is put right, go on with the whole bench: stesim bench --out failed --toolset ")
    assert not Path("failed/eval/icl").exists()
    (scripts / "baseline.json").unlink()
    assert "baseline.json" in type_("bench", "--out", "failed", *inputs, code=2).stderr.strip().split("\n")[-2]


def test_what_the_first_stage_refuses_can_be_typed_again_rightly(type_: Type, inputs: list[str]) -> None:
    failed = type_("bench", "--out", "failed", *inputs, "--ctx", "64", code=2)
    assert failed.stderr.endswith("use a larger --ctx\n")
    type_("bench", "--out", "failed", *inputs, "--ctx", "2048")
    assert "context was 2048, not 64" in type_("bench", "--out", "failed", *inputs, "--ctx", "64", code=2).stderr


def test_two_at_once(type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused, whether it begins while the first works, or read the log before the first wrote it."""
    with StageLog(Path("both"), "bench").begun({}):
        pass
    Path("both/.bench.jsonl").unlink()
    early = StageLog(Path("both"), "bench")
    real, refused = conducting._exit_code, []

    def meanwhile(stage: conducting.Stage) -> int:
        if not refused:
            refused.append(one_line(type_("bench", "--out", "both", *inputs, code=2).stderr))
        return real(stage)

    monkeypatch.setattr(conducting, "_exit_code", meanwhile)
    type_("bench", "--out", "both", *inputs)
    assert refused == ["stesim: both is being written by another stesim; wait for it"]
    with pytest.raises(StoreError, match="another stesim has worked in both meanwhile"), early.begun({}):
        pass
    assert type_("bench", "--out", "both").stderr.strip() == ""


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
    (scripts / "run.json").write_bytes(orjson.dumps([*words("Count something for me", "a b c")] * 4))
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


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"settings": 1}',
        '{"settings": {"toolset": ["a"]}}',
        '{"settings": {}}\n{"stage": "run", "code": "0"}',
    ],
)
def test_a_broken_log_is_named(line: str, done: Path, type_: Type) -> None:
    (done / ".bench.jsonl").write_text(line + "\n")
    error = one_line(type_("bench", "--out", done, code=2).stderr)
    assert re.search(r"\.bench\.jsonl, line [12] is not ", error)


def test_a_bench_of_a_run_that_is_there(done: Path, type_: Type, place: Path) -> None:
    """A run that was explored by itself is distilled and measured; its own settings stay."""
    (done / ".bench.jsonl").unlink()
    shutil.rmtree(done / "eval")
    again = type_("bench", *typed_in(place)[:6], "--out", done, "--imagine", "query-first")
    assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]


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
