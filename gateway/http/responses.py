"""The head of an answer: what all answers say about themselves, a line in the log, and a metric."""

import logging
import time
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from chassis.errors import ServiceError
from gateway import metrics
from gateway.cache import response_cache
from gateway.http import problems
from gateway.request_context import Headers, Visit

# Nothing of ours belongs in a frame, or is anything but data. An answer may bring a policy of its own: /docs/ does.
SECURITY: Headers = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000")  # a year

_log = logging.getLogger(__name__)


def standing_headers(settings: dict[str, Any]) -> Headers:
    """Return the headers of every answer; who serves TLS asks browsers to insist on it (RFC 6797)."""
    return [*SECURITY, HTTPS_ONLY] if settings["gateway"]["tls"]["certificate"] else SECURITY


class Reply:
    """One answer; `standing` are the headers that every answer to this client has."""

    def __init__(self, environ: WSGIEnvironment, guest: Visit, standing: Headers, start: StartResponse) -> None:
        self._environ = environ
        self._guest = guest
        self._standing = standing
        self._start = start
        self._began = time.perf_counter()

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        """Stand in for WSGI's start_response; what the answer says itself counts more than what all say."""
        said = {name.lower() for name, _ in headers}
        standing = [header for header in self._standing if header[0].lower() not in said]
        ms = round((time.perf_counter() - self._began) * 1000, 1)
        path = quote(self._environ["PATH_INFO"], encoding="latin-1")  # as WSGI decodes it; a log line stays one line
        _log.info("%s %s %s", self._environ["REQUEST_METHOD"], path, status[:3], extra={"ms": ms})
        self._measure(status)
        return self._start(status, headers + standing + self._guest.headers(), exc_info)

    def quiet(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        """Start an answer that machines ask for all the time."""
        return self._start(status, headers + self._standing + self._guest.headers(), exc_info)

    def refuse(self, error: ServiceError) -> list[bytes]:
        """Answer with a problem document."""
        body = problems.document(error, self._guest.request_id)
        headers = [*problems.headers(error), ("Content-Length", str(len(body)))]
        self.start(f"{error.status} {error.default_code}", headers)
        return [body]

    def page(self, page: response_cache.Answer) -> list[bytes]:
        """Answer from the cache, without a log line: this is the hot path."""
        headers = page.headers() + self._standing + self._guest.headers()
        if page.known_to(self._environ.get("HTTP_IF_NONE_MATCH", "")):
            self._measure("304")
            self._start("304 Not Modified", headers)
            return []
        self._measure("200")
        self._start("200 OK", [*headers, ("Content-Length", str(len(page.body)))])
        return [page.body]

    def permit(self, headers: Headers) -> list[bytes]:
        """Answer a browser that asks before it sends."""
        self.quiet("204 No Content", headers)
        return []

    def _measure(self, status: str) -> None:
        seconds = time.perf_counter() - self._began
        metrics.HTTP_SECONDS.labels(self._guest.route, status[:3]).observe(seconds)
