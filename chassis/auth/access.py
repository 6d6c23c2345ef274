"""Access rules of RPC methods, such as `@rpc(services("shop"))`.

They are checked before the method runs, and are part of the service's description.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.auth.caller import Caller
from chassis.errors import Forbidden


@dataclass(frozen=True)
class Access:
    """An access rule: a description of the allowed callers, and a check that raises an error for all others."""

    callers: str
    check: Callable[[Caller], object]


def services(*names: str) -> Access:
    """Allow these services, and operators."""
    return Access(", ".join([*names, "operators"]), lambda caller: caller.require_service(*names))


def user_or(*names: str) -> Access:
    """Allow calls on behalf of a user; without one those of these services, and of operators."""

    def check(caller: Caller) -> None:
        if caller.user is None:
            caller.require_service(*names)

    return Access(f"any service, on behalf of a user; {services(*names).callers}", check)


def _staff_or_operators(caller: Caller) -> None:
    if caller.user is None:
        caller.require_service()
    caller.require_staff()


def _service_alone(caller: Caller) -> None:
    if caller.user is not None or caller.service == "operator":
        raise Forbidden("This is between services.")


ANY_SERVICE = Access("any service", lambda _caller: None)
SERVICE = Access("any service, on its own account", _service_alone)
USER = Access("any service, on behalf of a user", Caller.require_user)
STAFF = Access("any service, on behalf of staff; operators", _staff_or_operators)
STAFF_OR_SERVICE = Access("any service, on behalf of staff or on its own account", Caller.require_staff)
OPERATORS = services()
