"""One table of replies as models write them, and how the tolerant parser reads each."""

from __future__ import annotations

from typing import Any

import pytest

from stesim.parsing import parse_tolerant
from stesim.parsing.vocabulary import FAILURES, REPAIRS
from stesim.records import Action, FinalAnswer, ParseFailure

CATCHLOC = "CatchLoc%%[Group Management] API access for modifying group information"
LETTERS = "NumbersToLetters%%Convertir cantidad a letra Moneda MXN Español"
TOOLS = ("forecast_weather", "search", "search_places", "get_today_date", "MikuAPI%%getRandomImage", CATCHLOC, LETTERS)
INPUT = 'Action: search\nAction Input: {"q": "x"}'


def call(tool: str, arguments: dict[str, Any], *repairs: str) -> Action:
    return Action(tool, arguments, "", repairs)


def found(*repairs: str) -> Action:
    return call("search", {"q": "x"}, *repairs)


def answer(text: str, *repairs: str) -> FinalAnswer:
    return FinalAnswer(text, "", repairs)


def with_input(arguments: str) -> str:
    return f"Action: search\nAction Input: {arguments}"


SURROUNDINGS = {
    "plain": (INPUT, found()),
    "thought": (f"Thought: I look.\n{INPUT}", found()),
    "thought after a prefill": (f" I look.\n{INPUT}\n", found()),
    "one line": ('Action: search Action Input: {"q": "x"}', found()),
    "invented observation": (f"{INPUT}\nObservation: {{}}\nThought: b\nFinal Answer: c", found("dropped_observation")),
    "observation in the line": (f'{INPUT} Observation: {{"a": 1}}', found("dropped_observation")),
    "leading observation": (f"Observation: none\n{INPUT}", found("observation_before")),
    "observation between": (f"Thought: a\nObservation: b\nThought: c\n{INPUT}", found("observation_before")),
    "two calls": (f"{INPUT}\n\nAction: get_today_date\nAction Input: {{}}", found("dropped_call")),
    "call, then answer": (f"{INPUT}\nFinal Answer: 5", found("dropped_answer")),
    "answer, then call": (f"Final Answer: Sure!\n{INPUT}", found("dropped_answer")),
    "empty answer, then call": (f"Final Answer:\n{INPUT}", found("dropped_answer")),
    "text after": (f"{INPUT}\nThis finds it.", found("dropped_text")),
    "next example": (f"{INPUT}\n\nUser Query: more?", found("dropped_turn")),
    "thought after": (f"{INPUT}\nThought: now I wait", found("dropped_text")),
    "half a stop word": (f"{INPUT}\n\nObserv", found("cut_stop_word")),
    "whole stop word": (f"{INPUT}\nObservation", found("cut_stop_word")),
    "literal newline at the end": (f"{INPUT}\\n", found()),
    "bold markers": ('**Action:** search\n**Action Input:** {"q": "x"}', found("marker_spelling")),
    "bold around colon": ('**Action**: search\n**Action Input**: {"q": "x"}', found("marker_spelling")),
    "heading, number, case": ('### action 1: search\nACTION_INPUT 1: {"q": "x"}', found("marker_spelling")),
    "full-width colon": ('Action：search\nAction Input：{"q": "x"}', found("marker_spelling")),
    "format named in the thought": (f"Thought: The Action: line comes first.\n{INPUT}", found()),
    "format quoted in the thought": (f"Thought: I write Action: and Action Input: now.\n{INPUT}", found()),
    "tool named in the thought": (f"Thought: no Action: forecast_weather\n{INPUT}", found("dropped_call")),
    "began anew": (f"Action: forecast_weather\n{INPUT}", found("dropped_call")),
    "began anew with a thought": (f"Action: forecast_weather\nThought: no, search\n{INPUT}", found("dropped_call")),
    "began with an unknown tool": (f"Action: fly\n{INPUT}", found("dropped_call")),
    "envelope after an action": (
        'Action: get_today_date\n<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call>',
        found("envelope", "dropped_call"),
    ),
    "think block": (f"<think>Action: a\nAction Input: {{}}</think>\n{INPUT}", found("dropped_thinking")),
    "think block not closed": (f"<think>I need it.\n{INPUT}", found("dropped_thinking")),
    "think block not closed, observation": (
        f"<think>I need it.\n{INPUT}\nObservation: y",
        found("dropped_thinking", "dropped_observation"),
    ),
    "think block not closed, end of turn": (f"<think>a\n{INPUT}</s>", found("dropped_thinking", "dropped_text")),
    "think block not closed, second call": (
        f"<think>I may\nAction: get_today_date\nAction Input: {{}}\nBut no.\n{INPUT}",
        found("dropped_thinking"),
    ),
    "reasoning": (f"<reasoning>Action: a\nAction Input: {{}}</reasoning>\n{INPUT}", found("dropped_thinking")),
    "two blocks": (f"<thought>a</thought>\n<reflection>b</reflection>\n{INPUT}", found("dropped_thinking")),
    "think block not opened": (f"I need it.\n</think>\n{INPUT}", found("dropped_thinking")),
    "orphan input with name": ('search\nAction Input: {"q": "x"}', found("missing_action_marker")),
    "no input marker": ('Action: search\n{"q": "x"}', found("missing_input_marker")),
    "other input marker": ('Action: search\nArguments: {"q": "x"}', found("missing_input_marker")),
    "object in the line": ('Action: search {"q": "x"}', found("missing_input_marker")),
    "end of turn": ("Final Answer: 5</s><s>[INST] b", answer("5", "dropped_text")),
    "end of turn, ChatML": ("Final Answer: 5<|im_end|>", answer("5", "dropped_text")),
    "observation, then answer": ("Thought: x\nObservation: 5\nFinal Answer: 5", answer("5", "observation_before")),
    "half a stop word in the line": (f"{INPUT} Observ", found("dropped_text")),
    "call, answer, observation": (f"{INPUT}\nFinal Answer: 5\nObservation: 6", found("dropped_answer")),
    "numbered throughout": (
        'Thought 1: I look.\nAction 1: search\nAction Input 1: {"q": "x"}\nObservation 1: y\nAction 2: search',
        found("marker_spelling", "dropped_observation"),
    ),
    "no colon after the input marker": ('Action: search\nAction Input {"q": "x"}', found("missing_input_marker")),
}

