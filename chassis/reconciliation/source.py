"""Serves the event log of a service to its consumers."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp import publisher
from chassis.amqp.envelope import Envelope
from chassis.auth import keyring
from chassis.auth.keyring import Keyring
from chassis.db.outbox import event_log
from chassis.provider import SharedProvider
from chassis.reconciliation.contract import (
    EventReference,
    EventReferences,
    EventsAt,
    EventsSince,
    LoggedEvent,
    LoggedEvents,
)


class EventLog:
    """Reads the event log, and signs the events in it again."""

    def __init__(self, service: str, ring: Keyring) -> None:
        self._service = service
        self._ring = ring

    @staticmethod
    def since(session: Session, request: EventsSince) -> EventReferences:
        """Return references to events; the position includes events of other types."""
        newest = event_log.newest(session)  # before the events, so that none is skipped
        rows = event_log.read(session, request.types, request.after, request.since, request.limit)
        more = len(rows) == request.limit
        last = rows[-1].position if rows else 0
        items = [EventReference(position=row.position, id=row.event_id, type=row.type) for row in rows]
        return EventReferences(items=items, position=last if more else max(newest, last), more=more, now=clock.now())

    def at(self, session: Session, request: EventsAt) -> LoggedEvents:
        """Return events with the headers of a message."""
        return LoggedEvents(items=[self._event(row) for row in event_log.at(session, request.positions)])

    def _event(self, row: Row[Any]) -> LoggedEvent:
        envelope = Envelope(row.event_id, row.type, True, row.payload, row.request_id, row.traceparent)  # noqa: FBT003
        headers = publisher.headers(envelope, self._service, self._ring)
        return LoggedEvent(id=row.event_id, position=row.position, payload=row.payload, headers=headers)


class EventLogProvider(SharedProvider[EventLog]):
    """Provides EventLog."""

    def create(self) -> EventLog:
        """Read the settings."""
        return EventLog(self.container.service_name, keyring.from_config(self.container.config))
