"""The catalogue of everything that crosses RabbitMQ, made from the service classes and their contracts."""

import typing
from collections.abc import Callable, Iterator
from typing import Any

import nameko.timer
from nameko.extensions import Entrypoint

import chassis.timers
from chassis.amqp import entrypoints
from chassis.contract import Event, Message
from chassis.errors import ServiceError
from chassis.events.handler import EventHandler
from chassis.rpc.entrypoint import Rpc
from chassis.rpc.introspection import summary
from chassis.service import ListeningService, Service
from docker.dev.contracts.surface import events, service_classes
from docker.dev.docs import things
from docker.dev.docs.markdown import section, table
from gateway.websocket.listener import Listener

HEAD = """Every RPC method, every event and all that is in them. `python -m docker.dev.docs` makes this page from the
service classes and their contracts; [rpc-and-events.md](rpc-and-events.md) tells how to call, and what else to know.

An *id* is a UUID as text, a *time* RFC 3339 in UTC. What is not required may be left out. *On behalf of a user* means
of the one whom the call's token names."""

BASES = {Service: "Every service", ListeningService: "Services with event handlers"}

Method = Callable[..., Any]


def page() -> str:
    """Return the page."""
    services = [*service_classes()]
    text = section(
        1,
        "The catalogue of RPC and events",
        HEAD,
        *(_service(service) for service in services),
        *(_shared(base, title, services) for base, title in BASES.items()),
        section(2, "Events", *map(_event, events())),
        section(2, "Things", "What is in replies and events.", *map(things.described, _things(services))),
        section(2, "Refusals", "The kinds of refusal that any method may answer with.", _refusals()),
    )
    return f"{text}\n"


def _service(service: Any) -> str:
    methods = [
        _method(f"`{service.name}.{method.__name__}`", method, rpc)
        for method, rpc in entrypoints.find(service, Rpc)
        if _owner(method) == service.__name__
    ]
    return section(2, service.name, summary(service), *methods, _by_itself(service))


def _shared(base: type, title: str, services: list[Any]) -> str:
    """Describe once what a base class gives to all services of its kind."""
    sections = []
    for method, rpc in entrypoints.find(base, Rpc):
        if _owner(method) == base.__name__:
            names = [f"`{service.name}.{method.__name__}`" for service in services if issubclass(service, base)]
            sections.append(_method(", ".join(names), method, rpc))
    return section(2, title, *sections)


def _method(title: str, method: Method, rpc: Rpc) -> str:
    models = typing.get_type_hints(method)
    request: type[Message] = models["request"]
    _, _, more = things.prose(request).partition("\n\n")
    who = f"For {rpc.access.callers}. Returns {things.link(models['return'])}."
    return section(3, title, summary(method), who, things.arguments(request), more)


def _by_itself(service: type) -> str:
    """Tell what nobody calls: handlers and timers."""
    rows = [
        (f"`{method.__name__}`", when, summary(method))
        for method, entrypoint in entrypoints.find(service, Entrypoint)
        if (when := _when(entrypoint))
    ]
    return table(("what runs by itself", "when", "what it does"), rows)


def _when(entrypoint: Entrypoint) -> str:
    if isinstance(entrypoint, EventHandler):
        return f"on [`{entrypoint.event.type}`](#{entrypoint.event.type})"
    if isinstance(entrypoint, chassis.timers.Timer):
        return f"every `{entrypoint.place}` seconds of `config.yml`"
    return f"every {entrypoint.interval} seconds" if isinstance(entrypoint, nameko.timer.Timer) else ""


def _event(event: type[Event]) -> str:
    kept = (
        "Durable: it waits in the outbox until a queue has it" if event.durable else "A hint for whoever listens then"
    )
    heard = "\n".join(f"* {one}" for one in [*_handlers(event), *_listeners(event)])
    facts = f"{kept}. Published by {event.source}, heard by:"
    return section(3, f"`{event.type}`", things.prose(event), things.fields(event), facts, heard)


def _handlers(event: type[Event]) -> Iterator[str]:
    services: Iterator[Any] = service_classes()
    for service in services:
        for method, handler in entrypoints.find(service, EventHandler):
            if handler.event is event:
                yield f"{service.name}, `{method.__name__}`: {summary(method)}"


def _listeners(event: type[Event]) -> Iterator[str]:
    if event in Listener.HANDLERS:
        yield f"every web process of the gateway: {summary(Listener.HANDLERS[event])}"


def _things(services: list[type]) -> list[type[Message]]:
    methods = [method for service in services for method, _ in entrypoints.find(service, Rpc)]
    replies = [typing.get_type_hints(method)["return"] for method in methods]
    return things.reached([*replies, *(model for event in events() for model in things.inside(event))])


def _refusals() -> str:
    kinds = [kind for kind in ServiceError.__subclasses__() if kind.__module__ == ServiceError.__module__]
    rows = [
        (f"`{kind.__name__}`", f"`{kind.default_code}`", str(kind.status), summary(kind))
        for kind in sorted(kinds, key=lambda kind: kind.status)
    ]
    return table(("kind", "code, if it says no other", "status over HTTP", "meaning"), rows)


def _owner(method: Method) -> str:
    return method.__qualname__.partition(".")[0]
