"""A client's socket with a bounded send buffer: writers never wait.

simple-websocket calls `send` and ignores how much was sent; under gevent a slow reader would get a corrupt stream. It
gets this object instead of the socket, so that its pings, pongs and close frames are buffered like all others.
"""

import os
import time
from collections import deque
from typing import Any

import gevent
from gevent import socket

from gateway.websocket import frames

STALLED = 30  # seconds in which a client reads nothing
CLOSING = 5  # seconds for a close frame to be sent
INPUT = 65536  # bytes that a client may send in INPUT_WINDOW; it has nothing to send but pongs
INPUT_WINDOW = 10  # seconds


class SendBuffer:
    """Wraps a gevent socket; frames are never interleaved. `limit` is the size of the buffer in bytes."""

    def __init__(self, sock: Any, limit: int) -> None:
        self._sock = sock
        self._limit = limit
        self._plain = not hasattr(sock, "getpeercert")  # TLS needs its own write, which may wait
        self._queue: deque[bytes] = deque()
        self._queued = 0  # bytes
        self._writing = False
        self._closing = False
        self._closed = False
        self._received = 0  # bytes in this window
        self._window_start = self.last_received = time.monotonic()

    @property
    def room(self) -> int:
        """How many bytes may still be buffered."""
        return self._limit - self._queued

    def send(self, data: bytes) -> int:
        """Write what the socket accepts at once and buffer the rest; close a client that is too slow for the buffer."""
        if not (self._closing or self._closed):
            if self._must_queue() and len(data) > self.room:
                self.end(frames.TRY_AGAIN_LATER, "too slow; come back with ?since=")
            else:
                self._put(data)
        return len(data)

    def end(self, code: int, reason: str) -> None:
        """Send a close frame and close; of the buffer only a frame that was partly written is finished."""
        if self._closing or self._closed:
            return
        while len(self._queue) > 1:
            self._queued -= len(self._queue.pop())
        self._closing = True
        self._put(frames.close(code, reason))
        if self._queue:
            gevent.spawn_later(CLOSING, self.abort)
        else:
            self.abort()

    def recv(self, size: int) -> bytes:
        """Read for simple-websocket; close a client that sends too much."""
        data: bytes = self._sock.recv(size)
        now = self.last_received = time.monotonic()
        if now - self._window_start > INPUT_WINDOW:
            self._window_start, self._received = now, 0
        self._received += len(data)
        if self._received > INPUT:
            self.end(frames.POLICY_VIOLATION, "too much to say")
            return b""
        gevent.sleep(0)  # reading available data does not yield, and other greenlets must run
        return data

    def abort(self) -> None:
        """Shut the socket down; this wakes the greenlet that reads from it."""
        self._closed = True
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Let the buffer be sent for a moment, then shut down; gunicorn closes the socket."""
        if not self._queue:
            self.abort()
        else:
            gevent.spawn_later(CLOSING, self.abort)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self._sock.fileno())

    def _must_queue(self) -> bool:
        """Return whether the next frame has to be buffered."""
        return bool(self._queue) or not self._plain

    def _put(self, data: bytes) -> None:
        """Write what the socket accepts at once, if nothing is buffered, and buffer the rest."""
        rest = data if self._must_queue() else self._write(data)
        if not rest:
            return
        self._queue.append(rest)
        self._queued += len(rest)
        if not self._writing:
            self._writing = True
            gevent.spawn(self._drain)

    def _drain(self) -> None:
        try:
            while self._queue and not self._closed:
                self._write_first()
        except (OSError, TimeoutError):
            self.abort()
        finally:
            self._writing = False
        if self._closing and not self._queue:
            self.abort()

    def _write_first(self) -> None:
        data = self._queue[0]
        if self._plain:
            socket.wait_write(self.fileno(), timeout=STALLED)
            rest = self._write(data)
        else:
            self._sock.sendall(data)
            rest = b""
        self._queued -= len(data) - len(rest)
        if rest:
            self._queue[0] = rest
        else:
            self._queue.popleft()

    def _write(self, data: bytes) -> bytes:
        """Write without waiting and return what the socket did not accept."""
        try:
            return data[os.write(self.fileno(), data) :]
        except BlockingIOError:
            return data
        except OSError:
            self.abort()
            return b""
