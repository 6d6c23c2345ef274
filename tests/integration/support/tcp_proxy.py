"""A TCP proxy that tests cut and freeze."""

import contextlib
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import eventlet
from eventlet.green import socket


class TcpProxy:
    """Forwards connections to the server of a URI; `uri` is the same URI with the proxy's address."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._server = (parts.hostname, parts.port)
        self._listener = _listener(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.uri = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self._address[1]}"))
        self._sockets: list[Any] = []
        self._forwarding = [eventlet.event.Event(), eventlet.event.Event()]  # to the server, to the client
        self.accepted = 0  # connections
        self.thaw()
        self._listen()

    def cut(self) -> None:
        """Close all connections and stop listening."""
        self._accepting.kill()
        self._listener.close()
        self.drop()

    def restore(self) -> None:
        """Accept connections again at the same address, and forward their data."""
        self.thaw()
        if self._listener.fileno() < 0:
            self._listener = _listener(self._address)
            self._listen()

    def drop(self) -> None:
        """Close all connections; new ones are accepted."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            _shut_down(each)

    def freeze(self, *, to_server: bool = True) -> None:
        """Keep connections open, accept new ones, and forward nothing: like a server that was stopped by SIGSTOP.

        With to_server=False the server receives data, but its replies do not arrive.
        """
        self._forwarding = [eventlet.event.Event(), eventlet.event.Event()]
        if not to_server:
            self._forwarding[0].send()

    def thaw(self) -> None:
        """Forward data again, including what arrived in the meantime."""
        for direction in self._forwarding:
            if not direction.ready():
                direction.send()

    def close(self) -> None:
        """Close everything."""
        self.thaw()
        self.cut()

    def _listen(self) -> None:
        self._listener.listen(50)
        self._accepting = eventlet.spawn(self._accept, self._listener)

    def _accept(self, listener: Any) -> None:
        while True:
            client, _ = listener.accept()
            self.accepted += 1
            server = socket.create_connection(self._server)
            self._sockets += [client, server]
            eventlet.spawn_n(self._forward, client, server, 0)
            eventlet.spawn_n(self._forward, server, client, 1)

    def _forward(self, source: Any, target: Any, direction: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._forwarding[direction].wait()
                target.sendall(data)
        _shut_down(target)
        source.close()


def _listener(address: tuple[str, int]) -> Any:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    return listener


def _shut_down(sock: Any) -> None:
    """End both directions; the greenlet that reads the socket closes it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
