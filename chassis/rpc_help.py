"""What `help_rpc()` prints in the shell: a service's own description of itself, as a person reads it."""

import json
from collections.abc import Mapping
from typing import Any


def text(description: Mapping[str, Any]) -> str:
    """Return a line for each method, as it is called, and one for what it does; `?` marks what may be left out."""
    methods = description["methods"]
    lines = [f"  {_call(method)} -> {method['reply']}\n      {method['about']}" for method in methods]
    return "\n".join([description["service"], *lines, ""])


def _call(method: Mapping[str, Any]) -> str:
    fields = method["fields"]
    required = fields.get("required", ())
    arguments = [_argument(name, field, name in required) for name, field in fields.get("properties", {}).items()]
    return f"{method['name']}({', '.join(arguments)})"


def _argument(name: str, field: Mapping[str, Any], required: bool) -> str:  # noqa: FBT001 - a fact of the field
    kinds = [kind.get("type", "object") for kind in field.get("anyOf", [field])]
    default = field.get("default")
    given = "" if default is None else f" = {json.dumps(default)}"
    return f"{name}{'' if required else '?'}: {' or '.join(kinds)}{given}"
