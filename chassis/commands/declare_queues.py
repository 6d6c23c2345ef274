"""Declares the durable queues of services: `python -m chassis.commands.declare_queues orders.service`.

Run it with the migrations, before any service starts: the broker drops an event without a queue.
"""

import argparse

from kombu import Connection

from chassis import config
from chassis.events.topology import module_queues

CONNECT_TIMEOUT = 5  # seconds


def main() -> None:
    """Declare the queues and print their names. Existing queues do not change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+")
    settings = config.load()
    with Connection(settings["AMQP_URI"], connect_timeout=CONNECT_TIMEOUT) as connection:
        for module in parser.parse_args().modules:
            for queue in module_queues(module, settings["retry"]["delays"]):
                queue(connection.default_channel).declare()
                print(queue.name)  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
