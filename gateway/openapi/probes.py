"""The probes, which are beside the route table and described by hand."""

from typing import Any

from gateway.openapi.headers import references

_CHECK = {"type": "string", "enum": ["ok", "away"]}
_CHECKS = {"broker": "ok", "database": "ok", "users": "ok", "feeds": "ok", "notifications": "ok"}


def _answer(text: str, properties: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": text, "headers": references("X-Request-ID"), "content": content}


def _readiness(text: str, status: str) -> dict[str, Any]:
    checks = {"type": "object", "additionalProperties": _CHECK}
    return _answer(text, {"status": {"const": status}, "checks": checks}, {"status": status, "checks": _CHECKS})


def _probe(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    common = {"operationId": name, "tags": ["probes"], "summary": summary, "security": []}
    return {"get": common | {"responses": responses}}


PATHS = {
    "/livez": _probe(
        "livez",
        "Does the process run?",
        {"200": _answer("It does.", {"status": {"const": "ok"}}, {"status": "ok"})},
    ),
    "/readyz": _probe(
        "readyz",
        "Can it serve?",
        {
            "200": _readiness("It can.", "ready"),
            "503": _readiness("Not yet, or not now; `checks` says what is away.", "not ready"),
        },
    ),
}
