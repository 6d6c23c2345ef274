"""The text that `help_rpc()` prints in the operator's shell: the methods of a service, for humans."""

from collections.abc import Mapping
from typing import Any

from chassis.contract import schema_text


def text(description: Mapping[str, Any]) -> str:
    """Format a service's description: the signature, purpose and callers of each method; `?` marks optional fields."""
    lines = [line for method in description["methods"] for line in _lines(method)]
    return "\n".join([description["service"], *lines, ""])


def _lines(method: Mapping[str, Any]) -> list[str]:
    callers = [f"      Callers: {method['callers']}."] if method.get("callers") else []
    return [f"  {_signature(method)} -> {method['reply']}", f"      {method['about']}", *callers]


def _signature(method: Mapping[str, Any]) -> str:
    schema = method["fields"]
    required = schema.get("required", ())
    fields = [_field(name, field, name in required) for name, field in schema.get("properties", {}).items()]
    return f"{method['name']}({'; '.join(fields)})"


def _field(name: str, field: Mapping[str, Any], required: bool) -> str:  # noqa: FBT001 - an attribute of the field
    default = schema_text.default(field)
    suffix = "" if default is None else f" = {default}"
    return f"{name}{'' if required else '?'}: {schema_text.kind(field)}{suffix}"
