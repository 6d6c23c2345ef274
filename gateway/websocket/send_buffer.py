"""A client's socket with a bounded queue in front of it: whoever writes never waits.

simple-websocket writes with `send` and ignores how much was sent; under gevent a slow reader would get a corrupt
stream. It gets this object instead of the socket, and so its pings, pongs and close frames queue up like all else.
"""

import os
import time
from collections import deque
from typing import Any

import gevent
from gevent import socket

from gateway.websocket import frames

STALLED = 30  # seconds in which a reader takes nothing at all
FAREWELL = 5  # seconds for a close frame to get through
INPUT = 65536  # bytes that a client may send us in INPUT_WINDOW; it has nothing to say but pongs
INPUT_WINDOW = 10  # seconds


class Outlet:
    """Wraps a gevent socket; single frames are never torn apart."""

    def __init__(self, sock: Any, limit: int) -> None:
        self._sock = sock
        self._limit = limit  # bytes
        self._plain = not hasattr(sock, "getpeercert")  # TLS needs its own write, which may wait
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._writing = False
        self._closing = False
        self._closed = False
        self._heard_bytes = 0
        self._heard_since = self.last_heard = time.monotonic()

    @property
    def room(self) -> int:
        """How many bytes may still be queued."""
        return self._limit - self._queued

    def send(self, data: bytes) -> int:
        """Write what the socket takes at once and queue the rest; a reader too slow for the queue is closed."""
        if not (self._closing or self._closed):
            if self._waits() and len(data) > self.room:
                self.end(frames.TRY_AGAIN_LATER, "too slow; come back with ?since=")
            else:
                self._put(data)
        return len(data)

    def end(self, code: int, reason: str) -> None:
        """Say goodbye and close; of what is queued only a frame that has begun is finished."""
        if self._closing or self._closed:
            return
        while len(self._queue) > 1:
            self._queued -= len(self._queue.pop())
        self._closing = True
        self._put(frames.close(code, reason))
        if self._queue:
            gevent.spawn_later(FAREWELL, self.abort)
        else:
            self.abort()

    def recv(self, size: int) -> bytes:
        """Read for simple-websocket; clients that flood are cut off."""
        data: bytes = self._sock.recv(size)
        now = self.last_heard = time.monotonic()
        if now - self._heard_since > INPUT_WINDOW:
            self._heard_since, self._heard_bytes = now, 0
        self._heard_bytes += len(data)
        if self._heard_bytes > INPUT:
            self.end(frames.POLICY_VIOLATION, "too much to say")
            return b""
        gevent.sleep(0)  # data that is there already is read without a pause, and others want their turn
        return data

    def abort(self) -> None:
        """Cut the line; wakes whoever reads from it."""
        self._closed = True
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Let the queue run empty for a moment, then cut the line; gunicorn closes the socket itself."""
        if not self._queue:
            self.abort()
        else:
            gevent.spawn_later(FAREWELL, self.abort)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self._sock.fileno())

    def _waits(self) -> bool:
        """Tell whether the next frame has to queue up."""
        return bool(self._queue) or not self._plain

    def _put(self, data: bytes) -> None:
        """Write what the socket takes at once, if nothing is before it, and queue the rest."""
        rest = data if self._waits() else self._written(data)
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
            rest = self._written(data)
        else:
            self._sock.sendall(data)
            rest = b""
        self._queued -= len(data) - len(rest)
        if rest:
            self._queue[0] = rest
        else:
            self._queue.popleft()

    def _written(self, data: bytes) -> bytes:
        """Write without waiting and return what was not taken."""
        try:
            return data[os.write(self.fileno(), data) :]
        except BlockingIOError:
            return data
        except OSError:
            self.abort()
            return b""
