"""The queues of the event handlers in a module, found without running a service."""

import importlib
import inspect
from collections.abc import Iterator

from kombu import Queue
from nameko.containers import get_service_name

from chassis.amqp import entrypoints, protocol
from chassis.events.handler import EventHandler
from chassis.events.queues import parked_queue, retry_queue


def handler_queues(service: type) -> dict[str, Queue]:
    """Return the queue of each event handler by its method, named and bound as Nameko does it."""
    queues = {}
    for method, handler in entrypoints.find(service, EventHandler):
        source, event = handler.source_service, handler.event_type
        name = protocol.event_queue_name(source, event, get_service_name(service), method.__name__)
        queues[method.__name__] = Queue(name, protocol.event_exchange(source), routing_key=event, durable=True)
    return queues


def module_queues(module: str, delays: list[int]) -> Iterator[Queue]:
    """Yield the queue of every event handler in a module, each with its retry queues and its dead-letter queue."""
    for _, service in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if service.__module__ != module:
            continue
        for queue in handler_queues(service).values():
            yield queue
            yield from (retry_queue(queue.name, delay) for delay in delays)
            yield parked_queue(queue.name)
