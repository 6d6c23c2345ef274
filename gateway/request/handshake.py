"""Which requests are the handshake of a websocket; the guard and the endpoint must agree."""

from collections.abc import Mapping
from typing import Any

PATH = "/ws/notifications/"
TURN = "baraza.handshake_turn"  # of the WSGI environ: what the guard lets a handshake hold until it ends


def is_handshake(environ: Mapping[str, Any]) -> bool:
    """Return whether a request is one; Flask too removes further slashes before a path."""
    path: str = "/" + environ["PATH_INFO"].lstrip("/")
    upgrade: str = environ.get("HTTP_UPGRADE", "")
    return path == PATH and upgrade.lower() == "websocket"
