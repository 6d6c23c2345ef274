"""Declares the durable queues of service classes ahead of their first start: `python -m chassis.topology MODULE...`.

An event published before its handler's queue exists is lost. Run it with the migrations, before anything starts.
"""

import argparse
import importlib
import inspect
from collections.abc import Iterator

from kombu import Connection, Queue

from chassis import config
from chassis.events import handler_queues, parked_queue, retry_queue

CONNECT_TIMEOUT = 5  # seconds


def queues(module: str, delays: list[int]) -> Iterator[Queue]:
    """Yield the queues of every event handler in a module, with those for retrying and parking."""
    for _, service in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if service.__module__ != module:
            continue
        for queue in handler_queues(service).values():
            yield queue
            yield from (retry_queue(queue.name, delay) for delay in delays)
            yield parked_queue(queue.name)


def main() -> None:
    """Declare everything; declaring it again changes nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+")
    settings = config.load()
    with Connection(settings["AMQP_URI"], connect_timeout=CONNECT_TIMEOUT) as connection:
        for module in parser.parse_args().modules:
            for queue in queues(module, settings["retry"]["delays"]):
                queue(connection.default_channel).declare()
                print(queue.name)  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
