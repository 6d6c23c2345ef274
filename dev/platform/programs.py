"""The programs of the platform, and how many processes of each run. dev/templates/supervisord.conf has the commands."""

from collections.abc import Mapping
from typing import NamedTuple

from chassis.config import service_of
from dev import DevError
from dev.servers.rabbitmq import account_variable

SERVICES = ("users.service", "feeds.service", "notifications.service", "notifications.deliveries", "gateway.service")
GATEWAY = "gateway.app"
# Services with a database and migrations.
DATABASE_OWNERS = ("users", "feeds", "notifications", "gateway")
ALL_SERVICES = "services"  # the program that runs all of them in one process


class Topology(NamedTuple):
    """The programs that run Nameko services, the processes of each program, and the web processes of a gateway.

    Several processes cannot share an SQLite file here, and notifications and deliveries in one process would wait for
    each other. With two processes of each program, HAProxy is in front of the gateways.
    """

    services: tuple[str, ...] = SERVICES
    replicas: int = 1
    web_processes: int | None = None  # None: as config.yml has it
    sqlite: bool = False

    @property
    def programs(self) -> tuple[str, ...]:
        """All programs."""
        return (*self.services, GATEWAY)


_TOPOLOGIES = {
    "single": Topology(sqlite=True),
    "scale": Topology(replicas=2),
    "small": Topology((ALL_SERVICES,), web_processes=1),
}


def topology(given: Mapping[str, str]) -> Topology:
    """Return the topology that the user wants."""
    name = given.get("TOPOLOGY") or "single"
    if name not in _TOPOLOGIES:
        raise DevError(f"unknown topology {name}: TOPOLOGY is one of {', '.join(_TOPOLOGIES)}")
    if name == "scale" and given.get("TLS_CERT"):
        raise DevError("TOPOLOGY=scale serves HTTP only: unset TLS_CERT and TLS_KEY")
    return _TOPOLOGIES[name]


def modules(program: str) -> tuple[str, ...]:
    """Return the modules with the service classes of a program."""
    return SERVICES if program == ALL_SERVICES else (program,)


def process_names(program: str, count: int) -> list[str]:
    """Return the names of a program's processes: its own name, or with a number each."""
    return [program] if count == 1 else [f"{program}-{number}" for number in range(1, count + 1)]


def program_of(process: str) -> str:
    """Return the program of a process: gateway.app for gateway.app-2."""
    return process.partition("-")[0]


# The owners of service token keys. The operator's is for `make shell`; no service has it.
OPERATOR = "operator"
KEY_OWNERS = (*map(service_of, SERVICES), OPERATOR)


def keys_variable(service: str) -> str:
    """Return the name of the variable with SERVICE_TOKEN_KEYS of a service."""
    return f"BARAZA_{service.upper()}_TOKEN_KEYS"


def process_variables(environment: Mapping[str, str], program: str) -> dict[str, str]:
    """Return the variables of one program: its own RabbitMQ user, if RabbitMQ is private, and its own keys.

    With all services in one process, the variables of each have its name: see `chassis.runner`.
    """
    if program != ALL_SERVICES:
        return _service_variables(environment, program)
    own = {service_of(module).upper(): _service_variables(environment, module) for module in SERVICES}
    return {f"{service}__{name}": value for service, variables in own.items() for name, value in variables.items()}


def _service_variables(environment: Mapping[str, str], module: str) -> dict[str, str]:
    sources = {
        "AMQP_URI": account_variable(module.partition(".")[0]),
        "SERVICE_TOKEN_KEYS": keys_variable(service_of(module)),
    }
    return {name: environment[source] for name, source in sources.items() if environment.get(source)}
