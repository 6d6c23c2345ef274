"""What a supervised program is, and the table of the platform's own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from docker.dev.topologies import Topology

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


def applications(
    ports: Mapping[str, int], topology: Topology, own: Callable[[str], Mapping[str, str]], proxies: int = 0
) -> list[Program]:
    """Return the platform itself: processes for each Nameko class, with a port each for their metrics, and the web.

    `own` tells what a module's processes have in place of what all have; `proxies` are those that stand in front of
    what we start.
    """
    services = [
        Program(name, python("chassis.runner", module), {"METRICS_PORT": str(ports[name]), **own(module)})
        for module in SERVICES
        for name in topology.names(module)
    ]
    web = python("gunicorn", "--config", "gateway/server/gunicorn_settings.py", "gateway.app:create_app()")
    if not topology.balanced:
        return [*services, Program(GATEWAY, web, own(GATEWAY))]
    behind = {"HOST": "127.0.0.1", "TRUSTED_PROXIES": str(proxies + 1), "PROMETHEUS_MULTIPROC_DIR": "", **own(GATEWAY)}
    gateways = [Program(name, web, behind | {"PORT": str(ports[name])}) for name in topology.names(GATEWAY)]
    return [*services, *gateways]
