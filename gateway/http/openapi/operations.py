"""An endpoint of the document, built from its row in the route table."""

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter, create_model

from chassis.contract import Id, Message
from gateway.http.openapi import errors
from gateway.http.openapi.headers import CACHED, GUARDED, references
from gateway.http.openapi.schemas import Generator, Schemas, parameter
from gateway.routing.route import Access, Route

BEARER = "bearer"

_PATH_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")  # a parameter in a path, as Flask writes it
_CALLERS = {
    Access.ANYONE: "For anyone.",
    Access.OPTIONAL_USER: "For anyone; a token is optional.",
    Access.USER: "Needs a token.",
    Access.STAFF: "Needs a token of staff.",
}
_TOKEN: list[dict[str, list[str]]] = [{BEARER: []}]
_SECURITY = {Access.ANYONE: [], Access.OPTIONAL_USER: [{}, *_TOKEN], Access.USER: _TOKEN, Access.STAFF: _TOKEN}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Identifies this write for 24 hours: a repeated request gets the first response again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of what the client has.",
    "schema": {"type": "string"},
}


def path_of(path: str) -> str:
    """Return a path in OpenAPI's notation."""
    return _PATH_PARAMETER.sub(r"{\1}", path)


def response_model(route: Route) -> type[Message]:
    """Return the model of the response."""
    return route.response_model or route.reply


def fields(route: Route) -> list[str]:
    """Return the fields of a request that are not in its path."""
    return [name for name in route.request.model_fields if name not in _PATH_PARAMETER.findall(route.paths[0])]


def has_body(route: Route) -> bool:
    """Return whether a request's fields are in its body."""
    return route.method != "GET" and route.fields_in == "body" and bool(fields(route))


@lru_cache
def body_of(route: Route) -> type[Message]:
    """Return the model of the body: the request without the fields of the path."""
    request = route.request
    own = {name: (request.model_fields[name].annotation, request.model_fields[name]) for name in fields(route)}
    if len(own) == len(request.model_fields):
        return request
    model: Any = create_model  # whose overloads know no fields that are computed
    found: type[Message] = model(request.__name__, __base__=Message, __doc__=request.__doc__, **own)
    return found


def operation(route: Route, number: int, schemas: Schemas) -> dict[str, Any]:
    """Return the operation of a route's path with this number; all but the first are mirrors."""
    body = has_body(route)
    service = route.target.partition(".")[0]
    name = route.name.replace("-", "_")
    described: dict[str, Any] = {
        "operationId": f"{service}_{name}" if number else name,
        "tags": [service],
        "summary": _summary(route, number),
        "description": " ".join(_description(route)),
        "security": _SECURITY[route.access],
        "parameters": _parameters(route, route.paths[number]),
        "responses": _successes(route, schemas) | errors.of(route, body=body, fields=bool(fields(route))),
    }
    if body:
        described["requestBody"] = {"required": True, "content": _content(body_of(route), "validation", schemas)}
    return described


def html_operation(route: Route, path: str) -> dict[str, Any]:
    """Return the operation of the HTML page whose button sends the route's request."""
    service = route.target.partition(".")[0]
    return {
        "operationId": f"{route.name.replace('-', '_')}_page",
        "tags": [service],
        "summary": "The page behind the link",
        "description": f"An HTML page that changes nothing, with a button that sends the {route.method}. For anyone.",
        "security": [],
        "parameters": _parameters(route, path),
        "responses": {"200": _page()} | errors.of(route, body=False, fields=bool(fields(route))),
    }


def _page() -> dict[str, Any]:
    content = {"text/html": {"schema": {"type": "string"}}}
    return {"description": "An HTML page, for browsers.", "headers": references(*GUARDED), "content": content}


def _summary(route: Route, number: int) -> str:
    if number:
        return f"Same as {route.method} {path_of(route.paths[0])}"
    return route.summary or (route.request.__doc__ or route.name).partition("\n")[0].rstrip(".")


def _description(route: Route) -> list[str]:
    texts = [" ".join((route.request.__doc__ or "").split()), _CALLERS[route.access]]
    if route.limit:
        texts.append("Has an additional, stricter rate limit.")
    if route.idempotent:
        texts.append("Accepts `Idempotency-Key`.")
    return texts


def _parameters(route: Route, path: str) -> list[dict[str, Any]]:
    found = [_path_parameter(name) for name in _PATH_PARAMETER.findall(path)]
    if not has_body(route):
        found += _query(route)
    if route.idempotent:
        found.append(_KEY)
    if route.tags:
        found.append(_IF_NONE_MATCH)
    return found


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TypeAdapter(Id).json_schema()}


def _query(route: Route) -> list[dict[str, Any]]:
    schema = route.request.model_json_schema(schema_generator=Generator)
    found = []
    for name in fields(route):
        schema_of_field = parameter(schema["properties"][name])
        text = {"description": schema_of_field.pop("description")} if "description" in schema_of_field else {}
        required = name in schema.get("required", ())
        found.append({"name": name, "in": "query", "required": required, "schema": schema_of_field} | text)
    return found


def _successes(route: Route, schemas: Schemas) -> dict[str, Any]:
    headers = [*GUARDED]
    if route.status == HTTPStatus.NO_CONTENT:
        headers += ["Idempotency-Replayed"] if route.idempotent else []
        done = {"204": {"description": "Done.", "headers": references(*headers)}}
        return done | ({"200": _page()} if route.html_page else {})
    headers += CACHED if route.tags else CACHED[1:]
    if "next" in response_model(route).model_fields:
        headers.append("Link")
    if route.location:
        headers.append("Location")
    if route.download:
        headers.append("Content-Disposition")
    if route.idempotent:
        headers.append("Idempotency-Replayed")
    answer = {
        "description": " ".join((response_model(route).__doc__ or "").split()),
        "headers": references(*headers),
        "content": _content(response_model(route), "serialization", schemas),
    }
    unchanged = {"description": "The client has the current version.", "headers": references(*GUARDED, *CACHED)}
    return {str(route.status): answer} | ({"304": unchanged} if route.tags else {})


def _content(model: type[Message], mode: Any, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.ref(model, mode)
    return {"application/json": {"schema": schema, "example": schemas.example(schema)}}
