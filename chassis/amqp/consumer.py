"""The AMQP connection of a container, which its consumers and workers share."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import eventlet
import nameko.messaging
from amqp.exceptions import ChannelError, RecoverableConnectionError
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection, Queue
from kombu import Message as AmqpMessage

from chassis.amqp import buffers, protocol
from chassis.amqp.confirms import ConfirmTracker, Outcome
from chassis.amqp.publisher import CONFIRM_TIMEOUT, CONNECT_TIMEOUT

RECONNECT = 2  # seconds between attempts
REJECTED_DELAY = 0.1  # seconds before a message that the broker rejected is published again

_log = logging.getLogger(__name__)


class Collector:
    """Base of providers that collect messages: each has a channel of its own, and no greenlet for each message."""

    prefetch: int  # messages at a time

    def collect(self, body: Any, message: AmqpMessage) -> None:
        """Take a message, without waiting. Must not raise."""
        raise NotImplementedError


class QueueConsumer(nameko.messaging.QueueConsumer):
    """Nameko's consumer, which also survives malformed messages and lost connections.

    Only its greenlet reads the connection; workers only write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_return: Callable[[AmqpMessage], None] = lambda _message: None
        self.before_consuming: Callable[[Any], None] = lambda _channel: None
        self._channel: Any = None
        self._confirmed_channel: ConfirmedChannel | None = None

    @property
    def connection(self) -> Connection:
        """Nameko's connection, with a timeout for a broker that accepts connections and does not reply."""
        connection = super().connection
        connection.connect_timeout = CONNECT_TIMEOUT
        return connection

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        """Connect, with an attempt every RECONNECT seconds; kombu would wait longer each time, up to 30 seconds."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, interval_start=RECONNECT, interval_step=0)
            yield connection

    def sending_channel(self) -> Any:
        """Return the channel for messages without confirms; mandatory ones without a queue come back to `on_return`.

        Raises RecoverableConnectionError before the first connect. No property: Nameko reads all of them at the start.
        """
        if self._channel is None:
            raise RecoverableConnectionError("not connected yet")
        return self._channel

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Iterable[Any]:
        """Create the channels and the consumers; Nameko calls this after each connect, before any message arrives."""
        buffers.install(channel.connection.transport)
        channel.events["basic_return"].add(self._on_return)
        self._confirmed_channel = ConfirmedChannel(channel.connection.channel())
        self.before_consuming(channel)
        consumers = super().get_consumers(consumer_cls, channel)  # declares their queues
        self._channel = channel  # other greenlets may send from now on: a reply has a queue
        for provider, consumer in self._consumers.items():
            consumer.on_decode_error = partial(self._on_undecodable, provider)
            if isinstance(provider, Collector):
                consumer.prefetch_count = provider.prefetch
                consumer.revive(channel.connection.channel())
        return consumers  # type: ignore[no-any-return]

    def handle_message(self, provider: Any, body: Any, message: AmqpMessage) -> None:
        """Pass a message to its provider."""
        if isinstance(provider, Collector):
            provider.collect(body, message)
        else:
            super().handle_message(provider, body, message)

    def put(self, body: bytes | str, queue: Queue, **properties: Any) -> None:
        """Declare a queue, publish a message to it, and wait for the confirm. Raises protocol.BROKER_ERRORS."""
        if self._confirmed_channel is None:
            raise RecoverableConnectionError("not connected yet")
        self._confirmed_channel.put(body, queue, **properties)

    def ack_message(self, message: AmqpMessage) -> None:
        """Acknowledge a message. If the connection is lost, the broker delivers the message again."""
        with suppress(*protocol.BROKER_ERRORS):
            super().ack_message(message)

    def ack_up_to(self, message: AmqpMessage) -> None:
        """Acknowledge a message and all earlier ones of its channel; `Collector`s have a channel of their own."""
        if message.channel.connection:
            with suppress(*protocol.BROKER_ERRORS):
                message.ack(multiple=True)

    def requeue_message(self, message: AmqpMessage) -> None:
        """Return a message to its queue. If the connection is lost, the broker does that itself."""
        with suppress(*protocol.BROKER_ERRORS):
            super().requeue_message(message)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: AmqpMessage) -> None:
        self.on_return(message)

    def _on_undecodable(self, provider: Any, message: AmqpMessage, error: Exception) -> None:
        """Pass the message to the provider, which rejects it; kombu would ack it and log its body with passwords."""
        _log.warning("a body could not be decoded: %s", type(error).__name__)
        self.handle_message(provider, None, message)


class ConfirmedChannel:
    """Publishes with confirms for many greenlets; the greenlet that reads the connection must be another one."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._tracker = ConfirmTracker(channel)
        self._lock = Semaphore()  # confirms count messages in the order in which they are written

    def put(self, body: bytes | str, queue: Queue, **properties: Any) -> None:
        """Publish to a queue and wait for the confirm; publish a rejected message again until CONFIRM_TIMEOUT."""
        with eventlet.Timeout(CONFIRM_TIMEOUT, TimeoutError("the broker did not confirm")):
            while (outcome := self._publish(body, queue, properties)) is Outcome.REJECTED:
                eventlet.sleep(REJECTED_DELAY)
        if outcome is Outcome.UNROUTABLE:
            raise ChannelError(f"the queue {queue.name} does not exist")

    def _publish(self, body: bytes | str, queue: Queue, properties: dict[str, Any]) -> Outcome:
        settled = Signal()
        with self._lock:
            queue(self._channel).declare(nowait=True)
            self._tracker.publish(
                body,
                "",
                queue.name,
                on_outcome=settled.send,
                mandatory=True,
                **properties | {"delivery_mode": protocol.PERSISTENT},
            )
        outcome: Outcome = settled.wait()
        return outcome
