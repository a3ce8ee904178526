"""`stesim ablate` with scripted models: the whole method and the method without its parts, stopped and gone on with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stesim.cli import main
from stesim.cli.conducting import Stage
from stesim.cli.variants import SAME, VARIANTS, Plan, said_of
from stesim.records import Request
from stesim.store import RunFolder
from tests.integration.bench.miniature import BASELINE, DISTILLED, EXPLORED, QUERIES, RIGHT, SETTINGS, TOOL
from tests.integration.conftest import Interrupt, Type, in_a_process_that_dies
from tests.integration.distilling import FAIL
from tests.integration.test_call_first_command import TRIALS
from tests.integration.test_call_first_command import WORDS as CALL_FIRST
from tests.integration.test_commands import one_line
from tests.tiny import make_tiny

NAMES = ["full", "no-feedback", "no-short-term", "no-long-term", "no-reflection", "no-judge"]
NOTHING = "Final Answer: No tool can."
# Without a judge three trials pass, each of which is reworded; without reflection nobody says Yes.
SCRIPTS = {
    "full": {"run": EXPLORED, "distill": DISTILLED, "ft": [*RIGHT, NOTHING]},
    "no-feedback": {"run": EXPLORED, "distill": DISTILLED, "ft": BASELINE},
    "no-short-term": {"run": EXPLORED, "distill": DISTILLED, "ft": [RIGHT[0], RIGHT[1], "One.", NOTHING]},
    "no-long-term": {"run": EXPLORED, "distill": [FAIL, FAIL, FAIL], "ft": []},
    "no-reflection": {"run": [text for text in EXPLORED if text != "Yes"], "distill": DISTILLED, "ft": BASELINE},
    "no-judge": {"distill": [*DISTILLED[3:], "Tell me the number of words of 'green tea'"], "ft": BASELINE},
}
LEAVES = [
    "trials.jsonl", "judge/judged.jsonl", "demonstrations.jsonl", "eval/ft/answers.jsonl", "eval/ft/predictions.json"
]  # fmt: skip


WORDS = ["--variants", "no-short-term,no-judge"]


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    """What is typed: the scripts of each variant, a tool of one's own, a test set of one's own."""
    return write_inputs(tmp_path)


def write_inputs(folder: Path) -> list[str]:
    (folder / "mytools.py").write_text(TOOL, encoding="utf-8")
    for variant, stages in SCRIPTS.items():
        for stage, texts in stages.items():
            path = folder / "scripts" / variant / f"{stage}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(orjson.dumps(texts))
    lines = [
        {"id": f"words-{number}", "query": query, "calls": [{"tool": "count_words", "arguments": arguments}]}
        for number, (query, arguments) in enumerate(QUERIES, 1)
    ]
    lines.append({"id": "none-1", "query": "Sing me a song.", "calls": []})
    (folder / "queries.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    places = ["--toolset", str(folder / "mytools.py"), "--testset", str(folder / "queries.jsonl")]
    return ["--model", f"scripted:{folder / 'scripts'}", *places, *SETTINGS]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished ablation of two parts; no test changes it."""
    folder = tmp_path_factory.mktemp("ablation")
    result = CliRunner().invoke(main, ["ablate", "--out", str(folder / "whole"), *WORDS, *write_inputs(folder)])
    assert result.exit_code == 0, result.output
    return folder / "whole"


def files_of(folder: Path, names: Sequence[str] = ("full", "no-short-term", "no-judge")) -> dict[str, bytes]:
    return {f"{name}/{leaf}": (folder / name / leaf).read_bytes() for name in names for leaf in LEAVES}


def rows(shown: str) -> dict[str, list[str]]:
    """The cells of each variant's row."""
    lines = [line.strip("| ").split(" | ") for line in shown.split("\n") if line.startswith("| ")]
    return {cells[0]: cells[1:] for cells in lines if cells[0] in NAMES}


