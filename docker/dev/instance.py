"""A whole platform of its own: directory, ports, secrets, servers and processes under one name."""

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from docker.dev import backing, environment_file, places, ports, processes, readiness, sole
from docker.dev.commands import run
from docker.dev.control import Control
from docker.dev.environment import FOR_PEOPLE, compose, config_text, of_application, write_keys
from docker.dev.programs import GATEWAY, SERVICES, Program, applications, python
from docker.dev.servers import haproxy, postgresql
from docker.dev.state import State, write_private
from docker.dev.steps import Steps
from docker.dev.supervision import Supervisor
from docker.dev.supervisor_configuration import render
from docker.dev.topologies import chosen
from docker.rabbitmq.accounts import ACCOUNTS

DATABASE_OWNERS = ("users", "feeds", "notifications", "gateway")


class Instance:
    """The platform `name`, in .run/<name>. `given` are the user's own variables, by default this process's.

    The instance `run` is the one that people use and serves on their PORT; every other has a port of its own.
    """

    def __init__(self, name: str, given: Mapping[str, str] | None = None, steps: Steps | None = None) -> None:
        self.name = name
        self.directory = places.instance(name)
        self._given = dict(os.environ if given is None else given)
        if name != "run":
            self._given.pop("PORT", None)
        self._steps = steps or Steps(quiet=True)
        self.supervisor = Supervisor(self.directory)
        self.control = Control(self.supervisor)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the platform runs with, as written at its last start."""
        return environment_file.read(self.directory / "environment")

    def running(self) -> bool:
        """Whether the instance's supervisor answers, whoever started it."""
        return self.supervisor.answers()

    def start_servers(self) -> None:
        """Bring up the backing services and wait until each answers; nothing happens if the instance runs."""
        if self.running():
            return
        self.sweep()
        places.create(self.directory)
        state = State(self.directory / "state.json")
        state.settle_ports(backing.port_names(self._given, gateway=self.name != "run"))
        environment = compose(self._given, state, self.directory, config_text())
        write_keys(state, self.directory)
        environment_file.write(self.directory / "environment", environment)
        with self._steps.step("supervisor"):
            servers = backing.programs(self._given, state, environment, self.directory)
            self._start_supervisor({"servers": servers, "applications": self._applications(state)}, environment)
        if servers:
            self.control.start_group("servers")
        backing.wait(self._given, state, environment, self._steps)

    def start_applications(self) -> None:
        """Migrate, declare the queues, start every process and wait until all are ready; nothing if they run."""
        if self.control.pids(GATEWAY):
            return
        environment = self.environment
        with self._steps.step("migrations"):
            self._run("chassis.commands.migrate", *DATABASE_OWNERS)
        with self._steps.step("queues"):
            for account in [account for account in ACCOUNTS if account.hears]:
                modules = [module for module in SERVICES if module.partition(".")[0] == account.name]
                self._run("chassis.commands.declare_queues", *modules, **of_application(environment, modules[0]))
        ports.need(environment["HOST"], int(environment["PORT"]), "end what listens there")
        with self._steps.step("applications"):
            self.control.start_group("applications")
            readiness.wait(environment, self.control)

    def stop(self) -> None:
        """End every process of the instance in order, then whatever is left of it, and nothing else."""
        self.supervisor.shut_down()
        self.sweep()

    def sweep(self) -> int:
        """End what an earlier life of the instance left behind; the answer is the number of processes."""
        data = postgresql.data_directory(self.directory / "postgresql")
        return processes.end(lambda: processes.marked(self.directory) | processes.serving(data))

    def delete(self) -> None:
        """Stop, and forget everything: messages, databases, secrets, ports."""
        self.stop()
        shutil.rmtree(postgresql.data_directory(self.directory / "postgresql"), ignore_errors=True)
        for path in self.directory.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != sole.FILE:  # whoever holds it goes on
                path.unlink()
        with suppress(OSError):
            self.directory.rmdir()

    def _applications(self, state: State) -> list[Program]:
        topology, environment = chosen(self._given), self.environment
        own, proxies = partial(of_application, environment), int(environment.get("TRUSTED_PROXIES") or 0)
        programs = applications(state.ports, topology, own, proxies)
        return [*programs, haproxy.program(environment, self.directory)] if topology.balanced else programs

    def _start_supervisor(self, groups: Mapping[str, Sequence[Program]], environment: Mapping[str, str]) -> None:
        write_private(self.supervisor.configuration, render(self.directory, self.supervisor.socket, groups))
        self.supervisor.start(self._for_programs(environment))

    def _run(self, module: str, *arguments: str, **own: str) -> None:
        log: Path = self.directory / "log" / f"{module}.log"
        environment = self._for_programs(self.environment) | own
        run(python(module, *arguments), environment=environment, log=log)

    def _for_programs(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Leave out what is for people and tests, such as the broker's administrator."""
        known = {**self._given, **environment}
        kept = {name: value for name, value in known.items() if not name.startswith(FOR_PEOPLE)}
        return kept | {processes.MARKER: str(self.directory)}
