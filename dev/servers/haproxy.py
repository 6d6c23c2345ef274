"""HAProxy in front of the gateways, configured by docker/haproxy.cfg: commands on its administration socket."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import DevError
from dev.machine.files import ROOT


@contextmanager
def drained(directory: Path, gateway: int) -> Iterator[None]:
    """Send no new requests to one gateway, counted from 1, during the block."""
    server = f"gateways/gateway-{gateway}"
    _command(directory, f"set server {server} state drain")
    try:
        yield
    finally:
        _command(directory, f"set server {server} state ready")


def active_gateways(directory: Path) -> set[int]:
    """Return the numbers of the gateways that get new requests."""
    head, *lines = (line.split(",") for line in _command(directory, "show stat -1 4 -1").splitlines())
    servers = [dict(zip(head, line, strict=False)) for line in lines]
    up = [one for one in servers if one["# pxname"] == "gateways" and one["status"] == "UP"]
    return {int(server["svname"].rpartition("-")[2]) for server in up}


def socket_path(directory: Path) -> str:
    """Return the path of the socket relative to the project: a longer one may not fit into 107 bytes."""
    return str((directory / "haproxy.sock").relative_to(ROOT))


def _command(directory: Path, command: str) -> str:
    """Send a command and return the reply; raise DevError if it is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(socket_path(directory))
        connection.sendall(f"{command}\n".encode())
        reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()
    if reply and not reply.startswith("#"):
        raise DevError(f"HAProxy: {reply}")
    return reply
