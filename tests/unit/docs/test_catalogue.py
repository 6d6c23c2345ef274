"""The page of the documentation that is made from the code."""

from chassis import entrypoints
from chassis.description import about
from chassis.events import EventHandler
from chassis.rpc import Rpc
from docker.dev.contracts.surface import events, service_classes
from docker.dev.docs import catalogue
from docker.dev.docs.__main__ import PAGE


def test_the_catalogue_is_as_the_contracts_make_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue.page(), "run `python -m docker.dev.docs`"


def test_every_method_handler_and_event_is_in_the_catalogue() -> None:
    page = catalogue.page()
    for service in service_classes():
        for method, _ in entrypoints.of(service, Rpc):
            assert f"`{service.name}.{method.__name__}`" in page  # type: ignore[attr-defined]  # as Nameko has it
        for method, _ in entrypoints.of(service, EventHandler):
            assert f"`{method.__name__}`: " in page
    for event in events():
        assert f"\n### `{event.type}`\n" in page


def test_every_method_says_what_it_does() -> None:
    methods = [method for service in service_classes() for method, _ in entrypoints.of(service, Rpc)]
    assert [method.__qualname__ for method in methods if not about(method)] == []
