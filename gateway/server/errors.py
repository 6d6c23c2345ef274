"""What is not even HTTP never reaches the application: gunicorn refuses it, and learns here to do so as we do."""

import uuid
from http import HTTPStatus
from typing import Any

from gunicorn import util

from gateway.http import problems
from gateway.http.responses import SECURITY


def refuse_with_problem_documents() -> None:
    """Take the place of gunicorn's own function, which writes HTML."""
    util.write_error = write_error


def write_error(sock: Any, status: int, _reason: str, message: str) -> None:
    """Write a refusal to a client's socket, after which gunicorn closes it."""
    refusal = problems.of_status(HTTPStatus(status), message)
    request_id = uuid.uuid4().hex
    body = problems.document(refusal, request_id)
    headers = [
        *problems.headers(refusal),
        *SECURITY,
        ("X-Request-ID", request_id),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    util.write_nonblock(sock, f"HTTP/1.1 {status} {refusal.code}\r\n{head}\r\n".encode() + body)
