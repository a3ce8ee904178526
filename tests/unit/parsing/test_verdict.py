"""Judges' verdicts as models write them, and how each aspect is read."""

from __future__ import annotations

import pytest

from stesim.parsing import parse_verdict, render_verdict
from stesim.parsing.reflection import LONGEST
from stesim.parsing.vocabulary import VERDICT_REPAIRS
from stesim.records import Judgement

# Y is a pass, N a fail, - is not readable.
LETTERS = {"pass": "Y", "fail": "N", "unparsed": "-"}

CANONICAL = {
    "all pass": ("1) Yes. It gives the date.\n2) Yes. So says the tool.\n3) Yes. One call was enough.", "YYY"),
    "one fails": ("1) Yes. It gives the date.\n2) No. The tool failed.\n3) Yes. One call was enough.", "YNY"),
    "blank first": (" 1) No. Nothing was found.\n2) Yes. It says so.\n3) Yes. Fine.", "NYY"),
    "blank lines": ("1) Yes. Good.\n\n2) Yes. Good.\n\n3) No. Bad.\n", "YYN"),
    "no reasons": ("1) Yes.\n2) No.\n3) Yes.", "YNY"),
    "no in the reasons": ("1) Yes. No. 5 is named, and no errors occurred.\n2) Yes. No problems.\n3) Yes. Now fine.", "YYY"),
    "indented list": ("1) Yes. Two parts:\n   1) No. It is not this.\n   2) No.\n   3) No.\n2) Yes. Fine.\n3) Yes. Fine.", "YYY"),
    "list of other text": ("1) Yes. Because:\n- it calls\n- No. 5 is named\n2) No. Because:\nNo source.\n3) Yes. Fine.", "YNY"),
    "cut off after two": ("1) Yes. Good.\n2) No. The tool", "YN-"),
    "cut off at the third": ("1) Yes. Good.\n2) No. Bad.\n3)", "YN-"),
    "cut off in the word": ("1) Yes. Good.\n2) No. Bad.\n3) Ye", "YN-"),
    "third alone": ("3) No. Three calls too many.", "--N"),
    "carriage returns": ("1) Yes. Good.\r\n2) No. Bad.\r\n3) Yes. Good.\r\n", "YNY"),
}  # fmt: skip

