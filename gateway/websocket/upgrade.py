"""Checks the handshake of a websocket and accepts it (RFC 6455, section 4.2).

simple-websocket would let wsproto and h11 parse the headers again: a third of what a handshake costs in this process.
"""

import re
from typing import Any

import flask_sock
import simple_websocket
from wsproto.connection import Connection, ConnectionType
from wsproto.utilities import generate_accept_token

from gateway.http.problems import Malformed, WrongVersion
from gateway.request.context import CONTEXT_KEY, SUBPROTOCOL

_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 random bytes in base64
_ACCEPT = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %b\r\n%b%b\r\n"
)
_PROTOCOL = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n".encode()


def install() -> None:
    """Let flask-sock accept handshakes by this module; it has no option for that."""
    flask_sock.Server = Server


def require_valid(environ: dict[str, Any]) -> None:
    """Raise Malformed unless a request with `Upgrade: websocket` is a handshake (section 4.1)."""
    if not (
        environ["REQUEST_METHOD"] == "GET"
        and environ["SERVER_PROTOCOL"] != "HTTP/1.0"
        and environ.get("CONTENT_LENGTH") in {None, "", "0"}
        and "HTTP_TRANSFER_ENCODING" not in environ
        and environ.get("HTTP_HOST")
        and "upgrade" in _parts(environ.get("HTTP_CONNECTION", "").lower())
        and _KEY.fullmatch(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
        and environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").isascii()
    ):
        raise Malformed("This is no valid websocket handshake.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise WrongVersion("The version of a websocket is 13.")


class Server(simple_websocket.Server):
    """Accepts a handshake that `require_valid` has checked; without extensions, as compression costs 90 kB each."""

    def handshake(self) -> None:
        """Send the response."""
        self.ws = Connection(ConnectionType.SERVER)
        accept = generate_accept_token(self.environ["HTTP_SEC_WEBSOCKET_KEY"].encode())
        offered = SUBPROTOCOL in _parts(self.environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", ""))
        common = "".join(f"{name}: {value}\r\n" for name, value in self.environ[CONTEXT_KEY].headers())
        self.sock.send(_ACCEPT % (accept, _PROTOCOL if offered else b"", common.encode()))
        self.connected = True


def _parts(header: str) -> list[str]:
    return [part.strip() for part in header.split(",")]
