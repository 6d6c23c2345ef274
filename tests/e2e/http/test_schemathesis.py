"""Thousands of requests generated from /openapi.json; every response is checked against the document."""

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
from tests.e2e.support.client_pool import ClientPool
from tests.e2e.support.operator import Operator

SEED = 20261122
MIN_REQUESTS = 5_000
FUZZED = 4_600  # requests, shared among the endpoints; the coverage phase adds the boundaries of every field
FUZZED_POSTS = 50  # for each path that creates posts: every post notifies all logged-in users
TIMEOUT = 15  # seconds
pytestmark = pytest.mark.timeout(400)  # one to three minutes, by the load of the machine
# Some 422 responses have reasons that a schema cannot express (gateway/openapi/about.md lists them), so endpoints with
# these parameters and bodies may reject input that is valid by the schema.
REJECTED_ALTHOUGH_VALID = {
    "cursor": "a cursor must come from an earlier response",
    "Idempotency-Key": "a key must not have been used for another request",
    "Register": "phone numbers, domains and passwords have rules beyond their form",
    "UpdateAccount": "the same, and the current password must be right",
    "DeleteAccount": "the password must be right",
}
ACCEPTED = ["2xx", "304", "401", "403", "404", "409", "422", "429"]


@dataclass
class Results:
    """The responses by endpoint and status, and the checks that failed."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def document(url: str) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{url}/openapi.json", timeout=TIMEOUT).json()
    return document


@pytest.fixture(scope="module")
def results(platform: Instance, url: str, document: dict[str, Any]) -> Iterator[Results]:
    with Operator(platform.environment) as operator:
        pool = ClientPool(url, operator, SEED)
        try:
            yield run_schemathesis(document, url, pool)
        finally:
            pool.close()


def run_schemathesis(document: dict[str, Any], url: str, pool: ClientPool) -> Results:
    """Run all phases and checks of schemathesis."""
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings(document, url)))
    results, lock = Results(), threading.Lock()

    @schema.auth(refresh_interval=None)
    class Token:
        def get(self, case: Case[Any], _context: AuthContext) -> str:
            return pool.token(staff="403" in case.operation.definition.raw["responses"])

        def set(self, case: Case[Any], token: str, _context: AuthContext) -> None:
            case.headers["Authorization"] = f"Bearer {token}"

    @schemathesis.hook
    def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
        case.headers["X-Forwarded-For"] = pool.ip_address()
        generated = case.path_parameters.get("id")
        if isinstance(generated, str) and is_id(generated):
            case.path_parameters["id"] = pool.choose_id(case.operation.tags[0], generated)
        if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
            case.body.update(pool.valid_fields(case.path, case.body))

    @schemathesis.hook
    def after_call(_context: HookContext, case: Case[Any], response: Response) -> None:
        with lock:
            results.statuses[f"{response.request.method} {case.operation.path}"][response.status_code] += 1
        if response.status_code == HTTPStatus.UNAUTHORIZED or "logout" in case.path:
            pool.replace_token(response.request.headers.get("Authorization", "").removeprefix("Bearer "))
        if response.request.method == "DELETE" and response.status_code == HTTPStatus.NO_CONTENT:
            pool.replace_post(str(case.path_parameters.get("id")))

    for event in from_schema(schema).execute():
        results.failures += failures(event)
    return results


def settings(document: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the settings of schemathesis, as a schemathesis.toml has them."""
    generation = {"no-shrink": True, "database": "none", "with-security-parameters": False}
    endpoints = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    share = FUZZED // len(endpoints)
    lenient = {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}
    rejecting = set(may_reject_valid_input(document))
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
                "generation": {"max-examples": FUZZED_POSTS if "/create" in name else share},
            }
            for name in endpoints
        ],
    }


def may_reject_valid_input(document: dict[str, Any]) -> Iterator[str]:
    """Yield the endpoints that have a parameter or body of REJECTED_ALTHOUGH_VALID."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            model = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
            if REJECTED_ALTHOUGH_VALID.keys() & {model, *parameters}:
                yield f"{method.upper()} {path}"


def failures(event: events.EngineEvent) -> Iterator[str]:
    """Yield the errors and failed checks of an event as text."""
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield f"{event!r}: {getattr(event, 'value', '')}"
    if isinstance(event, events.ScenarioFinished):
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info:
                    yield f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"


def test_every_response_is_as_documented(results: Results) -> None:
    assert results.failures == []


def test_thousands_of_requests_were_sent(results: Results) -> None:
    assert sum(statuses.total() for statuses in results.statuses.values()) >= MIN_REQUESTS


def test_every_endpoint_was_requested(results: Results, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method in item:
            # Nothing can be deleted twice, no generated token exists, and most posts have another author.
            usual = [404] if method == "delete" or "{token}" in path else [403] if method == "put" else []
            expected = {*range(200, 300), *usual}
            assert expected & results.statuses[f"{method.upper()} {path}"].keys(), path


def test_few_requests_were_rejected_before_their_endpoint(results: Results) -> None:
    statuses = sum((counter for name, counter in results.statuses.items() if "login" not in name), Counter[int]())
    assert statuses[401] + statuses[403] + statuses[429] < statuses.total() / 10
