"""What `help_rpc()` prints in the shell: a service's own description of itself, as a person reads it."""

from collections.abc import Mapping
from typing import Any

from chassis.contract import schema_text


def text(description: Mapping[str, Any]) -> str:
    """Return for each method how it is called, what it does and for whom; `?` marks what may be left out."""
    lines = [line for method in description["methods"] for line in _lines(method)]
    return "\n".join([description["service"], *lines, ""])


def _lines(method: Mapping[str, Any]) -> list[str]:
    callers = [f"      Callers: {method['callers']}."] if method.get("callers") else []
    return [f"  {_call(method)} -> {method['reply']}", f"      {method['about']}", *callers]


def _call(method: Mapping[str, Any]) -> str:
    fields = method["fields"]
    required = fields.get("required", ())
    arguments = [_argument(name, field, name in required) for name, field in fields.get("properties", {}).items()]
    return f"{method['name']}({'; '.join(arguments)})"


def _argument(name: str, field: Mapping[str, Any], required: bool) -> str:  # noqa: FBT001 - a fact of the field
    value = schema_text.default(field)
    given = "" if value is None else f" = {value}"
    return f"{name}{'' if required else '?'}: {schema_text.kind(field)}{given}"
