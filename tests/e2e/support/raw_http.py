"""Bytes to and from the gateway, for requests that HTTP libraries do not send."""

import socket
from urllib.parse import urlsplit

TIMEOUT = 30  # seconds


def exchange(url: str, *parts: bytes, end: bool = False) -> bytes:
    """Send bytes and return what arrives until the server closes the connection.

    Before each further part it waits for an answer to the last one. With `end` the server learns that nothing more
    comes. A connection that the server resets ends the exchange too.
    """
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname, address.port), TIMEOUT) as connection:
        try:
            for number, part in enumerate(parts):
                received += connection.recv(65536) if number else b""
                connection.sendall(part)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
    return received
