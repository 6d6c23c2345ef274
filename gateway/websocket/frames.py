"""Websocket frames as bytes (RFC 6455, section 5.2): encoded once, numbered for each user."""

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


class Template:
    """A frame that many users get, each with a number of their own; encoded once."""

    def __init__(self, message: dict[str, Any]) -> None:
        self._rest = _encode(message)[1:]

    def numbered(self, seq: int | None) -> bytes:
        """Return the frame with a number; without one for a replayed frame, or an event of the previous version."""
        return text(b"{" + self._rest if seq is None else b'{"seq":%d,' % seq + self._rest)


def ready(unread: int, *, resumed: bool, seq: int | None) -> bytes:
    """Return the first frame of a connection. The replay contains the frames up to the number `seq`."""
    return Template({"type": "ready", "unread": unread, "resumed": resumed}).numbered(seq)


def synced(seq: int) -> bytes:
    """Return the frame after a replay on an open connection: the frames up to the number `seq` were in it."""
    return Template({"type": "synced"}).numbered(seq)


def notification(content: Notification) -> Template:
    """Return the frame of a new notification."""
    return Template({"type": "notification"} | content.model_dump(mode="json"))


def changed(content: Notification) -> Template:
    """Return the frame of a notification whose text has changed."""
    return Template({"type": "changed"} | content.model_dump(mode="json"))


def read(ids: Collection[str], unread: int) -> Template:
    """Return the frame of notifications that were marked as read, with the number of unread ones."""
    return Template({"type": "read", "ids": list(ids), "unread": unread})


def text(payload: bytes) -> bytes:
    """Return an unmasked text frame with a UTF-8 payload."""
    return _frame(_TEXT, payload)


def close(code: int, reason: str) -> bytes:
    """Return a close frame."""
    return _frame(_CLOSE, struct.pack(">H", code) + reason.encode())


def _encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _SMALL:
        return struct.pack(">BB", opcode, size) + payload
    if size < _MEDIUM:
        return struct.pack(">BBH", opcode, 126, size) + payload
    return struct.pack(">BBQ", opcode, 127, size) + payload
