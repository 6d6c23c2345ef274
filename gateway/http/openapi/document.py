"""The OpenAPI document, built from the route table and the contracts."""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from importlib import resources
from typing import Any

from pydantic.json_schema import JsonSchemaMode

from chassis.contract import Message
from gateway.http.openapi import errors, headers, probes
from gateway.http.openapi.operations import (
    BEARER,
    body_of,
    has_body,
    html_operation,
    operation,
    path_of,
    response_model,
)
from gateway.http.openapi.schemas import Schemas
from gateway.http.problems import Problem
from gateway.routing.route import Route

VERSION = "1"  # of the API

TAGS = {
    "users": "Users, their accounts and sessions.",
    "feeds": "Posts.",
    "notifications": "Inboxes and deliveries. For live notifications see the websocket above.",
    "gateway": "Exports of what is stored about a user.",
    "start": "Where to find the documentation.",
    "probes": "For operators. Never throttled, and without a token.",
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document for these routes."""
    schemas = Schemas(_contracts(routes))
    return {
        "openapi": "3.1.1",
        "info": {"title": "Baraza", "version": VERSION, "description": _about()},
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": _paths(routes, schemas) | probes.PATHS,
        "components": {
            "schemas": schemas.components,
            "responses": errors.components(),
            "headers": headers.components(),
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The `token` of `POST /login/`. `Authorization: Token ...` is taken too.",
                }
            },
        },
    }


def _contracts(routes: Sequence[Route]) -> Iterator[tuple[type[Message], JsonSchemaMode]]:
    yield Problem, "serialization"
    for route in routes:
        if has_body(route):
            yield body_of(route), "validation"
        if route.status != HTTPStatus.NO_CONTENT:
            yield response_model(route), "serialization"


def _paths(routes: Sequence[Route], schemas: Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in routes:
        for number, path in enumerate(route.paths):
            item = paths.setdefault(path_of(path), {})
            item[route.method.lower()] = operation(route, number, schemas)
            if route.html_page:
                item["get"] = html_operation(route, path)
    return paths


def _about() -> str:
    """Return the introduction with one line per paragraph: Swagger UI keeps line breaks."""
    text = resources.files("gateway.http.openapi").joinpath("about.md").read_text(encoding="utf-8")
    parts = text.split("```")  # every other one is code
    parts[::2] = [re.sub(r"(?<=\S)\n(?=[^\s#|])", " ", prose) for prose in parts[::2]]
    return "```".join(parts)