def test_each_part_is_left_out_once(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    done = type_("ablate", *inputs)
    found, out = rows(done.stdout), tmp_path / "runs/ablation-scripted-scripts"
    assert list(found) == NAMES
    assert {name: (cells[0], cells[1], cells[4][:5], cells[5][:5]) for name, cells in found.items()} == {
        "full": ("4", "4", "100.0", "–"),
        "no-feedback": ("4", "4", "33.3 ", "−66.7"),
        "no-short-term": ("4", "4", "66.7 ", "−33.3"),
        "no-long-term": ("4", "0", "–", "–"),
        "no-reflection": ("4", "4", "33.3 ", "−66.7"),
        "no-judge": ("4", "6", "33.3 ", "−66.7"),
    }
    assert found["no-short-term"][-1] == "99.7 / 70.6 / 53.9"
    assert found["no-judge"][-1] == "–"
    assert "- no-long-term: left out: no trial passed every gate, so there was nothing to train on." in done.stdout
    assert "Time: run full " in done.stdout
    settings = {name: json.loads((out / name / "manifest.json").read_text())["settings"] for name in NAMES}
    for part in ("feedback", "short_term", "long_term", "reflection"):
        without = f"no-{part.replace('_', '-')}"
        assert [name for name in NAMES if not settings[name][part]] == [without]
    judges = {name: json.loads((out / name / "distill.json").read_text())["judge"] for name in NAMES}
    assert [name for name in NAMES if not judges[name]] == ["no-judge"]


def test_each_variant_trains_its_own_adapter(
    type_: Type, inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the one whose exploration was played: the model that is trained is another one than the run's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("full", "no-judge"):
        (tmp_path / f"scripts/{name}/ft.json").unlink()
    base = make_tiny(tmp_path / "tiny.gguf")
    words = ["--base", base, "--rank", "2", "--epochs", "1", "--drills", "0", "--limit", "1", "--threads", "1"]
    done = type_("ablate", *inputs, *words, "--variants", "no-judge", "--out", "trained")
    found = [json.loads(Path(f"trained/{name}/eval/ft/manifest.json").read_text()) for name in ("full", "no-judge")]
    assert {each["model"]["spec"] for each in found} == {str(base)}
    assert len({each["model"]["lora"]["fingerprint"] for each in found}) == 2
    assert list(rows(done.stdout)) == ["full", "no-judge"]


def test_without_a_judge_the_same_trials_are_judged_by_nobody(done: Path) -> None:
    """The exploration is the whole method's, and is not asked of the model again."""
    full, other = (done / name / "trials.jsonl" for name in ("full", "no-judge"))
    assert other.read_bytes() == full.read_bytes()
    assert json.loads((done / "no-judge/manifest.json").read_text())["model"]["spec"] == f"replay:{done / 'full'}"
    assert len((done / "no-judge/demonstrations.jsonl").read_text().splitlines()) == 6


def test_the_table_again(done: Path, type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    monkeypatch.setattr("stesim.cli.build.open_model", lambda *_, **__: pytest.fail("a model was loaded"))
    for more in ([], ["--variants", "no-short-term, no-judge,full", *SETTINGS]):
        again = type_("ablate", "--out", done, *more)
        assert list(rows(again.stdout)) == ["full", "no-short-term", "no-judge"]
        assert again.stderr == ""
    found = json.loads(type_("ablate", "--out", done, "--json").stdout)
    assert [each["variant"] for each in found["variants"]] == ["full", "no-short-term", "no-judge"]
    assert found["variants"][1]["differences"]["correct"]["value"] == -33.3
    assert found["variants"][0]["differences"] is None
    assert found["variants"][0]["paper"] == {"well_formed": 99.2, "api_match": 94.9, "correct": 73.3}
    assert {path: path.read_bytes() for path in done.rglob("*") if path.is_file()} == before


# The whole method has 16 completions of the run, 5 of the distillation, 4 of the evaluation; so have the others, but
# for the run that is played: it is stopped as well.
@pytest.mark.parametrize("completions", [1, 23, 52])
def test_an_ablation_that_is_stopped_goes_on(
    completions: int, done: Path, type_: Type, inputs: list[str], interrupt: Interrupt
) -> None:
    interrupt(completions)
    stopped = type_("ablate", "--out", "stopped", *WORDS, *inputs, code=130)
    assert stopped.stdout == ""
    toolset = inputs[inputs.index("--toolset") + 1]
    told = f"Or go on with the whole ablation: stesim ablate --out stopped --toolset {toolset}\n"
    assert stopped.stderr.endswith(told)
    again = type_("ablate", "--out", "stopped", "--toolset", "mytools.py")
    assert files_of(Path("stopped")) == files_of(done)
    assert rows(again.stdout)["full"][4].startswith("100.0")


def test_an_ablation_killed_again_and_again(done: Path, type_: Type, inputs: list[str], tmp_path: Path) -> None:
    words = ["ablate", "--out", str(tmp_path / "killed"), *WORDS, *inputs]
    killed = 0
    while in_a_process_that_dies(23, 2, words):
        killed += 1
    assert killed > 3
    type_(*words)
    assert files_of(tmp_path / "killed") == files_of(done)


def test_an_ablation_repeated_without_its_model(done: Path, type_: Type) -> None:
    again = type_("ablate", "--model", f"replay:{done}", "--toolset", done.parent / "mytools.py", "--out", "again")
    assert list(rows(again.stdout)) == ["full", "no-short-term", "no-judge"]
    assert files_of(Path("again")) == files_of(done)


def test_what_the_settings_do_not_use_is_not_run(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    """Without a judge and with one trial for each tool there is only feedback to leave out."""
    (tmp_path / "scripts/full/run.json").write_bytes(orjson.dumps(EXPLORED[:4]))
    (tmp_path / "scripts/no-feedback/run.json").write_bytes(orjson.dumps(EXPLORED[:4]))
    for name in ("full", "no-feedback"):
        (tmp_path / "scripts" / name / "distill.json").write_bytes(orjson.dumps(DISTILLED[3:4]))
    done = type_("ablate", *inputs, "--judge", "none", "--episodes", "1", "--trials", "1", "--out", "small")
    found = rows(done.stdout)
    assert [name for name, cells in found.items() if cells[0] == "as full"] == NAMES[2:]
    assert sorted(path.name for path in Path("small").iterdir() if path.is_dir()) == ["full", "no-feedback"]
    assert "- no-judge: same as full here: there is no judge to leave out." in done.stdout
    assert "- no-reflection: same as full here: each tool has one trial, so there is nothing to rem" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--variants", "no-tools"], "--variants: there is no 'no-tools'; there are full, no-feedback, "),
        (["--variants", "full"], "--variants names nothing to leave out; there are no-feedback, "),
        (["--testset", "nowhere.jsonl"], "no test set"),
        (["--judge", "nowhere.gguf"], "no model 'nowhere.gguf' for the judge"),
        (["--threads", "many"], "--threads 'many' is neither auto nor a number"),
        (["--model", "smollm2", "--base", "tiny.gguf"], "--base goes with a scripted or replayed model"),
    ],
)
def test_what_cannot_work_is_said_at_once(words: list[str], said: str, type_: Type, inputs: list[str]) -> None:
    error = one_line(type_("ablate", *inputs, *words, "--out", "nothing", code=2).stderr)
    assert said in error
    assert not Path("nothing").exists()


def test_nothing_to_train_is_said_at_once(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "scripts/full/ft.json").unlink()
    error = one_line(type_("ablate", *inputs, code=2).stderr)
    assert "replies that are played cannot be trained; name a model to train: --base FILE.gguf" in error


def test_other_settings_are_refused_and_named(done: Path, type_: Type, tmp_path: Path) -> None:
    error = one_line(type_("ablate", "--out", done, "--variants", "no-judge", "--seed", "3", code=2).stderr)
    assert f"{done} was started differently: " in error
    assert "--variants was 'no-short-term,no-judge', not 'no-judge'" in error
    assert "--seed was not typed, not 3" in error
    (tmp_path / "photos/one").mkdir(parents=True)
    error = one_line(type_("ablate", "--out", "photos", "--model", f"scripted:{tmp_path}", code=2).stderr)
    assert "photos is not empty and does not hold a run; choose another --out" in error


def test_a_run_is_not_made_an_ablation(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    """Nor is a bench that has explored nothing yet."""
    words = ["--model", "scripted:scripts/full/run.json", *inputs[2:4], "--episodes", "2", "--trials", "2"]
    type_("run", "--out", "first", *words)
    before = {path: path.read_bytes() for path in (tmp_path / "first").rglob("*") if path.is_file()}
    error = one_line(type_("ablate", "--out", "first", *inputs, code=2).stderr)
    assert error == "stesim: first holds a run, not an ablation; choose another --out"
    assert {path: path.read_bytes() for path in (tmp_path / "first").rglob("*") if path.is_file()} == before
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun/.bench.jsonl").write_text('{"settings":{}}\n')
    error = one_line(type_("ablate", "--out", "begun", *inputs, code=2).stderr)
    assert error == "stesim: begun holds a bench, not an ablation; choose another --out"
    assert [path.name for path in (tmp_path / "begun").iterdir()] == [".bench.jsonl"]


def test_quick_trains_little(type_: Type, inputs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Stage] = []
    monkeypatch.setattr("stesim.cli.recipe.check_trained", lambda *_: None)
    monkeypatch.setattr("stesim.cli.ablate.conduct", lambda stages, *_: seen.extend(stages) or 3)
    type_("ablate", *inputs[2:6], "--quick", "--epochs", "2", "--variants", "no-feedback", "--out", "quick", code=3)
    trained = [list(stage.words)[1:] for stage in seen if stage.verb == "finetune"]
    assert [words[words.index("--epochs") :][:4] for words in trained] == [["--epochs", "2", "--drills", "20"]] * 2


def test_a_broken_log_is_named(type_: Type, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/.ablation.jsonl").write_text("[]\n")
    error = one_line(type_("ablate", "--out", "broken", *inputs, code=2).stderr)
    assert ".ablation.jsonl, line 1 is not of an ablation; remove the file to begin a new one" in error


def asked(path: Path) -> list[Request]:
    """What the model of a run was asked, but for the reflections."""
    return [request for request, _ in RunFolder.read(path).completions() if request.purpose != "reflect"]


@pytest.mark.parametrize("without", ["no-reflection", "no-long-term", "no-short-term"])
def test_where_a_trial_begins_with_a_call(without: str, type_: Type, tmp_path: Path) -> None:
    """With one episode only the short-term memory is used; without the others all else is asked alike."""
    plan = Plan("call-first", episodes=1, trials=3)
    scripts = {name: [text for texts in TRIALS for text in texts] for name in ("full", without)}
    if without == "no-reflection":
        scripts[without] = [
            text for number, texts in enumerate(TRIALS) for text in texts[: -1 if number in (0, 4, 5) else None]
        ]
    for name, texts in scripts.items():
        (tmp_path / f"{name}.json").write_bytes(orjson.dumps(texts))
        typed = ["--model", f"scripted:{name}.json", "--out", name, *CALL_FIRST, *VARIANTS[name].run]
        type_("run", *typed)
    assert (asked(Path("full")) == asked(Path(without))) == said_of(without, plan).startswith(SAME)
    assert said_of(without, plan).startswith(SAME) == (without != "no-short-term")


@pytest.mark.parametrize("without", ["no-reflection", "no-long-term", "no-short-term"])
@pytest.mark.parametrize(("episodes", "trials"), [(1, 1), (2, 1), (1, 2)])
def test_where_a_trial_begins_with_a_query(
    without: str, episodes: int, trials: int, type_: Type, tmp_path: Path
) -> None:
    (tmp_path / "mytools.py").write_text(TOOL, encoding="utf-8")
    for name in ("full", without):
        texts = [text for text in EXPLORED if name != "no-reflection" or text != "Yes"]
        (tmp_path / f"{name}.json").write_bytes(orjson.dumps(texts))
        typed = ["--episodes", episodes, "--trials", trials, *VARIANTS[name].run]
        type_("run", "--model", f"scripted:{name}.json", "--toolset", "mytools.py", "--out", name, *typed)
    plan = Plan("query-first", episodes=episodes, trials=trials)
    assert (asked(Path("full")) == asked(Path(without))) == said_of(without, plan).startswith(SAME)
