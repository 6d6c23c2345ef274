"""What a call or an event brings along: checked headers in, the verified caller for the worker."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis import context
from chassis.tokens import Caller

CALLER = "caller"
_KNOWN = (context.AUTH_TOKEN, context.REQUEST_ID, context.REQUEST_KEY)
_MAX_HEADER = 4096  # characters


def incoming(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Take from a message's headers what we know and can trust the shape of; any publisher can write any header."""
    headers = headers or {}
    found = {name: headers.get(context.HEADER_PREFIX + name) for name in _KNOWN}
    data: dict[str, Any] = {
        name: value for name, value in found.items() if isinstance(value, str) and len(value) <= _MAX_HEADER
    }
    stack = headers.get(context.HEADER_PREFIX + CALL_ID_STACK_CONTEXT_KEY)
    if isinstance(stack, list) and all(isinstance(call, str) for call in stack):
        data[CALL_ID_STACK_CONTEXT_KEY] = stack
    return data


class CallerProvider(DependencyProvider):
    """Gives a worker its verified caller, and its log lines their request id."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Caller: ...

    def get_dependency(self, worker_ctx: WorkerContext) -> Caller | None:
        """Return who calls; timers have no caller."""
        return cast("Caller | None", worker_ctx.data.get(CALLER))

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Run in the worker's own greenlet, whose context variables are its own."""
        context.request_id.set(worker_ctx.data.get(context.REQUEST_ID, "-"))
