"""Websocket frames as bytes (RFC 6455, section 5.2): encoded once, written to any number of connections."""

import json
import struct
from collections.abc import Collection
from typing import Any

from notifications.contract import Notification

PING = b"\x89\x00"

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013

_TEXT, _CLOSE = 0x81, 0x88
_SMALL, _MEDIUM = 126, 1 << 16


def ready(unread: int, *, resumed: bool) -> bytes:
    """Return the first frame of a connection."""
    return _json({"type": "ready", "unread": unread, "resumed": resumed})


def notification(content: Notification) -> bytes:
    """Return the frame of a new notification."""
    return _json({"type": "notification"} | content.model_dump(mode="json"))


def changed(content: Notification) -> bytes:
    """Return the frame of a notification whose text has changed."""
    return _json({"type": "changed"} | content.model_dump(mode="json"))


def read(ids: Collection[str], unread: int) -> bytes:
    """Return the frame of notifications that were marked as read, with the number of unread ones."""
    return _json({"type": "read", "ids": list(ids), "unread": unread})


def text(payload: bytes) -> bytes:
    """Return an unmasked text frame with a UTF-8 payload."""
    return _frame(_TEXT, payload)


def close(code: int, reason: str) -> bytes:
    """Return a close frame."""
    return _frame(_CLOSE, struct.pack(">H", code) + reason.encode())


def _json(message: dict[str, Any]) -> bytes:
    return text(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _SMALL:
        return struct.pack(">BB", opcode, size) + payload
    if size < _MEDIUM:
        return struct.pack(">BBH", opcode, 126, size) + payload
    return struct.pack(">BBQ", opcode, 127, size) + payload
