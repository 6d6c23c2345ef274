"""Who may call an RPC method: said at the method, checked before it runs, and told in its description.

@rpc(services("gateway"))
def authenticate(self, request: contract.Authenticate) -> contract.Identity: ...
"""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.auth.caller import Caller


@dataclass(frozen=True)
class Access:
    """`callers` in words, and a check that raises what everybody else is told."""

    callers: str
    check: Callable[[Caller], object]


def services(*names: str) -> Access:
    """Let these services in, and the operator's shell."""
    return Access(", ".join([*names, "operators"]), lambda caller: caller.require_service(*names))


def _staff_or_operators(caller: Caller) -> None:
    if caller.user is None:
        caller.require_service()
    caller.require_staff()


ANYBODY = Access("any service", lambda _caller: None)
USER = Access("any service, on behalf of a user", Caller.require_user)
STAFF = Access("any service, on behalf of staff; operators", _staff_or_operators)
STAFF_OR_SERVICE = Access("any service, on behalf of staff or on its own account", Caller.require_staff)
OPERATORS = services()
