"""The websocket endpoint /ws/notifications/."""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import gevent
from flask import Flask, request
from flask_sock import Sock
from wsproto.utilities import ProtocolError

from chassis.contract import is_id
from chassis.errors import Forbidden, Invalid, ServiceError
from chassis.observability import error_reports
from gateway.http.backends import Backends
from gateway.http.cors import Origins
from gateway.http.problems import Malformed
from gateway.request.context import CONTEXT_KEY, SUBPROTOCOL, RequestContext
from gateway.request.handshake import PATH, TURN, is_handshake
from gateway.rpc.turns import Turn
from gateway.websocket.connection import Connection
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry
from gateway.websocket.replays import Replays
from gateway.websocket.send_buffer import SendBuffer
from gateway.websocket.slots import Slots

SLOT = "baraza.websocket_slot"  # of the WSGI environ: the user who holds one
MAX_MESSAGE = 4096  # bytes; client messages are ignored

_log = logging.getLogger(__name__)
# The headers that wsproto decodes as ASCII, without handling other characters.
_DECODED = ("Connection", "Upgrade", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version")
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 random bytes in base64 (RFC 6455, section 4.1); libraries do not check


def add(app: Flask, backends: Backends, registry: Registry, replays: Replays, presence: Presence) -> None:
    """Add the endpoint; all checks are made before the 101 response, because later there are no statuses."""
    settings = backends.settings["gateway"]
    origins, slots = Origins(settings["allowed_origins"]), Slots(settings["socket"]["per_user"])
    app.config["SOCK_SERVER_OPTIONS"] = {
        "subprotocols": [SUBPROTOCOL],
        "max_message_size": MAX_MESSAGE,
        "thread_class": _Loop,
        "event_class": _Discard,
    }

    def before() -> None:
        if is_handshake(request.environ):
            user_id = _check(origins)
            slots.acquire(user_id)
            request.environ[SLOT] = user_id
            _prepare(request.environ, settings["socket"]["queue"])

    def after(_error: BaseException | None) -> None:
        if SLOT in request.environ:
            slots.release(request.environ[SLOT])

    def notifications(ws: Any) -> None:
        context: RequestContext = request.environ[CONTEXT_KEY]
        buffer = request.environ["gunicorn.socket"]
        connection = Connection(context.require_identity(), context.token_hash or "", buffer)
        user = [connection.identity.user_id]
        registry.add(connection)
        presence.record(user)
        turn: Turn = request.environ[TURN]
        starting = gevent.spawn(copy_context().run, _start, connection, replays, turn, request.args.get("since"))
        try:
            ws.event.messages = ws.input_buffer
            with suppress(ProtocolError):
                ws.thread.run()  # reads pongs and close frames; client messages are ignored
        finally:
            starting.kill(block=False)
            registry.remove(connection)
            presence.record(user)

    app.before_request(before)
    app.teardown_request(after)
    Sock(app).route(PATH)(notifications)


class _Loop:
    """Takes the place of simple-websocket's thread: its loop runs in the greenlet of the request."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        self.run = target

    def start(self) -> None:
        """Leave it to the endpoint to call `run`."""


class _Discard:
    """Takes the place of the event that simple-websocket sets after each message: discards the message."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []

    def set(self) -> None:
        """Discard what was received."""
        self.messages.clear()


def _start(connection: Connection, replays: Replays, turn: Turn, since: str | None) -> None:
    """Start a connection, which ends the handshake; in a greenlet of its own: meanwhile the client may close it."""
    try:
        connection.start(replays, since)
    except ServiceError:
        connection.give_up()
    except Exception as error:  # noqa: BLE001 - it would stay open without frames
        _log.exception("a websocket could not be started")
        error_reports.report(error)
        connection.give_up()
    finally:
        turn.release()


def _check(origins: Origins) -> str:
    """Return the user. Reject anonymous clients, and pages of other origins."""
    if not (_starts_websocket() and all(map(_is_ascii, _DECODED))):
        raise Malformed("This is no valid websocket handshake.")
    context: RequestContext = request.environ[CONTEXT_KEY]
    origin = request.headers.get("Origin")
    if origin and not origins.allows_websocket(origin, request.host):
        raise Forbidden("Pages of this origin may not connect.", "origin_not_allowed")
    user_id = context.require_identity().user_id
    since = request.args.get("since")
    if since is not None and not is_id(since):
        raise Invalid.field("since", "must be the id of a notification")
    return user_id


def _starts_websocket() -> bool:
    """Return whether the request is a GET of HTTP/1.1 with a key and without a body (RFC 6455, section 4.1)."""
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    is_get = request.method == "GET" and request.environ["SERVER_PROTOCOL"] != "HTTP/1.0"
    return is_get and not has_body and bool(_KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")))


def _is_ascii(header: str) -> bool:
    return request.headers.get(header, "").isascii()


def _prepare(environ: dict[str, Any], limit: int) -> None:
    """Replace the socket by a send buffer, and decline compression, which costs 90 kB per connection.

    wsproto requires a Host, and decodes it as IDNA without handling errors; nothing uses it after the check.
    """
    environ["gunicorn.socket"] = SendBuffer(environ["gunicorn.socket"], limit)
    environ["HTTP_HOST"] = "gateway"
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
