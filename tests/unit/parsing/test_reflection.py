"""Reflections as models write them, and the verdict in each."""

from __future__ import annotations

import pytest

from stesim.parsing import parse_reflection

VERDICTS = {
    "yes": [
        "Yes", "yes.", "YES!", "**Yes**", "_Yes_", '"Yes"', "Yes, the answer is right.", "Answer: Yes",
        "**Answer:** Yes.", "Final Answer: yes", "1. Yes", "- Yes", "(Yes)", "[Yes]", "Yes\nNo problem came up.",
        "Yes, no errors occurred.", "Yes/No: Yes", "Was the query fulfilled? Yes.", "I would say yes.",
        "The answer is Yes", "Now that I look: yes", "<think>No? No. Hm.</think>\nYes.",
        "Yes,", "YES –", "YES – it worked, no doubt.", "**Yes**, it did.", "Answer - Yes", "2. **Yes.** No errors.",
        "My answer is: Yes. No errors came up.", "Sure, here is my answer:\n\nYes. There were no results but one.",
        "**Reflection:** Yes, no doubt.", "Based on the above, my answer is: Yes. No doubt.", "`Yes`", "> Yes\n> No doubt.",
        "Yes.\n\nThe tool said no.\nNo.", "Assistant: Yes", "### Answer\nYes, it was.",
        "There was no error, so yes.", "Yes：it was", "\n\n Yes", "Yes it was.",
        "Yes, but no details were given.", "Yes. No errors came up.", "Yes. No. 5 was asked for.", "Yes. Yes.",
        "Yes. No invented facts.", "Yes, no errors were found", "Yes, No. 5 was called", "Yes. No **made-up** facts",
        "Yes – no errors", "Yes. And no errors came up", 'Yes. "No" is what it said', "Yes (no errors)",
    ],
    "no": [
        "No", "no.", "NO!", "**No**", "**No.**", '"No"', "No, I could not.", "No I could not.", "Answer: No", "1) No",
        "Yes/No: No", "Yes or no? No.", "Was it? No.", "The answer is no.", "I think the answer is **No**",
        "It is a NO", "<think>Yes, yes.</think> No, it failed.", "No. The tool failed. Yes, it did.",
        "No - the tool failed", "no\nit failed",
    ],
    "unparsed": [
        "", " ", "Not sure", "Now it is done.", "I know it.", "Nothing came back.", "Yesterday it rained.",
        "Eyes on it", "Yes or no", "Yes/No", "Yes and no.", "yes, and no", "No errors occurred.", "No one knows.",
        "There were no problems.", "No. 5 is right.", "See no. 5", "It is yes. It is no.", "Maybe", "<think>Yes",
        "<think>Yes.</think>", "No-one came", "The query was fulfilled.", "Partly: yes, but the end: no.", "😀",
        "Yes, but no", "Yes but no.", "No, but yes.", "Yes. No.", "**No.** Yes",
        "Yes, No", "yes no", "Yes – No", "Yes. / No.", "Yes. or No.", "Yes ( or No )", "Yes & No", "Yes\\No", "Yes:No",
        "Yes; no.", "~~Yes~~ No", "Yes\\No <explanation>", "Yes/No <explanation>", "Yes, no, it is not", "Yes? No.",
        "No. Yes it is", "Yes → No", "✅ Yes ❌ No",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "verdict"), [(text, verdict) for verdict, texts in VERDICTS.items() for text in texts]
)
def test_verdict(text: str, verdict: str) -> None:
    assert parse_reflection(text) == verdict
