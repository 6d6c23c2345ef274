"""Deletes the posts of a deleted account for good.

A post that its user is creating at that moment must not survive. The erasure records the author under an exclusive lock
before it deletes; `create` holds the same lock shared, and checks the record, until its commit.
"""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import advisory_lock, insert_new
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unauthenticated
from feeds import posts
from feeds.models import ErasedAuthor

BATCH = 500  # posts in a transaction
_LOCK = 4_207_849_487  # any number: the key of PostgreSQL's advisory lock


def require_author(session: Session, author_id: str) -> None:
    """Raise Unauthenticated if the author's account was deleted."""
    advisory_lock(session, _LOCK, shared=True)
    if session.get(ErasedAuthor, author_id):
        raise Unauthenticated("This account was deleted.", "invalid_token")


def erase(db: UnitOfWork, author_id: str) -> None:
    """Delete all posts of an author, in batches; may be repeated."""
    with db.write() as session:
        advisory_lock(session, _LOCK)
        insert_new(session, ErasedAuthor, {"author_id": author_id, "erased_at": clock.now()})
    more = True
    while more:
        with db.write() as session:
            more = posts.delete_some(session, author_id, BATCH)
