"""Websockets by the thousand in one process: each takes about 5 kB and, for a frame, 20 µs of CPU."""

import asyncio
import json
import resource
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.load.http import Target

_UPGRADE = """GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r
Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YmFyYXphLWJlbmNoLTAwMQ==\r\n\r\n"""
_TEXT, _CLOSE, _PING = 1, 8, 9  # opcodes of RFC 6455
_PONG = b"\x8a\x80\x00\x00\x00\x00"  # masked, empty
_RETRY = 1  # seconds until a rejected client tries again


class Websocket(asyncio.Protocol):
    """A websocket: `ready` is whether the server accepted it, `frames` are texts after the first, with their times."""

    def __init__(self, request: bytes) -> None:
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.resumed = False
        self.frames: list[tuple[float, bytes]] = []
        self._request = request
        self._upgraded = False
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Keep texts and answer pings."""
        now = time.monotonic()
        self._received += data
        if not self._upgraded and not self._upgrade():
            return
        for opcode, payload in frames(self._received):
            if opcode == _TEXT and self.ready.done():
                self.frames.append((now, payload))
            elif opcode == _TEXT:
                self.resumed = json.loads(payload)["resumed"]
                self.ready.set_result(True)
            elif opcode == _PING and self._transport:
                self._transport.write(_PONG)
            elif opcode == _CLOSE:
                self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Count as rejected if it was not ready."""
        self._transport = None
        if not self.ready.done():
            self.ready.set_result(False)

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed it."""
        return self._transport is not None

    def last_id(self) -> str:
        """Return the id of the last notification, empty if there was none."""
        ids = (json.loads(frame).get("id") for _, frame in reversed(self.frames))
        return next((str(one) for one in ids if one), "")

    def abort(self) -> None:
        """End the connection without a closing handshake, as a lost network does."""
        if self._transport:
            self._transport.abort()

    def _upgrade(self) -> bool:
        """Remove the response of the handshake; return whether it was accepted."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._upgraded = self._received.startswith(b"HTTP/1.1 101 ")
        del self._received[: end + 4]
        if not self._upgraded:
            self.abort()
        return self._upgraded


def frames(received: bytearray) -> Iterator[tuple[int, bytes]]:
    """Remove and yield the complete frames of a server, which are not masked: opcode and payload (RFC 6455)."""
    while len(received) >= 2:  # noqa: PLR2004 - the shortest head
        size, start = received[1], 2
        extended = {126: 2, 127: 8}.get(size, 0)
        if extended:
            size, start = int.from_bytes(received[2 : 2 + extended]), 2 + extended
        if len(received) < start + size:
            return
        yield received[0] & 15, bytes(received[start : start + size])
        del received[: start + size]


class Wanted(NamedTuple):
    """A client: the user's token, and the last notification that it has seen."""

    token: str
    since: str = ""


class Connected:
    """The websockets of a crowd, how long each waited, and how often one was rejected."""

    def __init__(self) -> None:
        self.websockets: list[Websocket] = []
        self.clients: list[Wanted] = []  # of the websockets
        self.waits: list[float] = []  # seconds from the intended time until it was ready
        self.rejected = 0

    def seen(self) -> list[Wanted]:
        """Return the clients with what they have seen now."""
        pairs = zip(self.clients, self.websockets, strict=True)
        return [client._replace(since=websocket.last_id() or client.since) for client, websocket in pairs]

    def abort(self) -> None:
        """End all connections at once."""
        for websocket in self.websockets:
            websocket.abort()


async def connect(target: Target, clients: Sequence[Wanted], rate: float) -> Connected:
    """Open a websocket for each client, at a rate per second; rejected ones try again after a second."""
    allow_open_files()
    connected, started = Connected(), time.monotonic()

    async def open_one(client: Wanted, intended: float) -> None:
        await asyncio.sleep(intended - time.monotonic())
        while (websocket := await open_websocket(target, client)) is None:
            connected.rejected += 1
            await asyncio.sleep(_RETRY)
        connected.waits.append(time.monotonic() - intended)
        connected.websockets.append(websocket)
        connected.clients.append(client)

    await asyncio.gather(*(open_one(client, started + number / rate) for number, client in enumerate(clients)))
    return connected


async def open_websocket(target: Target, client: Wanted) -> Websocket | None:
    """Return a websocket that is ready, or None if it was rejected."""
    path = f"/ws/notifications/?since={client.since}" if client.since else "/ws/notifications/"
    request = _UPGRADE.format(path=path, host=target.host, port=target.port, token=client.token).encode()
    try:
        _, websocket = await asyncio.get_running_loop().create_connection(lambda: Websocket(request), *target)
    except OSError:
        return None
    return websocket if await websocket.ready else None


def allow_open_files() -> None:
    """Raise the limit of open files of this process to the maximum; a websocket needs one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
