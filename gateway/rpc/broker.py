"""The web process's connection to RabbitMQ, which is made again when it is lost."""

import logging
from typing import Any, Protocol

import gevent
from gevent.event import Event
from kombu import Connection

from chassis.amqp import protocol

CONNECT_TIMEOUT = 3  # seconds
RECONNECT = 1  # seconds between attempts

_log = logging.getLogger(__name__)


class Subscriber(Protocol):
    """Uses the connection on a channel of its own."""

    def opened(self, channel: Any) -> None:
        """Set up consumers; called after each connection, before anything is read from it."""

    def lost(self) -> None:
        """React to the loss of the connection."""

    def alarm(self, *, active: bool) -> None:
        """React to an alarm of the broker, which reads no messages until it has memory and disk space again."""


class Broker:
    """One greenlet reads from the socket and calls the consumers; any may write (chassis.amqp.protocol.send)."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._uri: str = settings["AMQP_URI"]
        self._heartbeat: int = settings["HEARTBEAT"]
        self._subscribers: list[Subscriber] = []
        self.connected = Event()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber; it is called from the next connection on."""
        self._subscribers.append(subscriber)

    def run(self) -> None:
        """Keep the connection open forever; runs in a greenlet of its own."""
        while True:
            try:
                self._hold()
            except protocol.BROKER_ERRORS as error:
                _log.warning("no connection to the broker: %s", type(error).__name__)
            finally:
                self.connected.clear()
                for subscriber in self._subscribers:
                    subscriber.lost()
            gevent.sleep(RECONNECT)

    def _hold(self) -> None:
        alarms = {"on_blocked": self._on_blocked, "on_unblocked": self._on_unblocked}
        connection = Connection(
            self._uri, heartbeat=self._heartbeat, connect_timeout=CONNECT_TIMEOUT, transport_options=alarms
        )
        try:
            connection.connect()
            for subscriber in self._subscribers:
                subscriber.opened(connection.channel())
            self.connected.set()
            _log.info("connected to the broker")
            while True:
                connection.heartbeat_check()
                self._read(connection)
        finally:
            connection.collect()

    def _on_blocked(self, reason: str) -> None:
        _log.warning("the broker accepts no messages: %s", reason)
        for subscriber in self._subscribers:
            subscriber.alarm(active=True)

    def _on_unblocked(self) -> None:
        _log.info("the broker accepts messages again")
        for subscriber in self._subscribers:
            subscriber.alarm(active=False)

    def _read(self, connection: Connection) -> None:
        try:
            connection.drain_events(timeout=self._heartbeat / 4)
        except TimeoutError:
            return