BARE = {
    "object": ('search({"q": "x"})', found("missing_action_marker", "call_syntax")),
    "keyword": ('search(q="x")', found("missing_action_marker", "call_syntax")),
    "no arguments": ("get_today_date()", call("get_today_date", {}, "missing_action_marker", "call_syntax")),
    "in a fence": ('```python\nsearch(q="x")\n```', found("missing_action_marker", "call_syntax")),
    "in back-quotes": ('`search({"q": "x"})`', found("missing_action_marker", "call_syntax")),
    "in brackets": ('[search(q="x")]', found("missing_action_marker", "call_syntax")),
    "tag of Llama": ('<|python_tag|>search(q="x")', found("missing_action_marker", "call_syntax")),
    "after a thought": ('Thought: I look.\nIt is there.\nsearch({"q": "x"})', found("missing_action_marker", "call_syntax")),
    "observation after": ('search({"q": "x"})\nObservation: y',
                          found("missing_action_marker", "call_syntax", "dropped_observation")),
    "object in the line": ('search {"q": "x"}', found("missing_action_marker", "missing_input_marker")),
    "object below": ('search\n{"q": "x"}', found("missing_action_marker", "missing_input_marker")),
    "other labels": ('Tool: search\nTool Input: {"q": "x"}', found("missing_action_marker", "missing_input_marker")),
    "name with blanks": (f'{LETTERS}({{"q": "x"}})', call(LETTERS, {"q": "x"}, "missing_action_marker", "call_syntax")),
    "longest name": ('search_places({"q": "x"})',
                     call("search_places", {"q": "x"}, "missing_action_marker", "call_syntax")),
}  # fmt: skip

