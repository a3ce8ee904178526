"""The rows of the export formats, and what is done to the demonstrations before: names, masks, rows without a call."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stesim.dataset import FORMATS, Plan, export
from stesim.dataset.export import lessons
from stesim.dataset.lesson import Lesson, offered
from stesim.dataset.masking import mask
from stesim.dataset.messages import rounded
from stesim.dataset.names import legal_names, reword
from stesim.dataset.nocall import unlike
from stesim.errors import UserError
from stesim.parsing import parse_tolerant
from stesim.records import Action, Demonstration, FinalAnswer, Tool
from stesim.toolbox import Toolbox
from tests.demonstrations import NAMES, demonstrations


@pytest.fixture(scope="module")
def tools() -> tuple[Tool, ...]:
    with Toolbox.open("extended", only=list(NAMES)) as box:
        return box.tools


def rows_of(format_: str, tools: tuple[Tool, ...], plan: Plan | None = None) -> list[dict[str, Any]]:
    data = export(format_, demonstrations(), tools, plan or Plan()).data
    return json.loads(data) if format_ == "paper" else [json.loads(line) for line in data.splitlines()]


def test_messages_are_a_whole_conversation(tools: tuple[Tool, ...]) -> None:
    first = rows_of("messages", tools)[0]
    user, call, result, answer = first["messages"]
    shown = demonstrations()[0]
    assert user == {"role": "user", "content": shown.query}
    assert call["content"] == ""
    assert [sorted(part) for part in call["tool_calls"]] == [["function", "id", "type"]]
    assert call["tool_calls"][0]["function"] == {"name": shown.tool, "arguments": shown.arguments}
    assert result["role"] == "tool"
    assert result["content"] == shown.observation
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert answer == {"role": "assistant", "content": shown.answer}
    functions = [tool["function"] for tool in json.loads(first["tools"])]
    assert len(functions) == 5
    assert shown.tool in [function["name"] for function in functions]
    assert all(function["parameters"]["type"] == "object" for function in functions)
    assert all("properties" in function["parameters"] for function in functions)


def test_the_first_row_has_messages_of_different_keys(tools: tuple[Tool, ...]) -> None:
    """By that `datasets` knows that it must not make a table of them."""
    for plan in (Plan(), Plan(no_call=1.0), Plan(mask_names=1.0), Plan(calls_only=True, no_call=1.0)):
        keys = {frozenset(message) for message in rows_of("messages", tools, plan)[0]["messages"]}
        assert len(keys) > 1


def test_sharegpt_turns_alternate(tools: tuple[Tool, ...]) -> None:
    for row, shown in zip(rows_of("sharegpt", tools), demonstrations(), strict=True):
        turns = row["conversations"]
        assert [turn["from"] for turn in turns] == ["human", "function_call", "observation", "gpt"]
        assert json.loads(turns[1]["value"])["arguments"] == shown.arguments
        assert all(type(turn["value"]) is str for turn in turns)
        assert all(function.keys() == {"name", "description", "parameters"} for function in json.loads(row["tools"]))


def test_react_is_read_by_the_parser(tools: tuple[Tool, ...]) -> None:
    rows = rows_of("react", tools)
    for call, answer, shown in zip(rows[::2], rows[1::2], demonstrations(), strict=True):
        names = re.findall(r"^API name: (.*)$", call["prompt"], re.MULTILINE)
        assert len(names) == 5
        assert call["prompt"].endswith(f"User Query: {shown.query}\n")
        read = parse_tolerant(call["completion"], names)
        assert isinstance(read, Action)
        assert (read.tool, read.arguments, read.repairs) == (shown.tool, shown.arguments, ())
        assert answer["prompt"].startswith(call["prompt"] + call["completion"])
        assert answer["prompt"].endswith(f"\nObservation: {shown.observation}\n")
        last = parse_tolerant(answer["completion"], names)
        assert isinstance(last, FinalAnswer)
        assert last.text == shown.answer


def test_paper_is_what_the_release_trains_on(tools: tuple[Tool, ...]) -> None:
    """One list; user and assistant take turns after the system's message, and the last message is the user's."""
    rows = rows_of("paper", tools)
    assert len(rows) == 2 * len(demonstrations())
    for row in rows:
        assert row.keys() == {"dialog_history", "response"}
        system, *turns = [message["role"] for message in row["dialog_history"]]
        assert system == "system"
        assert turns == ["user", "assistant", "user"][: len(turns)]
        assert len(turns) in (1, 3)
    shown = demonstrations()[0]
    assert rows[0]["response"].startswith(f"Action: <tool_{shown.tool}>\nAction Input: {{")
    assert rows[1]["dialog_history"][2]["content"] == rows[0]["response"]
    assert rows[1]["dialog_history"][3]["content"] == f"Observation: {shown.observation}"
    assert rows[1]["response"] == f"Final Answer: {shown.answer}"
    assert any("<tool_Entity Graph%%Disambiguate>" in row["response"] for row in rows)


@pytest.mark.parametrize("format_", FORMATS)
def test_rows_that_end_with_the_call(format_: str, tools: tuple[Tool, ...]) -> None:
    """They are the rows as ever, less what comes after the call."""
    whole, cut = (rows_of(format_, tools, Plan(seed=3, calls_only=only)) for only in (False, True))
    assert len(cut) == len(demonstrations())
    if format_ in ("react", "paper"):
        assert cut == whole[::2]
    else:
        column = {"messages": "messages", "sharegpt": "conversations"}[format_]
        assert cut == [{**row, column: row[column][:2]} for row in whole]
        said = [row[column][1] for row in cut]
        assert all("tool_calls" in one or one.get("from") == "function_call" for one in said)
    text = json.dumps(cut, ensure_ascii=False)
    for shown in demonstrations():
        assert shown.answer not in text
        assert json.dumps(shown.observation, ensure_ascii=False)[1:-1] not in text
    if format_ != "paper":  # our own words where no tool fits stay
        with_others = rows_of(format_, tools, Plan(no_call=1.0, seed=3, calls_only=True))
        assert len(with_others) == 2 * len(cut)
        assert with_others[::2] == cut


@pytest.mark.parametrize("format_", FORMATS)
def test_equal_input_gives_equal_bytes(format_: str, tools: tuple[Tool, ...]) -> None:
    plan = Plan(seed=5) if format_ == "paper" else Plan(0.5, 0.5, 3, seed=5)
    first = export(format_, demonstrations(), tools, plan)
    assert first.data == export(format_, demonstrations(), tools, plan).data
    if format_ != "paper":
        assert first.data != export(format_, demonstrations(), tools, Plan(0.5, 0.5, 3, seed=6)).data


def test_what_is_drawn_for_a_demonstration_hangs_on_it_alone(tools: tuple[Tool, ...]) -> None:
    every = lessons(demonstrations(), tools, Plan(mask_names=0.5, candidates=3))
    assert lessons(demonstrations()[3:], tools, Plan(mask_names=0.5, candidates=3)) == every[3:]


def test_names_of_functions_are_legal_and_distinct(tools: tuple[Tool, ...]) -> None:
    made = export("messages", demonstrations(), tools, Plan())
    assert made.renamed["Entity Graph%%Disambiguate"] == "Entity_Graph_Disambiguate"
    for format_ in ("messages", "sharegpt"):
        for row in rows_of(format_, tools, Plan(candidates=len(tools))):
            functions = [function.get("function", function) for function in json.loads(row["tools"])]
            names = [function["name"] for function in functions]
            assert len(set(names)) == len(tools)
            assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names)
    assert "Entity Graph%%Disambiguate" not in json.dumps(rows_of("sharegpt", tools))


def test_legal_names() -> None:
    def names(*given: str) -> dict[str, str]:
        return legal_names([Tool(name, "", {}) for name in given])

    assert names("ok", "also-OK_1") == {}
    assert names("a b", "a%b", "a_b") == {"a b": "a_b_2", "a%b": "a_b_3"}  # the legal name keeps its own
    assert names("Días/hábiles") == {"Días/hábiles": "Dias_habiles"}
    assert names("天気", "%%") == {"天気": "tool", "%%": "tool_2"}
    long = names("x" * 70, "x" * 71)
    assert sorted(map(len, long.values())) == [64, 64]
    assert len(set(long.values())) == 2


def test_reword_takes_whole_words() -> None:
    assert reword("Like get_x, not get_xy or my.get_x!", {"get_x": "f"}) == "Like f, not get_xy or my.f!"
    assert reword("The city, as in `city` and 'city'.", {}, {"city": "arg_1"}) == "The city, as in `arg_1` and 'arg_1'."
    assert reword("city", {}, {"city": "arg_1"}) == "city"  # at the very edge there are no quotes
    assert reword("a.c abc", {"a.c": "f"}) == "f abc"


def test_masked_names_agree_everywhere(tools: tuple[Tool, ...]) -> None:
    plan = Plan(mask_names=1.0)
    for row, shown in zip(rows_of("messages", tools, plan), demonstrations(), strict=True):
        functions = {tool["function"]["name"]: tool["function"] for tool in json.loads(row["tools"])}
        assert len(functions) == 5
        assert all(re.fullmatch(r"func_[a-z]\d+", name) for name in functions)
        call, result = row["messages"][1]["tool_calls"][0]["function"], row["messages"][2]
        assert result["name"] == call["name"]
        schema = functions[call["name"]]["parameters"]
        assert all(re.fullmatch(r"arg_\d+", name) for name in [*schema["properties"], *call["arguments"]])
        Draft202012Validator(schema).validate(call["arguments"])
        assert list(values(call["arguments"])) == list(values(shown.arguments))
        assert row["messages"][0]["content"] == shown.query
        assert result["content"] == shown.observation
        assert row["messages"][3]["content"] == shown.answer
        assert shown.tool not in row["tools"]


def values(value: Any) -> Any:
    """The leaves of a JSON value in order."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from values(inner)
    else:
        yield value


