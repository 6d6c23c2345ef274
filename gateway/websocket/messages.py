"""What websockets are told, as frames."""

import json
from collections.abc import Collection
from typing import Any

from gateway.websocket import frames
from notifications.contract import Notification


def ready(unread: int, *, resumed: bool) -> bytes:
    """Greet."""
    return _encode({"type": "ready", "unread": unread, "resumed": resumed})


def notification(told: Notification) -> bytes:
    """Tell of a notification."""
    return _encode({"type": "notification"} | told.model_dump(mode="json"))


def changed(told: Notification) -> bytes:
    """Tell the new words of a notification."""
    return _encode({"type": "changed"} | told.model_dump(mode="json"))


def read(ids: Collection[str], unread: int) -> bytes:
    """Tell what was read, and how much is left."""
    return _encode({"type": "read", "ids": list(ids), "unread": unread})


def _encode(message: dict[str, Any]) -> bytes:
    return frames.text(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
