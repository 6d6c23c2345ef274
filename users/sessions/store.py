"""SQL of sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Exists,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from chassis import clock
from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.sql import delete_batch
from chassis.ids import new_id
from users.contract import ActiveRecipients
from users.models import User, UserSession

KEEP_ENDED = timedelta(days=30)  # so that `active_recipients` can answer about the past


class Candidates(NamedTuple):
    """Users who may have been active, in order of id."""

    ids: list[str]
    notify_by: list[str]  # the channels of each, as JSON
    throughout: list[bool]  # whether each certainly was active, and in all the time

    def first(self, limit: int) -> "Candidates":
        """Return the first `limit` users."""
        return Candidates(self.ids[:limit], self.notify_by[:limit], self.throughout[:limit])


_INSERT = insert(UserSession)
_SESSIONS_AND_USERS = select(UserSession, User).join(User, User.id == UserSession.user_id)
_BY_TOKEN = _SESSIONS_AND_USERS.where(UserSession.token_hash.in_(bindparam("token_hashes", expanding=True)))


def add(session: Session, **columns: Any) -> UserSession:
    """Store a session."""
    row = {"id": new_id(), **columns}
    session.connection().execute(_INSERT, row)  # as parameters: half the cost of a flush
    return UserSession(**row)


def find(session: Session, token_hashes: Sequence[str]) -> Sequence[Row[UserSession, User]]:
    """Return the sessions of tokens, live or not, with their users."""
    return session.execute(_BY_TOKEN, {"token_hashes": token_hashes}).all()


def has_any(session: Session, user_id: str) -> bool:
    """Return whether a user has sessions, live or not."""
    return bool(session.scalar(select(exists().where(UserSession.user_id == user_id))))


def record_use(session: Session, expires_at: Mapping[str, datetime], now: datetime) -> set[str]:
    """Set `last_seen_at` and the new `expires_at` of sessions; return the ids of those that were changed.

    A session that has ended is not, nor one that another transaction has locked: that one ends it, or records a use. So
    two transactions that change some of the same sessions never wait for each other.
    """
    parameters = {"sessions": list(expires_at), "expires": list(expires_at.values()), "now": now}
    return set(session.connection().execute(_record_use(), parameters).scalars())


@cache
def _record_use() -> ReturningUpdate[str]:
    """Build the statement; cached, because building it costs more than running it."""
    now = bindparam("now", type_=UtcDateTime)
    sessions, expires = bindparam("sessions", type_=ARRAY(UuidText)), bindparam("expires", type_=ARRAY(UtcDateTime))
    used = func.unnest(sessions, expires).table_valued("id", "expires_at", name="used").render_derived()
    unlocked = (
        select(UserSession.id, used.c.expires_at)
        .join(used, used.c.id == UserSession.id)
        .where(ends_after(now))
        .with_for_update(skip_locked=True, key_share=True, of=UserSession)
        .cte("unlocked")
    )
    return (
        update(UserSession)
        .where(UserSession.id == unlocked.c.id)
        .values(last_seen_at=now, expires_at=unlocked.c.expires_at)
        .returning(UserSession.id)
    )


def live_sessions(session: Session, user_id: str, limit: int, before: str | None) -> list[UserSession]:
    """Return a user's live sessions older than the id `before`, newest first."""
    query = select(UserSession).where(UserSession.user_id == user_id, ends_after(clock.now()))
    if before is not None:
        query = query.where(UserSession.id < before)
    return list(session.scalars(query.order_by(UserSession.id.desc()).limit(limit)))


def least_recently_used(session: Session, user_id: str, keep: int) -> list[str]:
    """Return the ids of a user's live sessions except the `keep` that were used last."""
    parameters = {"user": user_id, "now": clock.now(), "keep": keep}
    return list(session.connection().execute(_least_recently_used(), parameters).scalars())


@cache
def _least_recently_used() -> Select[str]:
    """Build the statement; cached, as above."""
    query = select(UserSession.id).where(UserSession.user_id == bindparam("user"), ends_after(bindparam("now")))
    newest_use = query.order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    return newest_use.offset(bindparam("keep"))


