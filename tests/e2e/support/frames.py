"""The frames that a websocket receives."""

import json
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

TIMEOUT = 30  # seconds; far fewer than the ten minutes between checks of a session
ABNORMAL_CLOSURE = 1006  # RFC 6455, section 7.4.1: the connection ended without a close frame


def receive(websocket: ClientConnection, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Return the next frame; raise TimeoutError if none arrives."""
    frame: dict[str, Any] = json.loads(websocket.recv(timeout=timeout))
    return frame


def receive_notification(websocket: ClientConnection, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Return the next notification; skip other frames."""
    while (frame := receive(websocket, timeout))["type"] != "notification":
        pass
    return frame


def receive_until_closed(websocket: ClientConnection, timeout: float = TIMEOUT) -> tuple[list[dict[str, Any]], int]:
    """Return all frames until the server closes the connection, and the close code."""
    frames: list[dict[str, Any]] = []
    try:
        while True:
            frames.append(receive(websocket, timeout))
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd else ABNORMAL_CLOSURE


def close_code(websocket: ClientConnection, timeout: float = TIMEOUT) -> int:
    """Skip frames until the server closes the connection, and return the close code."""
    return receive_until_closed(websocket, timeout)[1]