NAMES = {
    "percent, brackets": (f"Action: {CATCHLOC}\nAction Input: {{}}", call(CATCHLOC, {})),
    "non-ASCII": (f"Action: {LETTERS}\nAction Input: {{}}", call(LETTERS, {})),
    "decomposed letters": (f"Action: {LETTERS.replace('ñ', 'n' + chr(0x303))}\nAction Input: {{}}",
                           call(LETTERS, {}, "name_spacing")),
    "back-quotes": ("Action: `search`\nAction Input: {}", call("search", {}, "name_wrapping")),
    "quotes": ('Action: "search".\nAction Input: {}', call("search", {}, "name_wrapping")),
    "brackets": ("Action: [search]\nAction Input: {}", call("search", {}, "name_wrapping")),
    "brackets in brackets": (f"Action: [{CATCHLOC}]\nAction Input: {{}}", call(CATCHLOC, {}, "name_wrapping")),
    "bold": ("Action: **search**\nAction Input: {}", call("search", {}, "name_wrapping")),
    "braces": ("Action: {search}\nAction Input: {}", call("search", {}, "name_wrapping")),
    "bold line": ("**Action: search**\nAction Input: {}", call("search", {}, "marker_spelling", "name_wrapping")),
    "token": ("Action: <tool_search>\nAction Input: {}", call("search", {}, "name_wrapping")),
    "escaped underscore": ("Action: forecast\\_weather\nAction Input: {}",
                           call("forecast_weather", {}, "name_wrapping")),
    "case": ("Action: Forecast_Weather\nAction Input: {}", call("forecast_weather", {}, "name_case")),
    "spaces": ("Action: forecast weather\nAction Input: {}", call("forecast_weather", {}, "name_spacing")),
    "camel case": ("Action: GetTodayDate\nAction Input: {}", call("get_today_date", {}, "name_spacing")),
    "use": ("Action: Use search\nAction Input: {}", call("search", {}, "name_lead")),
    "use the tool": ("Action: I will use the search tool\nAction Input: {}",
                     call("search", {}, "name_lead", "name_tail")),
    "list": ("Action: 1. search\nAction Input: {}", call("search", {}, "name_wrapping")),
    "description": ("Action: search: Finds pages, or places.\nAction Input: {}", call("search", {}, "name_tail")),
    "description in brackets": ("Action: search (finds pages)\nAction Input: {}", call("search", {}, "name_tail")),
    "description below": ("Action: search\nFinds pages.\nAction Input: {}", call("search", {}, "name_tail")),
    "next line": ("Action:\nsearch\nAction Input: {}", call("search", {})),
    "longest name": ("Action: search_places\nAction Input: {}", call("search_places", {})),
    "code": ('Action: search({"q": "x"})', found("call_syntax")),
    "code without arguments": ("Action: get_today_date()", call("get_today_date", {}, "call_syntax")),
    "code by keyword": ("Action: search(q='x', n=3)",
                        call("search", {"q": "x", "n": 3}, "call_syntax", "single_quotes")),
    "code with markers": ('Action: search({"q": "Final Answer: x\\nAction Input: {}"})',
                          call("search", {"q": "Final Answer: x\nAction Input: {}"}, "call_syntax")),
    "code in the input": ('Action: search\nAction Input: search(q="x")', found("call_syntax")),
    "brackets of code in the input": ('Action: search\nAction Input: (q="x")', found("call_syntax")),
    "code with an object in the input": ('Action: search\nAction Input: search({"q": "x"})',
                                         found("dropped_text", "extra_braces")),
    "back-quotes and words": ('Action: use the `search` tool\nAction Input: {"q": "x"}',
                              found("name_lead", "name_wrapping", "name_tail")),
    "brackets with object": ('Action: search[{"q": "x"}]', found("call_syntax")),
    "empty brackets": ("Action: get_today_date[]", call("get_today_date", {}, "call_syntax")),
    "OpenAI's prefix": ("Action: functions.search\nAction Input: {}", call("search", {}, "name_wrapping")),
    "Gemini's prefix": ("Action: default_api.search({})", call("search", {}, "name_wrapping", "call_syntax")),
    "prefix in back-quotes": ("Action: `tools.search`\nAction Input: {}", call("search", {}, "name_wrapping")),
    "description that names another": ("Action: search (not search_places)\nAction Input: {}",
                                       call("search", {}, "name_tail")),
    "description that begins like another": ("Action: search, or search_placeses\nAction Input: {}",
                                             call("search", {}, "name_wrapping", "name_tail")),
    "invisible": ("Action: \u200bsearch\u200b\nAction Input: {}", call("search", {}, "name_wrapping")),
}  # fmt: skip

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "nested": ('{"a": {"b": {"c": [1, {"d": 2}]}}}', {"a": {"b": {"c": [1, {"d": 2}]}}}),
    "braces in a string": ('{"a": "x } y { z"}', {"a": "x } y { z"}),
    "markers in a string": ('{"a": "Final Answer: b Action: c Action Input: {} Observation: d"}',
                            {"a": "Final Answer: b Action: c Action Input: {} Observation: d"}),
    "nothing": ("", {}, "no_arguments"),
    "nothing, then observation": ("\nObservation: 5", {}, "no_arguments", "dropped_observation"),
    "none": ("None", {}, "no_arguments"),
    "none needed": ("No input needed.", {}, "no_arguments"),
    "null": ("null", {}, "no_arguments"),
    "empty list": ("[]", {}, "no_arguments"),
    "empty string": ('""', {}, "no_arguments"),
    "empty string, single quotes": ("''", {}, "no_arguments"),
    "fence": ('\n```json\n{"a": 1}\n```', {"a": 1}, "code_fence"),
    "back-quotes": ('`{"a": 1}`', {"a": 1}, "code_fence"),
    "quotes around": ("'{\"a\": 1}'", {"a": 1}, "code_fence"),
    "double braces": ('{{"a": 1}}', {"a": 1}, "double_braces"),
    "empty, then full": ('{}{"a": 1}', {"a": 1}, "double_braces"),
    "too many braces": ('{"a": 1}}', {"a": 1}, "extra_braces"),
    "list of one": ('[{"a": 1}]', {"a": 1}, "list_unwrapped"),
    "list of one, not closed": ('[{"a": 1}', {"a": 1}, "list_unwrapped"),
    "JSON in a string": ('"{\\"a\\": 1}"', {"a": 1}, "double_encoded"),
    "escaped quotes": ('{\\"a\\": \\"b\\"}', {"a": "b"}, "escaped_quotes"),
    "no opening brace": ('"a": 1}', {"a": 1}, "missing_open_brace"),
    "no braces": ('"a": 1, "b": "c"', {"a": 1, "b": "c"}, "missing_open_brace", "missing_close_brace"),
    "no closing brace": ('{"a": "b"', {"a": "b"}, "missing_close_brace"),
    "no closing braces": ('{"a": {"b": 1\n', {"a": {"b": 1}}, "missing_close_brace"),
    "no brace, then observation": ('{"a": 1,\nObservation: 2', {"a": 1},
                                   "trailing_comma", "missing_close_brace", "dropped_observation"),
    "trailing comma": ('{"a": [1, 2,], }', {"a": [1, 2]}, "trailing_comma"),
    "doubled comma": ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}, "trailing_comma"),
    "missing comma": ('{"a": "b"\n"c": 1 "d": 2}', {"a": "b", "c": 1, "d": 2}, "missing_comma"),
    "comments": ('{"a": 1, // one\n"b": 2 # it\'s two\n, /* three */ "c": 3}', {"a": 1, "b": 2, "c": 3}, "comment"),
    "no comment in a string": ('{"a": "http://b.c/#d",}', {"a": "http://b.c/#d"}, "trailing_comma"),
    "ellipsis": ('{"a": 1, ...}', {"a": 1}, "ellipsis"),
    "single quotes": ("{'a': 'b', 'c': ['d', 'e']}", {"a": "b", "c": ["d", "e"]}, "single_quotes"),
    "apostrophe": ("{'a': 'St. John's', 'b': 'Mary's'}",
                   {"a": "St. John's", "b": "Mary's"}, "single_quotes", "inner_quote"),
    "escaped apostrophe": ("{'a': 'John\\'s'}", {"a": "John's"}, "single_quotes", "stray_backslash"),
    "curly quotes": ("{“a”: “b”}", {"a": "b"}, "single_quotes"),
    "Python": ("{'a': True, 'b': False, 'c': None}", {"a": True, "b": False, "c": None},
               "single_quotes", "python_literal"),
    "bare keys": ('{a: "b", c_1: 2}', {"a": "b", "c_1": 2}, "unquoted_key"),
    "newline in a string": ('{"a": "b\nc\td"}', {"a": "b\nc\td"}, "raw_control"),
    "inner quotes": ('{"a": "say "hi" now", "b": 1}', {"a": 'say "hi" now', "b": 1}, "inner_quote"),
    "inner quotes and comma": ('{"a": "say "hi", please", "b": 1}', {"a": 'say "hi", please', "b": 1}, "inner_quote"),
    "quotes at the ends": ('{"a": ""hi""}', {"a": '"hi"'}, "inner_quote"),
    "inches": ('{"a": "a 5" pipe", "b": 1}', {"a": 'a 5" pipe', "b": 1}, "inner_quote"),
    "escapes": ('{"a": "\\u00e9\\ud83d\\ude00\\n\\\\ \\/ \\"",}', {"a": 'é😀\n\\ / "'}, "trailing_comma"),
    "backslashes": (r'{"a": "\d+\s \"x\"", "b": "\w"}', {"a": r'\d+\s "x"', "b": r"\w"}, "stray_backslash"),
    "Markdown's backslashes": (r'{"a": "b\_c \*d\* https:\/\/e \u00e9"}', {"a": "b_c *d* https://e é"}, "stray_backslash"),
    "Python's apostrophe": (r"{'a': 'it\'s\nso'}", {"a": "it's\nso"}, "single_quotes", "stray_backslash"),
    "doubled backslashes": (r"{'a': 'C:\\Users\\new'}", {"a": r"C:\Users\new"}, "single_quotes"),
    "invisible characters": ('\ufeff{"a"\u200b: 1,\u2060 "b": "c"\u200b}', {"a": 1, "b": "c"}, "invisible"),
    "invisible in a string": ('{"a": "b\u200bc",}', {"a": "b\u200bc"}, "trailing_comma"),
    "same object twice": ('{"a": 1}\n{"a": 1}', {"a": 1}, "dropped_text"),
    "object after prose": ('{"a": 1} is not {"a": 2}', {"a": 1}, "dropped_text"),
    "numbers": ('{"a": -1.5e3, "b": 0, "c": 12,}', {"a": -1500.0, "b": 0, "c": 12}, "trailing_comma"),
    "full width": ('{"a"：1， "b"：2}', {"a": 1, "b": 2}, "full_width"),
    "full-width braces": ('｛"a"：1， "b"："｛c｝"｝', {"a": 1, "b": "｛c｝"}, "full_width"),
    "literal newlines": ('{\\n "a": 1\\n}', {"a": 1}, "literal_newline"),
    "same key": ('{"a": 1, "a": 2}', {"a": 2}, "duplicate_key"),
    "same key and value": ('{"a": 1, "a": 1,}', {"a": 1}, "trailing_comma"),
    "text before": ('The input is {"a": 1}', {"a": 1}, "dropped_text"),
    "large integer": ('{"a": 18446744073709551615}', {"a": 18446744073709551615}),
}  # fmt: skip

