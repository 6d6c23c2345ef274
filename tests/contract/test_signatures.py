"""What stands on both ends of the wire is the same: entrypoints, contracts and the gateway's route table."""

import typing

import pytest

from chassis.amqp import entrypoints
from chassis.contract import Event, Message
from chassis.events.handler import EventHandler
from chassis.rpc.entrypoint import Rpc
from docker.dev.contracts.surface import events, service_classes
from gateway.routing.route import Route
from gateway.routing.table import ROUTES
from users.contract import Profile, UserDetail

SERVICES: list[typing.Any] = [*service_classes()]
METHODS = {
    f"{service.name}.{method.__name__}": typing.get_type_hints(method)
    for service in SERVICES
    for method, _ in entrypoints.find(service, Rpc)
}
HANDLERS = [
    typing.get_type_hints(method)["event"]
    for service in SERVICES
    for method, _ in entrypoints.find(service, EventHandler)
]


@pytest.mark.parametrize("target", METHODS)
def test_every_rpc_method_takes_and_returns_a_message_of_a_contract(target: str) -> None:
    assert set(METHODS[target]) == {"request", "return"}
    assert all(issubclass(model, Message) for model in METHODS[target].values())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_speaks_its_services_contract(route: Route) -> None:
    served = METHODS[route.target]
    sent = typing.get_type_hints(route.prepare)["return"] if route.prepare else route.request
    assert sent is served["request"]
    # A profile travels with the rest of the account to those who may see it.
    assert route.reply is (UserDetail if served["return"] is Profile else served["return"])


@pytest.mark.parametrize("event", HANDLERS, ids=lambda event: event.__name__)
def test_every_handler_takes_the_event_it_is_bound_to(event: type[Event]) -> None:
    assert issubclass(event, Event)
    assert event.type == "".join(f"_{c.lower()}" if c.isupper() else c for c in event.__name__).lstrip("_")


def test_every_durable_event_has_a_handler_and_so_a_queue() -> None:
    durable = {event for event in events() if event.durable}
    assert durable <= set(HANDLERS)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.prepare], ids=lambda route: route.name)
def test_what_is_prepared_is_what_clients_send(route: Route) -> None:
    assert route.request in typing.get_type_hints(route.prepare).values()
