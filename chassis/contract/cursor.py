"""Opaque cursors for keyset pagination: clients return them unchanged and do not rely on their content."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

from chassis.contract import Page, is_id
from chassis.errors import Invalid

AnyPage = TypeVar("AnyPage", bound=Page[Any])

_SAFE = re.compile(r"[0-9a-zA-Z.:_-]{1,100}")


def encode(key: str | int) -> str:
    """Return the cursor for the sort key of the last item of a page."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def decode(cursor: str | None) -> str | None:
    """Return the sort key in a cursor; None stays None: the first page. Raises Invalid for a malformed cursor."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        key = ""
    if not _SAFE.fullmatch(key):
        raise _unknown()
    return key


def decode_id(cursor: str | None) -> str | None:
    """Return the sort key in a cursor, which is an id. Raises Invalid for any other key."""
    key = decode(cursor)
    if key is not None and not is_id(key):
        raise _unknown()
    return key


def decode_number(cursor: str | None) -> int | None:
    """Return the sort key in a cursor as a non-negative integer of 64 bits. Raises Invalid for any other key."""
    key = decode(cursor)
    if key is None:
        return None
    if not (key.isdigit() and len(key) < 19):  # noqa: PLR2004 - 2**63 has nineteen digits
        raise _unknown()
    return int(key)


def page(
    model: type[AnyPage], items: list[Any], limit: int, key: Callable[[Any], str | int] = lambda item: item.id
) -> AnyPage:
    """Build a page of `limit` items from up to `limit + 1`; the additional item shows that another page follows."""
    first = items[:limit]
    return model(items=first, next=encode(key(first[-1])) if len(items) > limit else None)


def _unknown() -> Invalid:
    return Invalid.field("cursor", "is not a cursor that this endpoint gave")