ENVELOPES = {
    "action_input": ('{"action": "search", "action_input": {"q": "x"}}', found("envelope")),
    "with thought": ('{"thought": "", "action": "search", "action_input": "{\\"q\\": \\"x\\"}"}', found("envelope")),
    "fenced": ('```json\n{"action": "search", "action_input": {"q": "x"}}\n```', found("envelope")),
    "name, arguments": ('{"name": "search", "arguments": {"q": "x"}}', found("envelope")),
    "arguments as text": ('{"name": "search", "arguments": "{\\"q\\": \\"x\\",}"}',
                          found("envelope", "trailing_comma")),
    "llama": ('{"type": "function", "name": "search", "parameters": {"q": "x"}}', found("envelope")),
    "openai": ('{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "search", '
               '"arguments": "{\\"q\\": \\"x\\"}"}}]}', found("envelope")),
    "function_call": ('{"function_call": {"name": "search", "arguments": {"q": "x"}}}', found("envelope")),
    "hermes": ('<tool_call>\n{"name": "search", "arguments": {"q": "x"}}\n</tool_call>', found("envelope")),
    "hermes, two": ('<tool_call>\n{"name": "search", "arguments": {"q": "x"}}\n</tool_call>\n<tool_call>\n'
                    '{"name": "search", "arguments": {"q": "y"}}\n</tool_call>', found("envelope", "dropped_call")),
    "hermes, text after": ('<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call> I wait.',
                           found("envelope", "dropped_text")),
    "hermes, brace missing": ('<tool_call>\n{"name": "search", "arguments": {"q": "x"}\n</tool_call>',
                              found("envelope", "missing_close_brace")),
    "hermes after answer": ('Final Answer: Sure.\n<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call>',
                            found("envelope", "dropped_answer")),
    "mistral": ('[TOOL_CALLS] [{"name": "search", "arguments": {"q": "x"}}]', found("envelope", "list_unwrapped")),
    "after action": ('Action: {"name": "search", "arguments": {"q": "x"}}', found("envelope")),
    "after action, fenced": ('Action:\n```json\n{"action": "search", "action_input": {"q": "x"}}\n```',
                             found("envelope")),
    "after input": ('Action Input: {"action": "search", "action_input": {"q": "x"}}', found("envelope")),
    "no arguments": ('{"action": "get_today_date"}', call("get_today_date", {}, "envelope", "no_arguments")),
    "final answer": ('{"action": "Final Answer", "action_input": "It is 5."}', answer("It is 5.", "envelope")),
    "function of a type": ('{"type": "function", "function": {"name": "search", "arguments": {"q": "x"}}}', found("envelope")),
    "LangChain": ('{"tool": "search", "tool_input": {"q": "x"}}', found("envelope")),
    "api_args": ('{"api_name": "search", "api_args": {"q": "x"}}', found("envelope")),
    "action in action": ('{"thought": "", "action": {"name": "search", "arguments": {"q": "x"}}}', found("envelope")),
    "Anthropic": ('{"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "x"}}', found("envelope")),
    "Llama, tag": ('<|python_tag|>{"name": "search", "parameters": {"q": "x"}}', found("envelope")),
    "Llama, function": ('<function=search>{"q": "x"}</function>', found("envelope")),
    "Llama, function cut": ('Thought: I look.\n<function=search>{"q": "x"}', found("envelope")),
    "Llama, brace missing": ('<function=search>{"q": "x"</function>', found("envelope", "missing_close_brace")),
    "Mistral, one name": ('[TOOL_CALLS]search{"q": "x"}', found("envelope")),
    "Mistral, [ARGS]": ('[TOOL_CALLS]search[ARGS]{"q": "x"}', found("envelope")),
    "Mistral, two": ('[TOOL_CALLS] [{"name": "search", "arguments": {"q": "x"}}, {"name": "search", "arguments": {}}]',
                     found("envelope", "list_unwrapped", "dropped_call")),
    "Mistral, id": ('[TOOL_CALLS]search[CALL_ID]a1B2[ARGS]{"q": "x"}', found("envelope")),
    "two objects": ('{"name": "search", "arguments": {"q": "x"}}; {"name": "search", "arguments": {}}',
                    found("envelope", "dropped_call")),
    "two objects, glued": ('{"name": "search", "arguments": {"q": "x"}}{"name": "search", "arguments": {}}',
                           found("envelope", "dropped_call")),
    "openai, two": ('{"tool_calls": [{"function": {"name": "search", "arguments": {"q": "x"}}}, '
                    '{"function": {"name": "search", "arguments": {}}}]}', found("envelope", "dropped_call")),
    "chat completion": ('{"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": null, "tool_calls": '
                        '[{"id": "1", "function": {"name": "search", "arguments": "{\\"q\\": \\"x\\"}"}}]}}]}', found("envelope")),
    "unknown members": ('{"name": "search", "arguments": {"q": "x"}, "id": 3, "mood": "y"}', found("envelope")),
    "ReAct as JSON": ('{"Thought": "y", "Action": "search", "Action Input": {"q": "x"}}', found("envelope")),
    "Phi": ('functools[{"name": "search", "arguments": {"q": "x"}}]', found("envelope", "list_unwrapped")),
    "Phi-4": ('<|tool_call|>[{"name": "search", "arguments": {"q": "x"}}]<|/tool_call|>', found("envelope", "list_unwrapped")),
    "Qwen-Agent": ('✿FUNCTION✿: search\n✿ARGS✿: {"q": "x"}\n', found("envelope")),
    "DeepSeek V3": ('<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n{"q": "x"}\n```'
                    '<｜tool▁call▁end｜><｜tool▁calls▁end｜>', found("envelope")),
    "DeepSeek V3.1": ('<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": "x"}<｜tool▁call▁end｜>'
                      '<｜tool▁calls▁end｜>', found("envelope")),
    "DeepSeek V3.1, brace missing": ('<｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": "x"<｜tool▁call▁end｜>',
                                     found("envelope", "missing_close_brace")),
    "Kimi": ('<|tool_calls_section_begin|><|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>{"q": "x"}'
             '<|tool_call_end|><|tool_calls_section_end|>', found("envelope")),
    "Kimi, two": ('<|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>{"q": "x"}<|tool_call_end|>'
                  '<|tool_call_begin|>functions.search:1<|tool_call_argument_begin|>{}<|tool_call_end|>',
                  found("envelope", "dropped_call")),
    "gpt-oss": ('<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.search '
                '<|constrain|>json<|message|>{"q": "x"}<|call|>', found("envelope")),
    "gpt-oss, recipient first": ('<|start|>assistant to=functions.search<|channel|>commentary json<|message|>{"q": "x"}',
                                 found("envelope")),
    "tags of ReAct": ('<action>search</action>\n<action_input>\n{"q": "x"}\n</action_input>', found("envelope")),
    "headings": ('### Thought\nI look.\n\n### Action\nsearch\n\n### Action Input\n```json\n{"q": "x"}\n```', found("envelope")),
    "prefix": ('{"name": "functions.search", "arguments": {"q": "x"}}', found("envelope", "name_wrapping")),
    "functioncall": ('<functioncall> {"name": "search", "arguments": \'{"q": "x"}\'} </functioncall>',
                     found("envelope", "single_quotes")),
    "tool_use": ('<tool_use>{"name": "search", "input": {"q": "x"}}</tool_use>', found("envelope")),
    "final answer, number": ('{"action": "Final Answer", "action_input": 5}', answer("5", "envelope")),
    "final answer, object": ('{"action": "Final Answer", "action_input": {"answer": "5"}}', answer("5", "envelope")),
    "case": ('{"name": "Search", "arguments": {"q": "x"}}', found("envelope", "name_case")),
}  # fmt: skip

