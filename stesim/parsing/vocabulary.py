"""The words of the parsers: every repair and every kind of failure, with its meaning, in one place.

    from stesim.parsing.vocabulary import FAILURES, REPAIRS
    print(FAILURES["truncated"])

Runs record these names and reports count them, so a name never changes its meaning. The texts that a model
is shown are in `failures`; what triggers a repair is beside the code that makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REPAIRS: Mapping[str, str] = MappingProxyType(
    {
        # What was left out around the call or the answer.
        "dropped_thinking": "a block of thinking (<think>, <reasoning>, …), or its lone tag, was left out",
        "observation_before": "an observation that the model made up stood before",
        "dropped_observation": "an invented observation and all that follows it was left out",
        "dropped_answer": "a final answer beside a call was left out",
        "dropped_call": "another call, or an action without input, was left out",
        "dropped_text": "other text around the arguments, or after the answer (the end of the turn), was left out",
        "dropped_turn": "an invented turn of the user and all that follows it was left out",
        "cut_stop_word": "the beginning of the word Observation was cut from the end",
        # Markers and the shape of the call.
        "marker_spelling": "a marker was decorated, numbered or spelled in another way (**Action 1:**, action:)",
        "missing_action_marker": "the tool's name began a line, without 'Action:'",
        "missing_input_marker": "the arguments followed the name without 'Action Input:'",
        "call_syntax": "the call was written as in code: X({...}), X[...], X(a=1)",
        "envelope": "the call was in another protocol's form: a JSON object, a tag or a heading that holds the name",
        "answer_as_action": "the final answer was written as if it were an action",
        # The tool's name.
        "name_wrapping": "quotes, brackets, bold, <tool_...>, 'functions.' or backslashes were taken off the name",
        "name_case": "the name differed from a known one in upper and lower case",
        "name_spacing": "the name differed from a known one in spaces, underscores, hyphens or the form of letters",
        "name_lead": "words before the name ('Use the ...') were left out",
        "name_tail": "text after the name (its description) was left out",
        # The arguments.
        "no_arguments": "nothing, none, null, [] or empty quotes stood for no arguments",
        "code_fence": "a code fence, back-quotes or quotes around the arguments were taken off",
        "double_braces": "doubled braces at the start were read as single ones",
        "extra_braces": "closing braces or brackets too many were left out",
        "list_unwrapped": "a list with one object was read as that object",
        "double_encoded": "arguments written as a JSON string were decoded",
        "escaped_quotes": 'quotes written as \\" outside strings were read as quotes',
        "missing_open_brace": "an opening brace was missing",
        "missing_close_brace": "closing braces were missing after complete members",
        "trailing_comma": "a comma too many was left out",
        "missing_comma": "a comma between two members was missing",
        "comment": "a comment was left out",
        "ellipsis": "an ellipsis after the last member was left out",
        "single_quotes": "strings in single or curly quotes were read",
        "unquoted_key": "a key without quotes was read",
        "python_literal": "True, False or None was read as JSON",
        "invisible": "characters without a width between tokens were left out",
        "raw_control": "a newline or a tab inside a string was kept",
        "inner_quote": "quotes inside a string that were not escaped were kept",
        "stray_backslash": "a backslash that JSON does not know was kept, or dropped before ' _ and *",
        "full_width": "full-width punctuation was read as ASCII",
        "literal_newline": "the two characters \\n between tokens were read as a line break",
        "duplicate_key": "a key occurred twice with different values; the last one counts, as in JSON",
    }
)

# What it took to read a judge's verdict.
VERDICT_REPAIRS: Mapping[str, str] = MappingProxyType(
    {
        "dropped_thinking": REPAIRS["dropped_thinking"],
        "dropped_turn": REPAIRS["dropped_turn"],
        "dropped_preamble": "text before the first aspect was left out",
        "dropped_verdict": "an earlier complete verdict was left out: the last one counts",
        "numbering_style": "an aspect was numbered in another way than '1)'",
        "no_numbering": "the aspects had neither numbers nor labels and were read in their order",
        "aspect_label": "an aspect was named in words, beside its number or instead of it (Faithful: Yes)",
        "aspect_order": "the aspects stood in another order than 1, 2, 3",
        "one_line": "the aspects did not each begin a line",
        "verdict_decoration": "bullets, bold markers, quotes, a table or a code fence around a verdict were left out",
        "verdict_spelling": "Yes or No was in other letters, or not followed by a full stop",
        "verdict_at_end": "Yes or No stood after the explanation, not before it",
        "verdict_json": "the verdict was written as JSON",
    }
)

FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "empty": "the reply is empty",
        "no_action": "the reply has neither a call nor a final answer",
        "missing_action": "there are arguments, but no tool is named",
        "missing_input": "a tool is named, but there are no arguments",
        "several_actions": "strict: more than one 'Action:'",
        "several_inputs": "strict: more than one 'Action Input:'",
        "several_tools": "more than one tool is named for one call",
        "unknown_tool": "the name is not one of the allowed tools",
        "action_none": "the action says that no tool is needed, and there is no final answer",
        "template_echo": "the reply copies the placeholders of the prompt",
        "truncated": "the reply stops in the middle",
        "repetition": "the reply repeats itself without end",
        "not_an_object": "the arguments are no JSON object",
        "not_json": "the arguments are not valid JSON, nor (tolerant) can they be read as it in exactly one way",
        "too_long": "the arguments are broken and too long to be mended",
        "bad_value": "an argument cannot be stored: no finite number, beyond 64 bit, half a character, nested too deep",
        "empty_answer": "'Final Answer:' stands without an answer",
    }
)
