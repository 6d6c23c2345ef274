"""The key that makes a write happen once: the client's Idempotency-Key, or one of our own against redelivery."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from chassis.errors import Conflict, Invalid
from chassis.ids import new_id
from gateway.limits.rate_limiter import Counters
from gateway.request_context import Visit
from gateway.routing.overrides import Rule
from gateway.routing.route import Route

HEADER = "Idempotency-Key"
MARGIN = 1  # seconds beyond the deadline, after which nobody waits for the call any more

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@contextmanager
def request_key(route: Route, rule: Rule, counters: Counters, guest: Visit) -> Iterator[str | None]:
    """Hold the key of a write for as long as it runs; None where the route needs none.

    Raises Conflict while an earlier request with the same key runs. Without Redis nothing is held here, and the second
    request waits for the first one in the service's database.
    """
    given = request.headers.get(HEADER) if route.keyed else None
    if given is None:
        yield f"once:{new_id()}" if route.keyed else None
        return
    if not _KEY.fullmatch(given):
        raise Invalid.field(HEADER, "must be 1 to 200 printable ASCII characters")
    key = f"{_owner(guest)}:{given}"
    lock = f"{route.name}:{key}"
    if not counters.hold(lock, int(rule.deadline) + MARGIN):
        raise Conflict("The first request with this key is still running.", "idempotency_key_in_use")
    try:
        yield key
    finally:
        counters.let_go(lock)


def _owner(guest: Visit) -> str:
    """Keep everybody's keys apart; those of strangers by their address, which is not kept itself."""
    if guest.identity is not None:
        return guest.identity.user_id
    return hashlib.blake2b(guest.address.encode(), digest_size=16).hexdigest()
