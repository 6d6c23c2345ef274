"""Ports of an instance's own: chosen once, remembered, and chosen anew only if somebody else took one."""

import os
import secrets
import socket
from collections.abc import Callable, Container, Iterable, Mapping

# Below Linux's ephemeral range (from 32768): there a passing client connection could take
# the port of a server that is down for a second.
_FIRST, _LAST = 20_000, 32_000
_LOOPBACK = "127.0.0.1"


class PortTakenError(Exception):
    """Nothing can listen on a port that somebody asked for; the text says why and what to do."""


def is_free(port: int) -> bool:
    """Whether a server could listen there now; connections that are only lingering do not count."""
    try:
        _try(_LOOPBACK, port)
    except OSError:
        return False
    return True


def need(host: str, port: int, way_out: str) -> None:
    """Raise PortTakenError unless a server could listen there now; `way_out` says what to do then."""
    try:
        _try(host, port)
    except OSError as error:
        raise PortTakenError(f"cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}): {way_out}") from error


def _try(host: str, port: int) -> None:
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
        pass


def choose(
    names: Iterable[str], remembered: Mapping[str, int], free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """Return a free port for every name, the remembered one where it is still free; no port twice."""
    chosen: dict[str, int] = {}
    for name in names:
        port = remembered.get(name, 0)
        if port in {0, *chosen.values()} or not free(port):
            port = _another({*remembered.values(), *chosen.values()}, free)
        chosen[name] = port
    return chosen


def _another(taken: Container[int], free: Callable[[int], bool]) -> int:
    """Return a free port that nobody has, nor comes back to."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in taken and free(port):
            return port
