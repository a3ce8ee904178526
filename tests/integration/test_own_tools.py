"""Tools of one's own in a run: what the README and docs/own-tools.md say, typed as they say it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

import mocktools
from tests.integration.conftest import Type, answer, call
from tests.integration.test_commands import one_line

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SMALL = ["--episodes", "1", "--trials", "1", "--max-calls", "2"]


def block(language: str, words: str) -> str:
    """The code block of the README that holds these words."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = [body for body in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if words in body]
    assert len(found) == 1, words
    return str(found[0])


def script(folder: Path, *texts: str) -> str:
    path = folder / "script.json"
    path.write_bytes(orjson.dumps(texts))
    return f"scripted:{path}"


@pytest.fixture
def python_file(tmp_path: Path) -> Path:
    """The README's Python file."""
    path = tmp_path / "mytools.py"
    path.write_text(block("python", "# mytools.py"), encoding="utf-8")
    return path


COUNTED = [
    "How many words has 'to be'?", call("count_words", {"text": "to be", "shortest": "2"}), answer("Two."), "Yes",
]  # fmt: skip


def test_the_python_file_of_the_readme(type_: Type, tmp_path: Path, python_file: Path) -> None:
    shown = type_("tools", "show", "count_words", "--toolset", python_file).stdout
    assert "Description: Count the words of a text." in shown
    assert "- shortest (integer, optional): Leave out words with fewer letters than this, e.g. 3." in shown
    words = ["--toolset", python_file, "--out", "own", *SMALL]
    type_("run", "--model", script(tmp_path, *COUNTED), *words)
    (trial,) = [json.loads(line) for line in (tmp_path / "own/trials.jsonl").read_text("utf-8").splitlines()]
    assert trial["steps"][0]["observation"] == {"text": '{"words":2}', "kind": "ok", "status": 200}
    manifest = json.loads((tmp_path / "own/manifest.json").read_bytes())
    assert manifest["tools"]["toolset"] == str(python_file.resolve())
    assert manifest["settings"]["tools"] == ["count_words"]


def test_a_recorded_run_does_not_run_code_unasked(type_: Type, tmp_path: Path, python_file: Path) -> None:
    model = script(tmp_path, *COUNTED)
    type_("run", "--model", model, "--toolset", python_file, "--out", "own", *SMALL)
    python_file.write_text("raise SystemExit('it was run')", encoding="utf-8")
    for words in (["--out", "own"], ["--model", "replay:own", "--out", "again"]):
        error = one_line(type_("run", *words, code=2).stderr)
        assert f"name it to run its code: --toolset {python_file.resolve()}" in error
    assert "How many words" in type_("show", "own", 1).stdout
    manifest = tmp_path / "own/manifest.json"
    for written in (f"{python_file}/", f"{python_file}/.", f"{tmp_path}/own/../mytools.py/", "./mytools.py//"):
        told = json.loads(manifest.read_bytes())
        told["tools"]["toolset"] = written
        manifest.write_bytes(orjson.dumps(told))
        assert "name it to run its code" in one_line(type_("run", "--out", "own", code=2).stderr)
    assert "count_words" in type_("memory", "own").stdout


def test_a_run_notices_that_its_tools_changed(type_: Type, tmp_path: Path, python_file: Path) -> None:
    again = ["--model", script(tmp_path, *COUNTED), "--out", "own", "--toolset", python_file]
    type_("run", *again, *SMALL)
    type_("run", *again)  # it is finished; nothing is asked of the model
    python_file.write_text(python_file.read_text("utf-8").replace("split()", "split(' ')"), encoding="utf-8")
    assert "the tools changed" in one_line(type_("run", *again, code=2).stderr)
    python_file.unlink()
    assert "there is no such file" in one_line(type_("run", *again, code=2).stderr)


