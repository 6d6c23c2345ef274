"""Makes exports in the background: reads page by page, stores each, and notifies the user at the end.

Every process with the timer takes what is due, under a lease. A page and the position after it are one transaction,
which only the holder of the last lease may commit: after a crash another process continues there, and no page is stored
twice.
"""

import logging
import time
import zlib
from datetime import timedelta

from nameko.exceptions import MethodNotFound, RemoteError
from sqlalchemy.orm import Session

from chassis import clock
from chassis.contract.export import ExportPage, ExportUser
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict, NotFound, ServiceError
from chassis.rpc.client import RpcClient
from gateway.exports import announcement, sources, store
from gateway.exports.settings import ExportSettings
from gateway.exports.store import Claim
from gateway.models import ExportRow

REPLACED = timedelta(days=1)  # for which an export is kept beside a newer one: for downloads, and as one of the day's

_log = logging.getLogger(__name__)


class Maker:
    """Works on one export that is due."""

    def __init__(self, db: UnitOfWork, rpc_client: RpcClient, settings: ExportSettings) -> None:
        self._db = db
        self._rpc_client = rpc_client
        self._settings = settings

    def run(self) -> None:
        """Read some pages of the export that is due for longest, or notify its user."""
        try:
            with self._db.write() as session:
                claim = store.claim(session, self._settings.lease)
            if claim is not None:
                self._work(claim)
        except ServiceError as error:  # of the database: the lease ends, and the export is due again
            _log.warning("exports wait: %s", error)

    def _work(self, claim: Claim) -> None:
        try:
            if claim.state != store.MAKING:
                self._announce(claim)
            elif clock.now() - claim.requested_at > self._settings.give_up:
                self._give_up(claim)
            else:
                self._make(claim)
        except (ServiceError, RemoteError, MethodNotFound) as error:
            _log.warning("export %s waits: %s", claim.id, error)
            self._postpone(claim, self._settings.retry)

    def _make(self, claim: Claim) -> None:
        """Read up to `pages` pages; then others that are due have their turn."""
        source, cursor = claim.source, claim.cursor
        for _ in range(self._settings.pages):
            page = self._read(claim, source, cursor)
            if page is None:
                return
            following = source if page.next else sources.after(source)
            if not self._store(claim, page, following) or following is None:
                return
            source, cursor = following, page.next
            time.sleep(self._settings.pause)
        self._postpone(claim, 0)

    def _read(self, claim: Claim, source: str, cursor: str | None) -> ExportPage | None:
        """Return a page; None if the account was deleted, and the export with it."""
        request = ExportUser(user_id=claim.user_id, cursor=cursor, limit=self._settings.page)
        try:
            return sources.read(self._db, self._rpc_client, source, request)
        except NotFound:
            with self._db.write() as session:
                store.delete_of(session, claim.user_id)
            return None

    def _store(self, claim: Claim, page: ExportPage, following: str | None) -> bool:
        """Store a page and where to continue; None: it was the last. Return False if the lease is lost."""
        chunks = [(section, zlib.compress(content)) for section, content in sources.records(page)]
        with self._db.write() as session:
            row = store.held(session, claim)
            if row is None:
                return False
            store.add_chunks(session, row, chunks)
            if following is None:
                self._set_finished(session, row, store.READY)
            else:
                row.source, row.cursor = following, page.next
                row.due_at = clock.now() + timedelta(seconds=self._settings.lease)
        return True

    def _give_up(self, claim: Claim) -> None:
        with self._db.write() as session:
            row = store.held(session, claim)
            if row is not None:
                self._set_finished(session, row, store.FAILED)

    def _set_finished(self, session: Session, row: ExportRow, state: str) -> None:
        """Record that the export is ready, or failed; it is due again to notify the user."""
        now = clock.now()
        row.state, row.finished_at, row.due_at, row.expires_at = state, now, now, now + self._settings.keep
        if state == store.READY:
            store.expire_older(session, row, now + REPLACED)
        else:
            store.delete_chunks(session, row)
        _log.info("export %s is %s", row.id, state)

    def _announce(self, claim: Claim) -> None:
        """Notify the user; one who is not active, later."""
        try:
            announcement.send(self._rpc_client, claim)
        except Conflict:
            self._postpone(claim, self._settings.absent)
            return
        with self._db.write() as session:
            row = store.held(session, claim)
            if row is not None:
                row.due_at = None

    def _postpone(self, claim: Claim, seconds: float) -> None:
        with self._db.write() as session:
            row = store.held(session, claim)
            if row is not None:
                row.due_at = clock.now() + timedelta(seconds=seconds)
