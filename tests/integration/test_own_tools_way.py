"""The whole way for tools of one's own, typed as docs/own-tools.md says it, with the test set of docs/test-sets.md."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from mocktools.testsets import read
from stesim.grammar import narrowed
from stesim.grounding import ungrounded
from stesim.parsing.render import render
from stesim.records import Action, Tool
from stesim.testset import cases
from stesim.toolbox import Toolbox
from tests.integration.conftest import Type, answer
from tests.integration.test_commands import one_line
from tests.tiny import make_tiny

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--episodes", "1", "--trials", "1"]
# A trial for each tool: the call, and the query that is written for it.
CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("find_rooms", {"day": "2026-11-04", "seats": 9}, "Which rooms are there for 9 people on 4 November 2026?"),
    ("book_room", {"room": "Cedar", "day": "2026-11-05", "hour": 11}, "Book Cedar for 11 on 5 November 2026."),
    ("catering_price", {"people": 6, "meal": "lunch"}, "How much is lunch for 6 people?"),
]


def section(name: str, heading: str) -> str:
    """A section of a document, from its heading to the next one."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def block(name: str, heading: str, language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", section(name, heading), re.DOTALL)
    return str(found)


def commands(name: str, heading: str) -> list[list[str]]:
    return [shlex.split(line, comments=True)[1:] for line in block(name, heading, "sh").splitlines()]


@pytest.fixture
def tools(type_: Type, tmp_path: Path) -> Path:
    """A copy of the example and the test set, where the commands are typed."""
    (tmp_path / "mine.jsonl").write_text(block("test-sets.md", "A test set of your own", "json"), encoding="utf-8")
    return Path(shutil.copy(ROOT / "examples/mytools.py", tmp_path / "mytools.py"))


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., list[str]]:
    def write(name: str, texts: list[str]) -> list[str]:
        (tmp_path / name).write_bytes(orjson.dumps(texts))
        return ["--model", f"scripted:{tmp_path / name}"]

    return write


def right_answers() -> list[str]:
    """In the order in which an evaluation asks."""
    found = cases("mine.jsonl", [tool for tool, *_ in CALLS], unanswerable=True)
    calls = [render(Action(case.calls[0].tool, dict(case.calls[0].arguments))) for case in found if case.calls]
    return [*calls, *["Final Answer: I cannot help with that." for case in found if not case.calls]]


def explored(tool: str, arguments: dict[str, Any], query: str) -> list[str]:
    made = render(Action(tool, arguments))
    return [made, query, "What a day", f"{query} Please", "How nice", query, made, answer("Here you are."), "Yes"]


