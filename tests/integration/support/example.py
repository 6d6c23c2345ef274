"""Runs the services of examples/ as processes, on a SQLite database and a virtual host of the test's own."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
RUNNER = ("-m", "chassis.runner", "orders.service")
READY = "orders.service is ready"


class ExampleProcesses:
    """Starts processes of orders.service, reads their log, and looks into their database."""

    def __init__(self, directory: Path, amqp_uri: str, until: Callable[[Callable[[], object]], None]) -> None:
        self.database = directory / "orders.sqlite3"
        self._log = directory / "log"
        self._until = until
        self._environment = os.environ | {
            "AMQP_URI": amqp_uri,
            "ORDERS_DB_URI": f"sqlite:///{self.database}",
            "PYTHONPATH": str(ROOT),
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self.run("-m", "chassis.commands.migrate", "orders")

    def start(self, *command: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start a process and wait until it is ready; `command` replaces the runner."""
        self._log.write_text("")
        process = self._popen(command or RUNNER, variables)
        self._until(lambda: READY in self.log() or process.poll() is not None)
        assert process.poll() is None, self.log()
        return process

    def run(self, *command: str) -> None:
        """Run a command to its end."""
        assert self.exit_code(self._popen(command, {})) == 0, self.log()

    def exit_code(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the end of a process and return its exit code."""
        self._until(lambda: process.poll() is not None)
        return int(process.returncode)

    def log(self) -> str:
        """Return the log of the last process."""
        return self._log.read_text()

    def count(self, table: str) -> int:
        """Return the number of rows in a table."""
        connection = sqlite3.connect(self.database)
        rows: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a literal
        connection.close()
        return rows

    def lock(self) -> sqlite3.Connection:
        """Block all writes until the connection is closed."""
        connection = sqlite3.connect(self.database, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection

    def kill(self) -> None:
        """End all processes with SIGKILL."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _popen(self, command: tuple[str, ...], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, *command], env=self._environment | variables, cwd=EXAMPLES, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process
