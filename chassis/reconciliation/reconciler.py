"""Finds events that a service did not receive, and puts them into the queues of its handlers.

Every few seconds each process asks the sources for references to the events that were logged since the last time, with
one call per source. Those that the process has handled are settled in memory. The others are awaited, in a table that
all processes of the service share, until the process that handled them removes them. What is not removed in time, while
the handler's queue is empty, was lost: the queue was deleted, or the broker lost it. It is fetched from the source and
put into the queue again, so that everything else is as usual: order, retries, dead letters, metrics.

An event may be put into the queue although it was handled, if a process is killed before it has stored that.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from nameko.exceptions import MethodNotFound, RemoteError

from chassis import clock
from chassis.amqp import protocol
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.events.handler import EventHandler
from chassis.observability import metrics
from chassis.reconciliation import store
from chassis.reconciliation.contract import (
    BATCH,
    EventReference,
    EventReferences,
    EventsAt,
    EventsSince,
    LoggedEvent,
    LoggedEvents,
)
from chassis.reconciliation.service_clock import ServiceClock
from chassis.reconciliation.store import Cursor
from chassis.rpc.client import RpcClient

GRACE = timedelta(seconds=4)  # an event that was not handled that long after it was read may be missing
RECOVERY_TIME = timedelta(seconds=20)  # after which an event that was put into the queue may be missing again
RUN_SECONDS = 10  # the next run continues
FORGET_AFTER = 60  # seconds: an event is in the log long before
OLD_SOURCE_PAUSE = 60  # seconds until a source without a log is asked again
MARK_LIFETIME = timedelta(hours=1)

_log = logging.getLogger(__name__)

IsEmpty = Callable[[EventHandler], bool]


class Reconciler:
    """Reconciles the handlers of one process. Raises nothing: the next run repeats what failed."""

    def __init__(self, handlers: Iterable[EventHandler], db: UnitOfWork, clock_skew: float, is_empty: IsEmpty) -> None:
        self._by_source: dict[str, list[EventHandler]] = defaultdict(list)
        # In one order in all processes of the service: else two that move the cursors in turn wait for each other.
        for handler in sorted(handlers, key=_key):
            self._by_source[handler.source_service].append(handler)
            metrics.RECOVERED_EVENTS.labels(handler.container.service_name, handler.method_name)  # 0 from the start
        self._db = db
        self._clock_skew = timedelta(seconds=clock_skew)
        self._is_empty = is_empty
        self._clocks: dict[str, ServiceClock] = defaultdict(ServiceClock)  # of the sources
        self._next_attempt: dict[str, float] = {}
        self._late: set[str] = set()  # sources whose log could not be read at the last attempt

    def run(self, rpc_client: RpcClient) -> None:
        """Read the logs of all sources, then recover what is missing."""
        deadline = time.monotonic() + RUN_SECONDS
        for source, handlers in self._by_source.items():
            if time.monotonic() < self._next_attempt.get(source, 0):
                continue
            try:
                self._report(handlers)  # also before a call that may take long: other processes wait for GRACE only
                self._read_log(rpc_client, source, handlers, deadline)
                self._recover(rpc_client, source, handlers, deadline)
                self._late.discard(source)
            except MethodNotFound:
                _log.info("%s is of a release without an event log", source)
                self._next_attempt[source] = time.monotonic() + OLD_SOURCE_PAUSE
            except (ServiceError, RemoteError, *protocol.BROKER_ERRORS) as error:
                # Not at the first failure: it is normal before the first connect and while the source restarts.
                if source in self._late:
                    _log.info("the events of %s will be reconciled later: %s", source, error)
                self._late.add(source)

    def now_at(self, source: str) -> datetime:
        """Return the current time by the clock of a source."""
        return self._clocks[source].now()

    def mark_handled(self) -> None:
        """Store what only the memory of this process knows, before it ends."""
        until = clock.now() + MARK_LIFETIME
        handlers = [handler for handlers in self._by_source.values() for handler in handlers]
        try:
            with self._db.write() as session:
                for handler in handlers:
                    store.mark_handled(session, _key(handler), handler.tracker.handled, until)
        except ServiceError as error:
            _log.warning("some events will be handled again: %s", error)

    def _read_log(self, rpc_client: RpcClient, source: str, handlers: Sequence[EventHandler], deadline: float) -> None:
        more = True
        while more and time.monotonic() < deadline:
            cursors = self._cursors(handlers)
            after = min(cursor.position for cursor in cursors.values())
            types = sorted({handler.event_type for handler in handlers})
            since = min(cursor.since for cursor in cursors.values()) if after == 0 else None
            request = EventsSince(types=types, after=after, since=since)
            sent_at = time.monotonic()
            page = rpc_client.call(f"{source}.events_since", request, EventReferences)
            if page.now is not None:
                self._clocks[source].measure(sent_at, page.now)
            if page.items or page.position != after:
                self._settle(handlers, cursors, after, page)
            more = page.more
        for handler in handlers:
            handler.tracker.forget_older(FORGET_AFTER)
        metrics.RECONCILED.labels(rpc_client.service, source).set_to_current_time()

    def _cursors(self, handlers: Sequence[EventHandler]) -> dict[str, Cursor]:
        keys = [_key(handler) for handler in handlers]
        with self._db.read() as session:
            cursors = store.cursors(session, keys)
        if len(cursors) < len(keys):
            with self._db.write() as session:
                for key in keys:
                    store.create_cursor(session, key, clock.now() - self._clock_skew)
                cursors = store.cursors(session, keys)
        return cursors

    def _settle(
        self, handlers: Sequence[EventHandler], cursors: dict[str, Cursor], after: int, page: EventReferences
    ) -> None:
        """Await what this process has not handled, and move the cursors, in one transaction."""
        settled: list[tuple[EventHandler, list[str]]] = []
        with self._db.write() as session:
            for handler in handlers:
                key = _key(handler)
                position = cursors[key].position
                # A log that ends before the cursors was restored from a backup, and is read again.
                target = 0 if page.position < after else max(position, page.position)
                if target == position or not store.advance(session, key, position, target):
                    continue
                new = [item for item in page.items if item.type == handler.event_type and item.position > position]
                handled = set(handler.tracker.handled)
                store.add(session, key, _unhandled(new, handled), clock.now() + GRACE)
                settled.append((handler, [item.id for item in new if item.id in handled]))
        for handler, ids in settled:
            handler.tracker.forget(ids)

    def _recover(self, rpc_client: RpcClient, source: str, handlers: Sequence[EventHandler], deadline: float) -> None:
        for handler in self._report(handlers):
            self._fetch_missing(rpc_client, source, handler, deadline)

    def _report(self, handlers: Sequence[EventHandler]) -> list[EventHandler]:
        """Stop awaiting what this process has handled, and await longer what it is handling.

        Return the handlers for which events were awaited.
        """
        with self._db.read() as session:
            keys = store.waiting_handlers(session, [_key(handler) for handler in handlers])
        waiting = [handler for handler in handlers if _key(handler) in keys]
        for handler in waiting:
            now = clock.now()
            with self._db.write() as session:
                removed = store.remove(session, _key(handler), handler.tracker.handled)
                store.postpone(session, _key(handler), handler.tracker.busy(), now + GRACE)
                store.remove_old_marks(session, _key(handler), now)
            handler.tracker.forget(removed)
        return waiting

    def _fetch_missing(self, rpc_client: RpcClient, source: str, handler: EventHandler, deadline: float) -> None:
        queue_was_empty = False
        while time.monotonic() < deadline:
            now = clock.now()
            with self._db.read() as session:
                if not store.is_missing(session, _key(handler), now):
                    return
            queue_was_empty = queue_was_empty or (not handler.tracker.running and self._is_empty(handler))
            if not queue_was_empty:
                return
            with self._db.write() as session:
                missing = store.claim_missing(session, _key(handler), now, now + RECOVERY_TIME, BATCH)
            if missing:
                request = EventsAt(positions=sorted(missing))
                found = rpc_client.call(f"{source}.events_at", request, LoggedEvents).items
                self._put(handler, found)
                self._give_up(handler, missing.keys() - {event.position for event in found}, missing)

    @staticmethod
    def _put(handler: EventHandler, events: Sequence[LoggedEvent]) -> None:
        service, method = handler.container.service_name, handler.method_name
        for event in events:
            handler.queue_consumer.put(
                protocol.dumps(event.payload),
                handler.queue,
                application_headers=event.headers,
                message_id=event.id,
                **protocol.JSON,
            )
            _log.warning("%s.%s did not receive %s and gets it again", service, method, event.id)
            metrics.RECOVERED_EVENTS.labels(service, method).inc()

    def _give_up(self, handler: EventHandler, positions: Iterable[int], missing: dict[int, str]) -> None:
        expired = [missing[position] for position in positions]
        if not expired:
            return
        _log.error("%d lost event(s) of %s have expired: %s", len(expired), _key(handler), ", ".join(expired))
        with self._db.write() as session:
            store.remove(session, _key(handler), expired)


def _key(handler: EventHandler) -> str:
    name: str = handler.queue.name
    return name


def _unhandled(items: Sequence[EventReference], handled: set[str]) -> list[tuple[str, int]]:
    return [(item.id, item.position) for item in items if item.id not in handled]
