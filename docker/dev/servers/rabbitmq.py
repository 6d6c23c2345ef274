"""A RabbitMQ node of our own, with its own Erlang port mapper, users and virtual host, and no guest."""

import json
from pathlib import Path
from typing import Any

from docker.dev.programs import Program
from docker.dev.state import State, write_private
from docker.rabbitmq import permissions
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR, VHOST

NAME = "rabbitmq"
PORTS = ("rabbitmq", "rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_distribution", "rabbitmq_epmd")

_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{rabbitmq}
management.tcp.ip = 127.0.0.1
management.tcp.port = {rabbitmq_management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {rabbitmq_prometheus}
load_definitions = {definitions}
log.console = true
log.console.level = warning
log.file = false
"""


def uri(state: State, user: str) -> str:
    """Return the AMQP_URI of one of the broker's users."""
    return f"pyamqp://{user}:{_password(state, user)}@127.0.0.1:{state.ports['rabbitmq']}/{VHOST}"


def management_url(state: State) -> str:
    """Return the management API's address with its credentials, as Nameko's test fixtures want it."""
    port = state.ports["rabbitmq_management"]
    return f"http://{ADMINISTRATOR}:{_password(state, ADMINISTRATOR)}@127.0.0.1:{port}"


def prepare(directory: Path, state: State) -> Program:
    """Write the node's files; the answer is how to run it."""
    definitions = directory / "definitions.json"
    write_private(definitions, json.dumps(_definitions(state), indent=2))
    write_private(directory / "rabbitmq.conf", _CONFIGURATION.format(**state.ports, definitions=definitions))
    write_private(directory / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    # The system's own rabbitmq-env.conf and advanced.config must not reach a private node.
    write_private(directory / "rabbitmq-env.conf", "")
    write_private(directory / "advanced.config", "[].\n")
    return Program(NAME, (_SCRIPT,), _environment(directory, state.ports))


def _definitions(state: State) -> dict[str, Any]:
    """Return what the node takes over at each start: passwords and permissions become these, nothing is removed."""
    accounts = [*ACCOUNTS, OPERATOR]
    tags = {ADMINISTRATOR: ["administrator"]}
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {"name": user, "password": _password(state, user), "tags": tags.get(user, [])}
            for user in (ADMINISTRATOR, *(account.name for account in accounts))
        ],
        **permissions.definitions(accounts),
    }


def _password(state: State, user: str) -> str:
    return state.secret(NAME if user == ADMINISTRATOR else f"{NAME}_{user}")


def _environment(directory: Path, ports: dict[str, int]) -> dict[str, str]:
    return {
        "HOME": str(directory),  # the Erlang cookie's place
        "ERL_EPMD_PORT": str(ports["rabbitmq_epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "baraza@localhost",
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq_distribution"]),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "rabbitmq.pid"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "generated"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        # The script becomes the virtual machine instead of staying as its parent, so that
        # a signal from the supervisor, or a kill, meets the server itself.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
    }
