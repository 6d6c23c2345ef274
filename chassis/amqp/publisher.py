"""Publishes batches of events with confirms: many messages on the way, one wait, one deadline."""

import logging
import time
from collections.abc import Iterable
from typing import Any

from kombu import Connection

from chassis.amqp import message_headers, protocol
from chassis.amqp.envelope import Envelope
from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring
from chassis.observability import correlation

CONFIRM_TIMEOUT = 5  # seconds
CONNECT_TIMEOUT = 5  # seconds
EVENTS = "events"  # audience of the tokens that events carry

_log = logging.getLogger(__name__)


class BatchPublisher:
    """Holds one connection, made when it is needed and dropped at the first error."""

    def __init__(self, uri: str, heartbeat: int, service: str, ring: Keyring) -> None:
        self._uri = uri
        self._heartbeat = heartbeat
        self._service = service
        self._ring = ring
        self._connection: Connection | None = None
        self._batch: _Batch | None = None

    def publish(self, envelopes: Iterable[Envelope]) -> set[str]:
        """Send the events and return the ids of those that the broker took responsibility for.

        A durable event that reached no queue is not among them. Raises one of wire.BROKER_ERRORS when the broker
        is away or does not confirm within CONFIRM_TIMEOUT.
        """
        try:
            batch = self._connected()
            for envelope in envelopes:
                self._send(batch, envelope)
            return batch.wait(CONFIRM_TIMEOUT)
        except Exception:
            self.close()
            raise

    def keep_alive(self) -> None:
        """Exchange heartbeats while there is nothing to publish; drop a connection that died meanwhile."""
        if self._connection is None:
            return
        try:
            self._connection.heartbeat_check()
            self._connection.drain_events(timeout=0.001)
        except TimeoutError:
            pass
        except protocol.BROKER_ERRORS:
            self.close()

    def close(self) -> None:
        """Drop the connection without a farewell: it may be broken, and a farewell would wait for an answer."""
        if self._connection is not None:
            self._connection.collect()
        self._connection = self._batch = None

    def _connected(self) -> "_Batch":
        if self._batch is None:
            self._connection = Connection(self._uri, heartbeat=self._heartbeat, connect_timeout=CONNECT_TIMEOUT)
            self._connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
            channel = self._connection.channel()
            protocol.event_exchange(self._service)(channel).declare()
            self._batch = _Batch(self._connection, channel)
        return self._batch

    def _send(self, batch: "_Batch", envelope: Envelope) -> None:
        token = tokens.issue(Caller(self._service), EVENTS, self._ring.signing, subject=envelope.id)
        names = {
            message_headers.AUTH_TOKEN: token,
            correlation.REQUEST_ID: envelope.request_id,
            correlation.TRACEPARENT: envelope.traceparent,
        }
        batch.send(
            envelope.id,
            protocol.dumps(envelope.payload),
            exchange=protocol.event_exchange(self._service).name,
            routing_key=envelope.type,
            mandatory=envelope.durable,
            delivery_mode=protocol.PERSISTENT if envelope.durable else protocol.TRANSIENT,
            application_headers=message_headers.encode(names),
        )


class _Batch:
    """Messages on a confirming channel that the broker has not answered yet."""

    def __init__(self, connection: Connection, channel: Any) -> None:
        self._connection = connection
        self._channel = channel
        self._tag = 0
        self._waiting: dict[int, str] = {}
        self._confirmed: set[str] = set()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._returned: dict[str, str] = {}  # message id: type

    def send(self, message_id: str, body: bytes, **publish: Any) -> None:
        protocol.send(self._channel, body, message_id=message_id, **publish)
        self._tag += 1
        self._waiting[self._tag] = message_id

    def wait(self, timeout: float) -> set[str]:
        deadline = time.monotonic() + timeout
        while self._waiting:
            self._connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        if self._returned:
            unheard = ", ".join(sorted(set(self._returned.values())))
            _log.warning("nobody listens to %s yet: %d event(s) stay in the outbox", unheard, len(self._returned))
        confirmed = self._confirmed - self._returned.keys()
        self._confirmed, self._returned = set(), {}
        return confirmed

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp calls it so
        self._confirmed.update(self._answered(tag, multiple=multiple))

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp calls it so
        _log.warning("the broker refused %d event(s)", len(self._answered(tag, multiple=multiple)))

    def _on_return(self, _error: Exception, _exchange: str, routing_key: str, message: Any) -> None:
        """Remember that no queue is bound; the broker says so before it confirms."""
        self._returned[message.properties["message_id"]] = routing_key

    def _answered(self, tag: int, *, multiple: bool) -> list[str]:
        tags = [waiting for waiting in self._waiting if waiting <= tag] if multiple else [tag]
        return [self._waiting.pop(waiting) for waiting in tags]
