"""How far the demonstrations that were shown lead to the right tool: counts over an evaluation in mode icl.

    python scripts/shown_tools.py runs/bench-smollm2 icl

Not covered: evaluations with demonstrations of another file than the run's.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import orjson


def main(run: Path, name: str) -> None:
    """Print for how many queries most demonstrations shown are of the right tool, and how often it was called then."""
    tools = [orjson.loads(line)["tool"] for line in (run / "demonstrations.jsonl").read_bytes().splitlines()]
    queries: Counter[bool] = Counter()
    called: Counter[bool] = Counter()
    for line in (run / "eval" / name / "answers.jsonl").read_bytes().splitlines():
        answer = orjson.loads(line)
        if not answer["tool"] or not answer["demonstrations"]:
            continue
        most = Counter(tools[shown] for shown in answer["demonstrations"]).most_common(1)[0][0]
        queries[most == answer["tool"]] += 1
        called[most == answer["tool"]] += answer["reply"].get("tool") == answer["tool"]
    for right, meaning in ((True, "the right tool"), (False, "another tool")):
        count, so = queries[right], called[right]
        print(f"most demonstrations are of {meaning}: {count} queries; the right tool called in {so} of them")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2])
