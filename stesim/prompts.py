"""Prompt templates: load a set from a folder and fill it strictly.

A template is plain text with `{variable}` placeholders (`{{` and `}}` stand for braces). A missing or an unknown
variable is an error that names it, when the set is loaded and not in the middle of a run. A folder holds one of:

- a file for each template: `imagine_first.txt`, `imagine_next.txt`, `try_first.txt`, `try_next.txt`, `reflect.txt`,
  `long_term.txt`, `system.txt`, `begin_first.txt`, `begin_next.txt`, and worked examples `example*.txt`;
- `prompt_explore.txt` in the paper's released format: the templates of the first trial and of the next ones,
  imagine and try, separated by lines of `=========`.

What a folder leaves out comes from the default set, but for the worked examples and the beginnings of replies: a
folder has its own or none.

    >>> load_prompts().reflect.fill()[:6]
    'Does t'

Not covered: conditionals, loops, includes. A value is never read as a template.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stesim.errors import PromptError
from stesim.files import read_bounded

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
class Told:
    """A finished trial as a conversation tells it: the query, the replies each with the observation that followed
    (None after a final answer), and the reflection, None where there was none.
    """

    query: str
    turns: tuple[tuple[str, str | None], ...]
    reflection: str | None


@dataclass(frozen=True)
class Example:
    """A worked episode with an API that does not exist, at the start of every conversation.

    Small models learn the format from it.
    """

    api_descriptions: str
    api_names: str
    trials: tuple[Told, ...]


@dataclass(frozen=True)
class PromptSet:
    """The templates of an exploration (paper: appendix, prompts for STE). `fingerprint` is over all their text.

    `begin_first` and `begin_next` are what the first and each later reply of a trial is made to begin with: small
    models keep to the format when it is begun for them.
    """

    source: str
    system: Template
    imagine_first: Template
    imagine_next: Template
    try_first: Template
    try_next: Template
    reflect: Template
    long_term: Template
    begin_first: Template
    begin_next: Template
    examples: tuple[Example, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the text of all templates, in hex."""
        digest = hashlib.sha256()
        for name in ALLOWED:
            digest.update(f"{name}\0{getattr(self, name).text}\0".encode())
        digest.update(repr(self.examples).encode())
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
    "imagine_first": {"api_descriptions", "api_names", "long_term"},
    "imagine_next": {"api_descriptions", "api_names", "long_term"},
    "try_first": _COMMON,
    "try_next": _COMMON,
    "reflect": _COMMON,
    "long_term": {"queries"},
    "begin_first": set[str](),
    "begin_next": set[str](),
}
_OWN_OR_NONE = ("begin_first", "begin_next")

# The templates of the stages besides the query-first exploration: what each must contain, and what it may.
STAGES: Mapping[str, Mapping[str, tuple[set[str], set[str]]]] = {
    "call_first": {
        "imagine_call": ({"api_descriptions"}, {"api_descriptions", "api_names"}),
        "imagine_call_next": (set(), {"api_descriptions", "api_names"}),
        "imagine_query": ({"arguments"}, {"api_name", "purpose", "arguments"}),
        "query_system": (set(), set()),
        "query_examples": (set(), set()),
        "query_openings": (set(), set()),
    },
    "judge": {
        "judge": ({"query", "calls", "answer"}, {"api_descriptions", "query", "calls", "answer"}),
    },
    "paraphrase": {
        "paraphrase_system": (set(), set()),
        "paraphrase_examples": (set(), set()),
        "paraphrase_first": ({"query"}, {"query", "api_descriptions"}),
        "paraphrase_next": (set(), {"query"}),
        "paraphrase_openings": (set(), set()),
    },
    "answer": {
        "answer_system": (set(), {"api_descriptions", "api_names"}),
        "answer": ({"query"}, {"query", "api_descriptions", "api_names"}),
    },
    "tool_mode": {
        "tool_mode_system": (set(), set()),
        "tool_mode": ({"query"}, {"query"}),
        "tool_mode_no_call": (set(), set()),
        "drill_before": (set(), set()),
        "drill_after": (set(), set()),
    },
}
# Files of the paper's release that stand for a template, and what their placeholders are called there.
_RELEASED_STAGES = {
    "judge": ("prompt_filtering.txt", {"chains": "calls", "final_ans": "answer"}),
    "answer_system": ("prompt_template.txt", {}),
}
# The stages whose templates one command takes from one folder: it needs to hold those of one of them only.
_TOGETHER = (("judge", "paraphrase"), ("answer", "tool_mode"))
_EXAMPLES = "example*.txt"


@dataclass(frozen=True)
class StagePrompts:
    """The templates of one stage by their names."""

    source: str
    templates: Mapping[str, Template]

    def __getitem__(self, name: str) -> Template:
        return self.templates[name]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the names and the text of the templates, in hex."""
        digest = hashlib.sha256()
        for name in sorted(self.templates):
            digest.update(f"{name}\0{self.templates[name].text}\0".encode())
        return digest.hexdigest()


def load_stage_prompts(stage: str, folder: Path | None = None) -> StagePrompts:
    """The templates of a stage, those that `folder` has taken from there; raises `PromptError` that says what is wrong.

    The paper's `prompt_filtering.txt` (the judge's) and `prompt_template.txt` (for the answers) are taken as they are.
    A folder with no template of the stage, nor of one that the same command has besides it, is refused.
    """
    if folder is not None:
        _check_folder(folder, _files_beside(stage))
    templates = {}
    for name, (required, allowed) in STAGES[stage].items():
        template = Template(name, _stage_text(name, folder))
        _check_variables(template, required, allowed)
        templates[name] = template
    return StagePrompts(str(folder) if folder else "default", templates)


def _files_beside(stage: str) -> list[str]:
    """The files of which a folder must hold one if it is to give a stage its templates."""
    if stage == "call_first":  # it stands beside the exploration's templates, and uses them as well
        return [*_files_of("call_first"), RELEASED_FILE, *(f"{name}.txt" for name in ALLOWED)]
    return [file for group in _TOGETHER if stage in group for each in group for file in _files_of(each)]


def _files_of(stage: str) -> list[str]:
    """The files that may hold a stage's templates, the released ones last."""
    released = [_RELEASED_STAGES[name][0] for name in STAGES[stage] if name in _RELEASED_STAGES]
    return [*(f"{name}.txt" for name in STAGES[stage]), *released]


