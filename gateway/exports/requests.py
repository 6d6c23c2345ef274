"""What users ask: to start an export, and for the file."""

from datetime import timedelta
from operator import attrgetter

from sqlalchemy.orm import Session

from chassis import clock
from gateway.contract import Export
from gateway.exports import errors, sources, store
from gateway.exports.settings import ExportSettings
from gateway.models import ExportRow

DAY = timedelta(days=1)


def start(session: Session, user_id: str, settings: ExportSettings) -> Export:
    """Start an export, or return the one that is being made. Raises TooManyRequests."""
    exports = store.newest(session, user_id)
    if store.MAKING not in exports:
        _require_few(session, user_id, settings.per_day)
        store.add(session, user_id, sources.FIRST, settings.keep)
        exports = store.newest(session, user_id)
    return _export(max(exports.values(), key=attrgetter("requested_at")))


def get(session: Session, user_id: str) -> Export:
    """Return the newest export that is ready. Raises NotFound, or Conflict if the first one is being made."""
    exports = store.newest(session, user_id)
    if store.READY in exports:
        return _export(exports[store.READY])
    raise errors.not_ready() if store.MAKING in exports else errors.no_export()


def _require_few(session: Session, user_id: str, limit: int) -> None:
    now = clock.now()
    number, first = store.count_since(session, user_id, now - DAY)
    if number >= limit:
        wait = (first + DAY - now) if first else DAY
        raise errors.too_many(max(1, int(wait.total_seconds())))


def _export(row: ExportRow) -> Export:
    return Export(**{name: getattr(row, name) for name in Export.model_fields})
