"""What every stage stands on: its folder, its lines, its drive, its progress."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.cli import stages
from stesim.errors import ReplayMismatch, StoreError
from stesim.models import ReplayModel, ScriptedModel
from stesim.records import (
    Action,
    Completion,
    Demonstration,
    Judged,
    Judgement,
    Message,
    Observation,
    Place,
    Request,
    Sampling,
    Step,
    Trial,
)
from stesim.store import RunFolder, StageFolder, codec

SAMPLING = Sampling(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, max_tokens=9)
DEMONSTRATION = Demonstration(
    "t", "Où est Zürich? 🏔", {"a": [1, {"b": None}], "c": -0.5}, "{}", "There.", 2, 3, 1, "I need t."
)


class Judgements(StageFolder):
    """A stage of its own."""

    FINISHED = "judged.jsonl"


def request(call: int = 0, *, choices: tuple[str, ...] = (), text: str = "Which?", purpose: Any = "judge") -> Request:
    return Request(Place("t", 1, 1, call), purpose, (Message("user", text),), SAMPLING, 7, choices=choices)


# -- the folder ----------------------------------------------------------------------------------------------------


def test_a_stage_keeps_what_is_finished_under_its_own_name(tmp_path: Path) -> None:
    with Judgements.create(tmp_path / "judge", {"stage": "judge"}) as folder:
        folder.add_completion(request(1), Completion("Yes", "stop"), {"a": 1})
        folder.add({"n": 1}, {"b": 2})
        folder.add([2])
    again = Judgements.read(tmp_path / "judge")
    path = tmp_path / "judge" / "judged.jsonl"
    assert list(again.finished()) == [(f"{path}, line 1", {"n": 1}), (f"{path}, line 2", [2])]
    assert [(asked.place.call, said.text) for asked, said in again.completions()] == [(1, "Yes")]
    assert again.counts() == {"a": 1, "b": 2}
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        ".lock", "completions.jsonl", "judged.jsonl", "manifest.json",
    ]  # fmt: skip


def test_a_stage_goes_on_where_it_was(tmp_path: Path) -> None:
    with Judgements.create(tmp_path / "judge", {}) as folder:
        folder.add(1)
    with Judgements.open_(tmp_path / "judge") as folder:
        assert [value for _, value in folder.finished()] == [1]
        folder.add(2)
        with pytest.raises(StoreError, match="is being written by another"):
            Judgements.open_(tmp_path / "judge")
    assert [value for _, value in Judgements.read(tmp_path / "judge").finished()] == [1, 2]
    with pytest.raises(StoreError, match="reading only"):
        Judgements.read(tmp_path / "judge").add(3)


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_torn_last_lines_of_both_files_are_healed(tmp_path: Path, cut: int) -> None:
    with Judgements.create(tmp_path / "judge", {}) as folder:
        for number in (1, 2):
            folder.add_completion(request(number), Completion("Yes", "stop"), {})
            folder.add({"number": number})
    for name in ("judged.jsonl", "completions.jsonl"):
        path = tmp_path / "judge" / name
        path.write_bytes(path.read_bytes()[:-cut])
    torn = Judgements.read(tmp_path / "judge")
    assert [value for _, value in torn.finished()] == [{"number": 1}]
    with Judgements.open_(tmp_path / "judge") as folder:
        folder.add_completion(request(9), Completion("No", "stop"), {})
        folder.add({"number": 9})
    healed = Judgements.read(tmp_path / "judge")
    assert [value for _, value in healed.finished()] == [{"number": 1}, {"number": 9}]
    assert [asked.place.call for asked, _ in healed.completions()] == [1, 9]


def test_what_is_finished_is_on_the_disk_after_its_completions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = os.fsync
    with Judgements.create(tmp_path / "judge", {}) as folder:
        monkeypatch.setattr(
            os, "fsync", lambda file: (written.append(os.readlink(f"/proc/self/fd/{file}")), real(file))
        )
        folder.add(1, {"a": 1})
    assert [Path(name).name for name in written] == ["completions.jsonl", "judged.jsonl"]


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="is not empty"):
        Judgements.create(tmp_path, {})
    with pytest.raises(StoreError, match=r"there is no manifest\.json"):
        Judgements.open_(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


# -- the lines -----------------------------------------------------------------------------------------------------


def through_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def test_a_demonstration_comes_back_as_it_was() -> None:
    value = through_json(codec.demonstration_to_json(DEMONSTRATION))
    assert codec.demonstration_from_json(value) == DEMONSTRATION
    assert DEMONSTRATION.action == Action("t", DEMONSTRATION.arguments, "I need t.")
    del value["paraphrase"], value["thought"]
    assert codec.demonstration_from_json(value) == dataclasses.replace(DEMONSTRATION, paraphrase=0, thought="")


@pytest.mark.parametrize(
    "judged",
    [
        Judged("t", 1, 2, ""),
        Judged("t", 1, 2, "grounding", "the query does not say days", DEMONSTRATION),
        Judged(
            "t", 1, 2, "judge", "fails", DEMONSTRATION,
            Judgement("pass", "fail", "unparsed", ("a", "", "ü"), ("no_numbers",)), 2,
        ),
    ],
)  # fmt: skip
def test_a_judged_trial_comes_back_as_it_was(judged: Judged) -> None:
    assert codec.judged_from_json(through_json(codec.judged_to_json(judged))) == judged


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gate": "mood"}, "gate cannot be 'mood'"),
        ({"asked": "2"}, "asked cannot be '2'"),
        ({"asked": True}, "asked cannot be True"),
        ({"demonstration": {}}, "it lacks tool$"),
        ({"demonstration": 1}, "it is not an object$"),
        ({"judgement": {"informative": "maybe"}}, "informative cannot be 'maybe'"),
        ({"more": 1}, "an unknown member: more$"),
    ],
)
def test_a_judged_line_of_another_shape_is_named(change: dict[str, Any], message: str) -> None:
    value = {**through_json(codec.judged_to_json(Judged("t", 1, 2, ""))), **change}
    with pytest.raises(StoreError, match=f"here does not hold a verdict: .*{message}"):
        codec.judged_from_json(value, "here")


@pytest.mark.parametrize("value", [None, [], 3, "x", {}, {"tool": "t"}])
def test_lines_that_hold_nothing_of_the_kind(value: Any) -> None:
    with pytest.raises(StoreError, match="does not hold a verdict"):
        codec.judged_from_json(value)
    with pytest.raises(StoreError, match="does not hold a demonstration"):
        codec.demonstration_from_json(value)
    with pytest.raises(StoreError, match="does not hold a trial"):
        codec.trial_from_json(value)


OLD = {
    "tool": "t", "episode": 1, "trial": 1, "query": "q",
    "steps": [
        {
            "text": "x", "reply": {
                "kind": "action", "tool": "t", "arguments": {}, "thought": "", "repairs": [],
            }, "observation": {"text": "{}", "kind": "ok", "status": 200},
        }
    ],
    "stop_reason": "max_calls", "reflection": None, "forgotten": 0,
}  # fmt: skip
TRIAL = Trial("t", 1, 1, "q", (Step("x", Action("t", {}), Observation("{}", "ok", 200)),), "max_calls")


def test_lines_from_before_imaginings_are_read_and_written_as_ever() -> None:
    assert codec.trial_from_json(OLD) == TRIAL
    assert orjson.dumps(codec.trial_to_json(TRIAL)) == orjson.dumps(OLD)
    assert (TRIAL.imaginings, TRIAL.rejected, TRIAL.completions) == (1, "", 2)


@pytest.mark.parametrize(("imaginings", "rejected"), [(0, ""), (6, ""), (4, "grounding"), (6, "rank"), (1, "rank")])
def test_imaginings_and_rejected_come_back_as_they_were(imaginings: int, rejected: Any) -> None:
    trial = dataclasses.replace(TRIAL, imaginings=imaginings, rejected=rejected)
    value = through_json(codec.trial_to_json(trial))
    assert ("imaginings" in value) == (imaginings != 1)
    assert ("rejected" in value) == bool(rejected)
    assert codec.trial_from_json(value) == trial
    with pytest.raises(StoreError, match="rejected cannot be 'taste'"):
        codec.trial_from_json({**value, "rejected": "taste"})


def test_choices_come_back_as_they_were() -> None:
    for asked in (request(), request(choices=("a", "ü b", "a"))):
        value = through_json(codec.request_to_json(asked))
        assert ("choices" in value) == bool(asked.choices)
        assert codec.request_from_json(value) == asked
    with pytest.raises(TypeError, match="choices cannot be"):
        codec.request_from_json({**value, "choices": "ab"})


def test_choices_are_kept_in_a_folder_and_replayed(tmp_path: Path) -> None:
    asked = request(choices=("yes", "no"), purpose="rank")
    with Judgements.create(tmp_path / "judge", {}) as folder:
        folder.add_completion(asked, Completion("no", "stop"), {})
    found = list(Judgements.read(tmp_path / "judge").completions())
    assert found == [(asked, Completion("no", "stop"))]
    replay = ReplayModel(found, {}, name="r", fingerprint="f")
    assert replay.complete(asked).text == "no"
    with pytest.raises(ReplayMismatch, match="choices: "):
        replay.complete(dataclasses.replace(asked, choices=("yes", "no", "maybe")))


# -- opening a stage's folder --------------------------------------------------------------------------------------


def manifest(**more: Any) -> dict[str, Any]:
    made = stages.make_manifest(
        "judge", {"seed": 0, "context": 4096, "constrain": True}, "smollm2", ScriptedModel(["a"], name="m"),
        prompts={"source": "default", "fingerprint": "p"}, tools={"toolset": "starter", "fingerprint": "t"},
        input={"fingerprint": "i"},
    )  # fmt: skip
    return {**made, **more}


def test_a_stage_is_opened_again_with_the_same(tmp_path: Path) -> None:
    with stages.open_folder(Judgements, tmp_path / "judge", manifest()) as folder:
        folder.add(1)
    with stages.open_folder(Judgements, tmp_path / "judge", manifest(started="later", python="9")) as folder:
        assert [value for _, value in folder.finished()] == [1]
        assert folder.manifest["python"] != "9"


@pytest.mark.parametrize(
    ("now", "differences"),
    [
        (
            {"settings": {"seed": 1, "context": 2048, "constrain": True}},
            "seed was 0, not 1; context was 4096, not 2048",
        ),
        ({"settings": {"seed": 0, "context": 4096, "constrain": 1.5}}, "constrain was True, not 1.5"),
        (
            {"settings": {"seed": 0, "context": 4096, "strict": False}},
            "strict was nothing, not False; constrain was True, not nothing",
        ),
        ({"prompts": {"fingerprint": "x"}, "tools": {"fingerprint": "y"}}, "the prompts changed; the tools changed"),
        ({"input": {"fingerprint": "x"}}, "the input changed"),
        ({"input": None}, "the input changed"),
        (
            {"settings": {"seed": 3, "context": 4096, "constrain": True}, "model": {"name": "n", "fingerprint": "z"}},
            r"seed was 0, not 3; the model changed \(m, not n\)",
        ),
        ({"stage": "paraphrase"}, "it holds the stage judge, not paraphrase"),
    ],
)
def test_every_difference_is_named(tmp_path: Path, now: dict[str, Any], differences: str) -> None:
    stages.open_folder(Judgements, tmp_path / "judge", manifest()).close()
    for _ in range(2):  # the lock is given back
        with pytest.raises(
            StoreError, match=f"judge was started differently: {differences}. Use .*, or another --out$"
        ):
            stages.open_folder(Judgements, tmp_path / "judge", manifest(**now))
    with pytest.raises(StoreError, match=r"or remove it$"):
        stages.open_folder(Judgements, tmp_path / "judge", manifest(**now), "remove it")


@pytest.mark.parametrize(
    "broken",
    [
        {"settings": []},
        {"settings": {"seed": 0}},
        {"settings": {"context": "4096"}},
        {"model": None},
        {"model": {"spec": 1}},
    ],
)
def test_a_manifest_that_lacks_things_is_refused(tmp_path: Path, broken: dict[str, Any]) -> None:
    Judgements.create(tmp_path / "judge", manifest(**broken)).close()
    with pytest.raises(StoreError, match=r"manifest\.json is not a manifest of stesim"):
        stages.open_folder(Judgements, tmp_path / "judge", manifest())


def test_parts_of_a_manifest_that_are_no_parts_are_differences(tmp_path: Path) -> None:
    Judgements.create(tmp_path / "judge", manifest(prompts=[], input="x")).close()
    with pytest.raises(StoreError, match="the prompts changed; the input changed"):
        stages.open_folder(Judgements, tmp_path / "judge", manifest())


def test_the_folder_of_a_run_is_none_of_a_stage(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", {"settings": {}}).close()
    with pytest.raises(StoreError, match="is not a run's manifest: look at settings, model, prompts, tools"):
        stages.open_folder(Judgements, tmp_path / "run", manifest())


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"ab"), lambda path: path.unlink()])
def test_the_fingerprint_of_an_input(tmp_path: Path, change: Callable[[Path], object]) -> None:
    path = tmp_path / "input.jsonl"
    path.write_bytes(b"a" * 3_000_000)
    first = stages.fingerprint(path)
    assert first == stages.fingerprint(path)
    change(path)
    if path.exists():
        assert stages.fingerprint(path) != first
    else:
        with pytest.raises(StoreError, match=r"cannot read .*input\.jsonl: No such file"):
            stages.fingerprint(path)
