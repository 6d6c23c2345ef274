"""Control over the programs of a running instance: for its start, and for tests that break things."""

import signal
from dataclasses import dataclass
from typing import Any

from docker.dev import processes
from docker.dev.supervision import Supervisor
from docker.dev.waiting import until


@dataclass(frozen=True)
class Status:
    """What the supervisor knows of a program; `state` is its word: RUNNING, STARTING, BACKOFF, STOPPED or FATAL."""

    group: str
    name: str
    state: str
    pid: int  # 0 while it does not run
    started: int  # seconds since 1970

    @property
    def address(self) -> str:
        """The name that supervisor's interface wants."""
        return f"{self.group}:{self.name}"


class Control:
    """Programs as named in `docker.dev.programs`, and rabbitmq, postgresql, redis, mailbox, sms_simulator, sentry."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._killed: dict[str, int] = {}

    def available(self) -> bool:
        """Whether there is a supervisor to ask."""
        return self._supervisor.answers()

    def statuses(self) -> list[Status]:
        """Every program of the instance."""
        infos: list[dict[str, Any]] = self._supervisor.call("getAllProcessInfo")
        return [Status(i["group"], i["name"], i["statename"], i["pid"], i["start"]) for i in infos]

    def status(self, program: str) -> Status:
        """One program; LookupError if the instance has none of this name."""
        for status in self.statuses():
            if status.name == program:
                return status
        raise LookupError(program)

    def start_group(self, group: str) -> None:
        """Start all programs of a group, without waiting for them."""
        self._supervisor.call("startProcessGroup", group, False)  # noqa: FBT003  XML-RPC knows no keywords

    def start(self, program: str) -> None:
        """Start a program that was stopped, and wait until it has stayed up for a moment."""
        self._supervisor.call("startProcess", self.status(program).address, False)  # noqa: FBT003  as above
        self.wait_running(program)

    def stop(self, program: str, limit: float = 45) -> None:
        """End a program in order and keep it down."""
        self._supervisor.call("stopProcess", self.status(program).address, False)  # noqa: FBT003  as above
        until(lambda: self.status(program).pid == 0, f"{program} to stop", limit)

    def pids(self, program: str) -> list[int]:
        """Process ids of a program: the main one first, then all below it; none while it is down."""
        pid = self.status(program).pid
        return processes.descendants(pid) if pid else []

    def kill(self, program: str) -> None:
        """SIGKILL all of a program's processes; the supervisor starts it again, see `wait_running`."""
        pids = self.pids(program)
        self._killed[program] = pids[0] if pids else 0
        processes.send(pids, signal.SIGKILL)

    def pause(self, program: str) -> None:
        """SIGSTOP all of a program's processes: connections stay open and nothing answers."""
        processes.send(self.pids(program), signal.SIGSTOP)

    def resume(self, program: str) -> None:
        """SIGCONT what `pause` stopped."""
        processes.send(self.pids(program), signal.SIGCONT)

    def wait_running(self, program: str, limit: float = 60) -> None:
        """Wait until the supervisor calls it RUNNING (2 s without dying), after `kill` as a new process."""
        old = self._killed.get(program, 0)

        def up() -> bool:
            status = self.status(program)
            return status.state == "RUNNING" and status.pid != old

        until(up, f"{program} to run", limit)
