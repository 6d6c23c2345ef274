"""Thousands of requests that are made from nothing but /openapi.json, and every answer held against it."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis import AuthContext, Case, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from chassis.contract import is_id
from dev.platform.instance import Instance
from tests.e2e.support.crowd import Crowd
from tests.e2e.support.operator import Operator

SEED = 20261122
LEAST = 5_000  # requests
INVENTED = 4_600  # of them, shared among the endpoints; the others try the edges of every field
POSTS = 50  # by each of the two paths, since each notifies every active user
TIMEOUT = 15  # seconds
pytestmark = pytest.mark.timeout(400)  # one to three minutes, by what else the machine does
# These may reject what is valid by their schema with a 422, since a schema cannot express it (`about.md` lists it).
MAY_REJECT = {
    "cursor": "a cursor must be one that the API gave",
    "Idempotency-Key": "a key must not have been used for another request",
    "Register": "numbers, domains and passwords have rules beyond their form",
    "UpdateAccount": "the same, and the current password must be right",
    "DeleteAccount": "the password must be right",
}
ACCEPTED = ["2xx", "304", "401", "403", "404", "409", "422", "429"]


@dataclass
class Findings:
    """What came of it all."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def document(url: str) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{url}/openapi.json", timeout=TIMEOUT).json()
    return document


@pytest.fixture(scope="module")
def found(platform: Instance, url: str, document: dict[str, Any]) -> Iterator[Findings]:
    with Operator(platform.environment) as operator:
        crowd = Crowd(url, operator, SEED)
        try:
            yield explored(document, url, crowd)
        finally:
            crowd.close()


def explored(document: dict[str, Any], url: str, crowd: Crowd) -> Findings:
    """Let schemathesis loose with all of its phases and checks."""
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings(document, url)))
    findings, lock = Findings(), threading.Lock()

    @schema.auth(refresh_interval=None)
    class SignedIn:
        def get(self, case: Case[Any], _context: AuthContext) -> str:
            return crowd.token(staff="403" in case.operation.definition.raw["responses"])

        def set(self, case: Case[Any], token: str, _context: AuthContext) -> None:
            case.headers["Authorization"] = f"Bearer {token}"

    @schemathesis.hook
    def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
        case.headers["X-Forwarded-For"] = crowd.address()
        made_up = case.path_parameters.get("id")
        if isinstance(made_up, str) and is_id(made_up):
            case.path_parameters["id"] = crowd.thing(case.operation.tags[0], made_up)
        if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
            case.body.update(crowd.real(case.path, case.body))

    @schemathesis.hook
    def after_call(_context: HookContext, case: Case[Any], response: Response) -> None:
        with lock:
            findings.statuses[f"{response.request.method} {case.operation.path}"][response.status_code] += 1
        if response.status_code == HTTPStatus.UNAUTHORIZED or "logout" in case.path:
            crowd.lost(response.request.headers.get("Authorization", "").removeprefix("Bearer "))
        if response.request.method == "DELETE" and response.status_code == HTTPStatus.NO_CONTENT:
            crowd.gone(str(case.path_parameters.get("id")))

    for event in from_schema(schema).execute():
        findings.failures += failures_of(event)
    return findings


def settings(document: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the settings of schemathesis.toml."""
    generation = {"no-shrink": True, "database": "none", "with-security-parameters": False}
    endpoints = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    share = INVENTED // len(endpoints)
    lenient = {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}
    rejecting = set(may_reject(document))
    return {
        "seed": SEED,
        "base-url": url,
        "request-timeout": TIMEOUT,
        "continue-on-failure": True,
        "generation": generation,
        "operations": [
            {
                "include-name": name,
                "checks": lenient if name in rejecting else {},
                "generation": {"max-examples": POSTS if "/create" in name else share},
            }
            for name in endpoints
        ],
    }


def may_reject(document: dict[str, Any]) -> Iterator[str]:
    """Yield the endpoints that MAY_REJECT is about."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if MAY_REJECT.keys() & {name, *(one["name"] for one in operation.get("parameters", ()))}:
                yield f"{method.upper()} {path}"


def failures_of(event: events.EngineEvent) -> Iterator[str]:
    """Yield the failures of an event in words."""
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield f"{event!r}: {getattr(event, 'value', '')}"
    if isinstance(event, events.ScenarioFinished):
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info:
                    yield f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"


def test_every_response_is_as_documented(found: Findings) -> None:
    assert found.failures == []


def test_thousands_of_requests_were_sent(found: Findings) -> None:
    assert sum(counted.total() for counted in found.statuses.values()) >= LEAST


def test_every_endpoint_was_requested(found: Findings, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method in item:
            # A post is deleted once, generated tokens are never valid, and few posts belong to the caller.
            seldom = [404] if method == "delete" or "{token}" in path else [403] if method == "put" else []
            served = {*range(200, 300), *seldom}
            assert served & found.statuses[f"{method.upper()} {path}"].keys(), path


def test_few_requests_were_rejected_before_their_endpoint(found: Findings) -> None:
    counted = sum((counted for name, counted in found.statuses.items() if "login" not in name), Counter[int]())
    assert counted[401] + counted[403] + counted[429] < counted.total() / 10
