"""The websocket endpoint /ws/notifications/."""

import re
from typing import Any

from flask import Flask, request
from flask_sock import Sock

from chassis.contract import is_id
from chassis.errors import Forbidden, Invalid, ServiceError, TooManyRequests
from gateway import request_context
from gateway.backends import Backends
from gateway.http.cors import Origins
from gateway.http.problems import Malformed
from gateway.request_context import Visit
from gateway.websocket import frames
from gateway.websocket.connection import Connection
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry
from gateway.websocket.send_buffer import Outlet

PATH = "/ws/notifications/"
MAX_MESSAGE = 4096  # bytes; nothing a client says is read
COME_BACK = 60  # seconds after which one of many sockets may have been closed

_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 random bytes in base64 (RFC 6455, section 4.1); nobody else looks


def add_socket(app: Flask, backends: Backends, registry: Registry, presence: Presence) -> None:
    """Add the endpoint; all checks come before the 101, because afterwards there are no statuses."""
    settings = backends.settings["gateway"]
    origins = Origins(settings["allowed_origins"])
    app.config["SOCK_SERVER_OPTIONS"] = {"subprotocols": [request_context.SUBPROTOCOL], "max_message_size": MAX_MESSAGE}

    def before() -> None:
        if request.path == PATH and request.headers.get("Upgrade", "").lower() == "websocket":
            _check(origins, settings["socket"]["per_user"], registry)
            _prepare(request.environ, settings["socket"]["queue"])

    def notifications(ws: Any) -> None:
        guest: Visit = request.environ[request_context.KEY]
        connection = Connection(guest.require_identity(), guest.token_hash or "", request.environ["gunicorn.socket"])
        user = [connection.identity.user_id]
        registry.add(connection)
        presence.note(user)
        try:
            _start(connection, backends, request.args.get("since"))
            while True:  # what clients say is read, so that pongs and closes are seen, and thrown away
                ws.receive()
        finally:
            registry.remove(connection)
            presence.note(user)

    app.before_request(before)
    Sock(app).route(PATH)(notifications)


def _start(connection: Connection, backends: Backends, since: str | None) -> None:
    """Bring a websocket up to date; what follows has to go on reading, or gunicorn closes the line before a goodbye."""
    try:
        connection.start(backends.rpc, since)
    except ServiceError:
        connection.outlet.end(frames.TRY_AGAIN_LATER, "come back with ?since=")


def _check(origins: Origins, per_user: int, registry: Registry) -> None:
    """Refuse strangers, foreign pages (a browser sends its cookies and our token anywhere), and too many sockets."""
    if not _KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")):
        raise Malformed("This is no valid websocket handshake.")
    guest: Visit = request.environ[request_context.KEY]
    origin = request.headers.get("Origin")
    if origin and not origins.may_listen(origin, request.host):
        raise Forbidden("Pages of this origin may not connect.", "origin_not_allowed")
    if registry.open_for(guest.require_identity().user_id) >= per_user:
        raise TooManyRequests(f"You may hold {per_user} websockets at a time.", "too_many_sockets", (), COME_BACK)
    since = request.args.get("since")
    if since is not None and not is_id(since):
        raise Invalid.field("since", "must be the id of a notification")


def _prepare(environ: dict[str, Any], queue: int) -> None:
    """Put our outlet in the socket's place, and decline compression: it costs 90 kB a connection."""
    environ["gunicorn.socket"] = Outlet(environ["gunicorn.socket"], queue)
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
