"""HAProxy in front of the gateways, configured by docker/haproxy.cfg: its variables and its administration socket."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from dev import DevError
from dev.machine.files import ROOT
from dev.machine.processes import MARKER


def variables(directory: Path, environment: Mapping[str, str]) -> list[str]:
    """Return HAProxy's whole environment as NAME=value."""
    gateways = enumerate(environment["BARAZA_GATEWAYS"].split(), start=1)
    found = {f"GATEWAY_{number}": urlsplit(url).netloc for number, url in gateways}
    found |= {"HOST": environment["HOST"], "PORT": environment["PORT"], "ADMIN": f"unix@{_socket(directory)}"}
    return [f"{name}={value}" for name, value in (found | {MARKER: str(directory)}).items()]


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


def _socket(directory: Path) -> str:
    """Return the path of the socket relative to the project: a longer one may not fit into 107 bytes."""
    return str((directory / "haproxy.sock").relative_to(ROOT))


def _command(directory: Path, command: str) -> str:
    """Send a command and return the reply; raise DevError if it is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(_socket(directory))
        connection.sendall(f"{command}\n".encode())
        reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()
    if reply and not reply.startswith("#"):
        raise DevError(f"HAProxy: {reply}")
    return reply
