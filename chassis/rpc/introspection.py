"""A service's description of itself: its RPC methods, their requests and replies."""

import typing
from typing import Any

from pydantic import Field

from chassis.amqp import entrypoints
from chassis.contract import Message
from chassis.rpc.entrypoint import Rpc


class Method(Message):
    """An RPC method: its purpose, the names of its request and reply models, and the JSON Schema of the request."""

    name: str
    about: str
    callers: str = Field(default="", description="Who may call it; empty in the reply of an older service.")
    request: str
    reply: str
    fields: dict[str, Any]


class Description(Message):
    """All RPC methods of a service, in alphabetical order."""

    service: str
    methods: list[Method]

    def method(self, name: str) -> Method | None:
        """Return a method, or None."""
        return next((method for method in self.methods if method.name == name), None)


def describe(service: type) -> Description:
    """Describe a service class by the signatures and docstrings of its methods."""
    methods = [_describe_method(method, entrypoint) for method, entrypoint in entrypoints.find(service, Rpc)]
    return Description(service=service.name, methods=methods)  # type: ignore[attr-defined]  # every Nameko service has it


def summary(documented: Any) -> str:
    """Return the first line of a docstring."""
    return next(iter((documented.__doc__ or "").strip().splitlines()), "")


def _describe_method(method: Any, entrypoint: Rpc) -> Method:
    models = typing.get_type_hints(method)
    return Method(
        name=method.__name__,
        about=summary(method),
        callers=entrypoint.access.callers,
        request=models["request"].__name__,
        reply=models["return"].__name__,
        fields=models["request"].model_json_schema(),
    )