def test_masking_rewords_descriptions_and_inner_objects() -> None:
    schema = {
        "type": "object",
        "properties": {
            "maxResults": {"type": "integer", "description": "At most. See `city` and find_hotels."},
            "city": {"type": "string", "title": "City", "description": "Name of the city."},
            "guests": {
                "type": "array",
                "items": {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]},
                "default": [{"age": 30}],
            },
        },
        "required": ["city"],
        "examples": [{"city": "Rome", "guests": [{"age": 1}]}],
    }
    tool = Tool("find_hotels", "find_hotels takes maxResults.", schema)
    called = {"guests": [{"age": 3}, {"age": 4}], "city": "Rome", "extra": 1}
    shown = Demonstration("find_hotels", "find_hotels, city Rome", called, "{}", "age", 1, 1, thought="find_hotels")
    hidden = mask(Lesson(shown.query, (tool,), shown), random.Random(0))
    (other,), call = hidden.tools, hidden.demonstration
    assert call is not None
    assert call.arguments == {"arg_3": [{"arg_4": 3}, {"arg_4": 4}], "arg_2": "Rome", "extra": 1}
    assert call.thought == ""
    assert call.query == hidden.query == shown.query
    assert other.description == f"{other.name} takes arg_1."
    assert other.parameters["properties"]["arg_1"]["description"] == f"At most. See `arg_2` and {other.name}."
    assert other.parameters["properties"]["arg_2"] == {"type": "string", "description": "Name of the city."}
    assert other.parameters["properties"]["arg_3"]["items"]["required"] == ["arg_4"]
    assert other.parameters["properties"]["arg_3"]["default"] == [{"arg_4": 30}]
    assert other.parameters["examples"] == [{"arg_2": "Rome", "arg_3": [{"arg_4": 1}]}]
    assert tool.parameters is schema
    assert "maxResults" in schema["properties"]  # the tool itself is as it was