def _check_folder(folder: Path, files: Sequence[str]) -> None:
    """Raise `PromptError` unless the folder is there and holds one of the files."""
    if not folder.is_dir():
        raise PromptError(f"no prompt folder {folder}")
    if not any((folder / file).is_file() for file in files):
        raise PromptError(f"no prompts in {folder}: expected one or more of {', '.join(files)}")


def _stage_text(name: str, folder: Path | None) -> str:
    if folder is not None and (folder / f"{name}.txt").is_file():
        return _read(folder / f"{name}.txt")
    released, renamed = _RELEASED_STAGES.get(name, ("", {}))
    if folder is not None and released and (folder / released).is_file():
        text = _read(folder / released)
        for old, new in renamed.items():
            text = text.replace(f"{{{old}}}", f"{{{new}}}")
        return text
    return _read(default_folder() / f"{name}.txt")


def default_folder() -> Path:
    """Where the prompts that come with stesim are: inside an installed package, else beside it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_prompts"
    return installed if installed.is_dir() else here.parent / "prompts"


def load_prompts(folder: Path | None = None, *, beside: str = "") -> PromptSet:
    """The prompt set of `folder`, or the default one; raises `PromptError` that names what is wrong.

    `beside` is a stage whose templates may be in the folder as well: one that holds only them leaves this set as it is.
    """
    texts = {name: _read(default_folder() / f"{name}.txt") for name in ALLOWED}
    home = default_folder()
    if folder is not None:
        found = _texts_of(folder, _files_of(beside) if beside else [])
        if found or any(folder.glob(_EXAMPLES)):
            home, texts = folder, texts | dict.fromkeys(_OWN_OR_NONE, "") | found
    templates = {name: Template(name, text) for name, text in texts.items()}
    for template in templates.values():
        _check(template)
    examples = tuple(_example(path) for path in sorted(home.glob(_EXAMPLES)))
    return PromptSet(source=str(folder) if folder else "default", examples=examples, **templates)


def _texts_of(folder: Path, others: Sequence[str]) -> dict[str, str]:
    _check_folder(folder, [RELEASED_FILE, *(f"{name}.txt" for name in ALLOWED), *others])
    if (folder / RELEASED_FILE).is_file():
        return _released(folder / RELEASED_FILE)
    return {name: _read(folder / f"{name}.txt") for name in ALLOWED if (folder / f"{name}.txt").is_file()}


def _released(path: Path) -> dict[str, str]:
    parts = _parts(path)
    if len(parts) != len(RELEASED_PARTS):
        raise PromptError(
            f"{path}: expected {len(RELEASED_PARTS)} parts separated by lines of =========, found {len(parts)}"
        )
    return dict(zip(RELEASED_PARTS, parts, strict=True))


def _parts(path: Path) -> list[str]:
    return [part.strip() for part in re.split(r"^={5,}\s*$", _read(path), flags=re.MULTILINE)]


def _example(path: Path) -> Example:
    """Read a worked episode: the API's description, then for each trial its query, transcript and reflection."""
    description, *rest = _parts(path)
    name = re.match(r"API name: *(\S.*)", description)
    if name is None:
        raise PromptError(f"{path}: the first part must begin with 'API name: '")
    if not rest or len(rest) % 3:
        raise PromptError(
            f"{path}: expected a description and then a query, a transcript and a reflection for each trial, "
            f"separated by lines of =========; found {1 + len(rest)} parts"
        )
    triples = zip(rest[0::3], rest[1::3], rest[2::3], strict=True)
    trials = tuple(Told(query, _turns(transcript, path), reflection) for query, transcript, reflection in triples)
    return Example(description, name[1].strip(), trials)


def _turns(transcript: str, path: Path) -> tuple[tuple[str, str | None], ...]:
    turns = []
    for turn in re.split(r"^(?=Thought:)", transcript, flags=re.MULTILINE)[1:]:
        reply, observed, observation = turn.partition("\nObservation:")
        turns.append((reply.strip(), observation.strip() if observed else None))
    if not turns or turns[-1][1] is not None:
        raise PromptError(f"{path}: a transcript must consist of replies with 'Thought:' and end with a final answer")
    return tuple(turns)


def _check(template: Template) -> None:
    _check_variables(template, REQUIRED.get(template.name, set()), ALLOWED[template.name])


def _check_variables(template: Template, required: set[str], allowed: set[str]) -> None:
    variables = template.variables()
    if unknown := variables - allowed:
        known = _braced(allowed) or "none"
        raise PromptError(f"prompt {template.name}: unknown variable {_braced(unknown)} (known here: {known})")
    if missing := required - variables:
        raise PromptError(f"prompt {template.name}: the variable {_braced(missing)} is missing")


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _read(path: Path) -> str:
    try:
        return read_bounded(path, _LARGEST).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise PromptError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise PromptError(f"cannot read {path}: {error.strerror}") from None
