"""What a service says of itself: its RPC methods, and what they take and return."""

import typing
from typing import Any

from pydantic import Field

from chassis.amqp import entrypoints
from chassis.contract import Message
from chassis.rpc.entrypoint import Rpc


class Method(Message):
    """An RPC method; `request` and `reply` are the names of its models, `fields` is the JSON Schema of the request."""

    name: str
    about: str
    callers: str = Field(default="", description="Who may call it; empty from a service of before.")
    request: str
    reply: str
    fields: dict[str, Any]


class Description(Message):
    """All RPC methods of a service, in order of name."""

    service: str
    methods: list[Method]

    def method(self, name: str) -> Method | None:
        """Find a method."""
        return next((method for method in self.methods if method.name == name), None)


def describe(service: type) -> Description:
    """Describe a service class by what its methods say in their signatures and docstrings."""
    methods = [_described(method, entrypoint) for method, entrypoint in entrypoints.find(service, Rpc)]
    return Description(service=service.name, methods=methods)  # type: ignore[attr-defined]  # as Nameko has it


def summary(thing: Any) -> str:
    """Return the first line of a docstring."""
    return next(iter((thing.__doc__ or "").strip().splitlines()), "")


def _described(method: Any, entrypoint: Rpc) -> Method:
    models = typing.get_type_hints(method)
    return Method(
        name=method.__name__,
        about=summary(method),
        callers=entrypoint.access.callers,
        request=models["request"].__name__,
        reply=models["return"].__name__,
        fields=models["request"].model_json_schema(),
    )
