"""Limits what slow clients cost: time of TLS handshakes, heads, unread bodies and answers; pieces of a head."""

import errno
import os
import time
from typing import Any

import gevent
from gevent.server import StreamServer
from gunicorn import util
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.workers import ggevent

from gateway.server.strict_request import StrictRequest

HANDSHAKE_TIME = 10  # seconds for a TLS handshake
HEAD_TIME = 20  # seconds from the first byte of a head to its last
PIECES = 32  # reads of a head without a pause; each may bring 8 KiB
PAUSE = 0.1  # seconds before each further read: gunicorn searches all that it has read after each
UNREAD = 20 << 20  # bytes of a body that the application did not read, which are read and discarded
UNREAD_TIME = 20  # seconds for that
PART = 1 << 16  # bytes
ANSWER_TIME = 60  # seconds in which a client must read a part of an answer
ACCEPTED = 16  # connections that are accepted in a row

_write = util.write


def limit() -> None:
    """Replace gunicorn's server and request classes, and its write function."""
    ggevent.StreamServer = Server
    RequestParser.mesg_class = PatientRequest
    util.write = write


class Server(StreamServer):
    """Leaves the TLS handshake to the worker, which limits its time.

    Accepts ACCEPTED connections before other greenlets run. gunicorn would accept one, so while thousands of websockets
    come back, a new connection would wait for seconds until it is accepted.
    """

    max_accept = property(lambda _self: ACCEPTED, lambda _self, _number: None)

    def __init__(self, listener: Any, handle: Any, spawn: Any, **ssl_arguments: Any) -> None:
        if ssl_arguments:
            ssl_arguments["do_handshake_on_connect"] = False
        super().__init__(listener, handle=handle, spawn=spawn, **ssl_arguments)


def finish_handshake(client: Any) -> bool:
    """Finish the TLS handshake of a connection; return False if it fails or takes too long."""
    if not hasattr(client, "do_handshake"):
        return True
    with gevent.Timeout(HANDSHAKE_TIME, False):  # type: ignore[arg-type] # noqa: FBT003 - silently
        try:
            client.do_handshake()
        except OSError:  # also SSLError
            return False
        return True
    return False


class PatientRequest(StrictRequest):
    """A request whose head may arrive in many pieces, but not for long."""

    _started = 0.0
    _reads = 0

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Read a part of the head. Raises NoMoreData after HEAD_TIME; the time to wait for the first part is idle."""
        if self._reads == 0:
            super().read_into(unreader, buf, stop)
            self._started = time.monotonic()
        else:
            left = HEAD_TIME - (time.monotonic() - self._started)
            with gevent.Timeout(max(0.0, left), NoMoreData(bytes(buf))):
                if self._reads > PIECES:
                    gevent.sleep(PAUSE)
                super().read_into(unreader, buf, stop)
        self._reads += 1


def discard_body(request: Any) -> bool:
    """Discard what the application did not read of a body; return False if that is too much, or takes too long."""
    if getattr(request.body.reader, "length", None) == 0:
        return True
    with gevent.Timeout(UNREAD_TIME, False):  # type: ignore[arg-type] # noqa: FBT003 - silently
        try:
            return any(not request.body.read(PART) for _ in range(UNREAD // PART))
        except (ParseException, NoMoreData):
            return False
    return False


def write(sock: Any, data: bytes, chunked: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
    """Write a part of an answer. Raises BrokenPipeError, which gunicorn expects, if the client does not read it."""
    rest = data if chunked or hasattr(sock, "getpeercert") else _write_at_once(sock, data)  # TLS may have to wait
    if rest:
        with gevent.Timeout(ANSWER_TIME, BrokenPipeError(errno.EPIPE, "the client does not read")):
            _write(sock, rest, chunked)


def _write_at_once(sock: Any, data: bytes) -> bytes:
    """Write without waiting, and so without the cost of a timeout; return what the socket did not accept."""
    try:
        return data[os.write(sock.fileno(), data) :]
    except BlockingIOError:
        return data