MENDED = {
    # Preambles, turns and thinking.
    "preamble": ("Sure, here is my evaluation:\n\n1) Yes. Good.\n2) Yes. Good.\n3) No. Bad.", "YYN", "dropped_preamble"),
    "preamble with yes": ("Yes, I can do that.\n\n1) No. Bad.\n2) No. Bad.\n3) No. Bad.", "NNN", "dropped_preamble"),
    "preamble with No. 1": ("No. 1 of my tasks:\n1) Yes. a\n2) Yes. b\n3) Yes. c", "YYY", "dropped_preamble"),
    "thinking": ("<think>1) No. 2) No.\n3) No.</think>\n1) Yes. a\n2) Yes. b\n3) Yes. c", "YYY", "dropped_thinking"),
    "next example": ("1) Yes. a\n2) Yes. b\n3) Yes. c\n\nNow, the user query is: \"x\"\n\n1) No. a\n2) No. b\n3) No. c", "YYY", "dropped_turn"),
    "user turn": ("1) Yes. a\n2) Yes. b\n3) Yes. c\n\nUser: Are you sure?\n1) No. a\n2) No. b\n3) No. c", "YYY", "dropped_turn"),
    "end of turn": ("1) Yes. a\n2) Yes. b\n3) Yes. c<|eot_id|>1) No. a\n2) No. b\n3) No. c", "YYY"),
    "code fence": ("```\n1) Yes. a\n2) No. b\n3) Yes. c\n```\nI hope this helps.", "YNY", "verdict_decoration"),
    "code fence after a preamble": ("Here:\n```text\n1) Yes. a\n2) No. b\n3) Yes. c\n```", "YNY", "verdict_decoration", "dropped_preamble"),
    "lines after": ("1) Yes. a\n2) No. b\n3) Yes. c\n\nOverall: No. The response is not good.", "YNY"),
    # Numbering.
    "full stops": ("1. Yes. a\n2. No. b\n3. Yes. c", "YNY", "numbering_style"),
    "brackets": ("(1) Yes. a\n(2) No. b\n(3) Yes. c", "YNY", "numbering_style"),
    "square brackets": ("[1] Yes. a\n[2] No. b\n[3] Yes. c", "YNY", "numbering_style"),
    "colons": ("1: Yes. a\n2: No. b\n3: Yes. c", "YNY", "numbering_style"),
    "hash signs": ("#1 Yes. a\n#2 No. b\n#3 Yes. c", "YNY", "numbering_style"),
    "hash and colon": ("#1: Yes. a\n#2: No. b\n#3: Yes. c", "YNY", "numbering_style"),
    "dashes": ("1 - Yes. a\n2 - No. b\n3 - Yes. c", "YNY", "numbering_style"),
    "bare": ("1 Yes. a\n2 No. b\n3 Yes. c", "YNY", "numbering_style"),
    "no blank": ("1)Yes. a\n2)No. b\n3)Yes. c", "YNY"),
    "aspects": ("Aspect 1: Yes. a\nAspect 2: No. b\nAspect 3: Yes. c", "YNY", "numbering_style"),
    "circles": ("① Yes. a\n② No. b\n③ Yes. c", "YNY", "numbering_style"),
    "key caps": ("1️⃣ Yes. a\n2️⃣ No. b\n3️⃣ Yes. c", "YNY", "numbering_style"),
    "full width": ("１） Yes。a\n２） No。b\n３） Yes。c", "YNY", "numbering_style", "verdict_spelling"),
    "roman": ("i) Yes. a\nii) No. b\niii) Yes. c", "YNY", "numbering_style"),
    "Roman": ("I. Yes. a\nII. No. b\nIII. Yes. c", "YNY", "numbering_style"),
    "mixed": ("1) Yes. a\n2. No. b\n3) Yes. c", "YNY", "numbering_style"),
    "order": ("3) Yes. a\n1) No. b\n2) Yes. c", "NYY", "aspect_order"),
    "one line": ("1) Yes. a is so. 2) No. b is not. 3) Yes. c is so.", "YNY", "one_line"),
    "terse": ("1) Yes. 2) No. 3) Yes.", "YNY", "one_line"),
    "preamble on the line": ("My evaluation is: 1) Yes. a\n2) No. b\n3) Yes. c", "YNY", "one_line", "dropped_preamble"),
    # Decoration.
    "bold number": ("**1)** Yes. a\n**2)** No. b\n**3)** Yes. c", "YNY", "verdict_decoration"),
    "bold word": ("1) **Yes**. a\n2) **No**. b\n3) **Yes**. c", "YNY", "verdict_decoration"),
    "bold with stop": ("1) **Yes.** a\n2) **No.** b\n3) **Yes.** c", "YNY", "verdict_decoration"),
    "bold head": ("**1) Yes.** a\n**2) No.** b\n**3) Yes.** c", "YNY", "verdict_decoration"),
    "quotes": ('1) "Yes." a\n2) "No." b\n3) "Yes". c', "YNY", "verdict_decoration"),
    "back-quotes": ("1) `Yes`. a\n2) `No`. b\n3) `Yes`. c", "YNY", "verdict_decoration"),
    "bullets": ("- 1) Yes. a\n- 2) No. b\n- 3) Yes. c", "YNY", "verdict_decoration"),
    "quoted lines": ("> 1) Yes. a\n> 2) No. b\n> 3) Yes. c", "YNY", "verdict_decoration"),
    "headings": ("### 1) Yes.\na\n\n### 2) No.\nb\n\n### 3) Yes.\nc", "YNY", "verdict_decoration"),
    "word below": ("1)\nYes. a\n2)\nNo. b\n3)\nYes. c", "YNY"),
    "table": ("| Aspect | Verdict | Reason |\n|---|---|---|\n| 1 | Yes | a |\n| 2 | No | b |\n| 3 | Yes | c |", "YNY",
              "dropped_preamble", "numbering_style", "verdict_decoration", "verdict_spelling"),
    "emoji": ("1) ✅ Yes. a\n2) ❌ No. b\n3) ✅ Yes. c", "YNY", "verdict_decoration"),
    # The word.
    "comma": ("1) Yes, a\n2) No, b\n3) Yes, c", "YNY", "verdict_spelling"),
    "capitals and dash": ("1) YES – a\n2) NO – b\n3) YES – c", "YNY", "verdict_spelling"),
    "colon": ("1) Yes: a\n2) No: b\n3) Yes: c", "YNY", "verdict_spelling"),
    "small": ("1) yes\n2) no\n3) yes", "YNY", "verdict_spelling"),
    "sentence": ("1) Yes the answer is given.\n2) No it is made up.\n3) Yes", "YNY", "verdict_spelling"),
    # Labels.
    "labels": ("Informative: Yes. a\nFaithful: No. b\nAppropriate: Yes. c", "YNY", "aspect_label"),
    "nouns and dashes": ("Informativeness – Yes. a\nFaithfulness – No. b\nAppropriateness – Yes. c", "YNY", "aspect_label"),
    "use of calls": ("Informative: Yes. a\nFaithful: Yes. b\nAppropriate use of API calls: No. c", "YYN", "aspect_label"),
    "API usage": ("Informative: Yes. a\nFaithful: Yes. b\nAPI usage: No. c", "YYN", "aspect_label"),
    "labels in another order": ("Faithfulness: No. a\nInformativeness: Yes. b\nAPI use: Yes. c", "YNY", "aspect_label", "aspect_order"),
    "bold labels": ("**Informative:** Yes. a\n**Faithful:** No. b\n**Appropriate:** Yes. c", "YNY", "aspect_label", "verdict_decoration"),
    "label with query": ("Informative? Yes. a\nFaithful? No. b\nAppropriate? Yes. c", "YNY", "aspect_label"),
    "number and label": ("1) Informative: Yes. a\n2) Faithful: No. b\n3) Appropriate: Yes. c", "YNY", "aspect_label"),
    "bold number and label": ("1. **Informative**: Yes. a\n2. **Faithful**: No. b\n3. **Appropriate**: Yes. c", "YNY",
                              "numbering_style", "aspect_label", "verdict_decoration"),
    "the prompt's words": ("1) Whether the response answers the user's query in an informative way: Yes. a\n"
                           "2) Whether the response is faithful with respect to the execution results of the API calls: No. b\n"
                           "3) Whether the assistant used the API calls appropriately: Yes. c", "YNY", "aspect_label"),
    "indented but the first": ("1) Yes. a\n   2) No. b\n   3) Yes. c", "YNY"),
    "statements": ("1) The response is informative: Yes. a\n2) The response is faithful: No. b\n3) The calls were appropriate: Yes. c",
                   "YNY", "aspect_label"),
    "Llama's headings": ("### Aspect 1: Informative\n**Judgment:** Yes\n**Explanation:** a\n### Aspect 2: Faithful\n**Judgment:** No\n"
                         "**Explanation:** b\n### Aspect 3: Appropriate\n**Judgment:** Yes\n**Explanation:** c", "YNY",
                         "aspect_label", "numbering_style", "verdict_decoration", "verdict_spelling"),
    "GPT's bold lines": ("**1) Informative: Yes.**\na\n\n**2) Faithful: No.**\nb\n\n**3) Appropriate: Yes.**\nc\n\nOverall, no.",
                         "YNY", "aspect_label", "verdict_decoration"),
    "Mistral's lines": (" 1) Yes, the response is informative.\n\n2) Yes, it is faithful.\n\n3) No, it did not call them well.</s>",
                        "YYN", "verdict_spelling"),
    "Qwen's lines": ("<think>\nLet me see. 2) No?\n</think>\n\n1) **Yes**. a\n\n2) **Yes**. b\n\n3) **Yes**. c<|im_end|>", "YYY",
                     "dropped_thinking", "verdict_decoration"),
    "the prompt's list first": ("1) whether the response answers the query. For example, you should say \"No.\"\n2) whether it is faithful\n"
                                "3) whether it used the calls appropriately\n\n1) Yes. a\n2) No. b\n3) Yes. c", "YNY", "dropped_preamble"),
    "angle brackets": ("1) <Yes>. a\n2) <No>. b\n3) <Yes>. c", "YNY", "verdict_decoration", "verdict_spelling"),
    "again and again": ("1) Yes. a\n2) No. b\n3) Yes. c\n\n1) Yes. a\n2) No. b\n3) Yes. c\n\n1) Yes. a\n2) N", "YNY", "dropped_verdict"),
    "questions": ("1) Does the response answer the query? Yes. a\n2) Is it faithful? No. b\n3) Were the calls fine? Yes. c",
                  "YNY", "aspect_label"),
    "answer labels": ("1) Answer: Yes. a\n2) Answer: No. b\n3) Answer: Yes. c", "YNY", "numbering_style"),
    "label headings": ("### Informative\n\nYes. a\n\n### Faithful\n\nNo. b\n\n### Appropriate\n\nYes. c", "YNY",
                       "aspect_label", "verdict_decoration"),
    "aspect and label": ("Aspect 1 (Informative): Yes. a\nAspect 2 (Faithful): No. b\nAspect 3 (Appropriate): Yes. c",
                         "YNY", "numbering_style", "aspect_label"),
    "label in brackets": ("1) (Informative) Yes. a\n2) (Faithful) No. b\n3) (Appropriate) Yes. c", "YNY", "aspect_label"),
    "echo as a label": ("1) Yes/No: Yes. a\n2) Yes/No: No. b\n3) Yes/No: Yes. c", "YNY", "numbering_style"),
    "one label": ("Faithfulness: No. It is made up.", "-N-", "aspect_label"),
    # Without numbers.
    "three lines": ("Yes. a\nNo. b\nYes. c", "YNY", "no_numbering"),
    "three paragraphs": ("Yes. The query is\nanswered.\n\nNo. It is made up.\n\nYes. Fine.", "YNY", "no_numbering"),
    "three bullets": ("My verdict:\n- Yes. a\n- **No**. b\n- Yes. c", "YNY", "no_numbering", "dropped_preamble"),
    # Twice.
    "revised": ("1) Yes. a\n2) No. b\n3) Yes. c\n\nOn second thought:\n1) Yes. a\n2) Yes. d\n3) Yes. c", "YYY", "dropped_verdict"),
    "revised in another style": ("1. No. a\n2. No. b\n3. No. c\n\nFinal:\n1) Yes. a\n2) Yes. d\n3) No. c", "YYN", "dropped_verdict"),
    "echo, then verdict": ("1) Yes/No. <explanation>\n2) Yes/No. <explanation>\n3) Yes/No. <explanation>\n\n"
                           "1) Yes. a\n2) No. b\n3) Yes. c", "YNY", "dropped_preamble"),
    "revision cut off": ("1) Yes. a\n2) No. b\n3) Yes. c\n1) No. d\n2) No. e", "-NY"),
    "list in another style": ("1) Yes. Checks:\n1. No. a\n2. No. b\n3. No. c\n2) Yes. d\n3) Yes. e", "YYY"),
    "list of text": ("1) Yes. Steps:\n1) it calls\n2) it answers\n2) No. d\n3) Yes. e", "YNY"),
    "list after the third": ("1) Yes. a\n2) Yes. b\n3) No. Because:\n1) Yes, it called twice.\n2) No, it was of no use.", "YYN"),
    # At the end.
    "closing": ("1) The response gives the date. So: Yes.\n2) It says what the tool says. Verdict: **Yes**\n"
                "3) The call was of no use. Therefore, no.", "YYN", "verdict_at_end"),
    "closing line": ("1) The response gives the date.\nYes.\n2) It is made up.\nNo.\n3) Yes. Fine.", "YNY", "verdict_at_end"),
    "overall": ("1) Yes. a\n2) Yes. b\n3) Yes.\nOverall: No", "YYY"),
    # JSON.
    "object": ('{"informative": "Yes", "faithful": "No", "appropriate": "Yes"}', "YNY", "verdict_json"),
    "object with reasons": ('```json\n{"1": {"verdict": "Yes", "explanation": "a"}, "2": {"verdict": "No", "explanation": "b"}, '
                            '"3": {"verdict": "Yes", "explanation": "c"}}\n```', "YNY", "verdict_json"),
    "object with texts": ('{\n "informative": "Yes. a",\n "faithful": "No. b",\n "appropriate": "Yes. c",\n}', "YNY", "verdict_json"),
    "object of truth values": ('Here:\n{"informative": true, "faithful": false, "appropriate_use": true}', "YNY",
                               "verdict_json", "dropped_preamble"),
    "object in an object": ('{"evaluation": {"informative": "Yes", "faithful": "Maybe", "appropriate": "Yes"}}', "Y-Y", "verdict_json"),
    "list": ('["Yes. a", "No. b", "Yes. c"]', "YNY", "verdict_json"),
    "list of objects": ('[{"aspect": 3, "verdict": "Yes"}, {"aspect": 1, "verdict": "No"}, {"aspect": 2, "verdict": "Yes"}]', "NYY", "verdict_json"),
}  # fmt: skip

