"""Problem documents (RFC 9457): all errors are turned into them here."""

import json
import logging
from http import HTTPStatus
from typing import Annotated

from pydantic import Field
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing.exceptions import WebsocketMismatch

from chassis.contract import Message
from chassis.errors import Invalid, ServiceError, Unauthenticated, Unavailable
from chassis.observability import error_reports
from gateway.request.context import Headers

CONTENT_TYPE = "application/problem+json"
RETRY_SOON = 2  # seconds; for an unavailable dependency

_log = logging.getLogger(__name__)


class Malformed(ServiceError):
    """The body is not JSON."""

    status = 400
    default_code = "malformed"


class WrongVersion(Malformed):
    """The version of a websocket is not 13; the response names it (RFC 6455, section 4.4)."""


class TooLarge(ServiceError):
    """The body is larger than the limit."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(ServiceError):
    """The body is not declared as JSON."""

    status = 415
    default_code = "unsupported_media_type"


class _HttpError(ServiceError):
    """An error of werkzeug or gunicorn, whose statuses have no class of their own."""

    status: int  # type: ignore[misc]  # of each instance, not of the class


class WrongField(Message):
    """An invalid field, by its path, and the reason."""

    field: str
    message: str


class Problem(Message):
    """Why a request failed (RFC 9457). Branch on `status` and `code`; `detail` is for people."""

    type: str  # about:blank: the status is the type (RFC 9457, section 4.2.1)
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="Distinguishes errors with the same status.")]
    request_id: Annotated[str, Field(description="The response's X-Request-ID, which is in every log line.")]
    errors: list[WrongField] = Field(default=[], description="For 422, and for a 409 that concerns a field.")


def document(error: ServiceError, request_id: str) -> bytes:
    """Return the body; without `errors` unless there are any or the status is 422."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        errors=[WrongField(**wrong) for wrong in error.errors],
    )
    omitted = {"errors"} if not error.errors and not isinstance(error, Invalid) else None
    # json, unlike pydantic, can escape a lone surrogate that the client sent.
    return json.dumps(problem.model_dump(exclude=omitted)).encode()


def headers(error: ServiceError) -> Headers:
    """Return the headers that belong to an error."""
    found: Headers = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")]
    if isinstance(error, Unauthenticated):
        found.append(("WWW-Authenticate", _challenge(error)))
    if isinstance(error, WrongVersion):
        found.append(("Sec-WebSocket-Version", "13"))
    wait = error.retry_after or (RETRY_SOON if isinstance(error, Unavailable) else None)
    if wait is not None:
        found.append(("Retry-After", str(wait)))
    return found


def translate(error: Exception) -> tuple[ServiceError, Headers]:
    """Return the error that a client may see for any exception, and its headers."""
    if isinstance(error, ServiceError):
        return error, headers(error)
    if isinstance(error, WebsocketMismatch):
        return translate(Malformed("Paths below /ws/ speak websocket, all others HTTP."))
    if isinstance(error, HTTPException):
        return _from_werkzeug(error)
    if isinstance(error, SQLAlchemyError):
        if isinstance(error, OperationalError | PoolTimeout):
            _log.warning("the database is unavailable: %s", type(error).__name__)
        else:
            _log.error("the database failed: %s", type(error).__name__)
        return translate(Unavailable("The database is unavailable."))
    _log.error("unexpected error", exc_info=error)
    error_reports.report(error)
    return translate(ServiceError("Something went wrong here. It has been recorded under the request id."))


def of_status(status: HTTPStatus, detail: str) -> ServiceError:
    """Return the error for a status of werkzeug or gunicorn."""
    error = _HttpError(detail, status.phrase.lower().replace(" ", "_").replace("-", "_"))
    error.status = status
    return error


def _from_werkzeug(error: HTTPException) -> tuple[ServiceError, Headers]:
    status = HTTPStatus(error.code or 500)
    problem = of_status(status, error.description or status.description)
    extra = [("Allow", ", ".join(sorted(error.valid_methods or ())))] if isinstance(error, MethodNotAllowed) else []
    return problem, headers(problem) + extra


def _challenge(error: Unauthenticated) -> str:
    """Return the WWW-Authenticate header; with a reason only if the request had a token (RFC 6750)."""
    return 'Bearer realm="baraza"' + (', error="invalid_token"' if error.code == "invalid_token" else "")
