"""The services in the process of the test, over a real RabbitMQ."""

from collections.abc import Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer, WorkerContext
from nameko.testing.services import entrypoint_waiter

from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, NotFound
from chassis.ids import new_id
from orders.contract import OrderPlaced
from tests.integration.conftest import UNTIL_TIMEOUT
from tests.integration.support.rpc import Rpc

SHOP = Caller("shop")

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture
def publisher(settings: dict[str, Any]) -> Iterator[BatchPublisher]:
    """Publishes events of orders, as its outbox does."""
    publisher = BatchPublisher(settings["AMQP_URI"], 10, "orders", keyring.from_config(settings))
    yield publisher
    publisher.close()


def envelope(order_id: str) -> Envelope:
    event = OrderPlaced(order_id=order_id, item="tea", quantity=2)
    return Envelope(new_id(), event.type, durable=True, payload=event.model_dump(), request_id="-")


def test_order_can_be_read_after_it_was_placed(rpc: Rpc) -> None:
    order = rpc("orders.place", SHOP, item="tea", quantity=2)
    assert (order["item"], order["quantity"]) == ("tea", 2)
    assert rpc("orders.get", SHOP, id=order["id"]) == order


def test_repeated_call_with_the_same_key_returns_the_same_order(rpc: Rpc) -> None:
    orders = [rpc("orders.place", SHOP, request_key="k-1", item="tea", quantity=2) for _ in range(2)]
    assert orders[0] == orders[1]


def test_invalid_order_is_rejected_with_the_names_of_its_fields(rpc: Rpc) -> None:
    with pytest.raises(Invalid) as error:
        rpc("orders.place", SHOP, item="", quantity="two")
    assert {field["field"] for field in error.value.errors} == {"item", "quantity"}


def test_other_services_must_not_place_orders(rpc: Rpc) -> None:
    with pytest.raises(Forbidden):
        rpc("orders.place", Caller("invoices"), item="tea", quantity=2)


def test_unknown_order_is_not_found(rpc: Rpc) -> None:
    with pytest.raises(NotFound):
        rpc("orders.get", SHOP, id=new_id())


def test_placed_order_gets_an_invoice(rpc: Rpc, invoices: ServiceContainer) -> None:
    with entrypoint_waiter(invoices, "on_order_placed", timeout=UNTIL_TIMEOUT):
        order = rpc("orders.place", SHOP, item="tea", quantity=2)
    assert rpc("invoices.get", SHOP, order_id=order["id"]) == {"order_id": order["id"], "total": 500}


def test_event_that_is_delivered_twice_creates_one_invoice(
    rpc: Rpc, invoices: ServiceContainer, publisher: BatchPublisher
) -> None:
    order_id = new_id()
    event = envelope(order_id)
    for _ in range(2):
        with entrypoint_waiter(invoices, "on_order_placed", timeout=UNTIL_TIMEOUT) as result:
            publisher.publish([event])
        assert result.get() is None, "the handler did not fail"
    assert rpc("invoices.get", SHOP, order_id=order_id)["total"] == 500


def test_orders_that_wait_are_packed_together(rpc: Rpc, warehouse: ServiceContainer, publisher: BatchPublisher) -> None:
    ids = [new_id() for _ in range(10)]
    sizes: list[int] = []

    def all_packed(context: WorkerContext, _result: None, _error: None) -> bool:
        sizes.append(len(context.args[0]))
        return sum(sizes) == len(ids)

    with entrypoint_waiter(warehouse, "on_order_placed", callback=all_packed, timeout=UNTIL_TIMEOUT):
        publisher.publish([envelope(id_) for id_ in ids])
    assert len(sizes) < len(ids)
    for id_ in ids:
        assert rpc("warehouse.get", SHOP, order_id=id_) == {"order_id": id_, "item": "tea", "quantity": 2}
