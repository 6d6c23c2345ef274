"""Sends files that are read while they are sent."""

import errno
import logging
from collections.abc import Iterator
from typing import Any

from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from chassis.errors import ServiceError
from gateway.routing.route import Download

_log = logging.getLogger(__name__)


def response(download: Download, backends: Any, reply: Any) -> Response:
    """Return a response with the file."""
    headers = {"Content-Disposition": f'attachment; filename="{download.name(reply)}"'}
    parts = _until_error(download.parts(backends, reply))
    return Response(parts, 200, headers, content_type="application/json")


def _until_error(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the parts. If one cannot be read, raise BrokenPipeError.

    gunicorn then closes the connection without the end of the body, so the client sees that the file is not complete.
    """
    try:
        yield from parts
    except (ServiceError, SQLAlchemyError) as error:
        _log.warning("a download was interrupted: %s", error)
        raise BrokenPipeError(errno.EPIPE, "the file cannot be read to its end") from error
