"""What a supervised program is, and what a private server is."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.machine.state import State

LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class Program:
    """A process for the supervisor: its command, account and way to end."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None  # None: the account that started the platform
    stop_signal: str = "TERM"
    stop_seconds: int = 30  # then KILL; the services themselves give up after 20


@dataclass(frozen=True)
class Server:
    """A server that the platform starts itself, unless the user has set all variables of `replaced_by`.

    `variables(state, given)` returns what the platform needs to know of it; `given` are the user's own variables.
    `program(directory, state, environment)` writes its files and returns how to run it.
    """

    name: str
    replaced_by: tuple[str, ...]
    ports: tuple[str, ...]
    variables: Callable[[State, Mapping[str, str]], dict[str, str]]
    program: Callable[[Path, State, Mapping[str, str]], Program]

    def is_private(self, given: Mapping[str, str]) -> bool:
        """Return whether the platform starts it; an empty variable counts as not set."""
        return not all(map(given.get, self.replaced_by))


def python(module: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs a module in this virtual environment."""
    return (sys.executable, "-m", module, *map(str, arguments))
