"""The files of RabbitMQ and Redis."""

import json
from pathlib import Path

from dev.machine.files import render, write_private
from dev.machine.state import State
from docker.rabbitmq import permissions
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR, VHOST


def account_variable(account: str) -> str:
    """Return the name of the variable with the AMQP URI of a RabbitMQ user."""
    return f"BARAZA_{account.upper()}_AMQP_URI"


def write_files(directory: Path, state: State) -> None:
    """Write the configuration of RabbitMQ and Redis, and the users that RabbitMQ imports at each start."""
    accounts = [*ACCOUNTS, OPERATOR]
    administrator = {"name": ADMINISTRATOR, "password": state.secret("rabbitmq"), "tags": ["administrator"]}
    users = [{"name": one.name, "password": state.secret(f"rabbitmq_{one.name}"), "tags": []} for one in accounts]
    definitions = {"vhosts": [{"name": VHOST}], "users": [administrator, *users], **permissions.definitions(accounts)}
    texts = {
        "rabbitmq/definitions.json": json.dumps(definitions, indent=2),
        "rabbitmq/rabbitmq.conf": render("rabbitmq.conf", ports=state.ports, directory=directory),
        "rabbitmq/enabled_plugins": "[rabbitmq_management,rabbitmq_prometheus].\n",
        # Files of our own, so that the system's are not read.
        "rabbitmq/rabbitmq-env.conf": "",
        "rabbitmq/advanced.config": "[].\n",
        "redis/redis.conf": render("redis.conf", ports=state.ports, directory=directory, secret=state.secret),
    }
    for name, text in texts.items():
        write_private(directory / name, text)
