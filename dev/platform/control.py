"""Control of an instance's processes through supervisord: for its start, for restarts, and for tests."""

import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil

from dev.machine.files import ROOT
from dev.machine.state import State
from dev.machine.waiting import TimeLimitError, until
from dev.platform.programs import program_of
from dev.servers import LIMIT, LOCALHOST

# What every method raises if supervisord does not run, or rejects the call.
ERRORS = (OSError, HTTPException, xmlrpc.client.Error)
_TIMEOUT = 10  # seconds for a reply
_SHUTDOWN = 70  # seconds; the applications may take 30, then the servers 30
_NO_WAIT = False  # XML-RPC has no keyword arguments


@dataclass(frozen=True)
class Status:
    """A process as supervisord knows it; `state` is RUNNING, STARTING, BACKOFF, STOPPED or FATAL."""

    group: str
    name: str
    state: str
    pid: int  # 0 while it does not run
    started: int  # Unix time


class Control:
    """Programs are named as in `dev.platform.programs` and `dev.servers`.

    The name of a program means all its processes; with a number (feeds.service-1) it is one of them.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._supervisord: subprocess.Popen[bytes] | None = None
        self._killed: dict[str, int] = {}

    def start_supervisord(self, environment: Mapping[str, str]) -> None:
        """Start supervisord in a session of its own, so that Ctrl-C reaches only the command. No program is started."""
        self.wait(_TIMEOUT)  # collect the exit code of an earlier one
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", self._directory / "supervisord.conf")
        with (self._directory / "log" / "supervisord.out").open("wb") as out:
            options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, "cwd": ROOT}
            self._supervisord = subprocess.Popen(command, env=environment, start_new_session=True, **options)  # noqa: S603 - our own
        until(self.running, "supervisord", 20)

    def running(self) -> bool:
        """Return whether supervisord runs, also while it shuts down."""
        try:
            self._call("getState")
        except xmlrpc.client.Fault:
            return True
        except ERRORS:
            return False
        return True

    def shut_down(self) -> None:
        """Stop all programs in order, applications first, and supervisord."""
        with suppress(*ERRORS, TimeLimitError):
            self._call("shutdown")
            until(lambda: not self.running(), "supervisord to shut down", _SHUTDOWN)
        self.wait(_TIMEOUT)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end of the supervisord that this process started; return its exit code, None if it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._supervisord.wait(seconds) if self._supervisord else None
        return None

    def statuses(self) -> list[Status]:
        """Return every process of the instance."""
        infos = self._call("getAllProcessInfo")
        return [Status(i["group"], i["name"], i["statename"], i["pid"], i["start"]) for i in infos]

    def replicas(self, program: str) -> list[Status]:
        """Return the processes of a program; raise LookupError if there is none of this name."""
        found = [status for status in self.statuses() if program in {status.name, program_of(status.name)}]
        if not found:
            raise LookupError(program)
        return found

    def start_group(self, group: str) -> None:
        """Start all programs of a group, without waiting for them."""
        self._call("startProcessGroup", group, _NO_WAIT)

    def stop_group(self, group: str) -> None:
        """Stop all programs of a group in order."""
        for status in self.statuses():
            if status.group == group and status.pid:
                self.stop(status.name)

    def begin(self, program: str) -> None:
        """Start a stopped program, without waiting for it."""
        for status in self.replicas(program):
            self._call("startProcess", f"{status.group}:{status.name}", _NO_WAIT)

    def start(self, program: str) -> None:
        """Start a stopped program and wait until it has run for two seconds."""
        self.begin(program)
        self.wait_running(program)

    def stop(self, program: str) -> None:
        """Stop a program in order; it is not restarted."""
        for status in self.replicas(program):
            self._call("stopProcess", f"{status.group}:{status.name}", _NO_WAIT)
        until(lambda: not self.pids(program), f"{program} to stop", 45)

    def pids(self, program: str) -> list[int]:
        """Return the process ids of a program with their descendants, parents first; none while it is stopped."""
        return _pids(self.replicas(program))

    def kill(self, program: str) -> None:
        """Send SIGKILL to all processes of a program. supervisord restarts it: see `wait_running`."""
        found = self.replicas(program)
        self._killed |= {status.name: status.pid for status in found}
        _signal(_pids(found), signal.SIGKILL)

    def pause(self, program: str) -> None:
        """Send SIGSTOP: connections stay open and nothing answers."""
        _signal(self.pids(program), signal.SIGSTOP)

    def resume(self, program: str) -> None:
        """Send SIGCONT to a paused program."""
        _signal(self.pids(program), signal.SIGCONT)

    def wait_running(self, program: str) -> None:
        """Wait until it has run for two seconds; after `kill`, as a new process."""
        until(lambda: all(map(self._runs, self.replicas(program))), f"{program} to run", LIMIT)

    def _runs(self, status: Status) -> bool:
        return status.state == "RUNNING" and status.pid != self._killed.get(status.name)

    def _call(self, method: str, *arguments: object) -> Any:
        """Call supervisord's XML-RPC interface."""
        state = State(self._directory)
        if "supervisord" not in state.ports:
            raise ConnectionRefusedError("supervisord has never been started")
        address = f"http://baraza:{state.secret('supervisord')}@{LOCALHOST}:{state.ports['supervisord']}"
        with xmlrpc.client.ServerProxy(address, transport=_Transport()) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def _pids(found: Iterable[Status]) -> list[int]:
    """Return the ids of running processes with their descendants, parents first."""
    return [pid for status in found if status.pid for pid in _family(status.pid)]


def _family(pid: int) -> list[int]:
    """Return the ids of a process and its descendants, the parent first; none if it has ended."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [one.pid for one in (parent, *parent.children(recursive=True))]
    return []


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).send_signal(number)


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = _TIMEOUT
        return connection
