"""Checks whether an RPC method fits a route, by the service's own description."""

from nameko.exceptions import MethodNotFound, RemoteError
from pydantic import ValidationError

from chassis.contract import Empty, Message
from chassis.errors import Invalid, ServiceError
from chassis.rpc.client import RpcClient
from chassis.rpc.introspection import Description
from gateway.routing.route import Route


def check(rpc_client: RpcClient, route: Route, target: str) -> None:
    """Raise Invalid unless a method exists and has the route's request and reply; its own target always fits."""
    if target == route.target:
        return
    service, _, name = target.partition(".")
    method = _description(rpc_client, service).method(name)
    if method is None:
        raise Invalid.field("target", f"{service} has no method {name}")
    if method.request != route.request.__name__ or method.reply not in _readable(route.reply):
        wants = f"{route.name} needs {route.request.__name__} and {route.reply.__name__}"
        raise Invalid.field("target", f"{target} takes {method.request} and returns {method.reply}, but {wants}")


def _description(rpc_client: RpcClient, service: str) -> Description:
    try:
        return rpc_client.call(f"{service}.describe", Empty(), Description)
    except ServiceError as error:
        raise Invalid.field("target", f"{service} does not answer: {error.detail}") from error
    except (MethodNotFound, RemoteError, ValidationError) as error:
        raise Invalid.field("target", f"{service} does not describe itself") from error


def _readable(reply: type[Message]) -> set[str]:
    """Return the names of compatible replies: the model itself, and bases to which it adds only optional fields."""
    bases = [base for base in reply.__mro__ if issubclass(base, Message) and base is not Message]
    return {base.__name__ for base in bases if _required(base) == _required(reply)}


def _required(model: type[Message]) -> set[str]:
    return {name for name, field in model.model_fields.items() if field.is_required()}
