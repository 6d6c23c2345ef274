"""Which pages may call, and what their browsers are told."""

import pytest

from gateway.http.cors import Origins

APP = "https://app.example.org"
ORIGINS = Origins(f" {APP}/, http://localhost:3000 ,")


def names(headers: list[tuple[str, str]]) -> set[str]:
    return {name for name, _ in headers}


def test_a_page_of_the_list_may_read_answers_and_what_their_headers_say() -> None:
    headers = dict(ORIGINS.headers({"HTTP_ORIGIN": APP}))
    assert headers["Access-Control-Allow-Origin"] == APP
    assert {"ETag", "Link", "X-Request-ID"} <= set(headers["Access-Control-Expose-Headers"].split(", "))
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", f"{APP}.evil.example", "null", "", "*", APP.upper()])
def test_any_other_page_may_not(origin: str) -> None:
    assert ORIGINS.headers({"HTTP_ORIGIN": origin}) == [("Vary", "Origin")]
    asking = {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": origin}
    assert ORIGINS.preflight(asking) == []


def test_without_a_list_no_answer_speaks_of_origins() -> None:
    assert Origins("").headers({"HTTP_ORIGIN": APP}) == []


def test_nobody_is_ever_allowed_to_send_cookies() -> None:
    asking = {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": APP}
    allowed = ORIGINS.headers(asking) + (ORIGINS.preflight(asking) or [])
    assert "Access-Control-Allow-Credentials" not in names(allowed)
    assert {"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"} <= names(allowed)


def test_only_a_browser_that_asks_first_gets_such_an_answer() -> None:
    assert ORIGINS.preflight({"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": APP}) is None
    asking = {"REQUEST_METHOD": "GET", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": APP}
    assert ORIGINS.preflight(asking) is None


def test_pages_of_the_own_host_and_of_the_list_may_listen() -> None:
    assert ORIGINS.allows_websocket("https://api.example.org", "api.example.org")
    assert ORIGINS.allows_websocket(APP, "api.example.org")
    assert not ORIGINS.allows_websocket("https://evil.example", "api.example.org")
    assert not ORIGINS.allows_websocket("null", "api.example.org")
