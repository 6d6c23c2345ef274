"""Sentry's envelopes: a line of JSON, then items that each begin with such a line (develop.sentry.dev, Envelopes)."""

import gzip
import json
from collections.abc import Iterator
from typing import Any


def events(body: bytes, encoding: str | None) -> Iterator[dict[str, Any]]:
    """Yield the events in an envelope; items of other types are skipped. Raises ValueError for what is none."""
    rest = gzip.decompress(body) if encoding == "gzip" else body
    _, _, rest = rest.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        size = header.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        payload, rest = rest[:size], rest[size:].removeprefix(b"\n")
        if header["type"] == "event":
            yield json.loads(payload)
