"""GGUF models on the CPU through llama-cpp-python, imported when the first model is loaded.

    model = LlamaCppModel(Path("mistral.gguf"), context=4096)
    model.complete(request).text

A reply depends on its prompt, its settings and its seed alone: not on what was asked before, on the number of
threads, or on whether a run was resumed. llama.cpp's numbers for a token differ slightly with the size of the batch
that it is evaluated in. So a prompt is always evaluated in the same blocks of `_BLOCK` tokens, counted from its
beginning, and only whole blocks that were evaluated as part of a prompt are reused; the tokens of a reply, which are
decoded one by one, are evaluated once more when they come back as part of the next prompt.

With a LoRA adapter (`lora`) replies come from the changed weights, and vectors of texts from the model as it was, so
that the same texts are found near each other before and after a training.

Not covered: GPUs, several adapters at once, several sequences in one batch, models that are not text decoders.
"""

from __future__ import annotations

import codecs
import ctypes
import datetime
import importlib.metadata
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from stesim.errors import ModelError
from stesim.models import threads
from stesim.models.base import OnText
from stesim.models.chat import FALLBACK, FALLBACK_STOP, SPLIT, ChatTemplate
from stesim.models.constrain import Constrainer
from stesim.models.embedding import Embedder
from stesim.models.header import check_gguf as check_gguf
from stesim.models.header import fingerprint as fingerprint
from stesim.models.likelihood import choose, log_likelihood, predictions
from stesim.models.loading import load, quiet
from stesim.models.lora import Adapter, read_adapter
from stesim.models.prefixes import Prefixes
from stesim.models.stops import StopFinder
from stesim.records import Completion, Message, Request, Sampling, shared_prefix

_BLOCK = 64  # tokens of a prompt evaluated at once; larger blocks are hardly faster, and reuse less
_WORTH = 2 * _BLOCK  # tokens: fewer are sooner evaluated again than put aside
_SHELF = 256 << 20  # bytes of prompts put aside
_PIECE = 512  # bytes; the longest piece of text of one token
_SLOW = 0.4  # of the measured speed: below this the thread count is measured again
_MEASURE_AGAIN = 20.0  # seconds between two measurements, at least