UNREAD = {
    "empty": ("", "---"),
    "prose": ("The assistant did a good job. No errors occurred.", "---"),
    "one yes": ("Yes.", "---"),
    "one no": ("No. The tool failed.", "---"),
    "two lines": ("Yes. a\nNo. b", "---"),
    "four lines": ("Yes. a\nNo. b\nYes. c\nYes. d", "---"),
    "three lines, one in doubt": ("Yes. a\nNo errors occurred.\nYes. c", "---"),
    "template": ("1) Yes/No. <explanation>\n2) Yes/No. <explanation>\n3) Yes/No. <explanation>", "---"),
    "both": ("1) Yes and no. a\n2) Yes or no?\n3) Yes, and no.", "---"),
    "no errors": ("1) No errors occurred.\n2) Now it is right.\n3) No. 5 is right.", "---"),
    "other words": ("1) Partially. a\n2) Not quite. b\n3) N/A", "---"),
    "one in doubt": ("1) Yes. a\n2) Partially. b\n3) No. c", "Y-N"),
    "one not there": ("1) Yes. a\n3) No. c", "Y-N"),
    "number after number": ("1)\n2) Yes. b\n3) Yes. c", "-YY"),
    "thinking never ends": ("<think>1) Yes. a\n2) Yes. b\n3) Yes. c", "---"),
    "the prompt again": ('1) whether the response answers the query. For example, you should say "No."\n2) whether it is faithful', "---"),
    "number against label": ("1) Faithful: Yes. a\n2) Informative: No. b\n3) Appropriate: Yes. c", "--Y"),
    "verdict after a sentence": ("1) Not informative. No.\n2) Yes. b\n3) Yes. c", "-YY"),
    "echo and verdict": ("1) Yes/No. Yes. a\n2) Yes/No. No. b\n3) Yes/No. Yes. c", "---"),
    "said, not judged": ("1) The assistant said: No, there is none.\n2) Yes. b\n3) Yes. c", "-YY"),
    "label within a sentence": ("1) It is informative where it says: No.\n2) Yes. b\n3) Yes. c", "-YY"),
    "closing after another": ("1) No. 5 is wrong, and Yes was said. So: Yes.\n2) Yes. b\n3) Yes. c", "-YY"),
    "list or verdict": ("1) Yes. a\n2) No. Checks:\n1) Yes. c\n2) Yes. d\n3) Yes. e", "Y-Y"),
    "list or verdict, all three": ("1) Yes. a\n2) No. Checks:\n1) No. c\n2) No. d\n3) No. e\n3) No. f", "-NN"),
    "list of an aspect in doubt": ("1) Yes. a\n2) It depends:\n1. Yes. b\n2. No. c\n3. No. d\n3) Yes. e", "Y-Y"),
    "years": ("1990: Yes. a\n2) Yes. b\n3) Yes. c", "-YY"),
    "decimals": ("1.5 Yes\n2.5 No\n3.5 Yes", "---"),
    "beyond three": ("4) Yes. a\n5) No. b\n6) Yes. c", "---"),
    "taken back": ("1) Yes. a\n2) Yes. No.\n3) Yes, but no.", "Y--"),
    "letters": ("a) Yes. a\nb) No. b\nc) Yes. c", "---"),
    "scores": ('{"informative": 5, "faithful": 3, "appropriate": 4}', "---"),
    "list of four": ('["Yes", "No", "Yes", "Yes"]', "---"),
}  # fmt: skip

