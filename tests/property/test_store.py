"""The run folder against a plain list in memory: appending, killing in the middle of a line, opening again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stesim.records import Action, FinalAnswer, Observation, ParseFailure, Reflection, Step, Trial
from stesim.store import RunFolder

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
REPAIRS = st.lists(TEXT, max_size=2).map(tuple)
REPLIES = (
    st.builds(Action, TEXT, st.dictionaries(TEXT, JSON, max_size=3), TEXT, REPAIRS)
    | st.builds(FinalAnswer, TEXT, TEXT, REPAIRS)
    | st.builds(ParseFailure, TEXT, TEXT, TEXT, REPAIRS)
)
OBSERVATIONS = st.none() | st.builds(
    Observation, TEXT, st.sampled_from(["ok", "http_error"]), st.none() | st.integers(100, 599)
)
TRIALS = st.builds(
    Trial,
    tool=TEXT,
    episode=st.integers(1, 99),
    trial=st.integers(1, 99),
    query=TEXT,
    steps=st.lists(st.builds(Step, TEXT, REPLIES, OBSERVATIONS), max_size=3).map(tuple),
    stop_reason=st.sampled_from(["final_answer", "max_calls", "context_full", "repeated_call"]),
    reflection=st.none() | st.builds(Reflection, st.sampled_from(["yes", "no", "unparsed"]), TEXT),
    forgotten=st.integers(0, 9),
)


class FolderMachine(RuleBasedStateMachine):
    """What was added is there, in order, whatever happens to the end of the file."""

    @initialize()
    def create(self) -> None:
        self.path = Path(tempfile.mkdtemp()) / "run"
        self.folder = RunFolder.create(self.path, {})
        self.expected: list[Trial] = []

    @rule(trial=TRIALS)
    def add(self, trial: Trial) -> None:
        self.folder.add_trial(trial)
        self.expected.append(trial)

    @rule(trial=TRIALS, cut=st.integers(1, 40))
    def die_while_adding(self, trial: Trial, cut: int) -> None:
        self.folder.add_trial(trial)
        self.folder.close()
        data = (self.path / "trials.jsonl").read_bytes()
        line = data.splitlines(keepends=True)[-1] if data else b""
        (self.path / "trials.jsonl").write_bytes(data[: len(data) - min(cut, len(line))])
        self.folder = RunFolder.open_(self.path)

    @rule()
    def open_again(self) -> None:
        self.folder.close()
        self.folder = RunFolder.open_(self.path)

    @invariant()
    def the_trials_are_those_added(self) -> None:
        if hasattr(self, "folder"):
            assert list(RunFolder.read(self.path).trials()) == self.expected

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.close()
            shutil.rmtree(self.path.parent)


TestRunFolder = FolderMachine.TestCase
