"""A private RabbitMQ node with its own epmd, users and virtual host, and no guest user."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev.machine.files import render, write_private
from dev.machine.state import State
from dev.servers.server import LOCALHOST, Program, Server
from docker.rabbitmq import permissions
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR, VHOST

_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_PORTS = ("rabbitmq", "rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_distribution", "rabbitmq_epmd")


def account_variable(account: str) -> str:
    """Return the name of the variable with the AMQP URI of a RabbitMQ user."""
    return f"BARAZA_{account.upper()}_AMQP_URI"


def _variables(state: State, _given: Mapping[str, str]) -> dict[str, str]:
    """Return the operator's AMQP URI, those of the services' users, and the management API with its credentials."""
    management = f"{LOCALHOST}:{state.ports['rabbitmq_management']}"
    return {
        "AMQP_URI": _uri(state, OPERATOR.name),
        **{account_variable(account.name): _uri(state, account.name) for account in ACCOUNTS},
        "BARAZA_RABBITMQ_MANAGEMENT": f"http://{ADMINISTRATOR}:{_password(state, ADMINISTRATOR)}@{management}",
    }


def _uri(state: State, user: str) -> str:
    return f"pyamqp://{user}:{_password(state, user)}@{LOCALHOST}:{state.ports['rabbitmq']}/{VHOST}"


def _password(state: State, user: str) -> str:
    return state.secret("rabbitmq" if user == ADMINISTRATOR else f"rabbitmq_{user}")


def _program(directory: Path, state: State, _environment: Mapping[str, str]) -> Program:
    folder = directory / "rabbitmq"
    definitions = folder / "definitions.json"
    write_private(definitions, json.dumps(_definitions(state), indent=2))
    write_private(folder / "rabbitmq.conf", render("rabbitmq.conf", ports=state.ports, definitions=definitions))
    write_private(folder / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    # Empty files of our own, so that the system's are not read.
    write_private(folder / "rabbitmq-env.conf", "")
    write_private(folder / "advanced.config", "[].\n")
    environment = {
        "HOME": str(folder),  # where the Erlang cookie is
        "ERL_EPMD_PORT": str(state.ports["rabbitmq_epmd"]),
        "ERL_EPMD_ADDRESS": LOCALHOST,
        "RABBITMQ_NODENAME": "baraza@localhost",
        "RABBITMQ_DIST_PORT": str(state.ports["rabbitmq_distribution"]),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        # The script then becomes the virtual machine (exec), so that signals of the supervisor reach the server itself.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
    }
    return Program("rabbitmq", (_SCRIPT,), environment)


def _definitions(state: State) -> dict[str, Any]:
    """Return the users, passwords and permissions that the node imports at each start."""
    accounts = [*ACCOUNTS, OPERATOR]
    users = [{"name": one.name, "password": _password(state, one.name), "tags": []} for one in accounts]
    administrator = {"name": ADMINISTRATOR, "password": _password(state, ADMINISTRATOR), "tags": ["administrator"]}
    return {"vhosts": [{"name": VHOST}], "users": [administrator, *users], **permissions.definitions(accounts)}


SERVER = Server("rabbitmq", ("AMQP_URI",), _PORTS, _variables, _program)
