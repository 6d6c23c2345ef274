"""What `make demo` prints when the gateway rejects a request."""

import json

import requests

from dev.commands.demo import explanation


def reply(status: int, code: str = "rate_limited", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response._content = json.dumps({"detail": "Too many requests.", "code": code}).encode()  # noqa: SLF001 - it has no constructor
    return response


def test_rate_limit_is_explained_with_the_wait_and_the_variables_that_raise_it() -> None:
    text = explanation("POST", "/login/", reply(429, **{"Retry-After": "1800", "X-RateLimit-Limit": "100"}))
    assert text.startswith("POST /login/: 429 Too many requests.\n")
    assert "the 100 requests" in text
    assert "in 31 minutes" in text
    assert "THROTTLE_ANON=10000/hour" in text


def test_other_errors_have_status_and_detail_only() -> None:
    assert explanation("POST", "/login/", reply(503)) == "POST /login/: 503 Too many requests."


def test_limit_of_codes_is_not_explained_as_a_rate_limit() -> None:
    assert "\n" not in explanation("POST", "/verification/", reply(429, "too_many_codes"))
