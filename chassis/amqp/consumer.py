"""A container's one AMQP connection: it consumes, and what workers send goes out by it too."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet
import nameko.messaging
from amqp.exceptions import MessageNacked, RecoverableConnectionError
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection, Queue
from kombu import Message as AmqpMessage

from chassis.amqp import protocol
from chassis.amqp.publisher import CONFIRM_TIMEOUT, CONNECT_TIMEOUT

REFUSED = 0.1  # seconds until a message that the broker refused is offered again

_log = logging.getLogger(__name__)


class QueueConsumer(nameko.messaging.QueueConsumer):
    """Nameko's consumer, which survives whatever strangers send and whenever the broker goes.

    Its greenlet is the only one that reads the connection; workers only write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_return: Callable[[AmqpMessage], None] = lambda _message: None
        self._channel: Any = None
        self._confirming: Confirming | None = None

    @property
    def connection(self) -> Connection:
        """Describe the connection; a broker that accepts and then says nothing is given up."""
        connection = super().connection
        connection.connect_timeout = CONNECT_TIMEOUT
        return connection

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Iterable[Any]:
        """Make the consumers, and the ways out, before the first message can come; called after every connect."""
        self._channel = channel
        self._confirming = Confirming(channel.connection.channel())
        channel.events["basic_return"].add(self._on_return)
        consumers = super().get_consumers(consumer_cls, channel)
        for provider, consumer in self._consumers.items():
            consumer.on_decode_error = partial(self._on_undecodable, provider)
        return consumers  # type: ignore[no-any-return]

    def send(self, body: bytes, exchange: str, routing_key: str, **properties: Any) -> None:
        """Write a message and do not wait. A mandatory one that finds no queue comes back to `on_return`."""
        if self._channel is None:
            raise RecoverableConnectionError("not connected yet")
        protocol.send(self._channel, body, exchange, routing_key, **properties)

    def put(self, body: bytes | str, queue: Queue, **properties: Any) -> None:
        """Put a message into a queue, which is declared first; return when the broker has confirmed it."""
        if self._confirming is None:
            raise RecoverableConnectionError("not connected yet")
        self._confirming.put(body, queue, **properties)

    def ack_message(self, message: AmqpMessage) -> None:
        """Ack. On a connection that is dying there is nothing to do: the broker brings the message again."""
        with suppress(*protocol.BROKER_ERRORS):
            super().ack_message(message)

    def requeue_message(self, message: AmqpMessage) -> None:
        """Give the message back; on a dying connection the broker takes it back itself."""
        with suppress(*protocol.BROKER_ERRORS):
            super().requeue_message(message)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: AmqpMessage) -> None:
        self.on_return(message)

    def _on_undecodable(self, provider: Any, message: AmqpMessage, error: Exception) -> None:
        """Let the provider refuse it. Kombu's own way is to ack it away and to log the body, passwords and all."""
        _log.warning("a body could not be decoded: %s", type(error).__name__)
        self.handle_message(provider, None, message)


class Confirming:
    """A confirming channel, on which many greenlets publish while the consumer's reads the answers."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._turn = Semaphore()  # the broker counts messages in the order in which they are written
        self._tag = 0
        self._answers: dict[int, Signal] = {}
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def put(self, body: bytes | str, queue: Queue, **properties: Any) -> None:
        """Publish and wait. Raises one of wire.BROKER_ERRORS if the broker does not take it, or does not say so."""
        with eventlet.Timeout(CONFIRM_TIMEOUT, TimeoutError("the broker did not confirm")):
            while not self._taken(body, queue, properties):
                eventlet.sleep(REFUSED)

    def _taken(self, body: bytes | str, queue: Queue, properties: dict[str, Any]) -> bool:
        """Publish once. A full queue refuses, and a new quorum queue as long as it has no leader."""
        with self._turn:
            self._tag = tag = self._tag + 1
            answer = self._answers[tag] = Signal()
            queue(self._channel).declare(nowait=True)
            properties |= {"correlation_id": str(tag), "delivery_mode": protocol.PERSISTENT}
            protocol.send(self._channel, body, "", queue.name, mandatory=True, **properties)
        try:
            answer.wait()
        except MessageNacked:
            return False
        else:
            return True
        finally:
            del self._answers[tag]

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp calls it so
        for answer in self._unanswered(tag, multiple=multiple):
            answer.send()

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp calls it so
        for answer in self._unanswered(tag, multiple=multiple):
            answer.send_exception(MessageNacked())

    def _on_return(self, error: Exception, _exchange: str, _routing_key: str, message: AmqpMessage) -> None:
        for answer in self._unanswered(int(message.properties["correlation_id"]), multiple=False):
            answer.send_exception(error)

    def _unanswered(self, tag: int, *, multiple: bool) -> list[Signal]:
        tags = [waiting for waiting in self._answers if waiting <= tag] if multiple else [tag]
        return [
            self._answers[waiting]
            for waiting in tags
            if waiting in self._answers and not self._answers[waiting].ready()
        ]
