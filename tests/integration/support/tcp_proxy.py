"""A TCP proxy that tests cut and freeze. Its threads and sockets are eventlet's or gevent's where those are patched."""

import contextlib
import socket
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit


class TcpProxy:
    """Forwards connections to the server of a URI; `uri` is the same URI with the proxy's address."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._server = (parts.hostname, parts.port)
        self._listener = _listener(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.uri = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self._address[1]}"))
        self._sockets: list[socket.socket] = []
        self._forwarding = [Event(), Event()]  # to the server, to the client
        self.accepted = 0  # connections
        self.thaw()
        self._accepting = _start(self._accept, self._listener)

    def cut(self) -> None:
        """Close all connections and stop listening."""
        _shut_down(self._listener)
        self._accepting.join()
        self.drop()

    def restore(self) -> None:
        """Accept connections again at the same address, and forward their data."""
        self.thaw()
        if self._listener.fileno() < 0:
            self._listener = _listener(self._address)
            self._accepting = _start(self._accept, self._listener)

    def drop(self) -> None:
        """Close all connections; new ones are accepted."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            _shut_down(each)

    def freeze(self, *, to_server: bool = True) -> None:
        """Keep connections open, accept new ones, and forward nothing: like a server that was stopped by SIGSTOP.

        With to_server=False the server receives data, but its replies do not arrive.
        """
        self._forwarding = [Event(), Event()]
        if not to_server:
            self._forwarding[0].set()

    def thaw(self) -> None:
        """Forward data again, including what arrived in the meantime."""
        for direction in self._forwarding:
            direction.set()

    def close(self) -> None:
        """Close everything."""
        self.thaw()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        with listener, contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.accepted += 1
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                _start(self._forward, client, server, 0)
                _start(self._forward, server, client, 1)

    def _forward(self, source: socket.socket, target: socket.socket, direction: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._forwarding[direction].wait()
                target.sendall(data)
        _shut_down(target)
        source.close()


def _start(run: Any, *arguments: Any) -> Thread:
    thread = Thread(target=run, args=arguments, daemon=True)
    thread.start()
    return thread


def _listener(address: tuple[str, int]) -> socket.socket:
    return socket.create_server(address, backlog=50)


def _shut_down(sock: socket.socket) -> None:
    """End both directions; the thread that reads or accepts closes the socket, since no other may while it waits."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
