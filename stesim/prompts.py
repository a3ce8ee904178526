"""Prompt templates: load a set from a folder and fill it strictly.

A template is plain text with `{variable}` placeholders (`{{` and `}}` stand for braces). A missing or an unknown
variable is an error that names it, when the set is loaded and not in the middle of a run. A folder holds either
one file a template (`imagine_first.txt`, `imagine_next.txt`, `try_first.txt`, `try_next.txt` and, optionally,
`reflect.txt`, `long_term.txt`, `system.txt`) or one `prompt_explore.txt` in the paper's released format: the four
templates in that order, separated by lines of `=========`. What a folder leaves out comes from the default set.

    >>> load_prompts().reflect.fill()[:6]
    'Was th'

Not covered: conditionals, loops, includes. A value is never read as a template.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stesim.errors import PromptError

RELEASED_FILE = "prompt_explore.txt"
RELEASED_PARTS = ("imagine_first", "try_first", "imagine_next", "try_next")
_LARGEST = 256 * 1024


@dataclass(frozen=True)
class Template:
    """A prompt with placeholders. `name` is for error messages."""

    name: str
    text: str

    def fill(self, **values: str) -> str:
        """The text with every placeholder replaced; raises `PromptError` for one that has no value."""
        missing = self.variables() - values.keys()
        if missing:
            raise PromptError(f"prompt {self.name}: no value for {_braced(missing)}")
        return "".join(
            literal + (values[variable] if variable is not None else "") for literal, variable in self._pieces()
        )

    def variables(self) -> set[str]:
        """The names of the placeholders."""
        return {variable for _, variable in self._pieces() if variable is not None}

    def _pieces(self) -> Iterator[tuple[str, str | None]]:
        try:
            for literal, variable, spec, conversion in string.Formatter().parse(self.text):
                if variable is not None and (spec or conversion or not variable.isidentifier()):
                    raise PromptError(
                        f"prompt {self.name}: {{{variable}}} is not a plain {{name}}; write {{{{ and }}}} for braces"
                    )
                yield literal, variable
        except ValueError as error:
            raise PromptError(f"prompt {self.name}: {error}; write {{{{ and }}}} for braces") from None


@dataclass(frozen=True)
class PromptSet:
    """The templates of an exploration (paper: appendix, prompts for STE). `fingerprint` is over all their text."""

    source: str
    system: Template
    imagine_first: Template
    imagine_next: Template
    try_first: Template
    try_next: Template
    reflect: Template
    long_term: Template

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the text of all templates, in hex."""
        digest = hashlib.sha256()
        for name in ALLOWED:
            digest.update(f"{name}\0{getattr(self, name).text}\0".encode())
        return digest.hexdigest()


# What each template must and may contain.
REQUIRED = {
    "imagine_first": {"api_descriptions"},
    "try_first": {"query", "api_names"},
    "long_term": {"queries"},
}
_COMMON = {"api_descriptions", "api_names", "query"}
ALLOWED = {
    "system": set[str](),
    "imagine_first": {"api_descriptions", "api_names"},
    "imagine_next": {"api_descriptions", "api_names"},
    "try_first": _COMMON,
    "try_next": _COMMON,
    "reflect": _COMMON,
    "long_term": {"queries"},
}


def default_folder() -> Path:
    """Where the prompts that come with stesim are: inside an installed package, else beside it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_prompts"
    return installed if installed.is_dir() else here.parent / "prompts"


def load_prompts(folder: Path | None = None) -> PromptSet:
    """The prompt set of `folder`, or the default one; raises `PromptError` that names what is wrong."""
    texts = {name: _read(default_folder() / f"{name}.txt") for name in ALLOWED}
    if folder is not None:
        texts |= _texts_of(folder)
    templates = {name: Template(name, text) for name, text in texts.items()}
    for template in templates.values():
        _check(template)
    return PromptSet(source=str(folder) if folder else "default", **templates)


def _texts_of(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise PromptError(f"no prompt folder {folder}")
    if (folder / RELEASED_FILE).is_file():
        return _released(folder / RELEASED_FILE)
    found = {name: _read(folder / f"{name}.txt") for name in ALLOWED if (folder / f"{name}.txt").is_file()}
    if not found:
        names = ", ".join(f"{name}.txt" for name in ALLOWED)
        raise PromptError(f"no prompts in {folder}: expected {RELEASED_FILE} or some of {names}")
    return found


def _released(path: Path) -> dict[str, str]:
    parts = [part.strip() for part in re.split(r"^={5,}\s*$", _read(path), flags=re.MULTILINE)]
    if len(parts) != len(RELEASED_PARTS):
        raise PromptError(
            f"{path}: expected {len(RELEASED_PARTS)} parts separated by lines of =========, found {len(parts)}"
        )
    return dict(zip(RELEASED_PARTS, parts, strict=True))


def _check(template: Template) -> None:
    variables = template.variables()
    if unknown := variables - ALLOWED[template.name]:
        known = _braced(ALLOWED[template.name]) or "none"
        raise PromptError(f"prompt {template.name}: unknown variable {_braced(unknown)} (known here: {known})")
    if missing := REQUIRED.get(template.name, set()) - variables:
        raise PromptError(f"prompt {template.name}: the variable {_braced(missing)} is missing")


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise PromptError(f"{path} is larger than {_LARGEST // 1024} KiB: not a prompt")
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise PromptError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise PromptError(f"cannot read {path}: {error.strerror}") from None
