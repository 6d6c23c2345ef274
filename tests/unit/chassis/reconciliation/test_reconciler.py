"""The order in which the reconciler moves cursors, and what it logs while a source cannot be read."""

import logging
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import Mock

import pytest

from chassis import clock
from chassis.errors import Unavailable
from chassis.events.tracker import EventTracker
from chassis.reconciliation import store
from chassis.reconciliation.contract import EventReferences
from chassis.reconciliation.reconciler import Reconciler
from chassis.reconciliation.store import Cursor

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")

LATER = "the events of feeds will be reconciled later"


class BrokenDatabase:
    def read(self) -> NoReturn:
        raise Unavailable("The database is unavailable.")


class NoDatabase:
    """A database for the fakes of `store`."""

    read = write = nullcontext


def handler(queue: str) -> Any:
    return SimpleNamespace(
        source_service="feeds",
        container=SimpleNamespace(service_name="notifications"),
        event_type="post_created",
        method_name="on_post_created",
        queue=SimpleNamespace(name=queue),
        tracker=EventTracker(),
    )


def reconciler_of(handlers: list[Any], database: Any) -> Reconciler:
    return Reconciler(handlers, database, 0, lambda _handler: True)


@pytest.fixture
def reconciler() -> Reconciler:
    """Return one that cannot read the log of feeds."""
    return reconciler_of([handler("queue")], BrokenDatabase())


def test_processes_move_the_cursors_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each locks them one after the other, so in different orders two would wait for each other."""
    moved: list[str] = []
    start = Cursor(1, clock.now())
    monkeypatch.setattr(store, "cursors", lambda _session, names: dict.fromkeys(names, start))
    monkeypatch.setattr(store, "advance", lambda _session, name, _before, _after: moved.append(name))
    monkeypatch.setattr(store, "waiting_handlers", lambda _session, _names: set())
    page = EventReferences(items=[], position=2, more=False)
    rpc: Any = SimpleNamespace(service="notifications", call=lambda *_: page)
    for names in ("abc", "cab"):
        reconciler_of([handler(name) for name in names], NoDatabase()).run(rpc)
    assert moved == [*"abcabc"]


def test_handled_events_are_reported_before_and_after_the_log_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may take longer than other processes wait for the report."""
    steps: list[str] = []

    def remove(*_: object) -> list[str]:
        steps.append("report")
        return []

    def call(*_: object) -> EventReferences:
        steps.append("read")
        return EventReferences(items=[], position=1, more=False)

    monkeypatch.setattr(store, "cursors", lambda _session, names: dict.fromkeys(names, Cursor(1, clock.now())))
    monkeypatch.setattr(store, "waiting_handlers", lambda _session, names: set(names))
    monkeypatch.setattr(store, "remove", remove)
    for name in ("postpone", "remove_old_marks", "is_missing"):
        monkeypatch.setattr(store, name, Mock(return_value=False))
    rpc: Any = SimpleNamespace(service="notifications", call=call)
    reconciler_of([handler("a")], NoDatabase()).run(rpc)
    assert steps == ["report", "read", "report"]


def test_only_the_second_failure_in_a_row_is_logged(reconciler: Reconciler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    reconciler.run(SimpleNamespace())  # type: ignore[arg-type]
    assert LATER not in caplog.text
    reconciler.run(SimpleNamespace())  # type: ignore[arg-type]
    assert LATER in caplog.text
