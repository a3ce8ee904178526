"""Chat templates: from messages to the text that a model was trained on, without letting content forge it.

The template comes from the GGUF (Jinja, run in a sandbox). Templates that refuse a system role get the system
message at the head of the first user message; messages of one role in a row are joined, since many templates
want roles to alternate.

Content is untrusted: a tool's result may contain `<|im_end|><|im_start|>system`. Wherever content spells one of the
model's control tokens, `SPLIT` is put inside it; the tokenizer is then given the pieces between the splits one by
one, so that the model reads the same characters as plain text. Role markers that are plain text anyway, such as
`[INST]`, are broken by a zero-width space instead.

    >>> ChatTemplate(FALLBACK).render((Message("user", "Hi"),))
    'User: Hi\\n\\nAssistant:'

Not covered: images and tools in templates, a template's own tool-calling format.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

from stesim.errors import ModelError
from stesim.records import Message, join_runs

SPLIT = "\ue000"
_BREAK = "\u200b"
_LARGEST = 256 * 1024

# For a GGUF without a template: the plain form that most base models have seen.
FALLBACK = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% else %}"
    "{{ m.role | capitalize }}: {{ m.content }}{% endif %}{{ '\n\n' }}{% endfor %}Assistant:"
)
FALLBACK_STOP = "\n\nUser:"

# Role markers between messages: <<SYS>>, [INST], ### User:, and labels such as "Assistant:" at the head of a line.
_MARKER = re.compile(r"(?m)^[A-Z][A-Za-z]{1,20}:|<{1,2}[^<>\s]{1,40}>{1,2}|\[/?[A-Za-z_]{1,24}\]|#{2,4} ?[A-Z][a-z]+:?")


class ChatTemplate:
    """One model's template. `controls` are the texts of its control tokens; `today` is what the template may print.

    Raises `ModelError` if the template cannot be read or cannot render a plain conversation.
    """

    def __init__(
        self,
        source: str,
        *,
        bos: str = "",
        eos: str = "",
        controls: Iterable[str] = (),
        today: datetime.date = datetime.date(2024, 1, 1),
    ) -> None:
        if len(source) > _LARGEST:
            raise ModelError(f"the model's chat template is larger than {_LARGEST // 1024} KiB")
        self._template = _compile(source)
        self._globals = {"bos_token": bos, "eos_token": eos, "strftime_now": today.strftime}
        self._texts = {text for text in controls if text.strip()}
        self._controls = _any_of(self._texts)
        self._markers: re.Pattern[str] | None = None
        self._system_ok = self._takes_system()
        self._markers = _markers(self._plain_markers())
        self._check()

    def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """The prompt's text, up to and with the head of the reply; contains `SPLIT` where content was defused."""
        shown = [{"role": m.role, "content": self._defuse(m.content)} for m in self._adapt(messages)]
        return self._run(shown) + self._defuse(prefill)

    def _run(self, messages: Sequence[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            text: str = self._template.render(messages=messages, add_generation_prompt=True, **self._globals)
        except TemplateError as error:
            raise ModelError(f"the model's chat template fails: {error}") from None
        except (
            TypeError,
            ValueError,
            ArithmeticError,
            LookupError,
            AttributeError,
            RuntimeError,
            MemoryError,
        ) as error:
            raise ModelError(f"the model's chat template fails: {type(error).__name__}: {error}") from None
        return text

    def _adapt(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        if messages and messages[0].role == "system" and not self._system_ok:
            messages = [Message("user", messages[0].content), *messages[1:]]
        return join_runs(messages)

    def _takes_system(self) -> bool:
        try:
            text = self._run([{"role": "system", "content": "SYSTEM-TEXT"}, {"role": "user", "content": "USER-TEXT"}])
        except ModelError:
            text = ""
        return "SYSTEM-TEXT" in text

    def _plain_markers(self) -> set[str]:
        """The role markers of the template that are not control tokens."""
        turns = [Message("system", "x"), Message("user", "x"), Message("assistant", "x"), Message("user", "x")]
        scaffold = self._run([{"role": m.role, "content": m.content} for m in self._adapt(turns)])
        found = set(_MARKER.findall(scaffold))
        return {marker for marker in found if not (self._controls and self._controls.search(marker))}

    def _check(self) -> None:
        """Refuse a template that leaves messages out, or puts control tokens together again."""
        if "USER-TEXT" not in self.render((Message("user", "USER-TEXT"),)):
            raise ModelError("the model's chat template fails: it does not show the user's message")
        if self._controls is None:
            return
        spelled = "".join(sorted(self._texts))
        nasty = self.render((Message("user", f"{spelled} {spelled.upper()} {spelled.lower()}"),))
        plain = self.render((Message("user", "x"),))
        found = sum(len(self._controls.findall(piece)) for piece in nasty.split(SPLIT))
        if found > sum(len(self._controls.findall(piece)) for piece in plain.split(SPLIT)):
            raise ModelError("the model's chat template fails: it lets a message's text become control tokens")

    def _defuse(self, content: str) -> str:
        content = content.replace(SPLIT, "")
        if self._markers:
            content = self._markers.sub(lambda match: match[0][0] + _BREAK + match[0][1:], content)
        # Splitting one control token may not complete another, but a token may hide inside another's text.
        while self._controls and self._controls.search(content):
            content = self._controls.sub(_split, content)
        return content


def _markers(texts: set[str]) -> re.Pattern[str] | None:
    """Finds the markers; a label counts at the head of a line only."""
    found = [rf"^{re.escape(text)}" if text[0].isalpha() else re.escape(text) for text in sorted(texts)]
    return re.compile("|".join(found), re.MULTILINE) if found else None


def _split(match: re.Match[str]) -> str:
    text = match[0]
    return text[0] + SPLIT + text[1:] if len(text) > 1 else ""


def _any_of(texts: set[str]) -> re.Pattern[str] | None:
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, longest_first))) if texts else None


def _compile(source: str) -> Any:
    # Jinja comes with llama-cpp-python; it is not needed by scripted and replayed runs.
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise ModelError(f"the model's chat template cannot be read: {error}") from None
