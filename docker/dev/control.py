"""Control over the programs of a running instance: for its start, and for tests that break things."""

import signal
from dataclasses import dataclass
from typing import Any

from docker.dev import processes, topologies
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
    """Programs as named in `docker.dev.programs`, and rabbitmq, postgresql, redis, mailbox, sms_simulator, sentry.

    The name of a program means all its replicas, the name of a replica that one.
    """

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

    def replicas(self, program: str) -> list[Status]:
        """All processes of a program, or the one replica; LookupError if the instance has none of this name."""
        found = [status for status in self.statuses() if program in {status.name, topologies.kind(status.name)}]
        if not found:
            raise LookupError(program)
        return found

    def start_group(self, group: str) -> None:
        """Start all programs of a group, without waiting for them."""
        self._supervisor.call("startProcessGroup", group, False)  # noqa: FBT003  XML-RPC knows no keywords

    def start(self, program: str) -> None:
        """Start a program that was stopped, and wait until it has stayed up for a moment."""
        for status in self.replicas(program):
            self._supervisor.call("startProcess", status.address, False)  # noqa: FBT003  as above
        self.wait_running(program)

    def stop(self, program: str, limit: float = 45) -> None:
        """End a program in order and keep it down."""
        for status in self.replicas(program):
            self._supervisor.call("stopProcess", status.address, False)  # noqa: FBT003  as above
        until(lambda: not self.pids(program), f"{program} to stop", limit)

    def pids(self, program: str) -> list[int]:
        """Process ids of a program: of each replica the main one, then all below it; none while it is down."""
        running = [status.pid for status in self.replicas(program) if status.pid]
        return [pid for main in running for pid in processes.descendants(main)]

    def kill(self, program: str) -> None:
        """SIGKILL all of a program's processes; the supervisor starts it again, see `wait_running`."""
        pids = self.pids(program)
        self._killed |= {status.name: status.pid for status in self.replicas(program)}
        processes.send(pids, signal.SIGKILL)

    def pause(self, program: str) -> None:
        """SIGSTOP all of a program's processes: connections stay open and nothing answers."""
        processes.send(self.pids(program), signal.SIGSTOP)

    def resume(self, program: str) -> None:
        """SIGCONT what `pause` stopped."""
        processes.send(self.pids(program), signal.SIGCONT)

    def wait_running(self, program: str, limit: float = 60) -> None:
        """Wait until the supervisor calls it RUNNING (2 s without dying), after `kill` as a new process."""

        def up() -> bool:
            found = self.replicas(program)
            return all(one.state == "RUNNING" and one.pid != self._killed.get(one.name) for one in found)

        until(up, f"{program} to run", limit)
