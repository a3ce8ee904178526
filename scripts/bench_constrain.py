"""What constrained decoding costs a token, with llguidance (what stesim uses) and with llama.cpp's own grammars (GBNF).

    make bench-constrain                              # the default model
    make bench-constrain MODELS="a.gguf b.gguf"       # others, for example with a larger vocabulary

For each model one call of `forecast_weather`, decoded several times with each in turn; all figures are medians, in
milliseconds a token. Not covered: other schemas, the tokens that a grammar forces (stesim does not sample them).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stesim.errors import StesimError
from stesim.grammar import Bounds, arguments_schema, reply_grammar
from stesim.models.default import smollm2_path
from stesim.models.llamacpp import LlamaCppModel
from stesim.records import Message, Place, Request, Sampling, Tool
from stesim.toolbox import Toolbox, describe

SAMPLING = Sampling(temperature=0.0, top_p=1.0, top_k=40, min_p=0.0, repeat_penalty=1.0, max_tokens=64)
BOUNDS = Bounds.of(64)
ROUNDS = 5
TOKENS = 32


def gbnf(tool: Tool) -> str:
    """The grammar of a call in llama.cpp's own language."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    arguments = json_schema_to_gbnf(json.dumps(arguments_schema(tool, BOUNDS)))
    thought = f'"Thought: " [^\\n<{{}}]{{1,{BOUNDS.thought}}} "\\n"'
    call = json.dumps(f"Action: {tool.name}\nAction Input: ")
    return f"root ::= {thought} {call} arguments\n{arguments.replace('root ::=', 'arguments ::=', 1)}"


def decode(model: LlamaCppModel, request: Request, choose: Callable[[], int]) -> tuple[float, float, int]:
    """Milliseconds a token to choose it and to evaluate it, and how many there were."""
    model._evaluate(model._encode(request.messages))
    choosing, evaluating = [], []
    for _ in range(TOKENS):
        started = time.perf_counter()
        token = choose()
        chosen = time.perf_counter()
        if token < 0 or model._ends(token):
            break
        model._llm.eval([token])
        choosing.append(1000 * (chosen - started))
        evaluating.append(1000 * (time.perf_counter() - chosen))
    return statistics.median(choosing), statistics.median(evaluating), len(choosing)


def free(model: LlamaCppModel, request: Request, _: Tool) -> Callable[[], int]:
    """Chooses as without a grammar."""
    return model._sampler(request.sampling, 1)


def with_llguidance(model: LlamaCppModel, request: Request, tool: Tool) -> Callable[[], int]:
    """Chooses as stesim does; -1 at the grammar's end."""
    guide = model._constrained().start(reply_grammar([tool], BOUNDS), "")
    sample = model._sampler(request.sampling, 1)

    def choose() -> int:
        if guide.finished:
            return -1
        guide.mask(model._logits())
        token = sample()
        guide._matcher.consume_token(token)
        return token

    return choose


def with_gbnf(model: LlamaCppModel, request: Request, tool: Tool) -> Callable[[], int]:
    """Chooses with llama.cpp's grammar sampler in front of the others."""
    from llama_cpp import LlamaGrammar

    settings: dict[str, Any] = {"temp": 0.0, "top_p": 1.0, "top_k": 40, "min_p": 0.0, "repeat_penalty": 1.0}
    grammar = LlamaGrammar.from_string(gbnf(tool), verbose=False)
    model._llm._sampler = model._llm._init_sampler(**settings, grammar=grammar)
    return lambda: model._llm.sample(**settings)


def bench(path: Path) -> None:
    """The rows of one model."""
    model = LlamaCppModel(path)
    started = time.perf_counter()
    model._constrained()
    ready = time.perf_counter() - started
    with Toolbox.open(["forecast_weather"]) as box:
        tool = box.tools[0]
    messages = (Message("user", f"{describe(tool)}\n\nWill it rain in Paris in the next 3 days? Thought:"),)
    request = Request(Place("bench", 1, 1, 0), "try", messages, SAMPLING, 1)
    ways = {"no grammar": free, "llguidance": with_llguidance, "GBNF": with_gbnf}
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(decode(model, request, way(model, request, tool)))
    plain = statistics.median(choice for choice, _, _ in found["no grammar"])
    evaluation = statistics.median(evaluated for rounds in found.values() for _, evaluated, _ in rounds)
    for name, rounds in found.items():
        choice = statistics.median(choice for choice, _, _ in rounds)
        more = choice - plain
        print(
            f"| {model.name} | {model._llm.n_vocab()} | {name} | {evaluation:.2f} | {choice:.2f} | {more:.2f} | "
            f"{100 * more / (evaluation + plain):.0f} % |",
            flush=True,
        )
    print(f"({model.name}: {ready:.2f} s once to make the vocabulary ready for llguidance)", file=sys.stderr)
    model.close()


def main() -> None:
    """Print a Markdown table."""
    print("| model | vocabulary | grammar | evaluation | choice | more for the grammar | of a token's time |")
    print("|---|---|---|---|---|---|---|")
    try:
        for path in [Path(word) for word in sys.argv[1:]] or [smollm2_path()]:
            bench(path)
    except StesimError as error:
        sys.exit(f"bench_constrain: {error}")


if __name__ == "__main__":
    main()
