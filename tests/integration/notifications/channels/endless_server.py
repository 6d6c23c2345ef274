"""A server whose answer never ends."""

import eventlet
from eventlet.green import socket

INTERVAL = 0.05  # seconds between two parts


def endless_server(*replies: bytes, then: bytes) -> int:
    """Serve at the port that is returned: send one reply after each part of the request, then parts without end."""
    listener = eventlet.listen(("127.0.0.1", 0))

    def serve(connection: socket.socket, _address: object) -> None:
        for reply in replies:
            connection.sendall(reply)
            connection.recv(65536)
        while True:
            connection.sendall(then)
            eventlet.sleep(INTERVAL)

    eventlet.spawn(eventlet.serve, listener, serve)
    port: int = listener.getsockname()[1]
    return port
