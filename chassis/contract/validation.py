"""Validates fields against a model; an error lists the path and the message of each invalid field."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from chassis.contract import Message
from chassis.errors import FieldError, Invalid

Model = TypeVar("Model", bound=Message)


def validate(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Build a model from fields by name. Raises Invalid with one entry for each invalid field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error, fields) from None


def validate_strings(model: type[Model], fields: Mapping[str, str]) -> Model:
    """Build a model from fields whose values are texts, such as those of a path or a query string."""
    try:
        return model.model_validate_strings(fields)
    except ValidationError as error:
        raise _invalid(error, fields) from None


def _invalid(error: ValidationError, fields: Any) -> Invalid:
    entries = error.errors(include_url=False, include_context=False)
    # A field that may be null has an error for each type; that for null does not help.
    errors = [_field_error(entry, fields) for entry in entries if entry["type"] != "none_required"]
    names = ", ".join(sorted({entry["field"] for entry in errors}))
    return Invalid(f"Check {names}.", errors=errors)


def _field_error(entry: Any, fields: Any) -> FieldError:
    """Return the path and the message; the path of the whole body is `body`."""
    path = ".".join(str(part) for part in _path(entry, fields))
    return {"field": path or "body", "message": _message(entry)}


def _path(entry: Any, value: Any) -> Iterator[str | int]:
    """Yield the keys and indexes that lead to an error, without the types of a union, which pydantic adds to them."""
    *_, last = entry["loc"] or [None]
    for part in entry["loc"]:
        if isinstance(value, Mapping) and (part in value or (entry["type"] == "missing" and part is last)):
            value = value.get(part)
            yield part
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
            yield part


def _message(entry: Any) -> str:
    """Return pydantic's message. A Text has a validator, so pydantic counts its length in items."""
    message: str = entry["msg"].removeprefix("Value error, ")
    if entry["type"] in {"too_short", "too_long"} and isinstance(entry["input"], str):
        return message.replace("Value", "String").replace("item", "character").partition(" after validation")[0]
    return message
