"""A line to the broker that a test can cut."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import gevent
from gevent import socket
from gevent.server import StreamServer


class TcpProxy:
    """Listens on a port of its own and passes everything on, both ways."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._there = (parts.hostname, parts.port or 5672)
        self._open: list[Any] = []
        self._server = StreamServer(("127.0.0.1", 0), self._join)
        self._server.start()
        here = f"{parts.username}:{parts.password}@127.0.0.1:{self._server.server_port}"
        self.uri = parts._replace(netloc=here).geturl()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self.cut()

    def cut(self) -> None:
        """End all connections of this moment; new ones may come."""
        while self._open:
            end = self._open.pop()
            end.close()

    def _join(self, client: Any, _address: Any) -> None:
        server = socket.create_connection(self._there)
        self._open += [client, server]
        gevent.joinall([gevent.spawn(_pump, client, server), gevent.spawn(_pump, server, client)])


def _pump(source: Any, target: Any) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    target.close()
