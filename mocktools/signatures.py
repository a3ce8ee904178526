"""What a typed function says of its parameters: a JSON Schema for the caller, the check of what a caller sends; and
what it returns as JSON.

    >>> import mocktools.signatures as signatures
    >>> def forecast(city: str, days: int = 3):
    ...     '''Forecast.
    ...
    ...     Args:
    ...         city: Name of a city.
    ...     '''
    >>> signatures.read(forecast).schema["required"]
    ['city']
    >>> signatures.read(forecast).checked({"city": "Paris", "days": "5"})
    {'city': 'Paris', 'days': 5}
    >>> signatures.written((1, "é")).decode()
    '[1,"é"]'

Annotations are read by pydantic and docstrings by docstring-parser; both are imported when a function is read. Not
covered: `*args`, `**kwargs`, positional-only parameters and async functions, and results with sets or generators; they
are refused.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from mocktools import schemas
from mocktools.errors import MockToolsError
from mocktools.mistakes import one_line, refusal, said, text_of
from mocktools.refusals import ApiError
from mocktools.world import World

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


# Parameters that no JSON object can name, and what to write instead.
_UNNAMED = {
    inspect.Parameter.VAR_POSITIONAL: "*{}: take a list instead",
    inspect.Parameter.VAR_KEYWORD: "**{}: name each parameter instead",
    inspect.Parameter.POSITIONAL_ONLY: "positional-only {}: leave out the slash",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's purpose, its parameters as JSON Schema (`worlds`, those annotated `World`, are not among them),
    and arguments that work, where the annotations have examples.
    """

    description: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]
    worlds: tuple[str, ...]
    _model: type[BaseModel]
    _parameters: Mapping[str, str]  # the function's parameter of each field of the model

    def checked(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """The function's arguments from the members of a JSON object; a null is as good as none, and members that it
        does not know are ignored.

        Raises a 400 `ApiError` that names each parameter at fault and what was expected.
        """
        from pydantic import ValidationError

        known = {name: value for name, value in sent.items() if name in self.schema["properties"] and value is not None}
        try:
            found = self._model.model_validate_json(json.dumps(known))
        except RecursionError:
            raise ApiError(400, "invalid_body", "The request body is nested too deep") from None
        except ValidationError as error:
            raise refusal(error, known, self.schema) from None
        return {parameter: getattr(found, field) for field, parameter in self._parameters.items()}


def read(function: Callable[..., Any]) -> Signature:
    """What `function` says of itself; raises `MockToolsError` with one line that says what to write instead."""
    for fault in faults(function):
        raise MockToolsError(fault)
    description, documented = _docstring(function)
    hints = _hints(function)
    worlds = tuple(name for name, hint in hints.items() if _is_world(hint))
    parameters = [parameter for name, parameter in _parameters(function).items() if name not in worlds]
    model = _model(parameters, hints, documented)
    schema = _schema(model, parameters, hints)
    names = {f"p{index}": parameter.name for index, parameter in enumerate(parameters)}
    return Signature(description, schema, _example(model, schema), worlds, model, names)


def faults(function: Callable[..., Any]) -> Iterator[str]:
    """What keeps `function` from being a tool, as far as one thing can be told beside another.

    Raises `MockToolsError` if the libraries are not there that read a function, or it has no signature.
    """
    _require_libraries()
    parameters = _parameters(function)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield "it is async; write a plain `def`"
    try:
        _docstring(function)
    except MockToolsError as error:
        yield str(error)
    for parameter in parameters.values():
        if parameter.kind in _UNNAMED:
            yield f"a tool cannot have {_UNNAMED[parameter.kind].format(parameter.name)}"
        elif parameter.annotation is inspect.Parameter.empty:
            yield f"parameter {parameter.name!r} has no annotation; write one, as in {parameter.name}: str"


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except Exception as error:
        raise MockToolsError(f"its signature cannot be read: {said(error)}") from None


def _require_libraries() -> None:
    try:
        import docstring_parser  # noqa: F401
        import pydantic  # noqa: F401
    except ImportError as error:
        raise MockToolsError(
            f"tools from functions need pydantic and docstring-parser; install them: {error}"
        ) from None


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first paragraph, and what is said of each parameter, each in one line."""
    import docstring_parser

    text = inspect.getdoc(function) or ""
    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError as error:
        raise MockToolsError(f"its docstring cannot be read: {one_line(text_of(error))}") from None
    paragraph = parsed.short_description or ""
    if not parsed.blank_after_short_description:
        paragraph += " " + (parsed.long_description or "").split("\n\n")[0]
    if not paragraph.strip():
        raise MockToolsError("it has no docstring that says what the tool does; write one")
    described = {
        name.strip().lstrip("*"): " ".join(entry.description.split())
        for entry in parsed.params
        for name in entry.arg_name.split(",")
        if entry.description
    }
    return " ".join(paragraph.split()), described


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotation of each parameter; raises `MockToolsError` for one that means nothing."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an annotation in quotes may be any expression
        raise MockToolsError(f"an annotation cannot be read: {said(error)}") from None
    return {name: hints[name] for name in _parameters(function)}


def _model(
    parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any], documented: Mapping[str, str]
) -> type[BaseModel]:
    """A pydantic model of the arguments. Its fields are called p0, p1 ..., because a parameter may be called `json`
    or `_id`, which pydantic wants for itself; to a caller they have the names of the parameters.
    """
    from pydantic import ConfigDict, create_model

    fields = {
        f"p{index}": _field(parameter, hints[parameter.name], documented.get(parameter.name))
        for index, parameter in enumerate(parameters)
    }
    try:
        model: type[BaseModel] = create_model(
            "Arguments", __config__=ConfigDict(validate_default=True), **typing.cast(Any, fields)
        )
    except Exception as error:  # pydantic's errors have no class in common
        raise MockToolsError(_culprit(parameters, hints) or one_line(text_of(error))) from None
    for parameter, field in zip(parameters, model.model_fields.values(), strict=True):
        _check_order(parameter.name, field)
        if not field.is_required() and field.default_factory is None:
            _check_default(parameter.name, field.default, field.rebuild_annotation())
    return model


def _field(parameter: inspect.Parameter, hint: Any, documented: str | None) -> tuple[Any, Any]:
    """The annotation and the default of a model's field."""
    from pydantic import Field
    from pydantic.fields import FieldInfo

    default, own, annotated = parameter.default, FieldInfo.from_annotation(hint), typing.cast(Any, Annotated)
    details: dict[str, Any] = {}
    if default is inspect.Parameter.empty and own.is_required() and _takes_none(hint):
        default = None
    elif default is None and not _takes_none(hint):
        inside = getattr(hint, "__metadata__", ())
        base = typing.cast(Any, typing.Optional)[typing.get_args(hint)[0] if inside else hint]
        together = (base, *inside)
        hint = annotated[together] if inside else base
    if documented and own.description is None:
        details["description"] = documented
    if own.alias is None and getattr(default, "alias", None) is None:
        details["alias"] = parameter.name
    if isinstance(default, FieldInfo):
        return annotated[hint, Field(**details)], default
    return hint, Field(**details) if default is inspect.Parameter.empty else Field(default, **details)


def _is_world(hint: Any) -> bool:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return set(typing.get_args(hint)) == {World, type(None)}
    return hint is World


def _takes_none(hint: Any) -> bool:
    if typing.get_origin(hint) is Annotated:
        return _takes_none(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_takes_none(choice) for choice in typing.get_args(hint))
    return hint is None or hint is type(None)


def _culprit(parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]) -> str | None:
    """Which parameter pydantic cannot make sense of, and why."""
    from pydantic import TypeAdapter

    for parameter in parameters:
        try:
            TypeAdapter(hints[parameter.name]).json_schema()
        except Exception as error:
            return f"the annotation of parameter {parameter.name!r} has no JSON Schema: {one_line(text_of(error))}"
    return None


