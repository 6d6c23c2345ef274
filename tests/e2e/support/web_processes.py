"""Requests to each web process of the gateways. New connections may all be accepted by the same one."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

import psutil

from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY

LIMIT = 30  # seconds


class WebProcess:
    """A connection that a web process has accepted, and keeps open."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def get(self, path: str, headers: Mapping[str, str]) -> int:
        """Return the status of a request."""
        self._connection.request("GET", path, headers=dict(headers))
        response = self._connection.getresponse()
        response.read()
        return response.status


@contextmanager
def web_processes(platform: Instance) -> Iterator[list[WebProcess]]:
    """Connect to each web process of each gateway until the block ends."""
    gateways = zip(platform.control.replicas(GATEWAY), platform.environment["BARAZA_GATEWAYS"].split(), strict=True)
    with ExitStack() as stack:
        yield [
            WebProcess(stack.enter_context(closing(_connect(url, worker))))
            for gateway, url in gateways
            for worker in psutil.Process(gateway.pid).children()
        ]


def _connect(url: str, worker: psutil.Process) -> HTTPConnection:
    """Connect until this process accepts the connection."""

    def connect() -> HTTPConnection:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=LIMIT)
        WebProcess(connection).get("/livez", {})
        if connection.sock.getsockname() in {one.raddr for one in worker.net_connections("tcp")}:
            return connection
        connection.close()
        raise ConnectionError("another process accepted it")

    return until(connect, "a connection to each web process", LIMIT)
