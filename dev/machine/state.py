"""The ports and secrets of an instance, kept in one file between starts."""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dev import DevError
from dev.machine import files

# Below Linux's ephemeral range (from 32768): there a client connection could take the port of a server that restarts.
_FIRST, _LAST = 20_000, 32_000


class State:
    """Ports and secrets by name. A secret is generated at its first use and then kept."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "state.json"
        stored = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.ports: dict[str, int] = stored.get("ports", {})
        self._secrets: dict[str, str] = stored.get("secrets", {})

    def secret(self, name: str, size: int = 24) -> str:
        """Return `size` random bytes in hexadecimal, which URLs and shells need not quote."""
        if name not in self._secrets:
            self._secrets[name] = secrets.token_hex(size)
            self._save()
        return self._secrets[name]

    def choose_ports(self, names: Sequence[str]) -> None:
        """Give every name a free port: those of the last start if all are free. Call it before any server runs."""
        with _choosing():
            if self.ports.keys() != set(names) or not all(map(is_free, self.ports.values())):
                self.ports = free_ports(names)
                self._save()

    def _save(self) -> None:
        files.write_private(self._file, json.dumps({"ports": self.ports, "secrets": self._secrets}, indent=2))


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """Return consecutive free ports that no instance has: its servers may not have started yet, or be restarting."""
    chosen = {port for file in files.INSTANCES.glob("*/state.json") for port in _stored_ports(file)}
    while True:
        first = _FIRST + secrets.randbelow(_LAST - _FIRST - len(names))
        ports = {name: first + number for number, name in enumerate(names)}
        if chosen.isdisjoint(ports.values()) and all(map(is_free, ports.values())):
            return ports


def _stored_ports(file: Path) -> list[int]:
    """Return the ports in the file of an instance; none if the instance has just been deleted."""
    with suppress(FileNotFoundError):
        return [*json.loads(file.read_text()).get("ports", {}).values()]
    return []


@contextmanager
def _choosing() -> Iterator[None]:
    """Let one process at a time choose the ports of an instance."""
    files.INSTANCES.mkdir(exist_ok=True)
    with (files.INSTANCES / "ports.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1."""
    with suppress(DevError):
        require_free("127.0.0.1", port, "")
        return True
    return False


def require_free(host: str, port: int, remedy: str) -> None:
    """Raise DevError, with what to do, unless a server could listen there."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise DevError(f"cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}): {remedy}") from error
