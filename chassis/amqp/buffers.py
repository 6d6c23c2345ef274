"""Buffers between py-amqp and its socket, which save most of the system calls: they cost more than the messages.

py-amqp sends each message with a call of its own, and reads each part of a frame with one. With these buffers, what
greenlets write before the hub waits again goes out together, in the order in which they wrote it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore

READ_SIZE = 8192  # bytes
MAX_WAITING = 1 << 20  # bytes; with more a greenlet that writes waits until they are sent


def install(transport: Any) -> None:
    """Give a connected transport of py-amqp both buffers. TLS keeps its own."""
    if hasattr(transport, "_quick_recv"):
        transport._quick_recv = partial(_receive, transport._quick_recv)  # noqa: SLF001 - no public way
    transport._write = WriteBuffer(transport._write).write  # noqa: SLF001


def _receive(receive: Callable[[int], bytes], size: int) -> bytes:
    """Read more than is asked for; the transport keeps the rest."""
    return receive(max(size, READ_SIZE))


class WriteBuffer:
    """Collects what greenlets write, and sends it from another greenlet in the same turn of the hub."""

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._sending = Semaphore()  # two greenlets must not send at the same time
        self._waiting = bytearray()
        self._error: Exception | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Send data soon. Raises the error of an earlier call that could not be sent: the connection is lost."""
        if self._error is not None:
            raise self._error
        if not self._waiting:
            eventlet.spawn_n(self._flush)
        self._waiting += data
        if len(self._waiting) > MAX_WAITING:
            self._flush()

    def _flush(self) -> None:
        with self._sending:
            data, self._waiting = bytes(self._waiting), bytearray()
            try:
                if data and self._error is None:
                    self._send(data)
            except Exception as error:  # noqa: BLE001 - raised by the next write
                self._error = error
