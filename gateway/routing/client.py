"""Adds the client's address and program to requests that users counts by client."""

from chassis.contract import Message
from gateway.request.context import RequestContext
from gateway.routing.route import BuildRequest


def with_address(model: type[Message]) -> BuildRequest:
    """Return what builds the RPC's request, of this model: the client's request with its address."""
    return lambda context, request: model(**dict(request), address=context.address)


def with_address_and_program(model: type[Message]) -> BuildRequest:
    """Return the same, with the client's `User-Agent` too."""

    def build(context: RequestContext, request: Message) -> Message:
        return model(**dict(request), address=context.address, user_agent=context.user_agent)

    return build
