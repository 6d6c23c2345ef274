"""The programs of the platform, and how many processes of each run: `TOPOLOGY=scale make run` chooses a topology."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dev import DevError
from dev.servers.rabbitmq import account_variable
from dev.servers.server import LOCALHOST, Program, python

SERVICES = (
    "users.service",
    "feeds.service",
    "notifications.service",
    "notifications.deliveries",
    "gateway.service",
)
GATEWAY = "gateway.app"
# Services with a database and migrations.
DATABASE_OWNERS = ("users", "feeds", "notifications", "gateway")


@dataclass(frozen=True)
class Topology:
    """`on_postgresql` are the services whose default is an SQLite file, which several processes cannot share."""

    replicas: int = 1  # of each program
    on_postgresql: tuple[str, ...] = ()
    load_balancer: bool = False  # HAProxy, see docker/haproxy.cfg
    variables: dict[str, str] = field(default_factory=dict)  # of config.yml, unless the user has set them

    def names(self, program: str) -> list[str]:
        """Return the names of a program's processes: its own name, or with a number each."""
        numbers = range(1, self.replicas + 1)
        return [program] if self.replicas == 1 else [f"{program}-{number}" for number in numbers]


TOPOLOGIES = {
    "single": Topology(),
    "scale": Topology(2, ("feeds", "notifications"), load_balancer=True, variables={"REPLAY_OVERLAP": "15"}),
}


def chosen(given: Mapping[str, str]) -> Topology:
    """Return the topology that the user's variables name."""
    name = given.get("TOPOLOGY") or "single"
    if name not in TOPOLOGIES:
        raise DevError(f"unknown topology {name}: TOPOLOGY is one of {', '.join(TOPOLOGIES)}")
    topology = TOPOLOGIES[name]
    if topology.load_balancer and given.get("TLS_CERT"):
        raise DevError(f"TOPOLOGY={name} serves HTTP only: unset TLS_CERT and TLS_KEY")
    return topology


def program_of(process: str) -> str:
    """Return the program of a process: gateway.app for gateway.app-2."""
    return process.partition("-")[0]


def applications(ports: Mapping[str, int], topology: Topology, environment: Mapping[str, str]) -> list[Program]:
    """Return a process for each Nameko service class, with a port for its metrics, and the web gateway."""
    services = [
        Program(
            name,
            python("chassis.runner", module),
            {"METRICS_PORT": str(ports[name]), **process_variables(environment, module)},
        )
        for module in SERVICES
        for name in topology.names(module)
    ]
    web = python("gunicorn", "--config", "gateway/server/gunicorn_settings.py", "gateway.app:create_app()")
    own = process_variables(environment, GATEWAY)
    if not topology.load_balancer:
        return [*services, Program(GATEWAY, web, own)]
    proxies = int(environment.get("TRUSTED_PROXIES") or 0) + 1  # the load balancer is one more
    own |= {"HOST": LOCALHOST, "TRUSTED_PROXIES": str(proxies), "PROMETHEUS_MULTIPROC_DIR": ""}
    gateways = [Program(name, web, own | {"PORT": str(ports[name])}) for name in topology.names(GATEWAY)]
    return [*services, *gateways]


def process_variables(environment: Mapping[str, str], module: str) -> dict[str, str]:
    """Return the variables of one program: the AMQP URI of its own user, if RabbitMQ is private."""
    uri = environment.get(account_variable(module.partition(".")[0]))
    return {"AMQP_URI": uri} if uri else {}