@pytest.mark.parametrize(
    "more",
    [
        {"dependentRequired": {"a": ["b"]}},
        {"allOf": [{"required": ["a"]}]},
        {"$defs": {"x": {"$ref": "#/properties/a"}}},
    ],
)
def test_arguments_that_a_schema_refers_to_keep_their_names(more: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, **more}
    shown = Demonstration("t", "q", {"a": "1", "b": "2"}, "", "", 1, 1)
    hidden = mask(Lesson("q", (Tool("t", "", schema),), shown), random.Random(0))
    assert hidden.demonstration is not None
    assert hidden.demonstration.arguments == shown.arguments
    assert hidden.demonstration.tool.startswith("func_")
    assert list(hidden.tools[0].parameters["properties"]) == ["a", "b"]


def test_many_tools_get_different_masks() -> None:
    tools = tuple(Tool(f"t{number}", "", {}) for number in range(900))
    hidden = mask(Lesson("q", tools, None), random.Random(0))
    assert len({tool.name for tool in hidden.tools}) == 900


def test_the_share_of_masked_rows() -> None:
    tool = Tool("t", "", {"type": "object"})
    shown = [Demonstration("t", f"q{number}", {}, "", "", 1, number) for number in range(2000)]
    assert export("messages", shown, [tool], Plan()).masked == 0
    assert 500 < export("messages", shown, [tool], Plan(mask_names=0.3)).masked < 700
    assert export("messages", shown, [tool], Plan(mask_names=1.0)).masked == 2000


