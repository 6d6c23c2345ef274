"""Thousands of requests generated from /openapi.json; every response is checked against the document."""

from collections import Counter
from typing import Any

import pytest
import requests

from dev.platform.instance import Instance
from tests.e2e.support.fuzzing import Results, fuzz

MIN_REQUESTS = 3_500
pytestmark = pytest.mark.timeout(600)  # one to three minutes, and longer on a busy machine


@pytest.fixture(scope="module")
def document(url: str) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{url}/openapi.json", timeout=15).json()
    return document


@pytest.fixture(scope="module")
def results(platform: Instance, document: dict[str, Any]) -> Results:
    return fuzz(document, platform.environment)


def test_every_response_is_as_documented(results: Results) -> None:
    assert results.failures == []


def test_thousands_of_requests_were_sent(results: Results) -> None:
    assert results.total() >= MIN_REQUESTS


def test_every_endpoint_was_requested(results: Results, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method in item:
            # Nothing can be deleted twice, no generated token or code exists, and most posts have another author.
            usual = [404] if method == "delete" or "{token}" in path else [403] if method == "put" else []
            usual += [409, 422] if path.endswith("/confirm/") else []
            usual += [404, 409] if path == "/account/export/" else []  # it may not be ready yet
            usual += [404] if "/identity-provider/" in path else []  # none is configured
            usual += [404] if path == "/restore-address/" else []  # no generated token exists
            expected = {*range(200, 300), *usual}
            assert expected & results.statuses[f"{method.upper()} {path}"].keys(), path


def test_few_requests_were_rejected_before_their_endpoint(results: Results) -> None:
    statuses = sum((counter for name, counter in results.statuses.items() if "login" not in name), Counter[int]())
    assert statuses[401] + statuses[403] + statuses[429] < statuses.total() / 10
