"""Entrypoints, contracts and the gateway's route table agree."""

import typing
from typing import Any

import pytest

from chassis.amqp import entrypoints
from chassis.contract import Empty, Event, Message
from chassis.events.batch_handler import Batch
from chassis.events.handler import EventHandler
from chassis.rpc.entrypoint import Rpc
from gateway.routing.route import Route
from gateway.routing.table import ROUTES
from tests.unit.contracts.surface import events, service_classes
from users.contract import Profile, UserDetail

SERVICES: list[typing.Any] = [*service_classes()]
METHODS = {
    f"{service.name}.{method.__name__}": typing.get_type_hints(method)
    for service in SERVICES
    for method, _ in entrypoints.find(service, Rpc)
}
HANDLERS = [
    (handler.event, typing.get_type_hints(method))
    for service in SERVICES
    for method, handler in entrypoints.find(service, EventHandler)
]


@pytest.mark.parametrize("target", METHODS)
def test_every_rpc_method_takes_and_returns_a_message_of_a_contract(target: str) -> None:
    assert set(METHODS[target]) == {"request", "return"}
    assert all(issubclass(model, Message) for model in METHODS[target].values())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_has_the_models_of_its_method(route: Route) -> None:
    method = METHODS[route.target]
    assert (route.client_request or route.request) is method["request"]
    # `users.detail` adds the rest of the account for callers who may see it.
    assert route.reply is (UserDetail if method["return"] is Profile else method["return"])


@pytest.mark.parametrize(("event", "hints"), HANDLERS, ids=lambda value: getattr(value, "__name__", ""))
def test_every_handler_takes_the_event_that_it_is_bound_to(event: type[Event], hints: dict[str, Any]) -> None:
    assert hints.get("event") is event or hints.get("events") == Batch[event]  # type: ignore[valid-type] # a value
    assert event.type == "".join(f"_{c.lower()}" if c.isupper() else c for c in event.__name__).lstrip("_")


def test_every_durable_event_has_a_handler() -> None:
    durable = {event for event in events() if event.durable}
    assert durable <= {event for event, _ in HANDLERS}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.client_request], ids=lambda route: route.name)
def test_request_with_the_client_has_all_that_clients_send(route: Route) -> None:
    assert issubclass(route.client_request or Empty, route.request)