# What looks like a verdict and may stand for another, or for its opposite.
DOUBTS = {
    # Numbers within a line.
    "quoted in a later reason": ("1) No. ①\n2) Yes. a 1) Yes, b\n3) Yes. ok", "-YY"),
    "quoted in its own reason": ("1) No. ① 1) yes\n2) Yes. fine\n3) Yes. ok", "-YY"),
    "quoted after a count": ("1) No. 3 of 5 fields are missing.\n2) Yes. see 1) Yes, but\n3) Yes.", "-YY"),
    "quoted arguments": ("1) Not at all.\n2) Yes. The call of 1) yes was made.\n3) Yes.", "-YY"),
    "one line, commas": ("1) Yes, fine 2) No, bad 3) Yes, ok", "YNY"),
    "one line, no stops": ("1) Yes 2) No 3) Yes", "YNY"),
    "one line, no blanks": ("1)No.2)Yes.3)Yes.", "NYY"),
    "one line, brackets": ("(1) Yes. (2) No. (3) Yes.", "YNY"),
    "one line and another": ("1) Yes. a 2) No. b\n3) Yes. c", "YNY"),
    "one line, one in doubt": ("1) Yes. a 2) Partially, 2) yes in part. 3) Yes.", "Y--"),
    "one line, against itself": ("1) Yes. a 1) No. b", "---"),
    "one line, twice": ("1) Yes 2) No 3) Yes 1) No 2) No 3) No", "---"),
    # A later verdict that is cut off.
    "cut off after it": ("1) Yes.\n2) Yes.\n3) Yes.\n\n1) No.\n2) No.", "--Y"),
    "cut off after an example": ("Example:\n1) Yes. a\n2) Yes. b\n3) Yes. c\nMy verdict:\n1) No.\n2) Yes.", "-YY"),
    "cut off after an example on a line": ("Example: 1) Yes.\n2) Yes.\n3) Yes.\n\nMy verdict:\n1) No.\n2) Yes.", "-YY"),
    "cut off in another style": ("1. Yes.\n2. Yes.\n3. Yes.\n\nFinal:\n1) No.\n2) Yes.", "-YY"),
    "cut off, the same": ("1) Yes.\n2) No.\n3) Yes.\n\n1) Yes.\n2) No.", "YNY"),
    "all three": ("1) Yes.\n2) Yes.\n3) Yes.\n\n1. No.\n1) No.\n2) No.\n(3) No.", "---"),
    # Names in JSON.
    "negated keys": ('{"uninformative": true, "unfaithful": false, "inappropriate": true}', "---"),
    "a negated key": ('{"not_informative": "Yes", "faithful": "Yes", "appropriate": "No"}', "-YN"),
    "a key of what is missing": ('{"missing_informative_content": "No", "faithful": true, "appropriate": true}', "-YY"),
    "unrelated list": ('{"errors": [true, true, true]}', "---"),
    "unrelated object": ('{"tests": {"1": "Yes", "2": "Yes", "3": "Yes"}}', "---"),
    "negated names": (
        '[{"aspect": "uninformative", "verdict": "Yes"}, {"aspect": "faithful", "verdict": "Yes"}, {"aspect": "appropriate", "verdict": "Yes"}]',
        "---",
    ),
    "other spellings": ('{"is_informative": true, "isFaithful": false, "api_use": true}', "YNY"),
    "nouns": ('{"informativeness": "Yes", "faithfulness": "No", "appropriate_use": "Yes"}', "YNY"),
    "numbers and names": ('{"aspect_1_informative": "Yes", "aspect_2_faithful": "No", "3. Appropriate": "Yes"}', "YNY"),
    "number against name": ('{"1 faithful": "Yes", "2": "No", "3": "Yes"}', "-NY"),
    "wrapped list": ('{"verdict": ["Yes", "No", "Yes"]}', "YNY"),
    "both words": ('{"judgement": {"informative": "Yes, no", "faithful": "No.", "appropriate": "Yes"}}', "-NY"),
    # Questions and labels that may ask for the opposite.
    "what is missing": ("1) Is anything missing? No.\n2) Does it make up facts? Yes.\n3) Yes.", "--Y"),
    "what is made up": ("1) Yes.\n2) Does it contain hallucinated information? No.\n3) Yes.", "Y-Y"),
    "the opposite": ("1) Yes. a\n2) Is it unfaithful? Yes.\n3) Is the use of APIs not appropriate? Yes.", "Y--"),
    "two at once": ("1) Yes. a\n2) Is it faithful or does it make up facts? Yes.\n3) Yes.", "Y-Y"),
    "named": (
        "1) Is it informative? Yes.\n2) Is the response faithful to the tool output? No.\n3) Were the API calls used appropriately? Yes.",
        "YNY",
    ),
    "answered below": ("1) Yes.\n2) Does it make up facts?\nYes.\n3) Yes.", "Y-Y"),
    "heading of the opposite": ("1) Yes. a\n2) Hallucinations\n\nNo.\n3) Yes. b", "Y-Y"),
    "labels of the opposite": (
        "1) Non-informative: Yes.\n2) Faithfulness errors: No.\n3) Misuse of API calls: Yes.",
        "---",
    ),
    "labels that lack": ("1) Lacks informative content: No.\n2) Yes. b\n3) Unnecessary use of tools: No.", "-Y-"),
}

