"""What an operation is sent: its parameters and body as a tool's arguments, and where each of them travels.

A parameter in the path, the query or a header is an argument; so is each member of a JSON body that is an object, else
the whole body is one, called `body`. What cannot be sent as OpenAPI says (`deepObject`, forms ...) is left out if it is
optional; if it is required, the operation is. A list in a path or a header becomes a text with commas. Example: see
`operations.py`. Not covered: cookies (a required one becomes a secret), `allowReserved`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mocktools import made
from mocktools.exchanges.files import shown
from mocktools.exchanges.secrets import masked
from mocktools.made.joined import Flat, types
from mocktools.openapi.document import Document, SkippedError
from mocktools.openapi.shapes import Shapes, described, without_examples
from mocktools.openapi.wording import sentence, variable
from mocktools.params import WITH_BODY, placeholders
from mocktools.sources.parameters import header_problem

_NOT_ASKED = frozenset({"accept", "content-type", "authorization"})
_LONGEST_NAME = 100
_STYLES = {"query": "form", "header": "simple", "path": "simple", "cookie": "form"}
Where = tuple[str, str]  # name and place


@dataclass
class Inputs:
    """The arguments of a tool. `path` is the template with names that they can have, `left_out` what is not asked,
    `title` what the API is called.
    """

    path: str
    title: str = ""
    properties: dict[str, Flat] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    secrets: list[dict[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def parameters(self) -> Flat:
        """The JSON Schema of all arguments."""
        found: Flat = without_examples({"type": "object", "properties": self.properties})
        return {**found, "required": self.required} if self.required else found

    def example(self, seed: str) -> dict[str, Any]:
        """Arguments that work: the document's own examples where they fit, else made ones; of what is required.

        What would look like somebody's password or key is starred out.
        """
        fitting = {name: value for name, value in self.given.items() if made.fits(self.properties[name], value)}
        wanted = [name for name in self.properties if name in self.required or name in fitting]
        if not self.required:
            wanted = wanted[:2]
        asked = {"type": "object", "properties": {name: self.properties[name] for name in wanted}, "required": wanted}
        found = made.value(asked, seed, {})
        found = found if isinstance(found, dict) else {}
        chosen = {name: fitting.get(name, found.get(name)) for name in wanted}
        chosen |= {name: one for name, one in masked(chosen).items() if made.fits(self.properties[name], one)}
        # Where no value fits (a minimum above the maximum), a path still needs a segment.
        return chosen | {name: "1" for name in placeholders(self.path) if chosen.get(name) in (None, "")}


def read(document: Document, shapes: Shapes, method: str, path: str, told: Sequence[Mapping[str, Any]]) -> Inputs:
    """The arguments of an operation; `told` are the path item and the operation.

    Raises `SkippedError` if something that is required cannot be sent, `MockToolsError` for a broken document.
    """
    found = Inputs(path, document.title)
    parameters = _parameters(document, told)
    in_path = placeholders(path)
    for (name, where), parameter in parameters.items():
        if where != "path":
            _take(found, shapes, method, name, where, parameter)
    _body(found, document, shapes, method, told[-1])
    own, found.properties = found.properties, {}
    for name in in_path:  # these may be called anything, so they give way; and they are what a caller is told first
        _in_path(found, shapes, name, parameters.get((name, "path"), {}), own)
    found.properties |= own
    needed = set(found.required)
    found.required = [name for name, schema in found.properties.items() if name in needed and not _is_null(schema)]
    return found


def _parameters(document: Document, told: Sequence[Mapping[str, Any]]) -> dict[Where, Mapping[str, Any]]:
    found: dict[Where, Mapping[str, Any]] = {}
    for part in told:
        listed = part.get("parameters") or []
        for parameter in listed if isinstance(listed, list) else []:
            known = document.resolved(parameter)
            name, where = (known.get("name"), known.get("in")) if isinstance(known, Mapping) else (None, None)
            if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
                raise SkippedError(f"a parameter has no usable name: {shown(name)}")
            if not isinstance(where, str) or where not in _STYLES:
                raise SkippedError(f"parameter {shown(name, 40)} is in {shown(where, 20)}")
            found[name, where] = known
    return found


def _take(found: Inputs, shapes: Shapes, method: str, name: str, where: str, parameter: Mapping[str, Any]) -> None:
    """Take in a parameter of the query or a header."""
    if where == "header" and name.lower() in _NOT_ASKED:
        return
    if where == "cookie":
        if parameter.get("required") is True:
            found.secrets.append({"in": "cookie", "name": name, "value": f"${{{variable(found.title, name)}}}"})
        else:
            found.left_out.append(f"{name}: a cookie")
        return
    schema, own = _schema(shapes, parameter)
    reason = "its name is used twice" if name in found.properties else _unsent(where, parameter, own)
    if where == "header":
        reason = reason or header_problem(name) or ""
    if reason:
        if parameter.get("required") is True:
            raise SkippedError(f"parameter {shown(name, 40)}: {reason}")
        found.left_out.append(f"{name}: {reason}")
        return
    found.properties[name] = schema
    if parameter.get("required") is True:
        found.required.append(name)
    _note_example(found, name, parameter)
    if where == "header":
        found.places[name] = {"in": "header"}
        _commas(found, name, own)
        return
    style = parameter.get("style", "form")
    lists = "json" if "content" in parameter else "repeat" if parameter.get("explode", style == "form") else "comma"
    many = "array" in types(own) or "items" in own or bool({"anyOf", "oneOf"} & own.keys())
    if many and lists != "json":
        found.places[name] = {"in": "query", "lists": lists}
    elif method in WITH_BODY:
        found.places[name] = {"in": "query"}


def _schema(shapes: Shapes, parameter: Mapping[str, Any]) -> tuple[Flat, Flat]:
    """The schema of a parameter for a caller, and all that the document says of it."""
    content = parameter.get("content")
    schema = parameter.get("schema", {})
    if isinstance(content, Mapping) and content:
        medium = next(iter(content.values()))
        schema = medium.get("schema", {}) if isinstance(medium, Mapping) else {}
    found, own = shapes.argument(schema), shapes.flat(schema)
    told = described({"description": parameter.get("description"), "example": parameter.get("example"), **_enum(own)})
    if told:
        found = {**found, "description": told}
    return found, own


def _enum(own: Flat) -> Flat:
    return {"enum": own["enum"]} if "enum" in own else {}


def _unsent(where: str, parameter: Mapping[str, Any], own: Flat) -> str:
    """Why a parameter cannot be sent as the document says; empty if it can."""
    content = parameter.get("content")
    if isinstance(content, Mapping) and content:
        kind = next(iter(content))
        return "" if where == "query" and is_json(kind) else f"content {shown(kind, 40)}"
    style = parameter.get("style", _STYLES[where])
    if style != _STYLES[where]:
        return f"style {shown(style, 40)}"
    if "object" in types(own) or "properties" in own:
        return "an object that is not sent as JSON"
    return ""


def _is_null(own: Mapping[str, Any]) -> bool:
    """Whether nothing but null is allowed, which counts as not sent."""
    options = own.get("anyOf") or own.get("oneOf") or []
    if options and all(isinstance(option, Mapping) and _is_null(option) for option in options):
        return True
    return list(types(own)) == ["null"] or own.get("enum") == [None] or own.get("const", "") is None


def _commas(found: Inputs, name: str, own: Flat) -> None:
    """A list becomes a text with commas, for places that hold one text."""
    if "array" not in types(own) and "items" not in own:
        return
    told = found.properties[name].get("description", "").rstrip(".")
    found.properties[name] = {"type": "string", "description": f"{told or 'Values'}; several are separated by commas."}
    given = found.given.get(name)
    if isinstance(given, list):
        found.given[name] = ",".join(str(one) for one in given)


def _in_path(found: Inputs, shapes: Shapes, name: str, parameter: Mapping[str, Any], own: Mapping[str, Flat]) -> None:
    schema, said = _schema(shapes, parameter) if parameter else ({"type": "string"}, {})
    reason = _unsent("path", parameter, said)
    if reason:
        raise SkippedError(f"parameter {shown(name, 40)}: {reason}")
    argument = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "part"
    while argument in own or argument in found.properties:
        argument = f"path_{argument}"
    found.path = found.path.replace(f"{{{name}}}", f"{{{argument}}}")
    found.properties[argument] = _filled(schema)
    found.required.append(argument)
    _note_example(found, argument, parameter)
    _commas(found, argument, said)
    if found.given.get(argument) == "":
        del found.given[argument]


def _filled(schema: Flat) -> Flat:
    """The schema of an argument in a path, where null and an empty text would be no segment at all."""
    kinds = [kind for kind in types(schema) if kind != "null"]
    found = {key: said for key, said in schema.items() if not (key in ("const", "default") and said in (None, ""))}
    if "type" in schema:
        found["type"] = kinds[0] if len(kinds) == 1 else kinds or "string"
    if "enum" in schema:
        found["enum"] = [one for one in schema["enum"] if one not in (None, "")]
    if not found.get("enum", True):
        del found["enum"]
    if "string" in types(found) and not found.get("minLength"):
        found["minLength"] = 1
    return found


def _note_example(found: Inputs, name: str, holder: Mapping[str, Any]) -> None:
    """Note the example that a parameter or a medium has of its own."""
    for value in _examples(holder):
        if value is not None:
            found.given.setdefault(name, value)


def _examples(holder: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in holder:
        yield holder["example"]
    several = holder.get("examples")
    for one in several.values() if isinstance(several, Mapping) else []:
        if isinstance(one, Mapping) and "value" in one:
            yield one["value"]


def _body(found: Inputs, document: Document, shapes: Shapes, method: str, operation: Mapping[str, Any]) -> None:
    body = document.resolved(operation.get("requestBody"))
    if not isinstance(body, Mapping):
        return
    if method == "GET":
        found.left_out.append("body: a GET request has none")
        return
    medium = document.resolved(_json_medium(body.get("content")))
    medium = medium if isinstance(medium, Mapping) else {}
    schema = medium.get("schema", {})
    own = shapes.flat(schema)
    shape = shapes.argument(schema)
    members = shape.get("properties", {})
    flattened = bool(members) and not ({"anyOf", "oneOf"} & shape.keys() or "allOf" in own)
    flattened = (
        flattened and types(own) in ([], ["object"]) and not isinstance(own.get("additionalProperties"), Mapping)
    )
    if flattened and not members.keys() & found.properties.keys() and all(map(_usable, members)):
        found.properties |= members
        found.required += shape.get("required", []) if body.get("required") is not False else []
        if method not in WITH_BODY:
            found.places |= {name: {"in": "body"} for name in members}
        whole = next((value for value in (*_examples(medium), own.get("example")) if isinstance(value, Mapping)), {})
        found.given |= {name: value for name, value in whole.items() if name in members and value is not None}
        return
    name = "body" if "body" not in found.properties else "request_body"
    if name in found.properties:
        raise SkippedError(f"its body has no name left: there is a parameter {shown(name)}")
    told = sentence(body.get("description"), 160)
    found.properties[name] = {**shape, **({"description": told} if told and "description" not in shape else {})}
    found.places[name] = {"in": "content"}
    if body.get("required") is not False:
        found.required.append(name)
    _note_example(found, name, medium)


def nameless(url: str) -> str:
    """`url` with every placeholder written the same."""
    return re.sub(r"\{[^{}/]+\}", "{}", url)


def _usable(name: str) -> bool:
    return name.isprintable() and 0 < len(name) <= _LONGEST_NAME


def _json_medium(content: Any) -> Any:
    """What a body's content says of JSON; raises `SkippedError` if it must be something else."""
    if not isinstance(content, Mapping) or not content:
        raise SkippedError("its body has no content")
    for kind in content:
        if is_json(kind):
            return content[kind]
    for kind in content:
        if kind == "*/*":
            return content[kind]
    kinds = ", ".join(str(kind) for kind in content)
    raise SkippedError(f"its body is not JSON: {shown(kinds, 80)[1:-1]}")


def is_json(kind: object) -> bool:
    """Whether a kind of content is JSON."""
    own = str(kind).partition(";")[0].strip().lower()
    return own in ("application/json", "text/json", "*/json", "application/*") or own.endswith("+json")
