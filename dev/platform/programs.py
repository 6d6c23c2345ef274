"""The programs of the platform, and how many processes of each run. dev/templates/supervisord.conf has the commands."""

from collections.abc import Mapping

from dev import DevError
from dev.servers.rabbitmq import account_variable

SERVICES = ("users.service", "feeds.service", "notifications.service", "notifications.deliveries", "gateway.service")
GATEWAY = "gateway.app"
# Services with a database and migrations.
DATABASE_OWNERS = ("users", "feeds", "notifications", "gateway")
# With two processes of each program, HAProxy is in front of the gateways and no service has an SQLite file.
_TOPOLOGIES = {"single": 1, "scale": 2}


def replicas(given: Mapping[str, str]) -> int:
    """Return how many processes of each program the user wants: TOPOLOGY=scale chooses two."""
    name = given.get("TOPOLOGY") or "single"
    if name not in _TOPOLOGIES:
        raise DevError(f"unknown topology {name}: TOPOLOGY is one of {', '.join(_TOPOLOGIES)}")
    if name == "scale" and given.get("TLS_CERT"):
        raise DevError("TOPOLOGY=scale serves HTTP only: unset TLS_CERT and TLS_KEY")
    return _TOPOLOGIES[name]


def process_names(program: str, count: int) -> list[str]:
    """Return the names of a program's processes: its own name, or with a number each."""
    return [program] if count == 1 else [f"{program}-{number}" for number in range(1, count + 1)]


def program_of(process: str) -> str:
    """Return the program of a process: gateway.app for gateway.app-2."""
    return process.partition("-")[0]


def service_of(module: str) -> str:
    """Return the service whose process a module is: deliveries for notifications.deliveries."""
    package, _, name = module.partition(".")
    return package if name in {"service", "app"} else name


# The owners of service token keys. The operator's is for `make shell`; no service has it.
OPERATOR = "operator"
KEY_OWNERS = (*map(service_of, SERVICES), OPERATOR)


def keys_variable(service: str) -> str:
    """Return the name of the variable with SERVICE_TOKEN_KEYS of a service."""
    return f"BARAZA_{service.upper()}_TOKEN_KEYS"


def process_variables(environment: Mapping[str, str], module: str) -> dict[str, str]:
    """Return the variables of one program: its own RabbitMQ user, if RabbitMQ is private, and its own keys."""
    sources = {
        "AMQP_URI": account_variable(module.partition(".")[0]),
        "SERVICE_TOKEN_KEYS": keys_variable(service_of(module)),
    }
    return {name: environment[source] for name, source in sources.items() if environment.get(source)}
