"""The websocket endpoint /ws/notifications/."""

import logging
import weakref
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
from gateway.request.context import CONTEXT_KEY, RequestContext
from gateway.request.handshake import PATH, TURN, is_handshake
from gateway.rpc.turns import Turn
from gateway.websocket import upgrade
from gateway.websocket.connection import Connection
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry
from gateway.websocket.replays import Replays
from gateway.websocket.send_buffer import SendBuffer
from gateway.websocket.slots import Slots

SLOT = "baraza.websocket_slot"  # of the WSGI environ: the user who holds one
MAX_MESSAGE = 4096  # bytes; client messages are ignored

_log = logging.getLogger(__name__)


def add(app: Flask, backends: Backends, registry: Registry, replays: Replays, presence: Presence) -> None:
    """Add the endpoint; all checks are made before the 101 response, because later there are no statuses."""
    endpoint = _Endpoint(backends, registry, replays, presence)
    app.config["SOCK_SERVER_OPTIONS"] = {
        "max_message_size": MAX_MESSAGE,
        "thread_class": _Loop,
        "event_class": _Discard,
    }
    upgrade.install()
    app.before_request(endpoint.check)
    app.teardown_request(endpoint.release_slot)
    Sock(app).route(PATH)(endpoint.notifications)


class _Endpoint:
    """What happens to a handshake before, during and after the websocket."""

    def __init__(self, backends: Backends, registry: Registry, replays: Replays, presence: Presence) -> None:
        settings = backends.settings["gateway"]
        self._rpc = backends.rpc
        self._origins = Origins(settings["allowed_origins"])
        self._slots = Slots(settings["socket"]["per_user"])
        self._queue: int = settings["socket"]["queue"]
        self._registry = registry
        self._replays = replays
        self._presence = presence

    def check(self) -> None:
        """Check a handshake, and let the user hold a slot."""
        if is_handshake(request.environ):
            user_id = _check(self._origins)
            self._rpc.require_broker()
            self._slots.acquire(user_id)
            request.environ[SLOT] = user_id
            # The send buffer takes the place of the socket, also for what simple-websocket writes.
            request.environ["gunicorn.socket"] = SendBuffer(request.environ["gunicorn.socket"], self._queue)

    def release_slot(self, _error: BaseException | None) -> None:
        """Release the user's slot at the end of the request."""
        if SLOT in request.environ:
            self._slots.release(request.environ[SLOT])

    def notifications(self, ws: Any) -> None:
        """Serve a websocket until it is closed."""
        context: RequestContext = request.environ[CONTEXT_KEY]
        buffer = request.environ["gunicorn.socket"]
        connection = Connection(context.require_identity(), context.token_hash or "", buffer)
        user = [connection.identity.user_id]
        self._registry.add(connection)
        self._presence.record(user)
        turn: Turn = request.environ[TURN]
        # Weak, so that it does not take memory once it has ended; while it runs, what it waits for refers to it.
        starting = weakref.ref(
            gevent.spawn(copy_context().run, _start, connection, self._replays, turn, request.args.get("since"))
        )
        try:
            ws.event.messages = ws.input_buffer
            with suppress(ProtocolError):
                ws.thread.run()  # reads pongs and close frames; client messages are ignored
        finally:
            if greenlet := starting():
                greenlet.kill(block=False)
            self._registry.remove(connection)
            self._presence.record(user)


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
    upgrade.require_valid(request.environ)
    context: RequestContext = request.environ[CONTEXT_KEY]
    origin = request.headers.get("Origin")
    if origin and not origins.allows_websocket(origin, request.host):
        raise Forbidden("Pages of this origin may not connect.", "origin_not_allowed")
    user_id = context.require_identity().user_id
    since = request.args.get("since")
    if since is not None and not is_id(since):
        raise Invalid.field("since", "must be the id of a notification")
    return user_id