class LlamaCppModel:
    """A GGUF file, loaded. `context` None means the model's own, at most 4,096 tokens; `thread_count` None: measured.
    `lora` names an adapter and, after a colon, its scale.

    Raises `ModelError` with one line for a file that is missing, not a GGUF, cut off, or not usable, and for an adapter
    that does not go with it.
    """

    constrains = True

    def __init__(
        self,
        path: Path,
        *,
        context: int | None = None,
        thread_count: int | None = None,
        today: datetime.date = datetime.date(2024, 1, 1),
        template: str | None = None,
        name: str | None = None,
        lora: str | Path | None = None,
    ) -> None:
        check_gguf(path)
        self.name = name or path.stem
        self.fingerprint = fingerprint(path)
        self.path = path
        self.adapter: Adapter | None = None
        if lora is not None:
            self.adapter = read_adapter(lora, path, self.fingerprint)
            self.fingerprint = self.adapter.fingerprint_of(self.fingerprint)
        self._llm, self._api = load(path, context, _BLOCK, self.adapter)
        # llama.cpp rounds the context up; its Python side has room for what was asked for.
        self.context = len(self._llm.input_ids)
        self._vocab = self._llm._model.vocab
        source = template or self._llm.metadata.get("tokenizer.chat_template")
        self._stop = () if source else (FALLBACK_STOP,)
        self._template = ChatTemplate(
            source or FALLBACK, bos=self._text(self._llm.token_bos()), eos=self._text(self._llm.token_eos()),
            controls=self._control_texts(), today=today,
        )  # fmt: skip
        self._end: int | None = None  # the token after a reply, once it was asked for
        self._constrainer: Constrainer | None = None
        self._embedder: Embedder | None = None
        self._prefixes: Prefixes | None = Prefixes(self._api, _SHELF)
        self._prompt: list[int] = []  # what was evaluated as a prompt and is still in the cache
        self._fixed_threads = thread_count
        self._measured_at = 0.0
        self._speed = 0.0
        self.threads = 1
        self._choose_threads()

    # -- the Model protocol ------------------------------------------------------------------------------------

    def count(self, messages: Sequence[Message]) -> int:
        """The exact number of tokens of the rendered prompt."""
        return len(self._encode(messages))

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Answer a request; raises `ModelError` if its prompt does not fit in the context."""
        started = time.perf_counter()
        tokens = self._encode(request.messages, request.prefill)
        room = self.context - len(tokens)
        if room < 1:
            raise ModelError(f"the prompt has {len(tokens)} tokens; the context of {self.name} is {self.context}")
        reused = self._evaluate(tokens)
        if request.choices:
            text, evaluated = self._likeliest(request.choices, room)
            if on_text:
                on_text(text)
            seconds = round(time.perf_counter() - started, 4)
            return Completion(text, "stop", len(tokens) + evaluated, reused, 0, seconds)
        decoding = time.perf_counter()
        stops = StopFinder(() if request.grammar else (*request.stop, *self._stop))
        most = room if request.grammar else min(request.sampling.max_tokens, room)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        hear = on_text or (lambda _: None)
        hear(request.prefill)
        generated = 0
        finish: Literal["stop", "length"] = "stop"
        for token in self._decode(request):
            generated += 1
            hear(stops.feed(decoder.decode(self._piece(token))))
            if stops.found:
                break
            if generated >= most:
                finish = "length"
                break
        hear(stops.finish(decoder.decode(b"", True)))
        now = time.perf_counter()
        self._watch_speed(generated, now - decoding)
        return Completion(
            text=request.prefill + stops.text,
            finish=finish,
            prompt_tokens=len(tokens),
            reused_tokens=reused,
            tokens=generated,
            seconds=round(now - started, 4),
        )

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector of length 1 for each text, from the model's own layers."""
        if not self.context:
            raise ModelError(f"{self.name} is closed")
        if self._embedder is None:
            cores = self._fixed_threads or threads.available_cores()
            with quiet():
                self._embedder = Embedder(self._api, self._llm._model.model, self._plain_tokens, cores)
        return self._embedder.embed(texts)

    def describe(self) -> Mapping[str, Any]:
        """The file's name, the adapter, the library's version, and the threads chosen (which do not change replies)."""
        return {
            "file": self.path.name,
            "llama_cpp_python": importlib.metadata.version("llama-cpp-python"),
            "threads": self.threads,
            "trained_context": self._llm._model.n_ctx_train(),
            "architecture": self._llm.metadata.get("general.architecture", ""),
            "quantization": self._llm.metadata.get("general.file_type", ""),
            **({"lora": self.adapter.describe()} if self.adapter else {}),
        }

    def close(self) -> None:
        """Free the model's memory; nothing can be asked of it afterwards."""
        self.context = 0
        if self._embedder is not None:
            self._embedder.close()
        self._llm.close()

    # -- for a training, which asks as it will be asked ---------------------------------------------------------

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of a prompt, just as `complete` evaluates them."""
        return self._encode(messages)

    def reply_tokens(self, text: str) -> list[int]:
        """The tokens of a reply, and the one that ends it; raises `ModelError` if the vocabulary has no such token."""
        if self._end is None:
            self._end = self._end_of_reply()
        return [*self._plain_tokens(text), self._end]

    def logits(self, prompt: Sequence[int], reply: Sequence[int]) -> Any:
        """What is predicted before each token of a reply: a float32 array with a row for each, a column for each token
        of the vocabulary. Raises `ModelError` if both do not fit in the context, or one of them is empty."""
        if not prompt or not reply or len(prompt) + len(reply) > self.context:
            raise ModelError(
                f"a prompt of {len(prompt)} and a reply of {len(reply)} tokens cannot be looked at in a context of "
                f"{self.context}"
            )
        self._evaluate(list(prompt))
        return predictions(self._llm, self._api, reply, _BLOCK)

    def _end_of_reply(self) -> int:
        """The token that the chat template puts after a reply; where it puts none, the vocabulary's end of a turn."""
        mark = "REPLY-TEXT"
        try:
            turns = [Message("user", "x"), Message("assistant", mark), Message("user", "x")]
            after = self._template.render(turns).partition(mark)[2]
        except ModelError:  # some refuse such a conversation
            after = ""
        found = self._llm.tokenize(after.encode("utf-8", "replace"), add_bos=False, special=True) if after else []
        ends = [token for token in found if self._ends(token)]
        ends += [token for token in (self._api.llama_vocab_eot(self._vocab), self._llm.token_eos()) if token >= 0]
        if not ends:
            raise ModelError(f"{self.name} has no token that ends a reply")
        return int(ends[0])

    # -- text and tokens ---------------------------------------------------------------------------------------

    def _encode(self, messages: Sequence[Message], prefill: str = "") -> list[int]:
        if not self.context:
            raise ModelError(f"{self.name} is closed")
        tokens: list[int] = []
        for piece in self._template.render(messages, prefill).split(SPLIT):
            tokens += self._llm.tokenize(piece.encode("utf-8", "replace"), add_bos=False, special=True)
        bos = self._llm.token_bos()
        if self._api.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def _plain_tokens(self, text: str) -> list[int]:
        """The tokens of a text that is no prompt; nothing in it becomes a control token."""
        tokens: list[int] = self._llm.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=False)
        return tokens

    def _text(self, token: int) -> str:
        return "" if token < 0 else self._api.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")

    def _control_texts(self) -> Iterator[str]:
        special = (
            self._api.LLAMA_TOKEN_ATTR_CONTROL
            | self._api.LLAMA_TOKEN_ATTR_USER_DEFINED
            | self._api.LLAMA_TOKEN_ATTR_UNKNOWN
        )
        for token in range(self._llm.n_vocab()):
            if self._api.llama_vocab_get_attr(self._vocab, token) & special:
                yield self._text(token)

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_PIECE)
        size = self._api.llama_token_to_piece(self._vocab, token, buffer, _PIECE, 0, False)
        return buffer.raw[: max(0, size)]

    def _ends(self, token: int) -> bool:
        return bool(self._api.llama_vocab_is_eog(self._vocab, token))

    # -- evaluation --------------------------------------------------------------------------------------------

    def _evaluate(self, tokens: list[int]) -> int:
        """Bring the cache to hold exactly this prompt; returns how many of its tokens were still there."""
        self._prompt = self._swap(tokens)
        reused = reusable(self._prompt, tokens)
        self._prompt = []
        if not self._llm._ctx.kv_cache_seq_rm(-1, reused, -1):  # a recurrent model cannot forget a part
            reused = 0
            self._llm.reset()
        self._llm.n_tokens = reused
        for start in range(reused, len(tokens), _BLOCK):
            self._llm.eval(tokens[start : start + _BLOCK])
        self._prompt = tokens
        return reused

    def _swap(self, tokens: list[int]) -> list[int]:
        """Put the prompt in the cache aside if little of it is wanted, and bring a better one; what is there then."""
        shared = shared_prefix(self._prompt, tokens)
        if len(self._prompt) - shared < _WORTH or self._prefixes is None:
            return self._prompt
        self._prefixes.keep(self._llm, self._prompt)
        found = self._prefixes.restore(self._llm, tokens, at_least=shared + _WORTH)
        return self._prompt if found is None else found

    def _likeliest(self, choices: Sequence[str], room: int) -> tuple[str, int]:
        """The choice that is likeliest after the prompt in the cache, and how many tokens were evaluated for that."""
        prompt, found = list(self._prompt), []
        tokens = [self._plain_tokens(choice) for choice in choices]
        if not all(0 < len(each) < room for each in tokens):
            raise ModelError(f"a choice is empty or does not fit in the context of {self.name}")
        for number, each in enumerate(tokens):
            if number:  # bring the cache, and the figures for the next token, back to the end of the prompt
                self._evaluate(prompt)
            found.append(log_likelihood(self._llm, self._api, each, _BLOCK))
        return choices[choose(found)], sum(map(len, tokens))

    def _decode(self, request: Request) -> Iterator[int]:
        """The tokens of a reply, one after the other, up to the model's end of the reply or the grammar's.

        Tokens that the grammar forces are not sampled, and are evaluated together with the one before them.
        """
        guide = self._constrained().start(request.grammar, request.prefill) if request.grammar else None
        sampler = self._sampler(request.sampling, request.seed)
        while True:
            if guide:
                guide.mask(self._logits())
            token = int(sampler())
            if self._ends(token):
                return
            forced = guide.accept(token) if guide else []
            yield from (token, *forced)
            if guide and guide.finished:
                return
            self._llm.eval([token, *forced])

    def _constrained(self) -> Constrainer:
        if self._constrainer is None:
            self._constrainer = Constrainer(self._api, self._vocab, self._llm.n_vocab())
        return self._constrainer

    def _logits(self) -> Any:
        """The model's figures for the next token, to be changed in place."""
        import numpy

        pointer = self._api.llama_get_logits_ith(self._llm.ctx, -1)
        return numpy.ctypeslib.as_array(pointer, shape=(self._llm.n_vocab(),))

    def _sampler(self, sampling: Sampling, seed: int) -> Callable[[], int]:
        self._llm.set_seed(seed)
        settings: dict[str, Any] = {
            "temp": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k, "min_p": sampling.min_p,
            "typical_p": 1.0, "repeat_penalty": sampling.repeat_penalty, "frequency_penalty": 0.0,
            "presence_penalty": 0.0, "mirostat_mode": 0,
        }  # fmt: skip
        self._llm._sampler = self._llm._init_sampler(**settings)
        return lambda: self._llm.sample(**settings)

    # -- threads -----------------------------------------------------------------------------------------------

    def _choose_threads(self) -> None:
        if self._fixed_threads is not None:
            self._use_threads(self._fixed_threads)
            return
        counts = threads.candidates(threads.available_cores())
        count, self._speed = threads.fastest(counts, self._measure)
        self._use_threads(count)
        self._measured_at = time.perf_counter()

    def _use_threads(self, count: int) -> None:
        self.threads = count
        # A prompt is evaluated in blocks, which gain from every core, and lose nothing when one is busy.
        batch = self._fixed_threads or threads.available_cores()
        self._api.llama_set_n_threads(self._llm.ctx, count, batch)

    def _measure(self, count: int) -> float:
        """Tokens a second when decoding with so many threads, over about half a second at most."""
        self._use_threads(count)
        self._prompt = []
        self._llm.n_tokens = 0
        self._llm.eval([self._llm.token_eos()] * 2)  # wakes the threads, pages the weights in
        started, done = time.perf_counter(), 0
        while done < 12 and (done == 0 or time.perf_counter() - started < 0.5):
            self._llm.eval([self._llm.token_eos()])
            done += 1
        return done / (time.perf_counter() - started)

    def _watch_speed(self, generated: int, seconds: float) -> None:
        now = time.perf_counter()
        if self._fixed_threads is not None or generated < 8 or now - self._measured_at < _MEASURE_AGAIN:
            return
        if generated / seconds < _SLOW * self._speed:
            self._choose_threads()


def reusable(cached: Sequence[int], tokens: Sequence[int]) -> int:
    """How many leading tokens of a prompt need no evaluation: whole blocks, and never all of the prompt."""
    return min(shared_prefix(cached, tokens), len(tokens) - 1) // _BLOCK * _BLOCK