ANSWERS = {
    "plain": ("Final Answer: It is 5.", answer("It is 5.")),
    "several lines": ("Final Answer: a\n- b\n- c\n", answer("a\n- b\n- c")),
    "in the line": ("I now know the Final Answer: 5", FinalAnswer("5", "I now know the")),
    "bold": ("**Final Answer:** It is **5**.", answer("It is **5**.", "marker_spelling")),
    "observation after": ("Final Answer: 5\nObservation: 6", answer("5", "dropped_observation")),
    "next example": (f"Final Answer: 5\nUser Query: b\n{INPUT}", answer("5", "dropped_turn")),
    "observation, then call": (f"Final Answer: 5\nObservation: b\n{INPUT}", answer("5", "dropped_observation")),
    "twice": ("Final Answer: 5\nFinal Answer: 5", answer("5", "dropped_answer")),
    "action without input": ("Action: search\nFinal Answer: 5", FinalAnswer("5", "Action: search", ("dropped_call",))),
    "action none": ("Action: None\nAction Input: None\nFinal Answer: 5",
                    FinalAnswer("5", "Action: None\nAction Input: None", ("dropped_call",))),
    "as an action": ("Action: Final Answer\nAction Input: It is 5.", answer("It is 5.", "answer_as_action")),
    "finish": ("Action: Finish[It is 5.]", answer("It is 5.", "answer_as_action")),
    "mentions the format": ("Final Answer: Write the Action: line first.",
                            answer("Write the Action: line first.")),
    "names a tool": ("Final Answer: Use Action: search to look.", answer("Use Action: search to look.")),
    "twice in the line": ("Final Answer: 5 Final Answer: 6", answer("5", "dropped_answer")),
    "unknown tool after it": ('Final Answer: 5\nAction: fly\nAction Input: {"a": 1}', answer("5", "dropped_call")),
    "half a stop word": ("Final Answer: 5\nObse", answer("5", "cut_stop_word")),
}  # fmt: skip

