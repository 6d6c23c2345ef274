"""Validates fields against a model; an error lists the path and the message of each invalid field."""

from collections.abc import Mapping
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
        raise _invalid(error) from None


def validate_strings(model: type[Model], fields: Mapping[str, str]) -> Model:
    """Build a model from fields whose values are texts, such as those of a path or a query string."""
    try:
        return model.model_validate_strings(fields)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Invalid:
    errors = [_field_error(entry) for entry in error.errors(include_url=False, include_context=False)]
    names = ", ".join(sorted({entry["field"] for entry in errors}))
    return Invalid(f"Check {names}.", errors=errors)


def _field_error(entry: Any) -> FieldError:
    """Return the path and the message; the path of the whole body is `body`."""
    path = ".".join(str(part) for part in entry["loc"])
    return {"field": path or "body", "message": _message(entry)}


def _message(entry: Any) -> str:
    """Return pydantic's message. A Text has a validator, so pydantic counts its length in items."""
    message: str = entry["msg"].removeprefix("Value error, ")
    if entry["type"] in {"too_short", "too_long"} and isinstance(entry["input"], str):
        return message.replace("Value", "String").replace("item", "character").partition(" after validation")[0]
    return message
