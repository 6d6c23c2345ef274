"""Publishes events in batches: it sends a batch, then waits once for all confirms."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from kombu import Connection

from chassis.amqp import message_headers, protocol
from chassis.amqp.confirms import ConfirmTracker, Outcome
from chassis.amqp.envelope import Envelope
from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring
from chassis.observability import correlation

CONFIRM_TIMEOUT = 5  # seconds
CONNECT_TIMEOUT = 5  # seconds
EVENTS = "events"  # audience of the tokens of events

_log = logging.getLogger(__name__)


class BatchPublisher:
    """Publishes on a connection of its own, which it opens for the first batch and drops after an error.

    `prepare` is called with the transport of each new connection; under eventlet it can be `buffers.install`.
    """

    def __init__(
        self, uri: str, heartbeat: int, service: str, ring: Keyring, prepare: Callable[[Any], None] | None = None
    ) -> None:
        self._uri = uri
        self._heartbeat = heartbeat
        self._service = service
        self._ring = ring
        self._prepare = prepare
        self._exchange = protocol.event_exchange(service)
        self._connection: Connection | None = None
        self._tracker: ConfirmTracker | None = None

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Publish the events and return the ids of those that the broker confirmed.

        A durable event that reached no queue is not among them. Raises one of protocol.BROKER_ERRORS if the broker is
        unavailable or does not confirm within CONFIRM_TIMEOUT.
        """
        outcomes: dict[str, Outcome] = {}
        try:
            connection, tracker = self._connect()
            for envelope in envelopes:
                self._send(tracker, envelope, outcomes)
            deadline = time.monotonic() + CONFIRM_TIMEOUT
            while tracker.waiting:
                connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        except Exception:
            self.close()
            raise
        _log_failures(envelopes, outcomes)
        return {event_id for event_id, outcome in outcomes.items() if outcome is Outcome.CONFIRMED}

    def keep_alive(self) -> None:
        """Exchange heartbeats on an idle connection; drop it if it is broken."""
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
        """Drop the connection without AMQP's closing handshake, which would wait for a broker that hangs."""
        if self._connection is not None:
            self._connection.collect()
        self._connection = self._tracker = None

    def _connect(self) -> tuple[Connection, ConfirmTracker]:
        if self._connection is None or self._tracker is None:
            self._connection = Connection(self._uri, heartbeat=self._heartbeat, connect_timeout=CONNECT_TIMEOUT)
            self._connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
            channel = self._connection.channel()
            if self._prepare is not None:
                self._prepare(channel.connection.transport)
            self._exchange(channel).declare()
            self._tracker = ConfirmTracker(channel)
        return self._connection, self._tracker

    def _send(self, tracker: ConfirmTracker, envelope: Envelope, outcomes: dict[str, Outcome]) -> None:
        tracker.publish(
            protocol.dumps(envelope.payload),
            self._exchange.name,
            envelope.type,
            on_outcome=partial(outcomes.__setitem__, envelope.id),
            mandatory=envelope.durable,
            message_id=envelope.id,
            delivery_mode=protocol.PERSISTENT if envelope.durable else protocol.TRANSIENT,
            application_headers=headers(envelope, self._service, self._ring),
        )


def headers(envelope: Envelope, service: str, ring: Keyring) -> dict[str, Any]:
    """Return the headers of an event: its token, and the request that caused it."""
    values = {
        message_headers.AUTH_TOKEN: tokens.issue(Caller(service), EVENTS, ring.signing(service), subject=envelope.id),
        correlation.REQUEST_ID: envelope.request_id,
        correlation.TRACEPARENT: envelope.traceparent,
    }
    return message_headers.encode(values)


def _log_failures(envelopes: Sequence[Envelope], outcomes: Mapping[str, Outcome]) -> None:
    unroutable = [envelope.type for envelope in envelopes if outcomes[envelope.id] is Outcome.UNROUTABLE]
    rejected = [envelope for envelope in envelopes if outcomes[envelope.id] is Outcome.REJECTED]
    if unroutable:
        types = ", ".join(sorted(set(unroutable)))
        _log.warning("no queue is bound for %s yet: %d event(s) stay in the outbox", types, len(unroutable))
    if rejected:
        _log.warning("the broker rejected %d event(s)", len(rejected))
