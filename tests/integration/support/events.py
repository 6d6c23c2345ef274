"""Receives the events of a service in a queue of its own."""

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from kombu import Connection, Consumer, Queue

from chassis.amqp import protocol

TIMEOUT = 30  # seconds


class EventListener:
    """Receives every event of a source, in the order of arrival."""

    def __init__(self, uri: str, source: str) -> None:
        self._connection = Connection(uri)
        channel = self._connection.channel()
        queue = Queue(exchange=protocol.event_exchange(source), routing_key="#", exclusive=True, auto_delete=True)
        self._received: deque[tuple[str, dict[str, Any]]] = deque()
        Consumer(channel, [queue], no_ack=True, on_message=self._on_message).consume()

    def next(self, *types: str) -> dict[str, Any]:
        """Wait for the next event of these types and return its payload. Raises TimeoutError."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            for event_and_payload in self._received:
                if event_and_payload[0] in types:
                    self._received.remove(event_and_payload)
                    return event_and_payload[1]
            self._connection.drain_events(timeout=max(0.01, deadline - time.monotonic()))

    def close(self) -> None:
        """Close the connection, which deletes the queue."""
        self._connection.close()

    def _on_message(self, message: Any) -> None:
        self._received.append((message.delivery_info["routing_key"], json.loads(message.body)))


Listen = Callable[[str], EventListener]
