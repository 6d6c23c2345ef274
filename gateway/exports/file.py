"""The file of an export, assembled from its chunks while it is sent."""

import json
import zlib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from chassis.errors import ServiceError
from gateway.contract import Export, ExportFile
from gateway.exports import store

FORMAT = 1
SINGLE = "account"  # the section that is an object, not a list
SECTIONS = tuple(name for name in ExportFile.model_fields if name not in {"format", "created_at"})

Chunks = dict[str, list[int]]


def name(export: Export) -> str:
    """Return the name of the file."""
    return f"baraza-{export.requested_at:%Y-%m-%d}.json"


def parts(backends: Any, export: Export) -> Iterator[bytes]:
    """Yield the file; each part is read in a transaction of its own. Raises ServiceError if it is deleted meanwhile."""
    database: sessionmaker[Session] = backends.database
    created_at = export.model_dump(mode="json")["finished_at"]
    yield b'{"format":%d,"created_at":%b' % (FORMAT, json.dumps(created_at).encode())
    with database() as session:
        found = store.chunks(session, export.id)
    by_section = {section: [number for _, number in group] for section, group in groupby(found, itemgetter(0))}
    for section in SECTIONS:
        start, end = (b"", b"") if section == SINGLE else (b"[", b"]")
        yield b',"%b":%b' % (section.encode(), start)
        for position, number in enumerate(by_section.get(section, ())):
            yield (b"," if position else b"") + _content(database, export.id, number)
        yield end
    yield b"}\n"


def _content(database: sessionmaker[Session], export_id: str, number: int) -> bytes:
    with database() as session:
        content = store.content(session, export_id, number)
    if content is None:
        raise ServiceError("The export was deleted while it was sent.")
    return zlib.decompress(content)
