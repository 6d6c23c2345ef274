"""Formats JSON Schemas for humans: `integer, 1 to 100`, `list of id or null`."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chassis.contract import UUID_PATTERN

Schema = Mapping[str, Any]

_LIMITS = {  # unit, keyword of the minimum, keyword of the maximum
    "string": ("characters", "minLength", "maxLength"),
    "array": ("items", "minItems", "maxItems"),
    "integer": ("", "minimum", "maximum"),
    "number": ("", "minimum", "maximum"),
}
_NO_NUL = r"^[^\u0000]*$"  # every Text has it


def kind(field: Schema, name: Callable[[str], str] = str) -> str:
    """Describe the values of a field; `name` formats the name of another model."""
    if "anyOf" in field:
        kinds = [kind(option, name) for option in field["anyOf"]]
        return ("; or " if any("," in text for text in kinds) else " or ").join(kinds)
    if "$ref" in field:
        return name(field["$ref"].rpartition("/")[2])
    if "const" in field or "enum" in field:
        return " or ".join(json.dumps(value) for value in field.get("enum", [field.get("const")]))
    return ", ".join([_base(field, name), *_limits(field)])


def default(field: Schema) -> str | None:
    """Return the default of a field as JSON; None if it has no default, or null as its default."""
    value = field.get("default")
    return None if value is None else json.dumps(value)


def _base(field: Schema, name: Callable[[str], str]) -> str:
    if field.get("pattern") == UUID_PATTERN:
        return "id"
    if field.get("format") == "date-time":
        return "time"
    if field.get("type") == "array":
        return f"list of {kind(field.get('items', {}), name)}"
    if isinstance(values := field.get("additionalProperties"), dict):
        return f"object of {kind(values, name)}"
    return str(field.get("type", "anything"))


def _limits(field: Schema) -> Iterator[str]:
    unit, low, high = _LIMITS.get(field.get("type", ""), ("", "", ""))
    least, most = field.get(low), field.get(high)
    bounds = {(True, True): f"{least} to {most}", (True, False): f"{least} or more", (False, True): f"up to {most}"}
    if bound := bounds.get((least is not None, most is not None)):
        yield f"{bound} {unit}".rstrip()
    if "exclusiveMinimum" in field:
        yield f"more than {field['exclusiveMinimum']}"
    if (pattern := field.get("pattern")) not in (None, _NO_NUL, UUID_PATTERN):
        yield f"matching `{pattern}`"
