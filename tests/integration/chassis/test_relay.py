"""The outbox relay, on both databases; its connection goes by a wire that tests cut and freeze."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, insert, select

from chassis import clock
from chassis.amqp import message_headers, publisher
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.db import outbox, outbox_relay, tables
from chassis.errors import Conflict
from chassis.ids import new_id
from tests.integration.chassis.brokers import Stranger, Wire
from tests.integration.chassis.conftest import Until
from tests.integration.chassis.kitchen import Kitchen, PostgreSQL, SQLite
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import Rpc

ON_SQLITE = pytest.mark.parametrize("silent", [SQLite], indirect=True, ids=["sqlite"])  # slow, and no matter of SQL


class House:
    """A kitchen, its outbox, and somebody who listens; nothing runs before `start`."""

    until: Until

    def __init__(self, kitchen: type[Kitchen], engine: Engine, rpc: Rpc, stranger: Stranger) -> None:
        self.kitchen = kitchen
        self.stranger = stranger
        self._engine = engine
        self._rpc = rpc
        self._heard: list[int] = []
        self._queue = ""

    def start(self) -> ServiceRunner:
        """Run the kitchen."""
        runner = self.run(self.kitchen)
        runner.start()
        return runner

    run: Callable[..., ServiceRunner]

    def make(self, cups: int, method: str = "make", **more: Any) -> None:
        """Call the kitchen: `make(3)`, `make(3, "many")`, `make(3, loudly=False)`."""
        self._rpc(f"{self.kitchen.name}.{method}", cups=cups, **more)

    def listen(self) -> None:
        """Bind a queue from now on, to be read by `heard`."""
        self._queue = self.stranger.listen(self.kitchen.name, "tea_made")

    def heard(self) -> list[int]:
        """Return everything that reached the queue so far, in order."""
        while self.stranger.depth(self._queue):
            self._heard.append(json.loads(self.stranger.get(self._queue).body)["cups"])
        return self._heard

    def rows(self) -> list[Any]:
        """Read the outbox."""
        with self._engine.begin() as connection:
            return list(connection.execute(select(tables.outbox).order_by(tables.outbox.c.id)))

    def leave(self, cups: int, seconds: float) -> None:
        """Leave a row as a process leaves it that died: `seconds` until its lease runs out."""
        moment = clock.now()
        row = {"id": new_id(), "type": "tea_made", "durable": True, "payload": {"cups": cups}, "request_id": "-"}
        row |= {"created_at": moment, "leased_until": moment + timedelta(seconds=seconds)}
        with self._engine.begin() as connection:
            connection.execute(insert(tables.outbox).values(row))


@pytest.fixture(params=[SQLite, PostgreSQL], ids=["sqlite", "postgresql"])
def silent(  # noqa: PLR0913, PLR0917 - all that a house is made of
    request: pytest.FixtureRequest,
    databases: Databases,
    settings: dict[str, Any],
    runner_factory: Callable[..., ServiceRunner],
    rpc: Rpc,
    stranger: Stranger,
    until: Until,
) -> House:
    """A house to whose tea nobody listens."""
    house = House(request.param, databases.empty(request.param.name), rpc, stranger)
    house.run = lambda kitchen: runner_factory(settings, kitchen)
    house.until = until
    return house


@pytest.fixture
def house(silent: House) -> House:
    silent.listen()
    return silent


def test_an_event_is_published_after_the_commit_and_leaves_the_outbox(house: House) -> None:
    house.start()
    started = time.monotonic()
    house.make(1)
    house.until(house.heard)
    assert time.monotonic() - started < 1.5, "it was woken by the commit, not by the clock"
    house.until(lambda: house.rows() == [])
    assert house.heard() == [1]


def test_nothing_is_published_of_a_transaction_that_failed(house: House) -> None:
    house.start()
    with pytest.raises(Conflict):
        house.make(1, "spill")
    house.make(2)
    house.until(house.heard)
    assert house.heard() == [2]
    house.until(lambda: house.rows() == [])


def test_an_event_says_who_signed_it_and_which_request_it_came_of(house: House, settings: dict[str, Any]) -> None:
    queue = house.stranger.listen(house.kitchen.name, "#")
    house.start()
    house.make(1)
    message = house.stranger.get(queue)
    headers = message.properties["application_headers"]
    token = headers[message_headers.PREFIX + message_headers.AUTH_TOKEN]
    signer = tokens.verify(token, "events", keyring.from_config(settings), subject=message.properties["message_id"])
    assert signer == Caller(house.kitchen.name)
    assert len(headers["nameko.request_id"]) == 36
    assert message.properties["delivery_mode"] == 2


def test_many_events_go_out_in_order_and_once(house: House) -> None:
    house.start()
    house.make(outbox_relay.BATCH * 2 + 50, "many")
    house.until(lambda: house.rows() == [])
    assert house.heard() == list(range(outbox_relay.BATCH * 2 + 50))


def test_with_the_broker_away_a_write_is_answered_and_the_event_goes_out_once_when_it_is_back(
    relay_wire: Wire, house: House
) -> None:
    relay_wire.cut()
    house.start()
    for cups in range(3):
        house.make(cups)
    assert len(house.rows()) == 3
    assert house.heard() == []
    relay_wire.mend()
    house.until(lambda: house.rows() == [])
    assert sorted(house.heard()) == [0, 1, 2]


def test_a_broker_that_went_away_in_between_is_found_again(relay_wire: Wire, house: House) -> None:
    house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    relay_wire.drop()
    house.make(2)
    house.until(lambda: house.rows() == [])
    assert set(house.heard()) == {1, 2}


def test_a_paused_broker_does_not_hold_the_relay_for_ever_and_nothing_is_lost(
    relay_wire: Wire, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publisher, "CONFIRM_TIMEOUT", 0.3)
    house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    relay_wire.freeze()
    started = time.monotonic()
    house.make(2)
    assert time.monotonic() - started < 1.5, "the service goes on"
    house.until(lambda: "the outbox waits: TimeoutError" in caplog.text)
    assert len(house.rows()) == 1
    relay_wire.thaw()
    house.until(lambda: house.rows() == [])
    assert set(house.heard()) == {1, 2}


def test_a_row_leaves_the_outbox_only_after_the_confirm(relay_wire: Wire, house: House) -> None:
    house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    relay_wire.freeze(to_broker=False)
    house.make(2)
    house.until(lambda: house.heard() == [1, 2])
    assert len(house.rows()) == 1, "the broker has it, and did not say so yet"
    relay_wire.thaw()
    house.until(lambda: house.rows() == [])
    assert house.heard() == [1, 2]


def test_a_durable_event_that_nobody_listens_to_stays_and_goes_out_once_somebody_does(
    silent: House, caplog: pytest.LogCaptureFixture
) -> None:
    house = silent
    house.start()
    house.make(1)
    house.until(lambda: "nobody listens to tea_made yet: 1 event(s)" in caplog.text)
    assert len(house.rows()) == 1
    queue = house.stranger.listen(house.kitchen.name, "tea_made")
    house.until(lambda: house.rows() == [])
    assert json.loads(house.stranger.get(queue).body) == {"cups": 1}
    assert house.stranger.depth(queue) == 0


def test_a_hint_that_nobody_listens_to_is_dropped(house: House) -> None:
    house.start()
    house.make(1, loudly=False)
    house.until(lambda: house.rows() == [])


def test_a_hint_is_transient(house: House) -> None:
    queue = house.stranger.listen(house.kitchen.name, "smelled")
    house.start()
    house.make(1, loudly=False)
    assert house.stranger.get(queue).properties["delivery_mode"] == 1


def test_what_a_dead_process_left_is_taken_over_when_its_lease_runs_out(
    house: House,
) -> None:
    house.leave(1, -1)
    house.leave(2, 0.8)
    house.leave(3, 60)
    started = time.monotonic()
    house.start()
    house.until(lambda: house.heard() == [1])
    house.until(lambda: house.heard() == [1, 2])
    assert time.monotonic() - started > 0.6
    house.until(lambda: [row.payload["cups"] for row in house.rows()] == [3])


def test_a_backlog_is_worked_off_without_pauses(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_relay, "SWEEP", 60)
    monkeypatch.setattr(outbox_relay, "BATCH", 3)
    for cups in range(10):
        house.leave(cups, -1)
    house.start()
    house.until(lambda: house.heard() == list(range(10)))


def test_a_row_that_was_taken_over_meanwhile_is_not_published_from_memory_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(seconds=0.3))
    house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    assert house.heard() == [1]


@ON_SQLITE
def test_what_the_last_calls_committed_goes_out_before_the_end(relay_wire: Wire, house: House) -> None:
    runner = house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    relay_wire.freeze()
    house.make(outbox_relay.BATCH + 10, "many")
    end = eventlet.spawn(runner.stop)
    eventlet.sleep(0.1)
    relay_wire.thaw()
    end.wait()
    assert house.rows() == []
    assert len(house.heard()) == outbox_relay.BATCH + 11


@ON_SQLITE
def test_with_the_broker_away_the_end_comes_all_the_same_and_the_outbox_keeps_everything(
    relay_wire: Wire, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "PATIENCE", timedelta(seconds=1))
    relay_wire.cut()
    runner = house.start()
    house.make(1)
    with eventlet.Timeout(8):
        runner.stop()
    assert len(house.rows()) == 1


@ON_SQLITE
def test_an_idle_connection_is_kept_alive(relay_wire: Wire, house: House, settings: dict[str, Any]) -> None:
    settings["HEARTBEAT"] = 1
    house.start()
    house.make(1)
    house.until(lambda: house.rows() == [])
    connections = relay_wire.accepted
    started = time.monotonic()
    house.until(lambda: time.monotonic() - started > 3)
    house.make(2)
    house.until(lambda: house.rows() == [])
    assert relay_wire.accepted == connections
