"""The OpenAPI document: valid, complete, and true of the route table it is made from."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from chassis.contract import Empty, Message, PageRequest
from chassis.errors import Conflict
from gateway.http.openapi.document import document
from gateway.http.openapi.operations import path_of
from gateway.routing.route import Access, Limit, Route
from gateway.routing.table import ROUTES
from notifications.contract import MarkRead
from users.contract import Account, GetUser, Login, Register, UpdateAccount

DOCUMENT = document(ROUTES)
ENDPOINTS = [(route, path_of(path)) for route in ROUTES for path in route.paths]
EVERY_ENDPOINT = pytest.mark.parametrize(
    ("route", "path"), ENDPOINTS, ids=[f"{route.method} {path}" for route, path in ENDPOINTS]
)


def operation(route: Route, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][route.method.lower()]
    return found


def resolved(node: Any) -> Any:
    """Follow references to components."""
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = DOCUMENT["components"][kind][name]
    return node


def headers(answer: dict[str, Any]) -> set[str]:
    return set(resolved(answer)["headers"])


def valid(schema: Any, value: Any) -> bool:
    whole = {"$ref": "#/$defs/asked", "$defs": {"asked": schema}, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return bool(validator.is_valid(value))


def examples(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every schema that has an example beside it, with the example."""
    if isinstance(node, list):
        for child in node:
            yield from examples(child)
    elif isinstance(node, dict):
        if "schema" in node:
            yield from ((node["schema"], example["value"]) for example in node.get("examples", {}).values())
            yield from ((node["schema"], node[name]) for name in ("example",) if name in node)
        yield from ((node, example) for example in node.get("examples", ()) if "properties" in node or "type" in node)
        for child in node.values():
            yield from examples(child)


def row(**fields: Any) -> dict[str, Any]:
    """Describe a table of one row, and return its operation."""
    common: dict[str, Any] = {
        "name": "thing",
        "method": "POST",
        "paths": ("/thing/",),
        "target": "users.thing",
        "access": Access.ANYONE,
        "request": Register,
        "reply": Account,
    }
    (item,) = (
        item for path, item in document([Route(**common | fields)])["paths"].items() if path.startswith("/thing")
    )
    found = item[fields.get("method", "POST").lower()]
    described: dict[str, Any] = found
    return described


def test_document_is_valid() -> None:
    validate(DOCUMENT)


@EVERY_ENDPOINT
def test_document_has_every_path_of_every_route(route: Route, path: str) -> None:
    described = operation(route, path)
    assert described["tags"] == [route.target.partition(".")[0]]
    assert described["summary"]
    expected: dict[Access, Any] = {Access.ANYONE: [], Access.OPTIONAL_USER: [{}, {"bearer": []}]}
    assert described["security"] == expected.get(route.access, [{"bearer": []}])
    assert ("Same as" in described["summary"]) == (path != path_of(route.paths[0]))


def test_document_has_only_routes_their_pages_the_start_page_and_probes() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    pages = {("GET", path) for route, path in ENDPOINTS if route.html_page}
    probes = {("GET", "/"), ("GET", "/livez"), ("GET", "/readyz")}
    assert described == {(route.method, path) for route, path in ENDPOINTS} | pages | probes


