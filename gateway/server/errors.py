"""Makes gunicorn answer invalid HTTP, which never reaches the application, with problem documents."""

import uuid
from http import HTTPStatus
from typing import Any

from gunicorn import util

from gateway.http import problems
from gateway.http.responses import SECURITY


def use_problem_documents() -> None:
    """Replace gunicorn's function, which writes HTML."""
    util.write_error = write_error


def write_error(sock: Any, status: int, _reason: str, message: str) -> None:
    """Write a problem document to a client's socket; gunicorn then closes it."""
    error = problems.of_status(HTTPStatus(status), message)
    request_id = uuid.uuid4().hex
    body = problems.document(error, request_id)
    headers = [
        *problems.headers(error),
        *SECURITY,
        ("X-Request-ID", request_id),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    util.write_nonblock(sock, f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + body)
