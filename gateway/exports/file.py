"""The file of an export, assembled from its chunks while it is sent."""

import json
import zlib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from chassis.errors import ServiceError, Unavailable
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
    """Return the parts of the file. Raises Unavailable if its content is deleted."""
    database: sessionmaker[Session] = backends.database
    with database() as session:
        found = store.chunks(session, export.id)
    if not found:  # since the service was asked for the export
        raise Unavailable("The export has just been deleted; try again.")
    by_section = {section: [number for _, number in group] for section, group in groupby(found, itemgetter(0))}
    return _parts(database, export, by_section)


def _parts(database: sessionmaker[Session], export: Export, chunks: Chunks) -> Iterator[bytes]:
    """Yield the parts; each is read in a transaction of its own. Raises ServiceError if it is deleted meanwhile."""
    created_at = export.model_dump(mode="json")["finished_at"]
    yield b'{"format":%d,"created_at":%b' % (FORMAT, json.dumps(created_at).encode())
    for section in SECTIONS:
        start, end = (b"", b"") if section == SINGLE else (b"[", b"]")
        yield b',"%b":%b' % (section.encode(), start)
        for position, number in enumerate(chunks.get(section, ())):
            yield (b"," if position else b"") + _content(database, export.id, number)
        yield end
    yield b"}\n"


def _content(database: sessionmaker[Session], export_id: str, number: int) -> bytes:
    with database() as session:
        content = store.content(session, export_id, number)
    if content is None:
        raise ServiceError("The export was deleted while it was sent.")
    return zlib.decompress(content)
