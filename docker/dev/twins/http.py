"""A table of routes served over HTTP, a thread per request."""

import json
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_LARGEST_BODY = 1_048_576  # bytes


@dataclass(frozen=True)
class Request:
    """What a route sees; `name` is the part of the path that its pattern captured, if any."""

    headers: Message
    query: dict[str, str]
    body: bytes
    name: str = ""

    def form(self) -> dict[str, str]:
        """Return the fields of a form body, the last one of each name."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"


class HangUp(Exception):
    """Close the connection instead of answering."""


@dataclass(frozen=True)
class Route:
    """A row of the table: method, pattern of the whole path, and the function that answers."""

    method: str
    pattern: str
    answer: Callable[[Request], Reply]


def as_json(value: object, status: int = 200) -> Reply:
    """Answer with a JSON document."""
    return Reply(json.dumps(value, indent=1).encode(), status)


def serve(host: str, port: int, routes: Sequence[Route]) -> None:
    """Serve until SIGTERM or Ctrl-C; returns then."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    handler = type("Handler", (_Handler,), {"routes": routes})
    with ThreadingHTTPServer((host, port), handler) as server:
        server.daemon_threads = True
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


class _Handler(BaseHTTPRequestHandler):
    routes: Sequence[Route] = ()

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_DELETE(self) -> None:
        self._dispatch()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name for it
        """Stay silent; the answers are the log."""

    def _dispatch(self) -> None:
        try:
            reply = self._reply()
        except HangUp:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _reply(self) -> Reply:
        address = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        if size > _LARGEST_BODY:
            return Reply(b"too large", 413, "text/plain")
        body = self.rfile.read(size)
        for route in self.routes:
            match = re.fullmatch(route.pattern, address.path)
            if match and route.method == self.command:
                name = match[1] if match.groups() else ""
                return route.answer(Request(self.headers, dict(parse_qsl(address.query)), body, name))
        return Reply(b"no such page", 404, "text/plain")
