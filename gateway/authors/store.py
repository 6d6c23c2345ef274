"""SQL of the read model of authors."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new, upsert
from gateway.models import AuthorRow
from users.contract import ERASED, NamedProfile

# The longest time between a change's timestamp and its commit, and the difference between clocks.
SKEW = timedelta(seconds=60)

# Built once, because building it costs more than running it.
_USERNAMES = select(AuthorRow.id, AuthorRow.username).where(
    AuthorRow.id.in_(bindparam("ids", expanding=True)), AuthorRow.username != ""
)


def usernames(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the usernames of known authors by id, in one query."""
    rows = session.connection().execute(_USERNAMES, {"ids": list(ids)})
    return {row.id: row.username for row in rows}


def save_username(session: Session, author_id: str, username: str, changed_at: datetime) -> bool:
    """Store a username unless a newer one or a tombstone is stored.

    Return whether it replaced another one, which cached posts may still show.
    """
    if insert_new(session, AuthorRow, {"id": author_id, "username": username, "changed_at": changed_at, "posts": 0}):
        return False
    row = session.get_one(AuthorRow, author_id, with_for_update=True)
    if row.changed_at >= changed_at or row.username == ERASED:
        return False
    replaced = row.username
    row.username, row.changed_at = username, changed_at
    return replaced != username


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


def page(session: Session, after: str, limit: int) -> list[str]:
    """Return ids of known authors that were not erased, in order."""
    query = select(AuthorRow.id).where(AuthorRow.id > after, AuthorRow.username != ERASED)
    return list(session.scalars(query.order_by(AuthorRow.id).limit(limit)))


def erase(session: Session, author_id: str, erased_at: datetime) -> None:
    """Store a tombstone in place of a username; no later change overwrites it."""
    tombstone = {"username": ERASED, "changed_at": erased_at}
    statement = upsert(session, AuthorRow).values(id=author_id, posts=0, **tombstone)
    session.execute(statement.on_conflict_do_update(index_elements=[AuthorRow.id], set_=tombstone))
