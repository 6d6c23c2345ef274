"""The outbox relay while its connection to the broker is cut or frozen, on SQLite and PostgreSQL."""

import time
from datetime import timedelta

import eventlet
import pytest

from chassis.amqp import publisher
from chassis.db.outbox import relay
from tests.integration.chassis.conftest import ON_SQLITE
from tests.integration.chassis.db.outbox.conftest import Outbox
from tests.integration.conftest import Settings, Until
from tests.integration.support.tcp_proxy import TcpProxy


def test_write_succeeds_while_the_broker_is_down_and_its_event_follows(
    relay_proxy: TcpProxy, orders: Outbox, until: Until
) -> None:
    relay_proxy.cut()
    orders.start()
    for quantity in (1, 2, 3):
        orders.place(quantity)
    assert len(orders.rows()) == 3
    assert orders.received() == []
    relay_proxy.restore()
    until(orders.empty)
    assert orders.received() == [1, 2, 3]


def test_relay_reconnects_after_a_lost_connection(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.drop()
    orders.place(2)
    until(orders.empty)
    assert set(orders.received()) == {1, 2}


def test_event_of_a_failed_batch_is_not_overtaken_by_later_ones(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(relay, "SWEEP_INTERVAL", 2)
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.cut()
    orders.place(2)
    until(lambda: "the outbox relay failed" in caplog.text)
    relay_proxy.restore()
    for quantity in (3, 4, 5):
        orders.place(quantity)
    until(orders.empty)
    assert orders.received() == [1, 2, 3, 4, 5]


def test_events_of_an_outage_are_published_in_the_order_of_commits(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(relay, "SWEEP_INTERVAL", 2)
    monkeypatch.setattr(relay, "BATCH", 3)
    monkeypatch.setattr(relay, "MAX_IN_MEMORY", 5)
    relay_proxy.cut()
    orders.start()
    placed = list(range(1, 41))
    for quantity in placed[:20]:
        orders.place(quantity)
    until(lambda: caplog.text.count("the outbox relay failed") >= 2)
    relay_proxy.restore()
    for quantity in placed[20:]:
        orders.place(quantity)
    until(orders.empty)
    assert orders.received() == placed


def test_rows_of_a_relay_that_has_no_broker_are_published_by_another(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay_proxy.cut()
    orders.start()
    orders.place(1)
    until(lambda: "the outbox relay failed" in caplog.text)
    monkeypatch.setattr(relay, "BatchPublisher", publisher.BatchPublisher)
    started = time.monotonic()
    orders.start()
    until(orders.received)
    assert time.monotonic() - started < 6, "the lease was given back"


def test_relay_waits_only_seconds_for_a_paused_broker_and_loses_nothing(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(publisher, "CONFIRM_TIMEOUT", 0.3)
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze()
    started = time.monotonic()
    orders.place(2)
    assert time.monotonic() - started < 5, "calls do not wait for the relay"
    until(lambda: "the outbox relay failed and will retry: TimeoutError" in caplog.text)
    assert len(orders.rows()) == 1
    relay_proxy.thaw()
    until(orders.empty)
    assert set(orders.received()) == {1, 2}


def test_row_leaves_the_outbox_only_after_the_confirm(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze(to_server=False)
    orders.place(2)
    until(lambda: orders.received() == [1, 2])
    assert len(orders.rows()) == 1, "the confirm has not arrived"
    relay_proxy.thaw()
    until(orders.empty)
    assert orders.received() == [1, 2]


@ON_SQLITE
def test_stopping_service_publishes_its_remaining_events(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    runner = orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze()
    orders.place(relay.BATCH + 10, "place_many")
    stopping = eventlet.spawn(runner.stop)
    eventlet.sleep(0.1)
    relay_proxy.thaw()
    stopping.wait()
    assert orders.empty()
    assert len(orders.received()) == relay.BATCH + 11


@ON_SQLITE
def test_service_stops_while_the_broker_is_down_and_keeps_its_events(
    relay_proxy: TcpProxy, orders: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PUBLISH_TIMEOUT", timedelta(seconds=1))
    relay_proxy.cut()
    runner = orders.start()
    orders.place(1)
    with eventlet.Timeout(20):
        runner.stop()
    assert len(orders.rows()) == 1


@ON_SQLITE
def test_idle_connection_is_kept_alive_by_heartbeats(
    relay_proxy: TcpProxy, orders: Outbox, until: Until, settings: Settings
) -> None:
    settings["HEARTBEAT"] = 2  # with 1, RabbitMQ drops the connections of a busy machine too
    orders.start()
    orders.place(1)
    until(orders.empty)
    connections = relay_proxy.accepted
    started = time.monotonic()
    until(lambda: time.monotonic() - started > 6)
    orders.place(2)
    until(orders.empty)
    assert relay_proxy.accepted == connections