def _schema(
    model: type[BaseModel], parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters as JSON Schema; raises `MockToolsError` for what has none, and for two of one name."""
    from pydantic.json_schema import PydanticJsonSchemaWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", PydanticJsonSchemaWarning)
        try:
            schema = schemas.tidy(model.model_json_schema())
        except Exception as error:
            raise MockToolsError(_culprit(parameters, hints) or one_line(text_of(error))) from None
    properties: dict[str, Any] = schema.setdefault("properties", {})
    schema.setdefault("required", [])
    if len(properties) < len(parameters):
        raise MockToolsError("two parameters have the same alias; give each its own")
    return {"type": "object", **schema}


def _check_default(name: str, default: Any, annotation: Any) -> None:
    """Raises `MockToolsError` if a default is not JSON or does not fit its own annotation."""
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import to_jsonable_python

    try:
        json.dumps(to_jsonable_python(default), allow_nan=False)
    except Exception:
        kind = type(default).__name__
        raise MockToolsError(f"the default of parameter {name!r} cannot be written as JSON, being {kind}") from None
    try:
        TypeAdapter(annotation).validate_python(default)
    except ValidationError as error:
        why = one_line(error.errors(include_url=False)[0]["msg"])
        raise MockToolsError(f"the default of parameter {name!r} does not fit its annotation: {why}") from None
    except Exception as error:  # of a validator
        raise MockToolsError(f"the default of parameter {name!r} cannot be checked: {said(error)}") from None


def _check_order(name: str, field: FieldInfo) -> None:
    """Raises `MockToolsError` if what the schema tells of a parameter has another order with each start of Python."""
    told = {"default": field.default, "examples": field.examples, "extra schema": field.json_schema_extra}
    for what, value in told.items():
        empty = isinstance(value, set | frozenset) and not value
        disorder = "" if empty else _disorder(value)
        if disorder:
            raise MockToolsError(f"the {what} of parameter {name!r} cannot be told: {disorder}; make it a list")


def _example(model: type[BaseModel], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments made of the examples in the annotations; empty if a required parameter has none."""
    from pydantic_core import to_jsonable_python

    found = {}
    for name, field in zip(schema["properties"], model.model_fields.values(), strict=True):
        choices = schema["properties"][name].get("enum")
        if field.examples:
            found[name] = to_jsonable_python(field.examples[0])
        elif name in schema["required"]:
            if not choices:
                return {}
            found[name] = choices[0]
    return found


def written(result: Any) -> bytes:
    """What a function returned, as JSON; raises an exception that says why it is not, of whatever class."""
    from pydantic_core import to_jsonable_python

    disorder = _disorder(result)
    if disorder:
        raise TypeError(f"{disorder}, return {'sorted(...)' if 'generator' not in disorder else 'a list'} instead")
    plain = to_jsonable_python(result)
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _disorder(value: Any) -> str:
    """What in `value` comes in another order with each start of Python, so that a run would not repeat, if anything."""
    waiting, seen = [value], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, set | frozenset):
            return "a set has no order"
        if isinstance(value, Iterator):
            return "a generator may run over a set, which has no order"
        if id(value) in seen or isinstance(value, str | bytes | int | float | type(None)):
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple | deque):
            waiting += value
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            waiting += [getattr(value, one.name, None) for one in dataclasses.fields(value)]
        elif hasattr(type(value), "model_fields"):
            waiting += vars(value).values()
    return ""