BOTH = [
    "Yes, No",
    "yes no",
    "Yes – No",
    "Yes. / No.",
    "Yes. or No.",
    "Yes ( or No )",
    "Yes & No",
    "Yes\\No",
    "Yes:No",
    "Yes; no.",
    "~~Yes~~ No",
    "No. Yes, it is",
    "Yes, no, it is not",
    "Yes? No.",
]
ONE = [
    "Yes. No invented facts.",
    "Yes, no errors were found",
    "Yes, No. 5 was called",
    "Yes. No **made-up** facts",
    "Yes. And no errors came up",
]

ALL = [
    *((text, letters, set()) for text, letters in CANONICAL.values()),
    *((text, letters, set(repairs)) for text, letters, *repairs in MENDED.values()),
    *((text, letters, None) for text, letters in (*UNREAD.values(), *DOUBTS.values())),
]


def letters_of(judgement: Judgement) -> str:
    aspects = (judgement.informative, judgement.faithful, judgement.appropriate)
    return "".join(LETTERS[aspect] for aspect in aspects)


@pytest.mark.parametrize(("text", "letters", "repairs"), ALL, ids=[*CANONICAL, *MENDED, *UNREAD, *DOUBTS])
def test_verdict(text: str, letters: str, repairs: set[str] | None) -> None:
    judgement = parse_verdict(text)
    assert letters_of(judgement) == letters
    assert repairs is None or set(judgement.repairs) == repairs
    assert all(
        not explanation or letter != "-" for explanation, letter in zip(judgement.explanations, letters, strict=True)
    )


