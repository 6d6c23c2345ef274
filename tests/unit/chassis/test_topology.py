import sys
from types import ModuleType
from typing import ClassVar

import pytest
from nameko.events import event_handler as nameko_event_handler

from chassis.contract import Event
from chassis.events.handler import event_handler
from chassis.events.topology import module_queues


class TeaMade(Event):
    source: ClassVar[str] = "kitchen"
    type: ClassVar[str] = "tea_made"


class GuestsService:
    name = "guests"

    @event_handler(TeaMade)
    def on_tea_made(self, event: TeaMade) -> None: ...

    @nameko_event_handler("kitchen", "other")
    def on_other(self, body: object) -> None: ...

    def no_handler(self) -> None: ...


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("sample_service")
    module.GuestsService = GuestsService  # type: ignore[attr-defined]
    module.Imported = type("Imported", (GuestsService,), {"__module__": "elsewhere"})  # type: ignore[attr-defined]
    monkeypatch.setattr(GuestsService, "__module__", "sample_service")
    monkeypatch.setitem(sys.modules, "sample_service", module)
    return "sample_service"


def test_every_handler_of_ours_has_its_queue_those_for_retries_and_one_to_park_in(module: str) -> None:
    queues = {queue.name: queue for queue in module_queues(module, [1, 30])}
    own = "evt-kitchen-tea_made--guests.on_tea_made"
    assert set(queues) == {own, f"retry.1.{own}", f"retry.30.{own}", f"parked.{own}"}
    assert all(queue.durable and not queue.auto_delete for queue in queues.values())


def test_the_queue_is_bound_as_nameko_binds_it(module: str) -> None:
    queue = next(iter(module_queues(module, [])))
    assert (queue.exchange.name, queue.exchange.type, queue.routing_key) == ("kitchen.events", "topic", "tea_made")


def test_a_retry_goes_back_to_the_handlers_queue_alone_after_its_delay(module: str) -> None:
    retry = next(queue for queue in module_queues(module, [30]) if queue.name.startswith("retry."))
    assert retry.queue_arguments == {
        "x-message-ttl": 30_000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "evt-kitchen-tea_made--guests.on_tea_made",
    }
    assert not retry.exchange.name
