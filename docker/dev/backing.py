"""Backing services of an instance: private ones as programs, and proof that each answers, private or given."""

from collections.abc import Mapping
from pathlib import Path

from docker.dev.environment import DATABASES, MAILBOX, SENTRY, SMS, TWIN_PORTS, callback, private, private_databases
from docker.dev.programs import GATEWAY, SERVICES, Program, python
from docker.dev.servers import checks, databases, postgresql, rabbitmq, redis
from docker.dev.state import State
from docker.dev.steps import Steps
from docker.dev.topologies import chosen
from docker.dev.waiting import until

_LIMIT = 90  # seconds; RabbitMQ takes 12 on two idle cores
_SERVERS = (rabbitmq, postgresql, redis)


def port_names(given: Mapping[str, str], *, gateway: bool) -> list[str]:
    """Names of the ports that the private servers need, the services for their metrics, and perhaps the gateway.

    Gateways behind a load balancer have ports of their own beside it.
    """
    here, topology = private(given), chosen(given)
    names = [name for server in _SERVERS if server.NAME in here for name in server.PORTS]
    programs = [*SERVICES, GATEWAY] if topology.balanced else SERVICES
    replicas = [name for program in programs for name in topology.names(program)]
    return [*names, *TWIN_PORTS, *replicas, *(["gateway"] if gateway else [])]


def programs(given: Mapping[str, str], state: State, environment: Mapping[str, str], directory: Path) -> list[Program]:
    """Write the files of the private services; the answer is what the supervisor shall run."""
    here = private(given)
    servers = [server for server in _SERVERS if server.NAME in here]
    found = [server.prepare(directory / server.NAME, state) for server in servers]
    if MAILBOX in here:
        ports = ("--smtp-port", state.ports[MAILBOX], "--http-port", state.ports["mailbox_http"])
        found.append(Program(MAILBOX, python("docker.dev.mailbox", *ports, "--folder", directory / "mailbox")))
    if SMS in here:
        words = ("--port", state.ports[SMS], "--folder", directory / "sms")
        secrets = {
            "AFRICASTALKING_API_KEY": environment["AFRICASTALKING_API_KEY"],
            "AFRICASTALKING_CALLBACK_URL": callback(environment),
        }
        found.append(Program(SMS, python("docker.dev.sms_simulator", *words), secrets))
    if SENTRY in here:
        found.append(Program(SENTRY, python("docker.dev.sentry", "--port", state.ports[SENTRY])))
    return found


def wait(given: Mapping[str, str], state: State, environment: Mapping[str, str], steps: Steps) -> None:
    """Wait until each answers as the platform will ask it, private or given; make the private databases."""
    here = private_databases(given)
    with steps.step("Redis"):
        until(lambda: checks.redis(environment), "Redis", _LIMIT)
    with steps.step("PostgreSQL"):
        if here:
            wanted = [*(databases.named(environment, prefix) for prefix in here), *databases.spare(state).values()]
            until(lambda: databases.create(state, wanted), "PostgreSQL", _LIMIT)
        for prefix in DATABASES:
            until(lambda: checks.database(environment, prefix), f"the database of {prefix}_HOST", _LIMIT)  # noqa: B023
    with steps.step("RabbitMQ"):
        until(lambda: checks.rabbitmq(environment), "RabbitMQ", _LIMIT)
