"""HAProxy in front of the gateways, configured by docker/haproxy.cfg."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from dev import DevError
from dev.machine import files, processes
from dev.servers.server import Program

CONFIGURATION = files.ROOT / "docker" / "haproxy.cfg"

_TIMEOUT = 5  # seconds


def program(environment: Mapping[str, str], directory: Path) -> Program:
    """Return how to run it on the platform's address.

    Clients connect to it and it needs no secret of the platform, so its environment has nothing but these variables.
    """
    gateways = enumerate(environment["BARAZA_GATEWAYS"].split(), start=1)
    variables = {f"GATEWAY_{number}": urlsplit(url).netloc for number, url in gateways}
    variables |= {"HOST": environment["HOST"], "PORT": environment["PORT"]}
    variables |= {"ADMIN": _socket(directory), processes.MARKER: str(directory)}
    words = (f"{name}={value}" for name, value in variables.items())
    # USR1 lets requests end; TERM would cut them off.
    command = ("/usr/bin/env", "-i", *words, "/usr/sbin/haproxy", "-db", "-f", str(CONFIGURATION))
    return Program("haproxy", command, stop_signal="USR1")


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
    lines = [line.split(",") for line in _command(directory, "show stat -1 4 -1").splitlines()]
    column = {name: number for number, name in enumerate(lines[0])}
    servers = [line for line in lines[1:] if len(line) > column["status"] and line[column["# pxname"]] == "gateways"]
    return {int(line[column["svname"]].rpartition("-")[2]) for line in servers if line[column["status"]] == "UP"}


def _socket(directory: Path) -> str:
    """Return its administration socket, relative to the project: a longer path may not fit into 107 bytes."""
    return str((directory / "haproxy.sock").relative_to(files.ROOT))


def _command(directory: Path, command: str) -> str:
    """Send a command and return the reply; raise DevError if it is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_TIMEOUT)
        connection.connect(_socket(directory))
        connection.sendall(f"{command}\n".encode())
        reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()
    if reply and not reply.startswith("#"):
        raise DevError(f"HAProxy: {reply}")
    return reply
