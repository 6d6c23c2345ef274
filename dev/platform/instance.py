"""An instance: a complete platform under one name, with its own directory, ports, secrets, servers and processes."""

import os
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from dev import DevError
from dev.machine import files, lock, processes
from dev.machine.state import State, require_free
from dev.machine.waiting import step, until
from dev.platform import environment, readiness, supervisord
from dev.platform.control import Control
from dev.platform.programs import (
    ALL_SERVICES,
    DATABASE_OWNERS,
    GATEWAY,
    SERVICES,
    process_names,
    process_variables,
    topology,
)
from dev.servers import LIMIT, PORTS, databases, postgresql, private, rabbitmq


class Instance:
    """The platform `name` in .run/<name>. `given` are the user's variables, by default those of this process.

    The instance `run` listens on the user's PORT; every other one has a port of its own. Unless `quiet` it prints the
    steps of its start.
    """

    def __init__(self, name: str, given: Mapping[str, str] | None = None, *, quiet: bool = True) -> None:
        self.name = name
        self.directory = files.INSTANCES / name
        self.log = self.directory / "log"
        self.control = Control(self.directory)
        self._step = partial(step, quiet=quiet)
        self._given = dict(os.environ if given is None else given)
        if name != "run":
            self._given.pop("PORT", None)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the platform, as written at its last start."""
        return environment.read(self.directory / "environment")

    def running(self) -> bool:
        """Return whether its supervisord runs, whichever process started it."""
        return self.control.running()

    def start(self) -> None:
        """Start the private servers and all processes. RabbitMQ starts slowly, so the others do not wait for it."""
        self.start_servers(wait_for_rabbitmq=False)
        self.start_applications()

    def start_servers(self, *, wait_for_rabbitmq: bool = True) -> None:
        """Start the private servers, and wait until the servers answer; do nothing if the instance runs."""
        if self.running():
            return
        processes.kill_all(self.directory, postgresql.data_directory(self.directory))
        files.create_instance_directory(self.directory)
        state = State(self.directory)
        state.choose_ports(port_names(self._given, fixed_port=self.name == "run"))
        composed = environment.compose(self._given, state, self.directory)
        with self._step("supervisord"):
            self._write_files(state, composed)
            self.control.start_supervisord(self._process_environment(composed))
        with self._step("PostgreSQL and Redis"):
            self._start_private(state)
            until(lambda: databases.check_redis(composed), "Redis", LIMIT)
            if "postgresql" in private(self._given):
                until(lambda: databases.create_databases(state, composed), "PostgreSQL", LIMIT)
            for prefix in databases.PREFIXES:
                until(partial(databases.check_database, composed, prefix), f"the database of {prefix}_HOST", LIMIT)
        if wait_for_rabbitmq:
            with self._step("RabbitMQ"):
                until(lambda: databases.check_rabbitmq(composed), "RabbitMQ", LIMIT)

    def start_applications(self) -> None:
        """Migrate the databases, declare the queues, start every process and wait until all are ready.

        The gateway accepts requests only when it has reached RabbitMQ, so it starts before that; the others end
        without it, and events to queues that are not declared would be lost.
        """
        if self.control.pids(GATEWAY):
            return
        composed = self.environment
        require_free(composed["HOST"], int(composed["PORT"]), "stop the program that listens there")
        with ThreadPoolExecutor() as pool:
            own = process_variables(composed, ALL_SERVICES)
            declare = partial(self._run, "chassis.commands.declare_queues", "--wait", str(LIMIT), *SERVICES, **own)
            queues = pool.submit(declare)
            with self._step("migrations"):
                self._run("chassis.commands.migrate", *DATABASE_OWNERS)
            self.control.begin(GATEWAY)
            with self._step("RabbitMQ and its queues"):
                queues.result()
        with self._step("applications"):
            self.control.start_group("applications")
            readiness.wait_ready(composed, self.control)

    def stop(self) -> None:
        """Stop every process of the instance in order, and kill what is left."""
        self.control.shut_down()
        processes.kill_all(self.directory, postgresql.data_directory(self.directory))

    def delete(self) -> None:
        """Stop the instance and delete its messages, databases, secrets and ports."""
        self.stop()
        shutil.rmtree(postgresql.data_directory(self.directory), ignore_errors=True)
        for path in self.directory.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != lock.FILE:  # this process may hold it
                path.unlink()
        with suppress(OSError):
            self.directory.rmdir()

    def _write_files(self, state: State, composed: Mapping[str, str]) -> None:
        environment.write(self.directory / "environment", composed)
        environment.write_keys(self.directory)
        rabbitmq.write_files(self.directory, state)
        text = supervisord.configuration(self.directory, state, self._given, composed)
        files.write_private(self.directory / "supervisord.conf", text)

    def _start_private(self, state: State) -> None:
        """Start the private servers; those that need no preparation first."""
        for server in [server for server in private(self._given) if server != "postgresql"]:
            self.control.begin(server)
        if "postgresql" in private(self._given):
            postgresql.create_cluster(postgresql.data_directory(self.directory), state.secret("postgresql"))
            self.control.begin("postgresql")

    def _run(self, module: str, *arguments: str, **own: str) -> None:
        composed = self._process_environment(self.environment) | own
        processes.run_command((sys.executable, "-m", module, *arguments), composed, self.log / f"{module}.log")

    def _process_environment(self, composed: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the platform's processes: without the variables for users, with the marker."""
        known = {**self._given, **composed}
        own = {name: value for name, value in known.items() if not name.startswith(environment.FOR_USERS)}
        return own | {processes.MARKER: str(self.directory)}


def port_names(given: Mapping[str, str], *, fixed_port: bool) -> list[str]:
    """Return what needs a port: servers, metrics of services, gateways behind a load balancer or without fixed port."""
    chosen, count = topology(given), topology(given).replicas
    names = [
        name
        for program in (chosen.programs if count > 1 else chosen.services)
        for name in process_names(program, count)
    ]
    return [*PORTS, *names, *([] if fixed_port else ["gateway"])]


def find_running(name: str = "run") -> Instance:
    """Return a running instance; raise DevError if it does not run."""
    instance = Instance(name)
    if not instance.running():
        raise DevError("the platform is not running: start it with `make run` in another terminal")
    return instance