@pytest.mark.parametrize("format_", ["messages", "react", "sharegpt"])
def test_rows_without_a_call(format_: str, tools: tuple[Tool, ...]) -> None:
    made = export(format_, demonstrations(), tools, Plan(no_call=0.5))
    assert made.no_call == round(len(demonstrations()) / 2)
    plain = export(format_, demonstrations(), tools, Plan())
    assert made.rows == plain.rows + made.no_call
    kept = made.data.splitlines()
    added = [line for line in kept if line not in plain.data.splitlines()]
    assert [line for line in kept if line not in added] == plain.data.splitlines()  # the others are as they were
    assert all(b"I have no tool for that." in line or b"I cannot help with that." in line for line in added)
    assert all(b"tool_calls" not in line and b"function_call" not in line for line in added)
    assert all(b'"completion": "Final Answer' in line for line in added if format_ == "react")


def test_the_right_tool_is_not_offered_in_a_row_without_a_call(tools: tuple[Tool, ...]) -> None:
    made = lessons(demonstrations(), tools, Plan(no_call=1.0))
    by_name = {tool.name: tool for tool in tools}
    for with_call, without in zip(made[::2], made[1::2], strict=True):
        assert with_call.demonstration is not None
        assert without.demonstration is None
        assert without.query == with_call.query
        right = by_name[with_call.demonstration.tool]
        assert 1 <= len(without.tools) <= 5
        assert all(not set(tool.tags) & set(right.tags) for tool in without.tools)


def test_tools_like_the_right_one_are_offered_only_for_want_of_others() -> None:
    right = Tool("a", "", {}, provider="p", tags=("x",))
    same_tag = Tool("b", "", {}, provider="q", tags=("x", "y"))
    same_provider = Tool("c", "", {}, provider="p", tags=("z",))
    other = Tool("d", "", {}, provider="q", tags=("z",))
    assert unlike([right, same_tag, same_provider, other], right) == [other]
    assert unlike([right, same_tag, same_provider], right) == [same_provider]
    assert unlike([right, same_tag], right) == [same_tag]


def test_offered_tools_stand_in_the_order_of_the_toolset(tools: tuple[Tool, ...]) -> None:
    places = {tool.name: place for place, tool in enumerate(tools)}
    for seed in range(20):
        chosen = offered(tools, tools[3], 4, random.Random(seed))
        assert len(chosen) == 4
        assert tools[3] in chosen
        assert sorted(places[tool.name] for tool in chosen) == [places[tool.name] for tool in chosen]
    assert offered(tools, tools[3], 1, random.Random(0)) == (tools[3],)
    assert offered(tools, tools[3], 100, random.Random(0)) == tools


def test_plans_that_make_no_sense(tools: tuple[Tool, ...]) -> None:
    for plan in (Plan(mask_names=0.1), Plan(no_call=0.1)):
        with pytest.raises(UserError, match="paper describes no tools"):
            export("paper", demonstrations(), tools, plan)
    alone = Demonstration("t", "q", {}, "", "", 1, 1)
    with pytest.raises(UserError, match="only t"):
        export("react", [alone], [Tool("t", "", {})], Plan(no_call=0.5))


def test_lines_hold_no_letter_that_ends_a_line_or_drives_a_terminal() -> None:
    nasty = "a\x9b2J\u2028b\u202ec\x7f\x1b[31m\n"
    shown = Demonstration("t", nasty, {"x": nasty}, nasty, nasty, 1, 1)
    for format_ in FORMATS:
        data = export(format_, [shown], [Tool("t", nasty, {"type": "object"})], Plan()).data
        assert len(data.decode().splitlines()) == len(data.splitlines())
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", data.decode())
    assert json.loads(export("messages", [shown], [Tool("t", "", {})], Plan()).data)["messages"][0]["content"] == nasty


@pytest.mark.parametrize(("value", "yes"), [
    (48.8566, False), (1.0, False), (1e22, False), (0.1234567891, False), (0.12345678912, True), (1 / 3, True),
    ({"a": [1, "0.33333333333333", {"b": 1 / 3}]}, True), ({"a": [1, "x", None, True]}, False),
])  # fmt: skip
def test_numbers_that_would_be_rounded(value: Any, yes: bool) -> None:
    assert rounded(value) is yes
