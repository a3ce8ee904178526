"""Constrained decoding: which tokens may come next so that a reply keeps to a grammar (llguidance).

    check_grammar('start: "Yes" | "No"')         # raises ModelError if it is none
    Constrainer(llama_cpp, vocab, size).start('start: "Yes" | "No"', prefill="").mask(logits)

Grammars are texts as `stesim/grammar/` makes them. The cost is about half a millisecond a token (`make
bench-constrain`). Not covered: what the grammar says; samplers; llama.cpp's own grammars, which cost more than ten
times that.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stesim.errors import ModelError

if TYPE_CHECKING:
    import numpy

_EXCERPT = re.compile(r"\s*(?:\d+ \||\^)")  # a line of the grammar in an error, or what points at it
INSTALL = "llguidance is not installed; install it with: pip install llguidance (or use --constrain off)"


def check_grammar(grammar: str, beginnings: Sequence[str] = (), of: str = "the reply") -> None:
    """Raise `ModelError` unless the grammar can be used and admits a reply that begins with each of `beginnings`.

    `of` says what the grammar is of.
    """
    llguidance = _library()
    for beginning in beginnings or [""]:
        guide = Guide(llguidance.LLTokenizer("byte"), grammar, of)
        guide.begin(beginning)
        guide.mask(guide.logits())


class Constrainer:
    """What holds one model's replies to grammars; making it takes about 0.2 s for 50,000 tokens."""

    def __init__(self, api: Any, vocab: Any, size: int) -> None:
        _library()
        from llguidance.llamacpp import lltokenizer_from_vocab

        ends = [token for token in range(size) if api.llama_vocab_is_eog(vocab, token)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it calls llama.cpp by older names
            self._tokenizer = lltokenizer_from_vocab(vocab, eos_token=ends or None)

    def start(self, grammar: str, prefill: str) -> Guide:
        """A guide for one reply that begins with `prefill`; raises `ModelError` if the grammar does not admit that."""
        guide = Guide(self._tokenizer, grammar, "the reply")
        guide.begin(prefill)
        return guide


class Guide:
    """Follows one reply token by token."""

    def __init__(self, tokenizer: Any, grammar: str, of: str) -> None:
        llguidance = _library()
        self._tokenizer = tokenizer
        self._of = of
        text = llguidance.LLMatcher.grammar_from_lark(grammar)
        self._matcher = llguidance.LLMatcher(tokenizer, text, log_level=0)
        self._bits: Any = None
        self._check()

    @property
    def finished(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())

    def begin(self, prefill: str) -> None:
        """Take what the reply is made to begin with; raises `ModelError` if the grammar does not admit it."""
        tokens = self._tokenizer.tokenize_str(prefill)
        taken = self._matcher.try_consume_tokens(tokens)
        self._check()
        if taken < len(tokens):
            raise ModelError(
                f"the grammar of {self._of} does not admit the beginning that the prompts give it, {prefill!r:.80}; "
                "use other prompts, or --constrain off"
            )

    def logits(self) -> numpy.ndarray[Any, Any]:
        """Figures for every token, all alike, where there is no model to take them from."""
        import numpy

        return numpy.zeros(self._tokenizer.vocab_size, dtype=numpy.float32)

    def mask(self, logits: numpy.ndarray[Any, Any]) -> None:
        """Rule out, in place, every token that may not come next."""
        import numpy

        if self._bits is None:
            self._bits = numpy.zeros((len(logits) + 31) // 32, dtype=numpy.uint32)
        self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
        self._check()
        allowed = numpy.unpackbits(self._bits.view(numpy.uint8), count=len(logits), bitorder="little")
        logits[allowed == 0] = -numpy.inf

    def accept(self, token: int) -> list[int]:
        """Take the token that was chosen; returns those that must follow it, which are taken already."""
        self._matcher.consume_token(token)
        forced: list[int] = self._matcher.compute_ff_tokens()
        self._matcher.consume_tokens(forced)
        self._check()
        return forced

    def _check(self) -> None:
        if self._matcher.is_error():
            lines = [line for line in self._matcher.get_error().split("\n") if not _EXCERPT.match(line)]
            reason = " ".join(" ".join(lines).split())
            raise ModelError(f"decoding {self._of} cannot be constrained: {reason[:200]}; use --constrain off")


def _library() -> Any:
    try:
        return importlib.import_module("llguidance")
    except ImportError:
        raise ModelError(INSTALL) from None