BROKEN = {
    "empty": ("", "empty"),
    "blank": (" \n\t", "empty"),
    "only a stop word": ("Observation", "empty"),
    "only thinking": ("<think>hm</think>", "no_action"),
    "call only in thinking": (f"<think>{INPUT}</think>", "no_action"),
    "prose": ("I am sorry, I cannot help.", "no_action"),
    "prose with braces": ("The {city} is {name}.", "no_action"),
    "object that is no envelope": ('{"name": "Bob", "age": 5}', "no_action"),
    "call weighed in thinking": ("<think>\nShould I use Action: search Action Input: {}? No.", "truncated"),
    "call taken back in thinking": (f"<think>\n{INPUT}\nNo, that is not it.", "truncated"),
    "envelope in thinking": ('<think>{"name": "search", "arguments": {}}', "truncated"),
    "answer in thinking": ("<think>So\nFinal Answer: 5?", "truncated"),
    "only reasoning": (f"<reasoning>{INPUT}</reasoning>", "no_action"),
    "no action": ('Action Input: {"a": 1}', "missing_action"),
    "no name": ('Action:\nAction Input: {"a": 1}', "missing_action"),
    "object for a name": ('Action: {"a": 1}', "missing_action"),
    "no input": ("Action: search", "missing_input"),
    "observation for input": ('Action: search\nObservation: {"q": "x"}', "missing_input"),
    "input after observation": ("Action: search\nObservation: x\nAction Input: {}", "missing_input"),
    "unknown": ("Action: fly\nAction Input: {}", "unknown_tool"),
    "like a known one": ("Action: forecast_wether\nAction Input: {}", "unknown_tool"),
    "part of a known one": ("Action: forecast\nAction Input: {}", "unknown_tool"),
    "known one and more": ("Action: search google\nAction Input: {}", "unknown_tool"),
    "provider alone": ("Action: MikuAPI\nAction Input: {}", "unknown_tool"),
    "unknown in an envelope": ('{"name": "fly", "arguments": {}}', "unknown_tool"),
    "two tools": ("Action: search or forecast_weather\nAction Input: {}", "several_tools"),
    "two tools by comma": ("Action: search, forecast_weather\nAction Input: {}", "several_tools"),
    "two tools, one then": ("Action: search, then forecast_weather\nAction Input: {}", "several_tools"),
    "two tools, one in case": ("Action: search; if nothing is found, search_places\nAction Input: {}", "several_tools"),
    "prefix and another name": ("Action: functions.Search\nAction Input: {}", "unknown_tool"),
    "none": ("Action: None\nAction Input: {}", "action_none"),
    "none needed": ("Action: No action needed.", "action_none"),
    "template name": ("Action: the API function name\nAction Input: {}", "template_echo"),
    "template name in braces": ("Action: {tool_name}\nAction Input: {}", "template_echo"),
    "template name in angles": ("Action: <tool name>\nAction Input: {}", "template_echo"),
    "template input": (with_input("the input parameters of the API call in json string format"), "template_echo"),
    "template object": (with_input('{"key_1": "value_1", "key_2": "value_2"}'), "template_echo"),
    "template with dots": (with_input('{"key_1": "value_1", ..., "key_n": "value_n"}'), "template_echo"),
    "dots for members": (with_input("{...}"), "template_echo"),
    "dots for a value": (with_input('{"a": ...}'), "template_echo"),
    "dots in a list": (with_input('{"a": [1, ...]}'), "template_echo"),
    "empty answer": ("Thought: done\nFinal Answer:", "empty_answer"),
    "answer as empty envelope": ('{"action": "Final Answer"}', "empty_answer"),
    "answer as an envelope of others": ('{"action": "Finish", "action_input": {"q": "x"}}', "empty_answer"),
    "answer as a function": ('<function=Finish>{"q": "x"}</function>', "unknown_tool"),
    "answer as empty action": ("Action: Finish[]", "empty_answer"),
    "cut marker": ("Thought: I know\nAction Inp", "truncated"),
    "cut brace": (with_input("{"), "truncated"),
    "cut key": (with_input('{"a": 1, "b'), "truncated"),
    "cut after key": (with_input('{"a"'), "truncated"),
    "cut after colon": (with_input('{"a":'), "truncated"),
    "cut string": (with_input('{"a": "b'), "truncated"),
    "cut escape": (with_input('{"a": "b\\u00'), "truncated"),
    "cut number": (with_input('{"a": 12'), "truncated"),
    "cut literal": (with_input('{"a": tru'), "truncated"),
    "cut list": (with_input('{"a": ["b"'), "truncated"),
    "cut after comma": (with_input('{"a": "b",'), "truncated"),
    "cut after ellipsis": (with_input('{"a": 1, ...'), "truncated"),
    "cut in code": ("Action: search(", "truncated"),
    "cut call after answer": ('Final Answer: Sure!\nAction: search\nAction Input: {"q": "x', "truncated"),
    "first call cut": (f'Action: search\nAction Input: {{"q": "\n{INPUT}', "not_json"),
    "list": (with_input("[1, 2]"), "not_an_object"),
    "several objects": (with_input('[{"a": 1}, {"b": 2}]'), "not_an_object"),
    "one object or another": (with_input('{"a": 1} or {"a": 2}'), "not_json"),
    "two objects": (with_input('{"a": 1} {"a": 2}'), "not_json"),
    "two objects, the second cut": (with_input('{"a": 1}\n{"a": 2'), "not_json"),
    "two objects in fences": (with_input('```json\n{"a": 1}\n```\nand\n```json\n{"a": 2}\n```'), "not_json"),
    "none, then an object": (with_input('None\n{"a": 2}'), "not_json"),
    "no object or one": (with_input('{} / {"a": 2}'), "not_json"),
    "two objects in code": ('Action: search({"a": 1}) or ({"a": 2})', "not_json"),
    "number at the end, no braces": (with_input('"a": "b", "c": 3'), "not_an_object"),
    "element": (with_input("<a>b</a>"), "not_an_object"),
    "string": (with_input('"Paris"'), "not_an_object"),
    "words": (with_input("Paris"), "not_an_object"),
    "value in code": ('Action: search("Paris")', "not_an_object"),
    "value in brackets": ("Action: search[Paris]", "not_an_object"),
    "object of an observation": (with_input('Paris. Observation: {"a": 1}'), "not_an_object"),
    "YAML": (with_input("\nq: x\nn: 3"), "not_an_object"),
    "equals signs": (with_input("q=x, n=3"), "not_an_object"),
    "call among words": ('I will call search({"q": "x"}) now.', "no_action"),
    "call after words": ('I will look.\nsearch({"q": "x"})', "no_action"),
    "call before words": ('search({"q": "x"})\nThis will find it.', "no_action"),
    "two bare calls": ("search(q='x')\nget_today_date()", "no_action"),
    "bare call of no known name": ("search_all(q='x')", "no_action"),
    "bare call that is cut": ('search({"q": "x', "no_action"),
    "code of another tool in the input": ("Action: search\nAction Input: get_today_date(q='x')", "not_an_object"),
    "XML by argument": ('<invoke name="search"><parameter name="q">x</parameter></invoke>', "no_action"),
    "Qwen's XML": ("<tool_call>\n<function=search>\n<parameter=q>\nx\n</parameter>\n</function>\n</tool_call>", "no_action"),
    "function that is unknown": ('<function=fly>{"q": "x"}</function>', "unknown_tool"),
    "function that is cut": ('<function=search>{"q": "x', "truncated"),
    "arguments beside the name": ('{"action": "search", "q": "x"}', "no_action"),
    "arguments beside a name": ('{"name": "search", "q": "x"}', "no_action"),
    "description of a tool": ('{"name": "search", "description": "Finds.", "parameters": {"type": "object", '
                              '"properties": {"q": {"type": "string"}}}}', "no_action"),
    "the name as a key": ('{"search": {"q": "x"}}', "no_action"),
    "strings put together": (with_input('{"a": "b" + "c"}'), "not_json"),
    "triple quotes": (with_input('{"a": """b"""}'), "not_json"),
    "tuple": (with_input('{"a": ("b", "c")}'), "not_json"),
    "arguments in an envelope": ('{"name": "search", "arguments": 5}', "not_an_object"),
    "bare value": (with_input('{"a": Paris}'), "not_json"),
    "sum": (with_input('{"a": 1 + 2}'), "not_json"),
    "leading zero": (with_input('{"a": 007}'), "not_json"),
    "unit": (with_input('{"a": 5km}'), "not_json"),
    "no colon": (with_input('{"a", "b"}'), "not_json"),
    "equals sign": (with_input('{"a" = 1}'), "not_json"),
    "wrong bracket": (with_input('{"a": [1, 2}'), "not_json"),
    "list without comma": (with_input('{"a": ["b" "c"]}'), "not_json"),
    "two strings": (with_input('{"a": "b" "c"}'), "not_json"),
    "string not closed": (with_input('{"a": "b, "c": "d"}'), "not_json"),
    "string not closed in its line": (with_input('{"a": "b,\n"c": "d"}'), "not_json"),
    "quotes of two strings": (with_input('{"a": "b" c", "d": "e" f"}'), "not_json"),
    "closing brace in quotes": (with_input('{"a": "use "} here"}'), "not_json"),
    "comment in quotes": (with_input('{"a": "use "x" #1 here", "b": 1}'), "not_json"),
    "comma and key in quotes": (with_input('{"a": "b "c", d: 5}'), "not_json"),
    "lone quote at the start": (with_input('{"a": ""b", "c": 1}'), "not_json"),
    "lone quote at the end": (with_input('{"a": "b"", "c": 1}'), "not_json"),
    "wrong opening": (with_input('("a": "b", "c": {"d": 1}}'), "not_json"),
    "object in a list of others": (with_input('["a", {"b": 1}]'), "not_an_object"),
    "quote beside a comma": (with_input('{"a": ["b\\, "c"]}'), "not_json"),
    "quotes around a comma": (with_input("{'a': 'b', 'c'}: 1}"), "not_json"),
    "closed too early": (with_input("{'a': 'b'}, 'c': 1}"), "not_json"),
    "closed too early, lines": (with_input('{\n"a": "b"},\n"c": 1\n}'), "not_json"),
    "closed too early, quote missing": (with_input('{"a": "b", }c": 1}'), "not_json"),
    "member in doubt": (with_input('{"a": {}"b": 1}}'), "not_json"),
    "bad escape": (with_input('{"a": "\\uzzzz",}'), "not_json"),
    "path": (with_input(r'{"a": "C:\Users\new"}'), "not_json"),
    "path, doubled once": (with_input(r'{"a": "\\server\share"}'), "not_json"),
    "path with an underscore": (with_input(r"{'a': 'C:\temp\_x'}"), "not_json"),
    "path and a line break": (with_input(r'{"a": "C:\Users", "b": "c\nd"}'), "not_json"),
    "path with a user": (with_input(r'{"a": "C:\users"}'), "not_json"),
    "pattern": (with_input(r'{"a": "\d+\bfoo"}'), "not_json"),
    "two patterns": (with_input(r'{"a": "^\*+\_$", "b": "\d"}'), "not_json"),
    "LaTeX": (with_input(r'{"a": "\frac{1}{2} \alpha \times \beta"}'), "not_json"),
    "path in code": (r'Action: search(a="C:\Users\new")', "not_json"),
    "path in an envelope": (r'{"name": "search", "arguments": {"a": "C:\Users\new"}}', "not_json"),
    "NaN": (with_input('{"a": NaN}'), "bad_value"),
    "infinity, mended": (with_input('{"a": -Infinity,}'), "bad_value"),
    "overflow": (with_input('{"a": 1e999}'), "bad_value"),
    "beyond 64 bit": (with_input('{"a": 18446744073709551616}'), "bad_value"),
    "far beyond 64 bit, mended": (with_input('{"a": ' + "9" * 5000 + ",}"), "bad_value"),
    "half a character": (with_input('{"a": "\\ud800"}'), "bad_value"),
    "half a character, mended": (with_input('{"a": "\\ud800",}'), "bad_value"),
    "too deep": (with_input('{"a": ' + "[" * 40 + "]" * 40 + "}"), "bad_value"),
    "too deep, mended": (with_input('{"a": ' + "[" * 40 + "]" * 40 + ",}"), "bad_value"),
    "keyword in code": ("Action: search(q=NaN)", "bad_value"),
    "long and broken": (with_input('{"a": "' + "word " * 4000 + '",, "b": "' + "other " * 20 + '"'), "too_long"),
    "in circles": ("I need to find out. " * 40, "repetition"),
    "in circles within a string": (with_input('{"a": "' + "0" * 300), "repetition"),
}  # fmt: skip

