"""Everything that crosses the wire, as JSON Schemas: RPC methods, events, and what clients send and get over HTTP."""

import importlib
import inspect
import typing
from collections.abc import Iterator
from typing import Any

from chassis.amqp import entrypoints
from chassis.contract import Event, Message
from chassis.rpc.entrypoint import Rpc
from docker.dev.programs import SERVICES
from gateway.routing.table import ROUTES

Surface = dict[str, dict[str, Any]]

_TALK = {"title", "description", "examples", "default"}  # words of a schema that refuse nothing


def surface() -> Surface:
    """Return schemas by name: `rpc feeds.create request`, `event post_created`, `http GET /all/ reply`."""
    models = {**_methods(), **{f"event {event.type}": event for event in events()}, **_endpoints()}
    return {name: _schema(model) for name, model in sorted(models.items())}


def _methods() -> dict[str, type[Message]]:
    return {
        f"rpc {service.name}.{method.__name__} {part}": typing.get_type_hints(method)[hint]  # type: ignore[attr-defined]
        for service in service_classes()
        for method, _ in entrypoints.find(service, Rpc)
        for part, hint in (("request", "request"), ("reply", "return"))
    }


def service_classes() -> Iterator[type]:
    """Yield the Nameko classes of the platform."""
    for module in map(importlib.import_module, SERVICES):
        for _, member in inspect.getmembers(module, inspect.isclass):
            if member.__module__ == module.__name__ and hasattr(member, "name"):
                yield member


def events() -> list[type[Event]]:
    """Return the services' events in order of source and name; tests may have some of their own."""
    contracts = {f"{module.partition('.')[0]}.contract" for module in SERVICES}
    own = [event for event in Event.__subclasses__() if event.__module__ in contracts]
    return sorted(own, key=lambda event: (event.source, event.type))  # whatever was imported first


def _endpoints() -> dict[str, type[Message]]:
    return {
        f"http {route.method} {path} {part}": model
        for route in ROUTES
        for path in route.paths
        for part, model in (("request", route.request), ("reply", route.shows or route.reply))
    }


def _schema(model: type[Message]) -> dict[str, Any]:
    """Return a model's schema without references and without words that refuse nothing."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    resolved: dict[str, Any] = _resolved(schema, definitions)
    return resolved


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if "properties" in node:  # names of fields, which may be called `title`
        fields = {name: _resolved(field, definitions) for name, field in node["properties"].items()}
        return {**_resolved({k: v for k, v in node.items() if k != "properties"}, definitions), "properties": fields}
    return {key: _resolved(value, definitions) for key, value in node.items() if key not in _TALK}
