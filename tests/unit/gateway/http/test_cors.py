"""CORS headers, and origins of websockets."""

import pytest

from gateway.http.cors import Origins

APP = "https://app.example.org"
ORIGINS = Origins(f" {APP}/, http://localhost:3000 ,")


def test_listed_origin_is_allowed_without_credentials() -> None:
    asking = {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": APP}
    headers = dict(ORIGINS.headers(asking))
    assert headers["Access-Control-Allow-Origin"] == APP
    assert {"ETag", "Link", "X-Request-ID"} <= set(headers["Access-Control-Expose-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in headers | dict(ORIGINS.preflight(asking) or [])
    assert Origins("").headers(asking) == []


@pytest.mark.parametrize("origin", ["https://evil.example", f"{APP}.evil.example", "null", "", "*", APP.upper()])
def test_unlisted_origin_gets_no_cors_headers(origin: str) -> None:
    assert ORIGINS.headers({"HTTP_ORIGIN": origin}) == [("Vary", "Origin")]
    asking = {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": origin}
    assert ORIGINS.preflight(asking) == []


def test_only_a_preflight_request_gets_a_preflight_response() -> None:
    assert ORIGINS.preflight({"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": APP}) is None
    asking = {"REQUEST_METHOD": "GET", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", "HTTP_ORIGIN": APP}
    assert ORIGINS.preflight(asking) is None


def test_websocket_accepts_own_and_listed_origins() -> None:
    assert ORIGINS.allows_websocket("https://api.example.org", "api.example.org")
    assert ORIGINS.allows_websocket(APP, "api.example.org")
    assert not ORIGINS.allows_websocket("https://evil.example", "api.example.org")
    assert not ORIGINS.allows_websocket("null", "api.example.org")
