"""Requests, replies and events of the contracts, described field by field."""

import inspect
import re
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from chassis.contract import Empty, Message, schema_text
from docker.dev.docs.markdown import anchor, section, table

Model = type[Message]


def arguments(request: Model) -> str:
    """Return a table of what a request takes."""
    return table(("argument", "type", "default", "meaning"), _fields(request))


def fields(model: Model) -> str:
    """Return a table of what a reply or an event has."""
    rows = [(name, kind, says) for name, kind, _, says in _fields(model)]
    return table(("field", "type", "meaning"), rows)


def link(model: Model) -> str:
    """Name a model, which has a section of its own unless it is empty."""
    return "nothing" if model is Empty else f"[`{model.__name__}`](#{anchor(_title(model))})"


def described(model: Model) -> str:
    """Return the section of a model."""
    return section(3, _title(model), prose(model), fields(model))


def reached(models: Iterable[Model]) -> list[Model]:
    """Return these models and all that are in them, in order of their titles."""
    found: set[Model] = set()
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.add(model)
            waiting += inside(model)
    return sorted(found - {Empty}, key=lambda model: _title(model).lower())


def inside(model: Model) -> Iterator[Model]:
    """Yield the models that the fields of one have."""
    for field in model.model_fields.values():
        yield from _models(field.annotation)


def prose(model: Model) -> str:
    """Return a docstring as paragraphs."""
    return inspect.cleandoc(model.__doc__ or "")


def _fields(model: Model) -> Iterator[tuple[str, str, str, str]]:
    schema = model.model_json_schema()
    known = {re.sub(r"\W", "_", one.__name__): link(one) for one in inside(model)}
    for name, field in schema.get("properties", {}).items():
        value = schema_text.default(field)
        given = "required" if name in schema.get("required", ()) else f"`{value}`" if value else "null"
        yield f"`{name}`", schema_text.kind(field, known.__getitem__), given, field.get("description", "")


def _title(model: Model) -> str:
    return f"`{model.__module__.partition('.')[0]}.{model.__name__}`"


def _models(annotation: Any) -> Iterator[Model]:
    if inspect.isclass(annotation) and issubclass(annotation, Message):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)
