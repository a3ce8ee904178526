"""Read an OpenAPI document and find what its references stand for.

    from mocktools.openapi import document
    print(document.read(Path("petstore.yaml")).title)

A document that breaks OpenAPI's rules here and there is read all the same: of seven documents in use that it was tried
with, three broke some. `faults` says where. The rules are checked with the JSON Schemas that `openapi-spec-validator`
brings; its further checks run the document's regular expressions and fetch what it refers to, so they are left out. Not
covered: Swagger 2.0, OpenAPI 3.2, references to other files.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import LARGEST_FILE, FileError, parse_json, place_of, read_text, shown, unfit
from mocktools.openapi import yamlfile

MOST_FAULTS = 20
_LONGEST_CHAIN = 50


class SkippedError(Exception):
    """An operation cannot become a tool; the text says why."""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document: what `file` holds. `modern` is whether it is of version 3.1."""

    file: Path
    content: Mapping[str, Any]
    modern: bool
    _found: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the API is called."""
        title = self._info("title")
        return title if isinstance(title, str) and title.strip() else self.file.stem

    @property
    def version(self) -> str:
        """The API's own version, as a text."""
        version = self._info("version")
        return str(version) if isinstance(version, str | int | float) and str(version).strip() else "unknown"

    @property
    def license(self) -> str:
        """The name of the license that the document states for the API."""
        stated = self._info("license")
        name = stated.get("name") if isinstance(stated, Mapping) else None
        return name if isinstance(name, str) and name.strip() else "not stated"

    def _info(self, name: str) -> Any:
        info = self.content.get("info")
        return info.get(name) if isinstance(info, Mapping) else None

    def follow(self, reference: str) -> Any:
        """What a `$ref` stands for, which may be another one.

        Raises `MockToolsError` for one to another file, `SkippedError` for one that leads nowhere.
        """
        if reference not in self._found:
            self._found[reference] = self._look_up(reference)
        return self._found[reference]

    def _look_up(self, reference: str) -> Any:
        import referencing
        import referencing.exceptions
        import referencing.jsonschema

        if not reference.startswith("#"):
            raise FileError(
                self.file,
                "",
                f"$ref {shown(reference)} leads to another file; bundle all into one first, for example with "
                "`npx @redocly/cli bundle`",
            )
        if not reference.startswith("#/"):
            raise SkippedError(f"$ref {shown(reference)} is not the path of a place")
        # Opaque: an `$id` in the middle of a document does not move the places that its paths name.
        resource = referencing.Resource.opaque(self.content)
        try:
            found = referencing.Registry().with_resource("", resource).resolver().lookup(reference)
        except (referencing.exceptions.Unresolvable, LookupError, ValueError, TypeError):
            raise SkippedError(f"$ref {shown(reference)} leads nowhere") from None
        return found.contents

    def resolved(self, value: Any) -> Any:
        """`value`, or what it refers to if it is a reference: the end of the chain.

        Raises `MockToolsError` for a chain that comes back to itself, and what `follow` raises.
        """
        seen: list[str] = []
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen or len(seen) > _LONGEST_CHAIN:
                raise self.round_trip(reference)
            seen.append(reference)
            value = self.follow(reference)
        return value

    def round_trip(self, reference: str) -> MockToolsError:
        """The error of a chain of references that stand for one another and for nothing else."""
        return FileError(self.file, "", f"$ref {shown(reference)} only leads back to itself")

    def faults(self) -> list[str]:
        """Where the document breaks OpenAPI's own rules, at most 20 places.

        Raises `MockToolsError` without `openapi-spec-validator`.
        """
        try:
            from openapi_spec_validator import schemas
        except ModuleNotFoundError:
            raise MockToolsError(
                "checking an OpenAPI document needs openapi-spec-validator: pip install 'stesim[openapi]'"
            ) from None
        validator = schemas.openapi_v31_schema_validator if self.modern else schemas.openapi_v30_schema_validator
        try:
            errors = list(itertools.islice(validator.iter_errors(self.content), MOST_FAULTS))
        except RecursionError:
            return ["it is nested too deep to be checked"]
        return [f"{place_of(error.absolute_path) or 'the document'}: {shown(error.message)[1:-1]}" for error in errors]


def read(path: Path) -> Document:
    """The document in a JSON or YAML file of at most 8 MiB; raises `MockToolsError` with one line."""
    text = read_text(path, LARGEST_FILE)
    content = _parsed(text, path)
    if not isinstance(content, dict):
        raise FileError(path, "", "is no OpenAPI document: it must be an object")
    if "swagger" in content:
        raise FileError(
            path,
            "",
            f"is Swagger {shown(content['swagger'], 20)}; convert it to OpenAPI 3 first, for example with "
            "`npx swagger2openapi`",
        )
    version = content.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1")):
        said = 'lacks "openapi": "3..."' if version is None else f"is OpenAPI {shown(version, 20)}"
        raise FileError(path, "", f"{said}; 3.0 and 3.1 can be read")
    if not isinstance(content.get("paths", {}), dict):
        raise FileError(path, "paths", "must be an object")
    return Document(path, content, version.startswith("3.1"))


def _parsed(text: str, path: Path) -> Any:
    if path.suffix.lower() == ".json":
        return parse_json(text, path)
    if text.lstrip().startswith("{"):  # JSON under another name; YAML's braces allow more
        try:
            return parse_json(text, path)
        except FileError as error:
            if "is not valid JSON" not in error.message:
                raise
    content = yamlfile.parse(text, str(path))
    wrong = unfit(content)
    if wrong:
        raise FileError(path, "", wrong)
    return content
