"""Declares the queues of all services in one process: `python -m dev.platform.queues <file with the environment>`.

It may start before RabbitMQ: what it imports takes longer than the declarations.
"""

import sys
from functools import partial
from pathlib import Path

from kombu import Connection

from chassis import config
from chassis.events.topology import module_queues
from dev.machine.waiting import until
from dev.platform import environment
from dev.platform.programs import SERVICES, process_variables
from dev.servers import LIMIT, databases
from docker.rabbitmq.accounts import ACCOUNTS


def main(file: str) -> None:
    """Wait for RabbitMQ, then declare the queues of each of its users as this user."""
    composed, delays = environment.read(Path(file)), config.load()["retry"]["delays"]
    queues = {module: module_queues(module, delays) for module in _consumers()}
    until(partial(databases.check_rabbitmq, composed), "RabbitMQ", LIMIT)
    for module, declared in queues.items():
        with Connection({**composed, **process_variables(composed, module)}["AMQP_URI"]) as connection:
            for queue in declared:
                queue(connection.default_channel).declare()


def _consumers() -> list[str]:
    """Return the modules that may have event handlers."""
    names = {account.name for account in ACCOUNTS if account.consumes}
    return [module for module in SERVICES if module.partition(".")[0] in names]


if __name__ == "__main__":
    main(*sys.argv[1:])