@pytest.mark.parametrize("words", [["list"], ["show", "f"], ["call", "f"], ["check"]])
def test_a_file_is_loaded_without_a_network(type_: Type, tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "reaching.py"
    path.write_text("import socket\nsocket.create_connection(('127.0.0.1', 9))\n", encoding="utf-8")
    toolset = [path] if words == ["check"] else ["--toolset", path]
    result = type_("tools", *words, *toolset, code=None)
    assert result.exit_code in (1, 2)
    assert "blocked: something tried to use the network" in result.output


def test_numbers_and_names_beyond_the_usual(type_: Type, tmp_path: Path) -> None:
    """What a fingerprint has to survive: bounds above 64 bits, schemas that are true, odd file names."""
    shutil.copytree(EXAMPLES / "orders", tmp_path / "orders")
    tools = json.loads((tmp_path / "orders/tools.json").read_bytes())
    tools[0]["function"]["parameters"]["properties"] |= {"any": True, "big": {"type": "integer", "maximum": 2**256}}
    (tmp_path / "orders/tools.json").write_text(json.dumps(tools))
    (tmp_path / "orders/fixtures/orders.json").rename(tmp_path / "orders/fixtures" / "\udcff.json")
    assert "- any (any, optional)" in type_("tools", "show", "get_order", "--toolset", "orders").stdout
    texts = ["?", call("get_order", {"order_id": "A-1001"}), answer("Shipped."), "Yes"]
    words = ["--toolset", "orders", "--tools", "get_order", "--out", "r", *SMALL]
    type_("run", "--model", script(tmp_path, *texts), *words)


def test_the_functions_of_the_readme(type_: Type, tmp_path: Path) -> None:
    """The README's fixtures are a shorter form of those in examples/orders."""
    shutil.copytree(EXAMPLES / "orders", tmp_path / "orders")
    (tmp_path / "orders/fixtures/orders.json").write_text(block("json", "get_order"), encoding="utf-8")
    found = type_("tools", "call", "get_order", '{"order_id": "A-1001"}', "--toolset", "orders").stdout
    assert json.loads(found) == {"status": "shipped"}
    missing = type_("tools", "call", "get_order", '{"order_id": "B-7"}', "--toolset", "orders", code=1).stdout
    assert missing == 'Error (HTTP 404): {"error":"there is no such order"}\n'
    refused = type_("tools", "call", "get_order", "{}", "--toolset", "orders", code=1).stdout
    assert refused == 'Error (HTTP 400): {"error":"Missing required parameter: order_id"}\n'
    asked = ["Shops?", call("list_shops", {"city": "Lyon"}), answer("None."), "No"]
    only = ["--tools", "list_shops", "--toolset", "orders", "--out", "lost", *SMALL]
    type_("run", "--model", script(tmp_path, *asked), *only)
    assert "Error: no answer is known to this call. Try other arguments.\n" in type_("show", "lost", 1).stdout
    lost = type_("tools", "call", "list_shops", '{"city": "Lyon"}', "--toolset", "orders", code=1).stdout
    assert 'path is "/list_shops", not "/get_order"' in lost


def test_a_run_over_a_folder_goes_on_and_repeats_without_its_name(type_: Type, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "orders", tmp_path / "orders")
    texts = ["Where is order A-1001?", call("get_order", {"order_id": "A-1001"}), answer("Shipped."), "Yes"]
    texts += ["Shops in Köln?", call("list_shops", {"city": "koln"}), answer("One."), "Yes"]
    type_("run", "--model", script(tmp_path, *texts), "--toolset", "orders", "--out", "first", *SMALL)
    assert "Hohe Straße 30" in type_("show", "first", 2).stdout
    type_("run", "--out", "first")
    assert "no fixture answers" not in type_("show", "first", 1).stdout
    type_("run", "--model", "replay:first", "--out", "second")
    assert (tmp_path / "first/trials.jsonl").read_bytes() == (tmp_path / "second/trials.jsonl").read_bytes()
    fixture = tmp_path / "orders/fixtures/orders.json"
    fixture.write_text(fixture.read_text("utf-8").replace("shipped", "lost"), encoding="utf-8")
    assert "the tools changed" in one_line(type_("run", "--out", "first", code=2).stderr)


def test_an_import_answers_at_once(type_: Type, tmp_path: Path) -> None:
    pytest.importorskip("openapi_spec_validator")
    done = type_("tools", "import", EXAMPLES / "bookshop.yaml", "--out", "shop")
    assert "Bookshop 1.0: 3 tools in shop, 1 with an example of the document; 0 operations skipped" in done.stdout
    assert type_("tools", "check", "shop").stdout == "all is well\n"
    book = json.loads(type_("tools", "call", "getBook", '{"isbn": "9780140449136"}', "--toolset", "shop/").stdout)
    assert book["isbn"] == "9780140449136"
    assert book.keys() == {"isbn", "title", "author", "price"}
    order = json.loads(type_("tools", "call", "orderBook", '{"isbn": "1", "copies": 3}', "--toolset", "./shop").stdout)
    assert (order["isbn"], order["copies"]) == ("1", 3)
    told = json.loads(type_("tools", "import", EXAMPLES / "bookshop.yaml", "--out", "shop", "--json").stdout)
    assert told["tools"] == ["searchBooks", "getBook", "orderBook"]
    ambiguous = one_line(type_("tools", "list", "--toolset", "shop", code=2).stderr)
    assert "'shop' is a bundled toolset and a folder of tools here; write ./shop for the folder" in ambiguous
    error = one_line(type_("tools", "import", EXAMPLES / "bookshop.yaml", "--out", EXAMPLES, code=2).stderr)
    assert "examples" in error


def test_check_names_file_and_place(type_: Type, tmp_path: Path) -> None:
    for example in ("mytools.py", "orders"):
        type_("tools", "check", EXAMPLES / example)
    shutil.copytree(EXAMPLES / "orders", tmp_path / "orders")
    fixture = tmp_path / "orders/fixtures/orders.json"
    fixture.write_text(fixture.read_text("utf-8").replace('"order_id": "*"', '"order": "*"'), encoding="utf-8")
    output = type_("tools", "check", "orders").stdout
    assert "fixtures/orders.json, exchanges[1].call.arguments: get_order has no parameter order\n" in output
    fixture.write_text(
        fixture.read_text("utf-8").replace('"shipped"', '"sk_live_4eC39HqLyjWDarjtT1zdp7dc"'), encoding="utf-8"
    )
    findings = json.loads(type_("tools", "check", "orders", "--json", code=1).stdout)
    assert [(found["level"], found["place"]) for found in findings if found["level"] == "error"] == [
        ("error", "exchanges[0].response.json.status")
    ]
    assert "nothing to check at nowhere" in one_line(type_("tools", "check", "nowhere", code=2).stderr)


def test_the_bundled_tools_pass_the_check(type_: Type) -> None:
    assert type_("tools", "check").stdout == "all is well\n"


def test_the_examples_of_own_tools_work(type_: Type) -> None:
    """What examples/mytools.py promises: state that begins anew, refusals with a status."""
    with mocktools.activate(EXAMPLES / "mytools.py") as tools:
        world, other = tools.fresh(), tools.fresh()
        arguments = {"room": "Birch", "day": "2026-11-03", "hour": 9}
        assert tools.get("book_room").call(arguments, world).status == 200
        assert tools.get("book_room").call(arguments, world).status == 409
        assert tools.get("book_room").call(arguments, other).status == 200
        assert tools.get("book_room").call({**arguments, "hour": 99}, other).status == 400
    output = type_("tools", "call", "catering_price", '{"people": 6}', "--toolset", EXAMPLES / "mytools.py").stdout
    assert json.loads(output) == {"total": 21.0, "currency": "EUR"}


def test_a_signal_within_a_tool_ends_the_run(tmp_path: Path) -> None:
    """What a tool's function is doing when the system asks the process to end is not an answer of the tool."""
    path = tmp_path / "slow.py"
    lines = ["import os, signal, mocktools", "", "@mocktools.tool", "def wait(text: str) -> str:", '    """Wait."""']
    path.write_text("\n".join([*lines, "    os.kill(os.getpid(), signal.SIGTERM)", "    return text", ""]), "utf-8")
    model = script(tmp_path, "?", call("wait", {"text": "x"}), answer("Yes."), "Yes")
    words = ["run", "--model", model, "--toolset", "slow.py", "--out", "r", *SMALL]
    found = subprocess.run(
        [sys.executable, "-m", "stesim", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 143, found.stderr
    assert "stopped: 0 of 1 trials are finished and kept." in found.stderr
    assert (tmp_path / "r/trials.jsonl").read_bytes() == b""