@EVERY_ENDPOINT
def test_every_error_response_is_a_problem_document_with_its_status(route: Route, path: str) -> None:
    for status, answer in operation(route, path)["responses"].items():
        if int(status) >= 400:
            content = resolved(answer)["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert {example["value"]["status"] for example in content["examples"].values()} == {int(status)}


@EVERY_ENDPOINT
def test_every_response_has_rate_limit_and_request_id_headers(route: Route, path: str) -> None:
    limits = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    for answer in operation(route, path)["responses"].values():
        assert {"X-Request-ID", *limits} <= headers(answer)


IMPLIED = [
    ({}, {"200", "400", "413", "415", "422"}),
    ({"status": 204, "reply": Empty}, {"204", "400", "413", "415", "422"}),
    ({"access": Access.USER, "fields_in": "query", "request": PageRequest}, {"200", "401", "422"}),
    ({"access": Access.STAFF, "method": "GET", "request": Empty}, {"200", "401", "403"}),
    ({"method": "GET", "request": GetUser, "paths": ("/thing/<id>/",), "tags": ("t",)}, {"200", "304", "404"}),
    ({"method": "DELETE", "request": GetUser, "paths": ("/thing/<id>/",), "fields_in": "path"}, {"200", "404"}),
    ({"status": 204, "reply": Empty, "request": Empty, "html_page": lambda _: None}, {"200", "204"}),
    ({"idempotent": True}, {"200", "400", "409", "413", "415", "422"}),
    ({"method": "GET", "request": Empty, "errors": (Conflict("No.", "nope"),)}, {"200", "409"}),
]


@pytest.mark.parametrize(("fields", "statuses"), IMPLIED)
def test_route_options_add_their_statuses(fields: dict[str, Any], statuses: set[str]) -> None:
    assert row(**fields)["responses"].keys() == statuses | {"429", "500", "503", "504"}


def test_error_of_a_route_is_shown_under_its_code() -> None:
    answer = row(errors=(Conflict("Taken.", "name_taken"), Conflict("Gone.", "gone")))["responses"]["409"]
    assert "`name_taken`: Taken." in answer["description"]
    assert set(answer["content"]["application/problem+json"]["examples"]) == {"name_taken", "gone"}


def test_field_is_documented_where_the_route_reads_it() -> None:
    assert row()["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Register"}
    assert row()["parameters"] == []
    paged = row(method="GET", request=PageRequest)
    assert [(one["name"], one["in"], one["required"]) for one in paged["parameters"]] == [
        ("limit", "query", False),
        ("cursor", "query", False),
    ]
    named = row(method="DELETE", request=GetUser, paths=("/thing/<id>/",), fields_in="path")
    assert [(one["name"], one["in"], one["required"]) for one in named["parameters"]] == [("id", "path", True)]
    assert "requestBody" not in paged
    assert "requestBody" not in named


def test_path_parameter_is_not_in_the_body() -> None:
    schema = DOCUMENT["components"]["schemas"]["EditPost"]
    assert (list(schema["properties"]), schema["required"]) == (["text"], ["text"])
    for path in ("/post-detail/{id}/", "/feeds/detail/{id}/"):
        described = DOCUMENT["paths"][path]["put"]
        assert described["requestBody"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/EditPost"
        }
        assert [one["name"] for one in described["parameters"]] == ["id"]


def test_parameter_is_never_nullable() -> None:
    (_, cursor) = row(method="GET", request=PageRequest)["parameters"]
    assert cursor["schema"] == {"type": "string", "maxLength": 200}


def test_header_is_documented_where_it_occurs() -> None:
    assert {"ETag", "Link"} <= headers(DOCUMENT["paths"]["/all-posts/"]["get"]["responses"]["200"])
    keyed = DOCUMENT["paths"]["/create-post/"]["post"]
    assert "Idempotency-Replayed" in headers(keyed["responses"]["201"])
    assert "Idempotency-Key" in {one["name"] for one in keyed["parameters"]}
    assert "Content-Disposition" in headers(DOCUMENT["paths"]["/account/export/"]["get"]["responses"]["200"])
    assert "WWW-Authenticate" in headers(keyed["responses"]["401"])
    assert all("Retry-After" in headers(keyed["responses"][status]) for status in ("429", "503"))


def test_stricter_rate_limit_is_documented() -> None:
    assert "stricter rate limit" in row(limit=Limit("login"))["description"]


def test_every_example_matches_its_schema() -> None:
    found = list(examples(DOCUMENT))
    assert len(found) > 100
    assert [(schema, example) for schema, example in found if not valid(schema, example)] == []


ADA = {"username": "ada", "email": "ada@example.org", "password": "a long pass phrase"}
EXAMPLES = [
    (Register, ADA, True),
    (Register, ADA | {"password": "short"}, False),
    (Register, ADA | {"notify_by": ["sms"]}, False),
    (Register, ADA | {"notify_by": ["sms"], "phone": None}, False),
    (Register, ADA | {"notify_by": ["sms"], "phone": "+254711000001"}, True),
    (Login, {"username": "ada", "password": "x"}, True),
    (Login, {"email": "ada@example.org", "password": "x"}, True),
    (Login, {"password": "x"}, False),
    (Login, {"username": "", "password": "x"}, False),
    (MarkRead, {"all": True}, True),
    (MarkRead, {"ids": ["01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"]}, True),
    (MarkRead, {"ids": ["01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"], "all": True}, False),
    (MarkRead, {}, False),
    (UpdateAccount, {"phone": None}, True),
    (UpdateAccount, {"username": None}, False),
    (UpdateAccount, {"username": "with space"}, False),
    (UpdateAccount, {"notify_by": ["email", "email"]}, False),
    (UpdateAccount, {"password": "a new pass phrase"}, False),
]


@pytest.mark.parametrize(("model", "value", "good"), EXAMPLES)
def test_schema_accepts_exactly_what_its_model_accepts(
    model: type[Message], value: dict[str, Any], *, good: bool
) -> None:
    assert valid({"$ref": f"#/components/schemas/{model.__name__}"}, value) is good


TEXTS = [("hello", True), (" hello\n", True), ("", False), (" \n\t", False), ("\x85\x1c", False), ("nul\0", False)]


@pytest.mark.parametrize(("text", "good"), TEXTS)
@pytest.mark.parametrize(("path", "method"), [("/create-post/", "post"), ("/post-detail/{id}/", "put")])
def test_schema_accepts_exactly_the_texts_that_can_be_posted(path: str, method: str, text: str, *, good: bool) -> None:
    schema = DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    assert valid(schema, {"text": text}) is good