READ = {
    **SURROUNDINGS, **NAMES, **ENVELOPES, **ANSWERS, **{f"bare: {name}": case for name, case in BARE.items()},
    **{f"arguments: {name}": (with_input(text), call("search", arguments, *repairs))
       for name, (text, arguments, *repairs) in ARGUMENTS.items()},
}  # fmt: skip


def without_thought(reply: Action | FinalAnswer | ParseFailure) -> tuple[object, ...]:
    if isinstance(reply, Action):
        return "action", reply.tool, reply.arguments, set(reply.repairs)
    if isinstance(reply, FinalAnswer):
        return "answer", reply.text, set(reply.repairs)
    return "failure", reply.kind


@pytest.mark.parametrize(("text", "expected"), READ.values(), ids=READ.keys())
def test_read(text: str, expected: Action | FinalAnswer) -> None:
    assert without_thought(parse_tolerant(text, TOOLS)) == without_thought(expected)


@pytest.mark.parametrize(("text", "kind"), BROKEN.values(), ids=BROKEN.keys())
def test_broken(text: str, kind: str) -> None:
    reply = parse_tolerant(text, TOOLS)
    assert without_thought(reply) == ("failure", kind)
    assert set(reply.repairs) <= set(REPAIRS)


def test_the_tables_show_every_repair_and_every_tolerant_failure() -> None:
    repairs = {repair for text, _ in READ.values() for repair in parse_tolerant(text, TOOLS).repairs}
    assert repairs == set(REPAIRS)
    assert {kind for _, kind in BROKEN.values()} == set(FAILURES) - {"several_actions", "several_inputs"}


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        (f"Thought: I look.\n{INPUT}", "I look."),
        (f" I look.\n{INPUT}", "I look."),
        (f"**Thought:** I look.\n{INPUT}", "I look."),
        (f"<think>I look.</think>{INPUT}", "I look."),
        (f"<think>deep</think>Thought: I look.\n{INPUT}", "I look."),
        (f"Thought: I look.\nFinal Answer: Sure\n{INPUT}", "I look."),
        ('{"thought": "I look.", "action": "search", "action_input": {}}', "I look."),
        ("Thought: I look.\nAction: fly\nAction Input: {}", "I look."),
        ("Thought: I look.\nFinal Answer: 5", "I look."),
        ("Thought: I look.\nObservation: It is 20.\nFinal Answer: 20", "I look."),
        (f"Thought: I look.\nObservation: It is 20.\nHm.\n{INPUT}", "I look."),
        (f"Observation: a\nThought: I look.\n{INPUT}", "I look."),
        ('I look. <tool_call>{"name": "search", "arguments": {}}</tool_call>', "I look."),
        ('I look.\n[TOOL_CALLS] [{"name": "search", "arguments": {}}]', "I look."),
        ('I look.<|python_tag|>{"name": "search", "parameters": {}}', "I look."),
        ("I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{}<｜tool▁call▁end｜>", "I look."),
        (
            "<|channel|>analysis<|message|>I look.<|end|>"
            "<|start|>assistant<|channel|>commentary to=functions.search<|message|>{}",
            "I look.",
        ),
        (f"[INST] I look. [/INST] {INPUT}", "I look."),
        (f"I look.\n```\n{INPUT}\n```", "I look."),
        (f"1. Thought: I look.\n2. {INPUT}", "I look."),
        (f"Assistant: Thought: I look.\n{INPUT}", "I look."),
        ("### Thought\nI look.\n### Action\nsearch\n### Action Input\n{}", "I look."),
        (INPUT, ""),
    ],
)
def test_thought(text: str, thought: str) -> None:
    assert parse_tolerant(text, TOOLS).thought == thought


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Action: any name%%of [it]\nAction Input: {}", "any name%%of [it]"),
        ("Action: `any`\nAction Input: {}", "any"),
        ("Action: <tool_any>\nAction Input: {}", "any"),
        ("Action: any({})", "any"),
        ('Action: any name {"a": 1}', "any name"),
        ("Action: Use any\nAction Input: {}", "Use any"),
    ],
)
def test_any_name_is_allowed_without_a_list(text: str, tool: str) -> None:
    reply = parse_tolerant(text)
    assert isinstance(reply, Action)
    assert reply.tool == tool


