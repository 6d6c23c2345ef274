"""pydantic's errors in our words: the field's path and a sentence."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from chassis.contract import Message
from chassis.errors import FieldError, Invalid

Model = TypeVar("Model", bound=Message)


def validate(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Build a model from fields by name, or raise Invalid with one entry a wrong field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from None


def validate_strings(model: type[Model], fields: Mapping[str, str]) -> Model:
    """Build a model from texts, as paths and query strings have them."""
    try:
        return model.model_validate_strings(fields)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Invalid:
    errors = [_field_error(entry) for entry in error.errors(include_url=False, include_context=False)]
    names = ", ".join(sorted({entry["field"] for entry in errors}))
    return Invalid(f"Check {names}.", errors=errors)


def _field_error(entry: Any) -> FieldError:
    """Name the field by its path; what concerns the whole body is named `body`."""
    path = ".".join(str(part) for part in entry["loc"])
    message = entry["msg"].removeprefix("Value error, ")
    return {"field": path or "body", "message": message}
