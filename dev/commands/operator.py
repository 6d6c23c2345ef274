"""`make doctor` and `make shell`: the operator's programs, on the running platform."""

import os
from typing import NoReturn

from dev.platform.instance import find_running
from dev.platform.programs import DATABASE_OWNERS
from dev.servers.server import python


def doctor() -> NoReturn:
    """Print what is wrong with the platform and what to do."""
    _exec("chassis.doctor", *DATABASE_OWNERS)


def shell() -> NoReturn:
    """Open a shell that calls the services."""
    _exec("chassis.shell")


def _exec(module: str, *arguments: str) -> NoReturn:
    """Replace this process by a module that runs with the platform's variables."""
    command = python(module, *arguments)
    os.execve(command[0], command, {**os.environ, **find_running().environment})  # noqa: S606 - no shell
