"""SQL of the read model of authors."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.db.sql import upsert
from gateway.models import AuthorRow
from users.contract import ERASED, NamedProfile

# The longest time between a change's timestamp and its commit, and the difference between clocks.
SKEW = timedelta(seconds=60)


def usernames(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the usernames of known authors by id, in one query."""
    query = select(AuthorRow.id, AuthorRow.username).where(AuthorRow.id.in_(set(ids)), AuthorRow.username != "")
    return {row.id: row.username for row in session.execute(query)}


def save_username(session: Session, author_id: str, username: str, changed_at: datetime) -> bool:
    """Store a username unless a newer one or a tombstone is stored; return whether it was stored."""
    statement = upsert(session, AuthorRow).values(id=author_id, username=username, changed_at=changed_at, posts=0)
    statement = statement.on_conflict_do_update(
        index_elements=[AuthorRow.id],
        set_={"username": username, "changed_at": changed_at},
        where=(AuthorRow.changed_at < changed_at) & (AuthorRow.username != ERASED),
    )
    result: Any = session.connection().execute(statement)
    return bool(result.rowcount)


def refresh_username(session: Session, profile: NamedProfile, requested_at: datetime) -> None:
    """Store a username that users returned, unless it was changed after the request.

    It replaces a stored one that seems newer but is older than SKEW: 0.1.0 stored some by the gateway's clock.
    """
    changed_at = profile.username_changed_at or requested_at - SKEW  # 0.1.0 does not send it
    statement = upsert(session, AuthorRow).values(
        id=profile.id, username=profile.username, changed_at=changed_at, posts=0
    )
    statement = statement.on_conflict_do_update(
        index_elements=[AuthorRow.id],
        set_={"username": profile.username, "changed_at": changed_at},
        where=(AuthorRow.changed_at < func.greatest(changed_at, requested_at - SKEW)) & (AuthorRow.username != ERASED),
    )
    session.execute(statement)


def erase(session: Session, author_id: str, erased_at: datetime) -> None:
    """Store a tombstone in place of a username; no later change overwrites it."""
    tombstone = {"username": ERASED, "changed_at": erased_at}
    statement = upsert(session, AuthorRow).values(id=author_id, posts=0, **tombstone)
    session.execute(statement.on_conflict_do_update(index_elements=[AuthorRow.id], set_=tombstone))
