"""The request key of a write: the client's Idempotency-Key, or a generated one against redelivery by the broker.

A request that ends its session can succeed only once in it, so without a key of the client the session is the key.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.amqp.message_headers import GENERATED
from chassis.errors import Conflict, Invalid
from chassis.ids import new_id
from gateway.limits.lock import Lock
from gateway.request.context import RequestContext
from gateway.routing.route import Route

HEADER = "Idempotency-Key"
MARGIN = 1  # seconds beyond the deadline, after which the call has ended

_TOKEN_DIGITS = 32  # of the hash of a token: 128 bits
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@contextmanager
def request_key(
    route: Route, deadline: float, lock: Lock, context: RequestContext, given: str | None
) -> Iterator[str | None]:
    """Lock the key of a write while it runs, and yield it; None for reads.

    Raises Conflict while an earlier request with the same key runs. Without Redis nothing is locked; the second
    request then waits for the first one in the service's database.
    """
    if route.method == "GET":
        yield None
    elif given is None or not route.idempotent:
        yield _owner(route, context) if route.ends_session else f"{GENERATED}{new_id()}"
    else:
        if not _KEY.fullmatch(given):
            raise Invalid.field(HEADER, "must be 1 to 200 printable ASCII characters")
        key = f"{_owner(route, context)}:{given}"
        name = f"{route.name}:{key}"
        if not lock.acquire(name, int(deadline) + MARGIN):
            raise Conflict("The first request with this key is still running.", "idempotency_key_in_use")
        try:
            yield key
        finally:
            lock.release(name)


def _owner(route: Route, context: RequestContext) -> str:
    """Return what separates the keys of different callers: the user, or a hash of the address.

    If the route ends the session, it is the session's token: once the session has ended, its user is unknown.
    """
    if route.ends_session:
        return f"{context.token_hash}"[:_TOKEN_DIGITS]
    if context.identity is not None:
        return context.identity.user_id
    return hashlib.blake2b(context.address.encode(), digest_size=16).hexdigest()