def recent_sessions(
    session: Session, user_id: str, since: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Row[UserSession, User]]:
    """Return the sessions of a user that meet the conditions and are live or ended after `since`, with the user."""
    query = _SESSIONS_AND_USERS.where(UserSession.user_id == user_id, ends_after(since), *conditions)
    return session.execute(query).all()


def ends_after(time: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a session had not ended at a time."""
    return func.least(UserSession.expires_at, UserSession.revoked_at) > time  # `least` ignores nulls


def candidates(session: Session, request: ActiveRecipients, times: Sequence[datetime], limit: int) -> Candidates:
    """Return users who may have been active at one of these times, in order of id; if it is only one, they were.

    PostgreSQL returns the page as one row of three lists: of the CPU time that rows and models took, a tenth.
    """
    first, last = min(times), max(times)
    parameters = {"first": first, "last": last, "after": request.after or "", "ids": request.ids, "limit": limit}
    statement = _candidates(several_times=first != last, some_users=request.ids is not None)
    ids, notify_by, throughout = session.connection().execute(statement, parameters).one()
    return Candidates(ids or [], notify_by or [], throughout or [])


@cache
def _candidates(*, several_times: bool, some_users: bool) -> Select[*tuple[Any, ...]]:
    """Build the statement; cached, as above."""
    first, last = bindparam("first", type_=UtcDateTime), bindparam("last", type_=UtcDateTime)
    after = bindparam("after", type_=UuidText)
    # Both tables have the condition on `after`: otherwise a merge join reads all earlier sessions for every page.
    had_session = _has_session(last, first).where(UserSession.user_id > after)
    throughout = _was_open(last) & _has_session(first, last) if several_times else true()
    query = select(User.id, cast(User.notify_by, Text).label("notify_by"), throughout.label("throughout"))
    query = query.where(User.id > after, _was_open(first), had_session)
    if some_users:
        query = query.where(User.id.in_(bindparam("ids", expanding=True)))
    page = query.order_by(User.id).limit(bindparam("limit")).subquery("page")
    return select(func.array_agg(page.c.id), func.array_agg(page.c.notify_by), func.array_agg(page.c.throughout))


def times_of_activity(session: Session, users: Sequence[str]) -> Sequence[Row[str, datetime, datetime]]:
    """Return user, beginning and end of each session of these users; closing the account ends it."""
    end = func.least(UserSession.expires_at, UserSession.revoked_at, User.deactivated_at)
    query = select(UserSession.user_id, UserSession.created_at, end).join(User, User.id == UserSession.user_id)
    return session.execute(query.where(UserSession.user_id.in_(users))).all()


def _has_session(begun: BindParameter[Any], not_ended: BindParameter[Any]) -> Exists:
    """Return the condition that one session of the user had begun at one time, and had not ended at the other."""
    return exists().where(UserSession.user_id == User.id, UserSession.created_at <= begun, ends_after(not_ended))


def _was_open(time: BindParameter[Any]) -> ColumnElement[bool]:
    return or_(User.deactivated_at.is_(None), User.deactivated_at > time)


def revoke(session: Session, user_id: str, *conditions: ColumnElement[bool]) -> list[str]:
    """Revoke a user's live sessions that meet the conditions; return their ids."""
    now = clock.now()
    query = (
        update(UserSession)
        .where(UserSession.user_id == user_id, ends_after(now), *conditions)
        .values(revoked_at=now)
        .returning(UserSession.id)
    )
    return list(session.scalars(query.execution_options(synchronize_session=False)))


def delete_all(session: Session, user_id: str) -> list[str]:
    """Delete a user's sessions, live or not; return the hashes of their tokens."""
    query = delete(UserSession).where(UserSession.user_id == user_id).returning(UserSession.token_hash)
    return list(session.scalars(query.execution_options(synchronize_session=False)))


def delete_old(session: Session, limit: int) -> int:
    """Delete sessions that ended before KEEP_ENDED; return how many."""
    return delete_batch(session, UserSession, limit, ~ends_after(clock.now() - KEEP_ENDED))
