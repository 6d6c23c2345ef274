"""Declares the durable queues of services: `python -m chassis.commands.declare_queues orders.service`.

Run it with the migrations, before any service starts: the broker drops an event without a queue. Each service declares
its own queues, as its own RabbitMQ user if it has one (`ORDERS__AMQP_URI`).
"""

import argparse

from kombu import Connection

from chassis import config
from chassis.events.topology import module_queues

CONNECT_TIMEOUT = 5  # seconds
RETRY = 0.5  # seconds between attempts to connect


def main() -> None:
    """Declare the queues and print their names. Existing queues do not change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", type=int, default=CONNECT_TIMEOUT, help="seconds to wait for RabbitMQ")
    parser.add_argument("modules", nargs="+")
    arguments = parser.parse_args()
    settings = [(module, config.load(owner=config.service_of(module))) for module in arguments.modules]
    # All imports first: they take longer than the declarations, and RabbitMQ may start meanwhile.
    queues = [(own["AMQP_URI"], [*module_queues(module, own["retry"]["delays"])]) for module, own in settings]
    for uri, declared in queues:
        if declared:
            with Connection(uri, connect_timeout=CONNECT_TIMEOUT) as connection:
                connection.ensure_connection(timeout=arguments.wait, interval_start=RETRY, interval_step=0)
                for queue in declared:
                    queue(connection.default_channel).declare()
                    print(queue.name)  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
