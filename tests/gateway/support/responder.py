"""A service without Nameko, whose replies and their times are set by a test."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import gevent
from amqp import Message as AmqpMessage
from kombu import Connection, Consumer, Queue
from nameko.exceptions import serialize

from chassis.amqp import protocol


class Responder:
    """Serves every method of a service with a random name; `answer` runs in a greenlet, and may return an error."""

    def __init__(self, uri: str, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.name = f"s{uuid.uuid4().hex}"
        self.received = 0
        self._answer = answer
        self._connection = Connection(uri)
        self._channel = self._connection.channel()
        queue = Queue(f"rpc-{self.name}", protocol.rpc_exchange(), routing_key=f"{self.name}.*", auto_delete=True)
        Consumer(self._channel, [queue], no_ack=True, on_message=self._on_message).consume()
        self._reading = gevent.spawn(self._read)

    def close(self) -> None:
        """Close the connection, which deletes the queue."""
        self._reading.kill()
        self._connection.release()

    def _read(self) -> None:
        while True:
            try:
                self._connection.drain_events(timeout=0.5)
            except TimeoutError:
                continue

    def _on_message(self, message: Any) -> None:
        self.received += 1
        gevent.spawn(self._reply, message.properties, json.loads(message.body)["kwargs"])

    def _reply(self, properties: dict[str, Any], arguments: dict[str, Any]) -> None:
        answer = self._answer(arguments)
        failed = isinstance(answer, Exception)
        body = json.dumps({"result": None if failed else answer, "error": serialize(answer) if failed else None})
        reply = AmqpMessage(body, correlation_id=properties["correlation_id"], **protocol.JSON)
        self._channel.basic_publish(reply, protocol.RPC_EXCHANGE, properties["reply_to"])
