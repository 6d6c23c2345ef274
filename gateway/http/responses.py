"""Starts responses: the headers that all have, a log line, and a metric."""

import logging
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from chassis.errors import ServiceError
from gateway import metrics
from gateway.cache.response_cache import CachedResponse
from gateway.http import problems
from gateway.request.context import Headers, RequestContext

# The API is data: it may not be embedded or run anything. A response may bring its own policy, as /docs/ does.
SECURITY: Headers = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
NOT_STORED = ("Cache-Control", "no-store")  # unless a response has its own
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000")  # a year

_log = logging.getLogger(__name__)


def common_headers(settings: dict[str, Any]) -> Headers:
    """Return the headers of every response; with TLS also Strict-Transport-Security (RFC 6797)."""
    common = [NOT_STORED, *SECURITY]
    return [*common, HTTPS_ONLY] if settings["gateway"]["tls"]["certificate"] else common


class Responder:
    """Responds to one request; `common` are the headers that every response to this client has."""

    def __init__(
        self, environ: WSGIEnvironment, context: RequestContext, common: Headers, start_response: StartResponse
    ) -> None:
        self._environ = environ
        self._context = context
        self._common = common
        self._start_response = start_response
        self._started = time.perf_counter()

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        """Replace WSGI's start_response; a response's own headers override the common ones."""
        ms = round((time.perf_counter() - self._started) * 1000, 1)
        path = quote(self._environ["PATH_INFO"], encoding="latin-1")  # as WSGI decodes it; a log line stays one line
        _log.info("%s %s %s", self._environ["REQUEST_METHOD"], path, status[:3], extra={"ms": ms})
        self._measure(status)
        return self.start_quietly(status, headers, exc_info)

    def start_quietly(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        """Start a response without a log line, for probes and preflight requests."""
        own = {name.lower() for name, _ in headers}
        common = [header for header in self._common if header[0].lower() not in own]
        return self._start_response(status, headers + common + self._context.headers(), exc_info)

    def problem(self, error: ServiceError) -> list[bytes]:
        """Respond with a problem document."""
        body = problems.document(error, self._context.request_id)
        headers = [*problems.headers(error), ("Content-Length", str(len(body)))]
        self.start(f"{error.status} {HTTPStatus(error.status).phrase}", headers)
        return [body]

    def cached(self, response: CachedResponse) -> list[bytes]:
        """Respond from the cache, without a log line: this is the hot path."""
        common = [header for header in self._common if header is not NOT_STORED]  # the response has its own
        headers = response.headers() + common + self._context.headers()
        if response.matches_etag(self._environ.get("HTTP_IF_NONE_MATCH", "")):
            self._measure("304")
            self._start_response("304 Not Modified", headers)
            return []
        self._measure("200")
        self._start_response("200 OK", [*headers, ("Content-Length", str(len(response.body)))])
        return [response.body]

    def preflight(self, headers: Headers) -> list[bytes]:
        """Respond to a preflight request."""
        self.start_quietly("204 No Content", headers)
        return []

    def _measure(self, status: str) -> None:
        seconds = time.perf_counter() - self._started
        metrics.HTTP_SECONDS.labels(self._context.route, status[:3]).observe(seconds)
