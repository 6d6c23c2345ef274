"""Dead letters: what operators see of parked events, and how they replay and discard them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from prometheus_client import REGISTRY

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import is_id
from chassis.errors import Forbidden, Invalid, ServiceError, Unavailable
from chassis.events import dead_letters
from chassis.events.contract import ReplayParked
from chassis.events.dead_letters import DeadLetters
from chassis.events.topology import handler_queues
from chassis.ids import new_id
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import ORDER_ID, PublishEvent, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, fail, succeed
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.support.tcp_proxy import TcpProxy

PARKED = "parked.evt-orders-order_placed--invoices.on_order_placed"
HANDLER: dict[str, Any] = {"handler": "on_order_placed"}

Park = Callable[..., list[str]]


class Operator:
    """Calls methods of the invoices service as an operator."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def __call__(self, method: str, **arguments: Any) -> dict[str, Any]:
        return dict(self._rpc(f"invoices.{method}", OPERATOR, **arguments))

    def overview(self) -> dict[str, Any]:
        """Return what operators see of the service's only handler."""
        (handler,) = self("parked")["handlers"]
        return dict(handler)

    def oldest(self, field: str) -> list[Any]:
        """Return a field of the oldest parked events."""
        return [event[field] for event in self.overview()["oldest"]]


@pytest.fixture
def operator(rpc: Rpc) -> Operator:
    return Operator(rpc)


@pytest.fixture(autouse=True)
def no_retries(settings: Settings) -> None:
    settings["retry"]["delays"] = []


@pytest.fixture
def park(start: Start, publish_event: PublishEvent, raw_client: RawAmqpClient, until: Until) -> Park:
    """Have events parked in this order, and return their ids. From then on the handler succeeds."""

    def park(*quantities: object) -> list[str]:
        SampleInvoices.handle = fail
        start(SampleInvoices)
        ids = []
        for quantity in quantities:
            ids.append(publish_event(quantity))
            until(lambda: raw_client.depth(PARKED) == len(ids))
        SampleInvoices.received.clear()
        SampleInvoices.handle = succeed
        return ids

    return park


def test_operator_sees_which_events_are_parked_and_why_without_their_content(
    park: Park, operator: Operator, raw_client: RawAmqpClient
) -> None:
    before = clock.now().replace(microsecond=0)
    first, second = park(1, 2)
    handler = operator.overview()
    oldest = handler.pop("oldest")
    assert handler == {"handler": "on_order_placed", "event": "order_placed", "parked": 2, "waiting": 0}
    assert before.isoformat() <= oldest[0].pop("since") <= clock.now().isoformat()
    ids = {"order_id": ORDER_ID}
    assert oldest[0] == {"event_id": first, "error": "no_printer", "attempts": 1, "request_id": "r-1", "ids": ids}
    assert oldest[1]["event_id"] == second
    assert raw_client.depth(PARKED) == 2


