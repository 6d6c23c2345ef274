"""The supervisor of an instance: starting it, and speaking to it over its unix socket."""

import http.client
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.dev import places
from docker.dev.waiting import TimeLimitError, until

_TIMEOUT = 10  # seconds for an answer
_SHUTDOWN = 70  # seconds; applications may take 30, then the servers 30


class Supervisor:
    """supervisord with an instance's configuration; only who started it can wait for its process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.configuration = directory / "supervisord.conf"
        self.socket = places.socket(directory, "supervisor")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only who started it."""
        self._reap()
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(self.configuration))
        with (self._directory / "log" / "supervisord.out").open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603  our own interpreter
                command,
                cwd=places.ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until(self.answers, "the supervisor", 20)

    def answers(self) -> bool:
        """Whether a supervisor listens on the socket; one that is shutting down still does."""
        try:
            self.call("getState")
        except xmlrpc.client.Fault:
            return True
        except OSError:
            return False
        return True

    def call(self, method: str, *arguments: object) -> Any:
        """Call a method of supervisor's XML-RPC interface; xmlrpc.client.Fault when it refuses."""
        transport = _UnixTransport(self.socket)
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def shut_down(self) -> None:
        """Let it stop everything in order, applications first; what it cannot end is left to the sweep."""
        with suppress(OSError, xmlrpc.client.Fault, TimeLimitError):
            self.call("shutdown")
            until(lambda: not self.answers(), "the supervisor to shut down", _SHUTDOWN)
        self._reap()

    def _reap(self) -> None:
        """Collect the exit of an earlier supervisor of ours, however it ended."""
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_TIMEOUT)

    def exit_code(self, patience: float) -> int | None:
        """Wait so many seconds for the supervisor that this process started to end; None while it lives."""
        if self.process is None:
            raise RuntimeError("this process did not start the supervisor")
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> _UnixConnection:  # noqa: ARG002  the signature is xmlrpc.client's
        return _UnixConnection(self._path)