def test_the_commands(
    type_: Type, tools: Path, scripted: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run, distill, baseline, icl, finetune, ft, report, export = commands("own-tools.md", "The whole way")
    texts = [text for trial in CALLS for text in explored(*trial)]
    type_(*run, *scripted("run.json", texts), *SMALL)
    type_(*distill, "--no-paraphrase")
    right = right_answers()
    type_(*baseline, *scripted("baseline.json", ["Final Answer: No."] * len(right)))
    type_(*icl, *scripted("icl.json", right))
    tiny = make_tiny(tmp_path / "tiny.gguf")
    trained = type_(*finetune, "--model", tiny, "--drills", 2, "--epochs", 1, "--threads", 1)
    assert "given 9 rows (3 calls, 6 drills) of 3 demonstrations" in trained.stdout
    type_(*ft, "--model", tiny)
    correct = {}
    for name in ("baseline", "icl", "ft"):
        result = json.loads((tmp_path / "runs/mine/eval" / name / "result.json").read_bytes())
        assert (result["tools"], result["queries"], result["unanswerable"]) == (3, 4, 1)
        correct[name] = result["metrics"]["argument_match"]["value"]
    assert (correct["baseline"], correct["icl"]) == (0.0, 100.0)
    shown = type_(*report).stdout
    assert all(f"\n| {name} " in shown for name in ("baseline", "ICL", "FT"))
    assert "3 rows from 3 demonstrations (calls only)" in type_(*export).stdout
    rows = [json.loads(line) for line in (tmp_path / "runs/mine/exports/messages.jsonl").read_bytes().splitlines()]
    calls = [row["messages"][-1]["tool_calls"][0]["function"] for row in rows]
    assert calls == [{"name": tool, "arguments": arguments} for tool, arguments, _ in CALLS]
    assert "without a judge" in type_(*export[:-1]).stderr


def test_a_file_of_tools_is_named_at_every_command(
    type_: Type, tools: Path, scripted: Callable[..., list[str]], tmp_path: Path
) -> None:
    run, distill, _, icl, finetune, _, _, export = commands("own-tools.md", "The whole way")
    texts = [text for trial in CALLS for text in explored(*trial)]
    type_(*run, *scripted("run.json", texts), *SMALL)
    type_(*distill, "--no-paraphrase")
    model = ["--model", str(make_tiny(tmp_path / "tiny.gguf"))]
    for words in (distill, icl, [*finetune, *model], export):
        without = [word for word in words if word not in ("--toolset", "mytools.py")]
        assert "name it to run its code: --toolset" in one_line(type_(*without, code=2).stderr)


def test_a_folder_of_tools_is_named_once(type_: Type, scripted: Callable[..., list[str]], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/orders", tmp_path / "orders")
    trial = explored("list_shops", {"city": "Lyon"}, "Which shops are there in Lyon?")
    words = ["--toolset", "./orders", "--tools", "list_shops", "--imagine", "call-first", "--out", "r", *SMALL]
    type_("run", *words, *scripted("run.json", trial))
    type_("distill", "r", "--no-judge", "--no-paraphrase")
    line = {"id": "a", "query": "Shops in Köln?", "calls": [{"tool": "list_shops", "arguments": {"city": "Köln"}}]}
    (tmp_path / "mine.jsonl").write_bytes(orjson.dumps(line))
    right = render(Action("list_shops", {"city": "Köln"}))
    type_("eval", "--run", "r", "--testset", "mine.jsonl", "--mode", "icl", *scripted("icl.json", [right]))
    type_("export", "r", "--format", "messages")
    assert (tmp_path / "r/exports/messages.jsonl").stat().st_size > 0


def test_without_a_test_set_the_evaluation_is_refused(
    type_: Type, tools: Path, scripted: Callable[..., list[str]]
) -> None:
    error = one_line(type_("eval", "--toolset", "mytools.py", *scripted("x.json", ["x"]), "--out", "e", code=2).stderr)
    assert "no query for the chosen tools" in error


def test_every_right_call_of_the_test_set_gives_a_result(tools: Path, tmp_path: Path) -> None:
    calls = [case.calls[0] for case in read(tmp_path / "mine.jsonl") if case.calls]
    assert {call.tool for call in calls} == {"catering_price", "find_rooms", "book_room"}
    with Toolbox.open(str(tools)) as box:
        for call in calls:
            assert box.call(Action(call.tool, dict(call.arguments))).kind == "ok"


def orders(**more: Any) -> Tool:
    schema = {"type": "string", "description": "Number on the receipt, e.g. A-1001.", **more}
    return Tool("get_order", "Get an order.", {"properties": {"order_id": schema}, "required": ["order_id"]})


def drawn(tool: Tool) -> list[dict[str, Any]]:
    """What the calls of a run are held to, one after another."""
    return [
        narrowed(tool.parameters, {"order_id": "A-1001"}, random.Random(turn), turn, 2026)["properties"]["order_id"]
        for turn in range(40)
    ]


def test_ids_that_nobody_can_guess() -> None:
    """An enum and a pattern are kept to; an example alone gives each call another first letter."""
    ids = ["A-1001", "B-7"]
    assert {tuple(each["enum"]) for each in drawn(orders(enum=ids))} == {("A-1001",), ("B-7",)}
    assert {each["pattern"] for each in drawn(orders(pattern="^A-100[12]$"))} == {"^A-100[12]$"}
    allowed = [bool(re.fullmatch(each["pattern"], "A-1001")) for each in drawn(orders())]
    assert 0 < sum(allowed) < 5
    for tool in (orders(), orders(enum=ids), orders(pattern="^A-100[12]$")):
        assert ungrounded({"order_id": "A-1001"}, "Where is order A-1001?", tool) == ()
        assert ungrounded({"order_id": "A-1001"}, "Where is my order?", tool) == ("order_id",)
