"""HTTP requests to the identity provider: bounded in time and size, and no request blocks the process.

requests waits in eventlet's hub, but the C library resolves names in the way of all greenlets (docs/nameko.md), so
names are resolved with eventlet's resolver.
"""

import io
import socket
from typing import Any

import requests
from eventlet.support import greendns
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.connection import create_connection

CONNECT, READ = 2, 3  # seconds; each part of an answer must arrive within READ
MAX_BODY = 1 << 20  # bytes


class UnexpectedAnswer(requests.RequestException):
    """The answer is a redirect, or too large."""


class BoundedAdapter(HTTPAdapter):
    """Sends requests within time limits, and reads answers up to MAX_BODY. Raises requests.RequestException."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Connect with eventlet's resolver."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Return the response with its body; a redirect could lead to another host, with the client's secret."""
        options |= {"stream": True, "timeout": (CONNECT, READ)}
        response = super().send(request, **options)
        try:
            if response.is_redirect:
                raise UnexpectedAnswer(f"a redirect, HTTP {response.status_code}")
            body = response.raw.read(MAX_BODY + 1, decode_content=False)
        except (HTTPError, OSError) as error:
            raise requests.ConnectionError(type(error).__name__) from error
        finally:
            response.close()
            self.close()  # the provider may end the connection without notice, so the next request opens a new one
        if len(body) > MAX_BODY:
            raise UnexpectedAnswer(f"more than {MAX_BODY} bytes")
        response.raw = io.BytesIO(body)
        return response


def limit(session: requests.Session) -> None:
    """Let a session send all its requests with a BoundedAdapter, and ask for answers without compression."""
    session.headers["Accept-Encoding"] = "identity"
    session.headers["Connection"] = "close"
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter())


def connect(host: str, port: int, timeout: Any, options: Any) -> socket.socket:
    """Return a connection to the first address of a host that accepts one. Raises OSError."""
    failure: OSError = OSError("the name has no address")
    for *_, address in greendns.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        try:
            return create_connection((str(address[0]), port), timeout, None, options)
        except OSError as error:
            failure = error
    raise failure


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, self.port or self.default_port, self.timeout, self.socket_options)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, self.port or self.default_port, self.timeout, self.socket_options)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
