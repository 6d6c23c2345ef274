"""Websocket frames (RFC 6455, section 5.2) as bytes: encoded once, written to any number of sockets."""

import struct

PING = b"\x89\x00"

_TEXT, _CLOSE = 0x81, 0x88
_SMALL, _MEDIUM = 126, 1 << 16

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


def text(payload: bytes) -> bytes:
    """Return an unmasked text frame around UTF-8, as servers send it."""
    return _frame(_TEXT, payload)


def close(code: int, reason: str) -> bytes:
    """Return a close frame."""
    return _frame(_CLOSE, struct.pack(">H", code) + reason.encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _SMALL:
        return struct.pack(">BB", opcode, size) + payload
    if size < _MEDIUM:
        return struct.pack(">BBH", opcode, 126, size) + payload
    return struct.pack(">BBQ", opcode, 127, size) + payload