def test_events_that_wait_for_a_retry_are_counted(
    start: Start,
    publish_event: PublishEvent,
    until: Until,
    settings: Settings,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exported(state: str) -> float | None:
        labels = {"service": "invoices", "queue": PARKED.removeprefix("parked."), "state": state}
        return REGISTRY.get_sample_value("baraza_waiting_events", labels)

    monkeypatch.setattr(dead_letters, "MEASURE_INTERVAL", 0.2)
    settings["retry"]["delays"] = [600, 900]
    SampleInvoices.handle = fail
    start(SampleInvoices)
    publish_event(1)
    until(lambda: operator.overview()["waiting"] == 1)
    assert operator.overview()["parked"] == 0
    until(lambda: [exported(state) for state in ("ready", "retrying", "parked")] == [0, 1, 0])


def test_replayed_event_is_handled_once_and_its_attempts_start_at_zero(
    park: Park, operator: Operator, until: Until, raw_client: RawAmqpClient
) -> None:
    park(1, 2, 3)
    assert operator("replay_parked", **HANDLER, limit=2) == {"moved": 2, "left": 1}
    until(lambda: SampleInvoices.received == [1, 2])
    SampleInvoices.handle = fail
    assert operator("replay_parked", **HANDLER) == {"moved": 1, "left": 0}
    until(lambda: raw_client.depth(PARKED) == 1)
    assert SampleInvoices.received == [1, 2, 3]
    assert operator.oldest("attempts") == [1]


def test_one_event_is_replayed_and_the_others_keep_their_order(park: Park, operator: Operator, until: Until) -> None:
    first, second, third = park(1, 2, 3)
    assert operator("replay_parked", **HANDLER, event_id=second) == {"moved": 1, "left": 2}
    until(lambda: SampleInvoices.received == [2])
    assert operator("replay_parked", **HANDLER, event_id=new_id()) == {"moved": 0, "left": 2}
    assert operator.oldest("event_id") == [first, third]


def test_malformed_event_is_listed_and_parked_again_after_a_replay(
    park: Park, operator: Operator, until: Until, raw_client: RawAmqpClient
) -> None:
    park("many", 1)
    assert operator.oldest("error") == ["invalid", "no_printer"]
    operator("replay_parked", **HANDLER)
    until(lambda: SampleInvoices.received == [1])
    until(lambda: raw_client.depth(PARKED) == 1)
    assert operator.oldest("error") == ["invalid"]


def test_events_are_discarded_one_at_a_time_and_logged(
    park: Park, operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = park(1, 2, 3)
    assert operator("discard_parked", **HANDLER) == {"moved": 1, "left": 2}
    assert operator("discard_parked", **HANDLER, event_id=third) == {"moved": 1, "left": 1}
    assert operator.oldest("event_id") == [second]
    assert all(event_id in caplog.text for event_id in (first, third))
    assert SampleInvoices.received == []


@pytest.mark.parametrize("method", ["parked", "replay_parked", "discard_parked"])
def test_only_operators_have_access_to_dead_letters(start: Start, rpc: Rpc, method: str) -> None:
    start(SampleInvoices)
    arguments = {} if method == "parked" else HANDLER
    for caller in (Caller("gateway"), Caller("gateway", user=new_id(), staff=True)):
        with pytest.raises(Forbidden):
            rpc(f"invoices.{method}", caller, **arguments)


def test_unknown_handler_is_rejected_with_the_known_ones(start: Start, rpc: Rpc) -> None:
    start(SampleInvoices)
    with pytest.raises(Invalid, match="on_order_placed") as error:
        rpc("invoices.replay_parked", OPERATOR, handler="on_order_burned")
    assert error.value.errors[0]["field"] == "handler"


def test_event_stays_parked_if_the_queue_of_its_handler_does_not_exist(
    settings: Settings, raw_client: RawAmqpClient, until: Until
) -> None:
    missing = handler_queues(SampleInvoices)["on_order_placed"]
    missing.name = "evt-removed"
    raw_client.put("parked.evt-removed", b"{}")
    with pytest.raises(Unavailable):
        DeadLetters(settings["AMQP_URI"], {"removed": missing}, []).replay(ReplayParked(handler="removed"))
    until(lambda: raw_client.depth("parked.evt-removed") == 1)


def test_replay_that_loses_its_connection_loses_no_event(
    park: Park, broker_proxy: TcpProxy, raw_client: RawAmqpClient, until: Until
) -> None:
    quantities = list(range(40))
    park(*quantities)

    def handle(invoices: SampleInvoices, _event: OrderPlaced) -> None:
        if len(invoices.received) == 10:
            broker_proxy.drop()

    SampleInvoices.handle = handle
    with pytest.raises(Unavailable):
        DeadLetters(broker_proxy.uri, handler_queues(SampleInvoices), []).replay(ReplayParked(**HANDLER, limit=1000))
    still_parked: list[int] = []

    def nothing_is_missing() -> bool:  # the broker returns unacknowledged messages when it notices the loss
        bodies = [raw_client.get(PARKED).body for _ in range(raw_client.depth(PARKED))]
        still_parked.extend(json.loads(body)["quantity"] for body in bodies)
        return {*SampleInvoices.received, *still_parked} == set(quantities)

    until(nothing_is_missing)
    assert still_parked


def test_command_times_out_if_the_broker_does_not_reply(
    park: Park, broker_proxy: TcpProxy, raw_client: RawAmqpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "COMMAND_TIMEOUT", 0.3)
    park(1)
    broker_proxy.freeze(to_server=False)
    with eventlet.Timeout(20), pytest.raises(ServiceError):
        DeadLetters(broker_proxy.uri, handler_queues(SampleInvoices), []).replay(ReplayParked(**HANDLER))
    assert is_id(raw_client.get(PARKED).properties["message_id"])


def test_events_about_an_erased_account_are_deleted_and_others_keep_their_order(
    park: Park, operator: Operator, settings: Settings, raw_client: RawAmqpClient
) -> None:
    kept = park(1, 2)
    user = new_id()
    for body in (f'{{"author_id":"{user}","text":"words"}}', f'["{user}"', '{"order_id":"x"}'):
        raw_client.put(PARKED, body.encode())
    DeadLetters(settings["AMQP_URI"], handler_queues(SampleInvoices), []).erase(user)
    assert operator.overview()["parked"] == 3
    assert [event["event_id"] for event in operator.overview()["oldest"]] == [*kept, None]


def test_erasures_at_the_same_time_delete_the_events_of_all_their_accounts(
    park: Park, settings: Settings, raw_client: RawAmqpClient
) -> None:
    park()
    users = [new_id() for _ in range(10)]
    for user in users:
        raw_client.put(PARKED, user.encode())
    letters = DeadLetters(settings["AMQP_URI"], handler_queues(SampleInvoices), [])
    for greenlet in [eventlet.spawn(letters.erase, user) for user in users]:
        greenlet.wait()
    assert raw_client.depth(PARKED) == 0


def test_events_that_were_parked_before_a_time_expire(
    park: Park, operator: Operator, settings: Settings, until: Until, publish_event: PublishEvent
) -> None:
    park(1)
    second_begins = clock.now().replace(microsecond=0) + timedelta(seconds=1)
    until(lambda: clock.now() >= second_begins)
    SampleInvoices.handle = fail
    event_id = publish_event(2)
    until(lambda: operator.overview()["parked"] == 2)
    DeadLetters(settings["AMQP_URI"], handler_queues(SampleInvoices), []).expire(second_begins)
    assert [event["event_id"] for event in operator.overview()["oldest"]] == [event_id]