@pytest.mark.parametrize(("lead", "letters"), [*((lead, "-NY") for lead in BOTH), *((lead, "YNY") for lead in ONE)])
def test_a_yes_and_a_no(lead: str, letters: str) -> None:
    assert letters_of(parse_verdict(f"1) {lead}\n2) No. b\n3) Yes. c")) == letters


def test_the_tables_show_every_repair() -> None:
    assert {repair for text, _, _ in ALL for repair in parse_verdict(text).repairs} == set(VERDICT_REPAIRS)


@pytest.mark.parametrize(
    ("text", "explanations"),
    [
        ("1) Yes. a\n2) No. b\n3) Yes.", ("a", "b", "")),
        ("1) Yes, a\n2) No – b\n3) YES: c", ("a", "b", "c")),
        ("1) **Yes.** a\n2) **No**. **b** b\n3) Yes. - c", ("a", "**b** b", "- c")),
        ('1) Yes. "a" is so.\n2) "No." b\n3) Yes. (c)', ('"a" is so.', "b", "(c)")),
        ("### 1) Yes.\n\na\na\n\n### 2) No.\nb\n\n### 3) Yes.\nc", ("a\na", "b", "c")),
        ("3) Yes. c\n1) No. a\n2) Yes. b", ("a", "b", "c")),
        ("1) Yes. a\n2) Unclear. b\n3) No. c", ("a", "", "c")),
        ("| 1 | Yes | a |\n| 2 | No | b |\n| 3 | Yes | c |", ("a", "b", "c")),
        ("1) Yes. a 2) No. b 3) Yes. c", ("a", "b", "c")),
        ("1) <Yes>. a\n2) [No] b\n3) (Yes) – c", ("a", "b", "c")),
        ("1) Yes. a:\n   1) No.\n   2) Yes.\n2) No. b\n3) Yes.", ("a:\n1) No.\n2) Yes.", "b", "")),
        ("Yes. a\na\nNo. b\nYes. c", ("a\na", "b", "c")),
        ("```\n1) Yes. a\n2) No. b\n3) Yes. c\n```\nDone.", ("a", "b", "c")),
        ("1) It says so. So: Yes.\n2) No. b\n3) Yes. c", ("It says so.", "b", "c")),
        ('{"informative": "Yes. a", "faithful": {"answer": "No", "reason": "b"}, "appropriate": true}', ("a", "b", "")),
    ],
)  # fmt: skip
def test_explanations(text: str, explanations: tuple[str, str, str]) -> None:
    assert parse_verdict(text).explanations == explanations


def test_the_canonical_text() -> None:
    judgement = Judgement("pass", "unparsed", "fail", ("It is so:\n- a\n\n1) No.", "lost", ""))
    text = render_verdict(judgement)
    assert text == "1) Yes. It is so:\n   - a\n\n   1) No.\n3) No."
    assert parse_verdict(text) == Judgement("pass", "unparsed", "fail", ("It is so:\n- a\n\n1) No.", "", ""))
    assert render_verdict(Judgement("unparsed", "unparsed", "unparsed")) == ""


def test_a_long_reply_is_read_up_to_a_limit() -> None:
    judgement = parse_verdict("1) Yes. " + "word " * LONGEST + "\n2) No. b\n3) No. c")
    assert letters_of(judgement) == "Y--"
