import sys
from types import ModuleType
from typing import ClassVar

import pytest
from nameko.events import event_handler as nameko_event_handler

from chassis.contract import Event
from chassis.events.handler import event_handler
from chassis.events.topology import module_queues

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

    def no_handler(self) -> None: ...


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("sample_module")
    module.InvoicesService = InvoicesService  # type: ignore[attr-defined]
    module.Imported = type("Imported", (InvoicesService,), {"__module__": "elsewhere"})  # type: ignore[attr-defined]
    monkeypatch.setattr(InvoicesService, "__module__", "sample_module")
    monkeypatch.setitem(sys.modules, "sample_module", module)
    return "sample_module"


def test_each_handler_has_a_queue_its_retry_queues_and_a_dead_letter_queue(module: str) -> None:
    queues = {queue.name: queue for queue in module_queues(module, [1, 30])}
    assert set(queues) == {QUEUE, f"retry.1.{QUEUE}", f"retry.30.{QUEUE}", f"parked.{QUEUE}"}
    assert all(queue.durable and not queue.auto_delete for queue in queues.values())
