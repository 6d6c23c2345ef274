"""Which other origins may call the API (CORS, as in the Fetch standard) and open websockets."""

from typing import Any
from urllib.parse import urlsplit

from gateway.request.context import Headers

MAX_AGE = 600  # seconds that a browser may cache a preflight response

_METHODS = "GET, HEAD, POST, PUT, DELETE"
_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
_EXPOSED_HEADERS = (
    "Allow, Content-Disposition, ETag, Idempotency-Replayed, Link, Location, Retry-After, WWW-Authenticate, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
)
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
    ("Access-Control-Max-Age", str(MAX_AGE)),
]


class Origins:
    """The allowed origins. Credentials are never allowed: tokens are sent in a header, not in a cookie."""

    def __init__(self, allowed: str) -> None:
        self._allowed = frozenset(origin.strip().rstrip("/") for origin in allowed.split(",") if origin.strip())

    def allows_websocket(self, origin: str, host: str) -> bool:
        """Return whether a page may open a websocket: one of the own host, or of an allowed origin."""
        return origin in self._allowed or (host != "" and _host(origin) == host)

    def headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers that let a page read the response; Vary separates such responses in caches."""
        if not self._allowed:
            return []
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._allowed:
            return [("Vary", "Origin")]
        return [
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", _EXPOSED_HEADERS),
        ]

    def preflight(self, environ: dict[str, Any]) -> Headers | None:
        """Return the headers of the response to a preflight request; None for any other request."""
        if environ["REQUEST_METHOD"] != "OPTIONS" or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
            return None
        return _PREFLIGHT if environ.get("HTTP_ORIGIN") in self._allowed else []


def _host(origin: str) -> str:
    """Return host and port of an origin; empty if it has none, or is no URL."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as http://[
        return ""
