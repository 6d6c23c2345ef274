"""Declares the durable queues of services: `python -m chassis.commands.declare_queues users.service`.

Run it with the migrations, before any service starts: an event published before its queue exists is lost.
"""

import argparse

from kombu import Connection

from chassis import config
from chassis.events.topology import module_queues

CONNECT_TIMEOUT = 5  # seconds


def main() -> None:
    """Declare everything; declaring it again changes nothing."""
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
