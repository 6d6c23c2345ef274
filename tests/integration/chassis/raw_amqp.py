"""An AMQP client that publishes anything, and reads and counts messages in queues."""

import time
from typing import Any, Self

import eventlet
from amqp import Message
from amqp.exceptions import NotFound
from kombu import Connection

from chassis.amqp import protocol

TIMEOUT = 30  # seconds


class RawAmqpClient:
    """Has the credentials of the broker and no service token."""

    def __init__(self, uri: str) -> None:
        self._connection = Connection(uri)
        self._channel = self._connection.channel()
        self._replies = self._channel.queue_declare("", exclusive=True).queue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def publish(self, exchange: str, routing_key: str, body: bytes | str, **properties: Any) -> None:
        """Publish a message."""
        message = Message(body, **(protocol.JSON | properties))
        self._channel.basic_publish(message, exchange, routing_key)

    def call(self, target: str, body: bytes | str, **properties: Any) -> None:
        """Publish an RPC request whose reply `reply` returns."""
        self._channel.queue_bind(self._replies, protocol.RPC_EXCHANGE, self._replies)
        self.publish(protocol.RPC_EXCHANGE, target, body, reply_to=self._replies, correlation_id="1", **properties)

    def reply(self) -> Any:
        """Wait for a reply and return its message."""
        return self.get(self._replies)

    def get(self, queue: str) -> Any:
        """Wait for a message in a queue, and remove it."""
        if queue.startswith("parked."):
            self._declare(queue)
        deadline = time.monotonic() + TIMEOUT
        while (message := self._channel.basic_get(queue, no_ack=True)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(queue)
            eventlet.sleep(0.02)
        return message

    def put(self, queue: str, body: bytes) -> None:
        """Declare a durable queue and publish a message to it."""
        self._declare(queue)
        self.publish("", queue, body)

    def depth(self, queue: str) -> int:
        """Return the number of messages in a queue; 0 if it does not exist."""
        channel = self._connection.channel()  # which a missing queue closes
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except NotFound:
            return 0
        finally:
            channel.close()

    def bind(self, exchange: str, routing_key: str) -> str:
        """Bind a new queue to an existing exchange and return its name."""
        queue = str(self._channel.queue_declare("", exclusive=True).queue)
        self._channel.queue_bind(queue, exchange, routing_key)
        return queue

    def bind_event(self, source: str, event: str) -> str:
        """Bind a new queue to an event and return its name."""
        protocol.event_exchange(source)(self._channel).declare()
        return self.bind(f"{source}.events", event)

    def unbind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Remove a binding of a queue."""
        self._channel.queue_unbind(queue, exchange, routing_key)

    def delete(self, queue: str) -> None:
        """Delete a queue with its messages."""
        self._channel.queue_delete(queue)

    def _declare(self, queue: str, *, passive: bool = False) -> Any:
        return self._channel.queue_declare(queue, passive=passive, durable=True, auto_delete=False)
