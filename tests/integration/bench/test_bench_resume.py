"""`stesim bench` stopped, killed and gone on with; a finished one is printed again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from stesim.cli import conducting
from stesim.cli.stage_log import StageLog
from stesim.errors import StoreError
from tests.integration.bench.miniature import correct, files_of, typed_in
from tests.integration.conftest import Interrupt, Type, in_a_process_that_dies
from tests.integration.test_commands import one_line


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
        (["--seed", "9"], "--seed was not typed, not 9"),
        (["--trials", "3", "--testset", "dev"], "--trials was 2, not 3; --testset was '"),
        (["--quick"], ": --quick was not typed. Use the same settings"),
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
    completions: int, whole: Path, type_: Type, inputs: list[str], interrupt: Interrupt
) -> None:
    seen = interrupt(completions)
    stopped = type_("bench", "--out", "stopped", *inputs, code=130)
    assert stopped.stdout == ""
    assert "Go on with: stesim " in stopped.stderr
    toolset = inputs[inputs.index("--toolset") + 1]
    told = f"Or go on with the whole bench: stesim bench --out stopped --toolset {toolset}\n"
    assert stopped.stderr.endswith(told)
    again = type_("bench", "--out", "stopped", "--toolset", "mytools.py")
    assert files_of(Path("stopped")) == files_of(whole)
    assert correct(again.stdout) == ["33.3", "100.0", "+66.7"]
    assert len(seen) > completions


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
    assert "--ctx was 2048, not 64" in type_("bench", "--out", "failed", *inputs, "--ctx", "64", code=2).stderr


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
