"""Opaque cursors for keyset pages: clients hand back what they were given, and cannot build on its inside."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

from chassis.contract import Page
from chassis.errors import Invalid

AnyPage = TypeVar("AnyPage", bound=Page[Any])

_SAFE = re.compile(r"[0-9a-zA-Z.:_-]{1,100}")


def encode(key: str | int) -> str:
    """Wrap the sort key of the last item of a page."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def decode(cursor: str | None) -> str | None:
    """Unwrap; None starts at the beginning. Raises Invalid for anything that `encode` did not make."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        key = ""
    if not _SAFE.fullmatch(key):
        raise Invalid.field("cursor", "is not a cursor that this endpoint gave")
    return key


def decode_number(cursor: str | None) -> int | None:
    """Unwrap a cursor whose key is a whole number that fits a database's integer."""
    key = decode(cursor)
    if key is None:
        return None
    if not (key.isdigit() and len(key) < 19):  # noqa: PLR2004 - 2**63 has nineteen digits
        raise Invalid.field("cursor", "is not a cursor that this endpoint gave")
    return int(key)


def page(
    model: type[AnyPage], items: list[Any], limit: int, key: Callable[[Any], str | int] = lambda item: item.id
) -> AnyPage:
    """Make a page of `limit` items out of up to one more, whose being there says that there is a next page."""
    shown = items[:limit]
    return model(items=shown, next=encode(key(shown[-1])) if len(items) > limit else None)