def test_a_name_that_fits_two_tools_is_not_guessed() -> None:
    reply = parse_tolerant("Action: get_date\nAction Input: {}", ["Get_Date", "getDate"])
    assert isinstance(reply, ParseFailure)
    assert reply.kind == "unknown_tool"


def test_a_tool_may_be_called_like_a_word_of_the_format() -> None:
    for tool in ("None", "Finish", "Final Answer: x", "a Action Input: b", "Action: c", "- d", "the tool name"):
        assert without_thought(parse_tolerant(f"Action: {tool}\nAction Input: {{}}", [tool])) == (
            "action",
            tool,
            {},
            set(),
        )


def test_a_known_name_wins_over_a_word_of_the_format_in_any_case() -> None:
    for written in ("Finish", "FINISH", "`finish`"):
        reply = parse_tolerant(f"Action: {written}\nAction Input: {{}}", ["finish", "none"])
        assert isinstance(reply, Action)
        assert reply.tool == "finish"
    assert isinstance(parse_tolerant("Action: None\nAction Input: {}", ["none"]), Action)


def test_a_name_may_end_before_what_follows_a_slash_and_a_blank() -> None:
    expected = Action("a /", {}, "", ("name_spacing", "name_tail"))
    assert parse_tolerant("Action: a / (b)\nAction Input: {}", ["a /"]) == expected
