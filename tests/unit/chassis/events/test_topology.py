from typing import ClassVar

from nameko.events import event_handler as nameko_event_handler

from chassis.contract import Event
from chassis.events.handler import event_handler
from chassis.events.topology import module_queues
from feeds.service import FeedsService

IMPORTED = FeedsService  # has a handler too
QUEUE = "evt-orders-order_placed--invoices.on_order_placed"


class OrderPlaced(Event):
    source: ClassVar[str] = "orders"
    type: ClassVar[str] = "order_placed"


class InvoicesService:
    name = "invoices"

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None: ...

    @nameko_event_handler("orders", "other")
    def on_other(self, body: object) -> None: ...


def test_each_own_handler_has_a_queue_its_retry_queues_and_a_dead_letter_queue() -> None:
    queues = {queue.name: queue for queue in module_queues(__name__, [1, 30])}
    assert set(queues) == {QUEUE, f"retry.1.{QUEUE}", f"retry.30.{QUEUE}", f"parked.{QUEUE}"}
    assert all(queue.durable and not queue.auto_delete for queue in queues.values())
