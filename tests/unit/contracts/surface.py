"""Everything that crosses AMQP and HTTP as JSON Schemas: RPC methods, events, and HTTP requests and responses."""

import importlib
import inspect
import typing
from collections.abc import Iterator
from typing import Any

from chassis.amqp import entrypoints
from chassis.contract import Event, Message
from chassis.rpc.entrypoint import Rpc
from dev.platform.programs import SERVICES
from gateway.routing.table import ROUTES

Surface = dict[str, dict[str, Any]]

_NO_CONSTRAINTS = {"title", "description", "examples", "default"}


def surface() -> Surface:
    """Return schemas by name: `rpc feeds.create request`, `event post_created`, `http GET /all/ reply`."""
    models = {
        f"rpc {service.name}.{method.__name__} {part}": typing.get_type_hints(method)[hint]  # type: ignore[attr-defined]
        for service in service_classes()
        for method, _ in entrypoints.find(service, Rpc)
        for part, hint in (("request", "request"), ("reply", "return"))
    }
    models |= {f"event {event.type}": event for event in events()}
    models |= {
        f"http {route.method} {path} {part}": model
        for route in ROUTES
        for path in route.paths
        for part, model in (("request", route.request), ("reply", route.response_model or route.reply))
    }
    return {name: _schema(model) for name, model in sorted(models.items())}


def service_classes() -> Iterator[type]:
    """Yield the Nameko classes of the platform."""
    for module in map(importlib.import_module, SERVICES):
        for _, member in inspect.getmembers(module, inspect.isclass):
            if member.__module__ == module.__name__ and hasattr(member, "name"):
                yield member


def events() -> list[type[Event]]:
    """Return the services' events by source and name, without those of other tests."""
    contracts = tuple(f"{module.partition('.')[0]}.contract" for module in SERVICES)
    own = [event for event in Event.__subclasses__() if event.__module__.startswith(contracts)]
    return sorted(own, key=lambda event: (event.source, event.type))


def _schema(model: type[Message]) -> dict[str, Any]:
    """Return a model's schema without references and without words that reject nothing."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(definitions[node["$ref"].rpartition("/")[2]])
        fields = node.get("properties", {})  # names of fields, which may be `title`
        rest = {key: resolved(value) for key, value in node.items() if key not in {*_NO_CONSTRAINTS, "properties"}}
        return rest | ({"properties": {name: resolved(field) for name, field in fields.items()}} if fields else {})

    found: dict[str, Any] = resolved(schema)
    return found
