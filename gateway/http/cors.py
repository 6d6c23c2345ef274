"""Pages of other origins: which of them may call us (CORS, as the Fetch standard has it) and open websockets."""

from typing import Any
from urllib.parse import urlsplit

from gateway.request_context import Headers

REMEMBERED = 600  # seconds for which a browser need not ask again

_METHODS = "GET, HEAD, POST, PUT, DELETE"
_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
_SHOWN = (
    "Allow, ETag, Idempotency-Replayed, Link, Retry-After, WWW-Authenticate, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
)
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
    ("Access-Control-Max-Age", str(REMEMBERED)),
]


class Origins:
    """The allow-list. Credentials are never allowed: a token travels in a header of its own, not in a cookie."""

    def __init__(self, allowed: str) -> None:
        self._allowed = frozenset(origin.strip().rstrip("/") for origin in allowed.split(",") if origin.strip())

    def may_listen(self, origin: str, host: str) -> bool:
        """Tell whether a page may open a websocket: one of our own, or one of the list."""
        return origin in self._allowed or urlsplit(origin).netloc == host

    def headers(self, environ: dict[str, Any]) -> Headers:
        """Return what lets a page read an answer; caches must tell such answers apart."""
        if not self._allowed:
            return []
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._allowed:
            return [("Vary", "Origin")]
        return [
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", _SHOWN),
        ]

    def preflight(self, environ: dict[str, Any]) -> Headers | None:
        """Return the answer to a browser that asks before it sends; None to any other request."""
        if environ["REQUEST_METHOD"] != "OPTIONS" or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
            return None
        return _PREFLIGHT if environ.get("HTTP_ORIGIN") in self._allowed else []
