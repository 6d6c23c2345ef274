"""HAProxy in front of the gateways, with docker/haproxy.cfg as it stands."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from docker.dev import places, processes
from docker.dev.programs import Program

NAME = "haproxy"
CONFIGURATION = places.ROOT / "docker" / "haproxy.cfg"

_BINARY = "/usr/sbin/haproxy"
_TIMEOUT = 5  # seconds for an answer


class HaproxyError(Exception):
    """HAProxy refused a command; the text is what it said."""


def program(environment: Mapping[str, str], directory: Path) -> Program:
    """Return how to run it on the address of the platform, with the addresses of the gateways in their order.

    Strangers speak to it, and it has no use for the secrets of the platform: it gets only these variables.
    """
    gateways = enumerate(environment["BARAZA_GATEWAYS"].split(), start=1)
    variables = {f"GATEWAY_{number}": urlsplit(url).netloc for number, url in gateways}
    variables |= {"HOST": environment["HOST"], "PORT": environment["PORT"]}
    variables |= {"ADMIN": str(places.socket(directory, NAME)), processes.MARKER: str(directory)}
    words = (f"{name}={value}" for name, value in variables.items())
    # USR1 lets what is under way end; TERM would cut it off.
    return Program(NAME, ("/usr/bin/env", "-i", *words, _BINARY, "-db", "-f", str(CONFIGURATION)), stop_signal="USR1")


@contextmanager
def without(directory: Path, gateway: int) -> Iterator[None]:
    """Send nothing new to one of the gateways, counted from 1, until the block ends."""
    server = f"gateways/gateway-{gateway}"
    _say(directory, f"set server {server} state drain")
    try:
        yield
    finally:
        _say(directory, f"set server {server} state ready")


def up(directory: Path) -> set[int]:
    """Return the numbers of the gateways that get new requests."""
    lines = [line.split(",") for line in _say(directory, "show stat -1 4 -1").splitlines()]
    at = {name: number for number, name in enumerate(lines[0])}
    servers = [line for line in lines[1:] if len(line) > at["status"] and line[at["# pxname"]] == "gateways"]
    return {int(line[at["svname"]].rpartition("-")[2]) for line in servers if line[at["status"]] == "UP"}


def _say(directory: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_TIMEOUT)
        line.connect(str(places.socket(directory, NAME)))
        line.sendall(f"{command}\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b"")).decode().strip()
    if answer and not answer.startswith("#"):
        raise HaproxyError(answer)
    return answer
