"""Problem documents (RFC 9457): every refusal becomes one, in one place."""

import json
import logging
from http import HTTPStatus
from typing import Annotated

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing.exceptions import WebsocketMismatch
from wsproto.utilities import RemoteProtocolError

from chassis.contract import Message
from chassis.errors import Invalid, ServiceError, Unauthenticated, Unavailable
from chassis.observability import error_reports
from gateway.request_context import Headers

CONTENT_TYPE = "application/problem+json"
RETRY_SOON = 2  # seconds; for a dependency that is away

_log = logging.getLogger(__name__)


class Malformed(ServiceError):
    """The body is no JSON."""

    status = 400
    default_code = "malformed"


class TooLarge(ServiceError):
    """The body is larger than we read."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(ServiceError):
    """The body is something else than JSON."""

    status = 415
    default_code = "unsupported_media_type"


class _Other(ServiceError):
    """Any refusal of werkzeug or gunicorn, who know more statuses than we have classes."""

    status: int  # type: ignore[misc]  # of each one, not of the class


class WrongField(Message):
    """A field that is wrong, by its path, and why."""

    field: str
    message: str


class Problem(Message):
    """Why a request was refused (RFC 9457). Branch on `status` and `code`; `detail` is for people."""

    type: str  # about:blank: the status says it all (RFC 9457, section 4.2.1); `code` tells cases apart
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="Tells the cases of a status apart.")]
    request_id: Annotated[str, Field(description="The answer's X-Request-ID, which is in every log line.")]
    errors: list[WrongField] = Field(default=[], description="For 422, and for a 409 that concerns a field.")


def document(error: ServiceError, request_id: str) -> bytes:
    """Return the body; `errors` only where it says something."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        errors=[WrongField(**wrong) for wrong in error.errors],
    )
    silent = {"errors"} if not error.errors and not isinstance(error, Invalid) else None
    # Not by pydantic: json spells half a surrogate pair of the client's as an escape, where UTF-8 has no word for it.
    return json.dumps(problem.model_dump(exclude=silent)).encode()


def headers(error: ServiceError) -> Headers:
    """Return what a status asks for beside its body."""
    found: Headers = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")]
    if isinstance(error, Unauthenticated):
        found.append(("WWW-Authenticate", _challenge(error)))
    wait = error.retry_after or (RETRY_SOON if isinstance(error, Unavailable) else None)
    if wait is not None:
        found.append(("Retry-After", str(wait)))
    return found


def translated(error: Exception) -> tuple[ServiceError, Headers]:
    """Turn whatever was raised into a refusal that a client may see, with the headers that belong to it."""
    if isinstance(error, ServiceError):
        return error, headers(error)
    if isinstance(error, WebsocketMismatch):
        return translated(Malformed("Paths below /ws/ speak websocket, all others HTTP."))
    if isinstance(error, HTTPException):
        return _from_werkzeug(error)
    if isinstance(error, RemoteProtocolError):
        return translated(Malformed("This is no valid websocket handshake."))
    if isinstance(error, SQLAlchemyError):
        _log.error("the database failed: %s", type(error).__name__)
        return translated(Unavailable("The database is away."))
    _log.error("unexpected error", exc_info=error)
    error_reports.report(error)
    return translated(ServiceError("Something went wrong here. It has been recorded under the request id."))


def of_status(status: HTTPStatus, detail: str) -> ServiceError:
    """Return a refusal that is known by its status alone, such as those of werkzeug and gunicorn."""
    refusal = _Other(detail, status.phrase.lower().replace(" ", "_").replace("-", "_"))
    refusal.status = status
    return refusal


def _from_werkzeug(error: HTTPException) -> tuple[ServiceError, Headers]:
    status = HTTPStatus(error.code or 500)
    refusal = of_status(status, error.description or status.description)
    extra = [("Allow", ", ".join(sorted(error.valid_methods or ())))] if isinstance(error, MethodNotAllowed) else []
    return refusal, headers(refusal) + extra


def _challenge(error: Unauthenticated) -> str:
    """RFC 6750: say why only to somebody who brought a token."""
    return 'Bearer realm="baraza"' + (', error="invalid_token"' if error.code == "invalid_token" else "")
