"""Properties of the parser that hold for any text, any tool name and any arguments that can be stored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stesim.parsing import parse_reflection, parse_strict, parse_tolerant, render
from stesim.parsing.arguments import is_placeholder
from stesim.parsing.markers import cut_stop_word, find_marks
from stesim.parsing.values import storable
from stesim.parsing.vocabulary import FAILURES, REPAIRS
from stesim.records import Action, FinalAnswer, ParseFailure, Reply

TOOLS = ("search", "get_weather", "Numbers%%Get math fact")

# The pieces that replies are made of, right and wrong ones.
FRAGMENTS = (
    "Thought: ", "Action: ", "Action:", "Action Input: ", "Action Input:", "Observation: ", "Final Answer: ",
    "Final Answer:", "**Action:** ", "Action 1: ", "Action：", "action input: ", "User Query: ", "\n", "\n\n", " ",
    "\\n", "search", "get_weather", "Get Weather", "Numbers%%Get math fact", "get\\_weather", "`search`", "None",
    "Finish", "Use ", "tool", "{", "}", "{{", "}}", "[", "]", "(", ")", '"', "'", ",", ":", "=", "...", "{}",
    '{"a": 1}', '{"a": 1,}', "{'a': 'b'}", '{"a": {"b": 2}}', '{"name": "search", "arguments": {}}', '"a": ', '"b"',
    "1", "-2.5", "true", "None", "NaN", "```json\n", "```", "<think>", "</think>", "<tool_call>", "</tool_call>",
    "<tool_search>", "//", "#", "/*", "*/", "\\", '\\"', "\\u00", "“", "”", "，", "Observ", "Yes", "no", "\ud800",
    "<function=search>", "<function=", "</function>", '{"action": "', '"action_input": ', "Final Answer", '", ', "[TOOL_CALLS]", "<|python_tag|>", "search(", "get_weather(a=", ")", "Tool: ",
    "<reasoning>", "</reasoning>", "✿FUNCTION✿: search\n✿ARGS✿: ", "<｜tool▁call▁begin｜>", "search<｜tool▁sep｜>",
    "<action>search</action><action_input>", "### Action\n", "### Action Input\n", "functions.", "\u200b", "\\d", "\\_", "\\n",
    " or ", ", then ", "</s>", "<|im_end|>", "functools[", '{"choices": [{"message": ',
    "\x00", "é", "the API function name", '{"key_1": "value_1"}',
)  # fmt: skip
PIECES = st.lists(st.sampled_from(FRAGMENTS), max_size=4).map("".join)
FEW = st.lists(st.sampled_from(FRAGMENTS), max_size=1).map("".join)
OBJECT_TEXTS = st.one_of(
    st.sampled_from(['{"a": 1}', '{"a": "b"}', "{}", '{"a": {"b": [2]}}', "{'a': True,}"]),
    st.lists(
        st.sampled_from(["a", "b ", '"', '"', ", ", ": ", '", "c": "', "'", "\n", "}", "{", "1", "\\"]), max_size=8
    ).map(lambda parts: '{"a": "' + "".join(parts) + '"}'),
)
# Replies that are a call but for a few pieces.
NEARLY = st.builds(
    lambda before, tool, between, arguments, after: f"{before}Action: {tool}{between}Action Input: {arguments}{after}",
    FEW,
    st.sampled_from(TOOLS),
    st.sampled_from(["\n", "\n", " ", "\\n\n", " (it finds)\n"]) | FEW,
    OBJECT_TEXTS | PIECES,
    PIECES,
)
# Of these most are calls for the strict parser too.
CALLS = st.builds(
    lambda before, tool, arguments, after: f"{before}Action: {tool}\nAction Input: {arguments}{after}",
    FEW,
    st.sampled_from(TOOLS),
    st.sampled_from(["{}", '{"a": 1}', '{"a": "b"}', '{"a": {"b": [2]}, "c": 1}']),
    FEW,
)
REPLIES = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join), NEARLY)

MARKERS = st.sampled_from(
    [
        "Action:",
        "Action Input:",
        "Final Answer:",
        "Observation:",
        "\nAction: x",
        "</think>",
        "<think>",
        "</tool_call>",
        "```",
        "{",
        "}",
        '"',
        "\\n",
    ]
)
TEXTS = st.one_of(st.text(st.characters(codec="utf-8"), max_size=12), st.lists(MARKERS, max_size=3).map(" ".join))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4).filter(lambda value: not is_placeholder(value))
NAMES = st.one_of(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20),
    st.lists(st.sampled_from([*FRAGMENTS[:9], "search", "%%", "[x]", "(y)"]), min_size=1, max_size=3).map("".join),
).filter(lambda name: name == name.strip() and "\n" not in name and name.strip())
# A thought without a marker of its own.
THOUGHTS = st.lists(
    st.sampled_from(["I need", "the weather", "in Lyon", "{now}", '"soon"', "100 %", "–"]), max_size=4
).map(" ".join)

NOISE_BEFORE = st.sampled_from(
    [
        "",
        "Sure!\n",
        "Thought: I look it up.\n",
        "Final Answer:\n",
        "<think>Action: no</think>\n",
        "User Query: what?\n",
        "Observation: none\n",
    ]
)
NOISE_AFTER = st.sampled_from(
    [
        "", "\n", "\nObservation: {\"a\": 1}", "\nFinal Answer: it is so", "\nThought: and now", "\nObserv",
        "\n```\nDone.", "</s>", "\nAction: other\nAction Input: {}", "\n\nUser Query: next?", " }", "\\n",
]
)  # fmt: skip


def reading(reply: Reply) -> tuple[object, ...]:
    if isinstance(reply, Action):
        return "action", reply.tool, reply.arguments
    return ("answer", reply.text) if isinstance(reply, FinalAnswer) else ("failure", reply.kind)


@given(REPLIES, st.sampled_from([None, (), TOOLS]))
@example('Action: search\nAction Input: {"a": "\\', TOOLS)
@example("a reply without any marker", TOOLS)
@example("Action Input:{", None)
@example("[TOOL_CALLS]" * 9, TOOLS)
@example('{"action": "Final Answer", "action_input": {}}', TOOLS)
@example("<function=Finish>{}", TOOLS)
@example(r'Action: search\nAction Input: {"path": "C:\Users\new"}', TOOLS)
@example("<think>\nShould I use Action: search Action Input: {}? No.", TOOLS)
@example('Action: search\nAction Input: {"days": 2} or {"days": 3', TOOLS)
@example('Action: search\nAction Input: {}{# a\n"b": 1', TOOLS)
@example('{"choices": [{"message": {"tool_calls": [{}, {}]}}]}', TOOLS)
@example('{"name": "search", "arguments": {}}' * 40, TOOLS)
@example("<｜tool▁call▁begin｜>Finish<｜tool▁sep｜>{}", TOOLS)
@example('Action: search\nAction Input: {"a":' * 40, TOOLS)
@example("Action: \ud800\nAction Input: {}", TOOLS)
def test_any_text_is_read(text: str, tools: tuple[str, ...] | None) -> None:
    for reply in (parse_tolerant(text, tools), parse_strict(text, tools)):
        assert isinstance(reply, Action | FinalAnswer | ParseFailure)
        assert set(reply.repairs) <= set(REPAIRS)
        assert len(set(reply.repairs)) == len(reply.repairs)
        if isinstance(reply, Action):
            assert storable(reply.arguments)
            assert tools is None or reply.tool in tools
        if isinstance(reply, ParseFailure):
            assert reply.kind in FAILURES
            assert 0 < len(reply.observation) < 600
    assert parse_reflection(text) in ("yes", "no", "unparsed")


@given(CALLS | NEARLY)
@example('Action: search\nAction Input: {}{"a": 1}')
@example('Action: search\nAction Input: {"a": 1}}}{')
@example('Action: searchAction Input: {"a": 1}')
@example('Action 1: Action: search\nAction Input: {"a": 1}')
@example("Action: search\nAction Input: {}{")
@example("Action: search\nAction Input: Thought: {}")
@example('Action: search\nAction Input: {"a": 1}}"a": ')
@example('Action: search\nAction Input: {"a": 1}Final Answer: "}')
@example('Action: search\nAction Input: {"a": 1}"a": ')
def test_what_strict_reads_as_a_call_is_read_the_same(text: str) -> None:
    # A call in a think block was not made, and an envelope before the action is the first of two calls.
    assume("think>" not in text and "reasoning>" not in text and '"name"' not in text)
    assume(not any(sign in text for sign in ("✿FUNCTION✿", "<｜tool", "<action>", "### Action\n")))
    # What comes after the last closing brace, strict does not look at: it may be a second object.
    arguments = text.partition("Action Input:")[2]
    assume(arguments.rfind("{") <= arguments.rfind("}"))
    # The paper takes the braces of an invented observation, or of an inner object, if there are none before it.
    before_brace = text.partition("Action Input:")[2].partition("{")[0]
    assume(not find_marks(before_brace) and not {'"', "'", "["} & set(before_brace))
    # After a word for no arguments, an object may be the arguments or what the tool is thought to say.
    assume("None" not in before_brace and "no" not in before_brace)
    strict = parse_strict(text, TOOLS)
    assume(isinstance(strict, Action))
    assert isinstance(strict, Action)
    assume(not is_placeholder(strict.arguments))
    assert reading(parse_tolerant(text, TOOLS)) == reading(strict)


ESCAPED = st.lists(
    st.sampled_from([r"\d", r"\s", r"\U", r"\_", r"\*", r"\'", r"\n", r"\t", r"\b", r"\\", r"\/", r"\u00e9", "a", " "]),
    min_size=1,
    max_size=5,
).map("".join)


@given(ESCAPED, ESCAPED)
@example(r"C:\Users\new", "a")
@example(r"\d+\bfoo\s", "a")
@example(r"\d", r"^\*+\_$")
def test_a_backslash_is_kept_or_decoded_and_never_both(first: str, second: str) -> None:
    """Where JSON does not know one escape of the arguments, no other one is decoded."""
    reply = parse_tolerant(f'Action: search\nAction Input: {{"a": "{first}", "b": "{second}",}}', TOOLS)
    if isinstance(reply, Action):
        assert set(reply.repairs) <= {"trailing_comma", "stray_backslash"}
        kept = reply.arguments == {"a": first, "b": second}
        assert kept or not any(unknown in first + second for unknown in (r"\d", r"\s", r"\U"))
    else:
        assert reading(reply) == ("failure", "not_json")


@given(st.sampled_from(TOOLS), OBJECTS, OBJECTS, st.sampled_from([" ", "\n", " or ", ", ", " and ", ";", " / "]))
@example("search", {"days": 2}, {"days": 3}, " or ")
def test_of_two_objects_none_is_chosen(tool: str, first: dict[str, Any], other: dict[str, Any], joint: str) -> None:
    assume(other)
    text = render(Action(tool, first)) + joint + render(Action("", other)).partition("Action Input: ")[2]
    found = reading(parse_tolerant(text, TOOLS))
    # The same object twice may still look like one that ended too early.
    assert found == ("failure", "not_json") or (first == other and found == ("action", tool, first))


@given(NAMES, OBJECTS, THOUGHTS)
@example("Final Answer: x", {"a": "Observation: b"}, "")
@example("x Action Input: y", {"a": '"}'}, "I")
@example("`a`", {"": "\u2028 \x85"}, "")
def test_a_rendered_call_is_read_back(tool: str, arguments: dict[str, Any], thought: str) -> None:
    action = Action(tool, arguments, thought)
    read = parse_tolerant(render(action), [tool, "search", "Action Input: z"])
    assert read == action
    assert isinstance(read, Action)
    assert render(read) == render(action)


@given(
    st.sampled_from(TOOLS),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), LEAVES, max_size=3),
    THOUGHTS,
)
def test_a_rendered_flat_call_is_read_back_by_strict(tool: str, arguments: dict[str, Any], thought: str) -> None:
    action = Action(tool, arguments, thought)
    text = render(action)
    assume(all(text.count(marker) == 1 for marker in ("Action:", "Action Input:")) and "Final Answer:" not in text)
    assert parse_strict(text, TOOLS) == action


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs", "Po"]), min_size=1).filter(str.strip), THOUGHTS)
def test_a_rendered_answer_is_read_back(text: str, thought: str) -> None:
    assume(not find_marks(text) and not cut_stop_word(text)[1])
    answer = FinalAnswer(text.strip(), thought)
    assert parse_strict(render(answer)) == answer
    assert parse_tolerant(render(answer)) == answer


@given(st.sampled_from(TOOLS), OBJECTS, NOISE_BEFORE, NOISE_AFTER)
def test_a_call_survives_what_is_around_it(tool: str, arguments: dict[str, Any], before: str, after: str) -> None:
    text = before + render(Action(tool, arguments)) + after
    assert reading(parse_tolerant(text, TOOLS)) == ("action", tool, arguments)


@given(NEARLY)
def test_the_reading_is_stable(text: str) -> None:
    """What a mended reply is rendered as is read the same, without repairs."""
    first = parse_tolerant(text, TOOLS)
    assume(isinstance(first, Action))
    assert isinstance(first, Action)
    again = parse_tolerant(render(Action(first.tool, first.arguments)), TOOLS)
    assert again == Action(first.tool, first.arguments)


@given(st.sampled_from(TOOLS), OBJECTS, st.integers(min_value=1))
@example("search", {"a": 123}, 2)
@example("search", {"a": "b", "c": "d"}, 10)
def test_a_reply_that_is_cut_off_gives_no_other_value(tool: str, arguments: dict[str, Any], cut: int) -> None:
    text = render(Action(tool, arguments))
    kept = text[: len(text) - cut % len(text)]
    reply = parse_tolerant(kept, TOOLS)
    if isinstance(reply, Action):
        assert reply.tool == tool
        assert all(
            arguments[key] == value or nested_prefix(value, arguments[key]) for key, value in reply.arguments.items()
        )


def nested_prefix(part: object, whole: object) -> bool:
    """Whether `part` holds only complete members of `whole`."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(
            key in whole and (whole[key] == value or nested_prefix(value, whole[key])) for key, value in part.items()
        )
    return part == whole


@pytest.mark.parametrize("parse", [parse_strict, parse_tolerant])
def test_no_names_allowed_means_no_call(parse: Any) -> None:
    assert reading(parse("Action: search\nAction Input: {}", ())) == ("failure", "unknown_tool")
