"""Remembers the authors whose accounts were deleted, so that no post of theirs is created afterwards.

An erasure records the author under an exclusive lock before it deletes posts. A transaction that creates a post holds
the same lock shared until its commit: it either commits before the record, and the erasure deletes its post, or it
finds the record.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import advisory_lock, insert_new
from feeds.models import ErasedAuthor
from users.contract import errors

_LOCK = 4_207_849_487  # any number: the key of PostgreSQL's advisory lock
_FIND = select(ErasedAuthor.author_id).where(ErasedAuthor.author_id == bindparam("author"))


def add(session: Session, author_id: str) -> None:
    """Record an author in a transaction of its own; may be repeated."""
    advisory_lock(session, _LOCK)
    insert_new(session, ErasedAuthor, {"author_id": author_id, "erased_at": clock.now()})


def require_not_erased(session: Session, author_id: str) -> None:
    """Raise Unauthenticated if the author's account was deleted; until the commit it cannot be recorded."""
    advisory_lock(session, _LOCK, shared=True)
    if session.connection().scalar(_FIND, {"author": author_id}):
        raise errors.account_deleted()
