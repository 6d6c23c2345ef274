"""Checks of error responses."""

from http import HTTPStatus
from typing import Any

import requests


def check_problem(response: requests.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem document (RFC 9457) with this status, and return the document."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= document.keys()
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-ID"]
    return document


def invalid_fields(response: requests.Response) -> list[str]:
    """Return the fields that a 422 response names."""
    return [error["field"] for error in check_problem(response, HTTPStatus.UNPROCESSABLE_ENTITY)["errors"]]
