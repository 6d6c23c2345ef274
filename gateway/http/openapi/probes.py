"""The operations that are not in the route table: the probes and the start page."""

from typing import Any

from gateway.http.openapi.errors import ALWAYS
from gateway.http.openapi.headers import GUARDED, references

_CHECK = {"type": "string", "enum": ["ok", "away"]}
_CHECKS = {"broker": "ok", "database": "ok", "users": "ok", "feeds": "ok", "notifications": "ok"}


def _answer(text: str, properties: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": text, "headers": references("X-Request-ID"), "content": content}


def _readiness(text: str, status: str) -> dict[str, Any]:
    checks = {"type": "object", "additionalProperties": _CHECK}
    return _answer(text, {"status": {"const": status}, "checks": checks}, {"status": status, "checks": _CHECKS})


def _start() -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in ("name", "docs", "openapi")}
    example = {"name": "Baraza", "docs": "/docs/", "openapi": "/openapi.json"}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    content = {
        "application/json": {"schema": schema, "example": example},
        "text/html": {"schema": {"type": "string"}},
    }
    answer = {"description": "Where the documentation is.", "headers": references(*GUARDED), "content": content}
    responses = {"200": answer} | {
        str(kind.status): {"$ref": f"#/components/responses/{kind.__name__}"} for kind in ALWAYS
    }
    return {
        "get": {"operationId": "start", "tags": ["start"], "summary": "Start page", "security": []}
        | {"responses": responses}
    }


def _probe(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    common = {"operationId": name, "tags": ["probes"], "summary": summary, "security": []}
    return {"get": common | {"responses": responses}}


PATHS = {
    "/": _start(),
    "/livez": _probe(
        "livez",
        "Liveness",
        {
            "200": _answer("The process runs.", {"status": {"const": "ok"}}, {"status": "ok"}),
            "503": _answer(
                "A background task of the process does not work.",
                {"status": {"const": "failing"}, "tasks": {"type": "array", "items": {"type": "string"}}},
                {"status": "failing", "tasks": ["Broker.run"]},
            ),
        },
    ),
    "/readyz": _probe(
        "readyz",
        "Readiness",
        {
            "200": _readiness("It can serve.", "ready"),
            "503": _readiness("It cannot serve; `checks` names what is unavailable.", "not ready"),
        },
    ),
}
