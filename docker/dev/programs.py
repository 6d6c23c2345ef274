"""What a supervised program is, and the table of the platform's own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SERVICES = (
    "users.service",
    "feeds.service",
    "notifications.service",
    "notifications.deliveries",
    "gateway.service",
)
GATEWAY = "gateway.app"


@dataclass(frozen=True)
class Program:
    """One line of the supervisor's work: what runs, as whom, and how it is asked to end."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None  # None: whoever started the platform
    stop_signal: str = "TERM"
    stop_seconds: int = 30  # then KILL; the chassis gives up by itself after 20


def python(module: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs a module in this virtual environment."""
    return (sys.executable, "-m", module, *map(str, arguments))


def applications(ports: Mapping[str, int], own: Callable[[str], Mapping[str, str]]) -> list[Program]:
    """Return the platform itself: a process for each Nameko class, with a port for its metrics, and the web gateway.

    `own` tells what a module's process has in place of what all have.
    """
    services = [
        Program(module, python("chassis.runner", module), {"METRICS_PORT": str(ports[module]), **own(module)})
        for module in SERVICES
    ]
    web = python("gunicorn", "--config", "gateway/gunicorn_settings.py", "gateway.app:create_app()")
    return [*services, Program(GATEWAY, web, own(GATEWAY))]
