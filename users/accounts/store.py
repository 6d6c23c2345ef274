"""SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.errors import NotFound
from users.contract import CodeChannel, errors
from users.models import User, name_key


class Credentials(NamedTuple):
    """The columns that a login compares."""

    id: str
    password_hash: str
    password_changed_at: datetime
    is_active: bool
    has_second_factor: bool


class Names(NamedTuple):
    """The columns by which an account is named and reached. To read them costs less than to read an account.

    So requests that must not reveal whether there is an account take about as long for each.
    """

    id: str
    username: str
    email: str
    phone: str | None

    def address(self, channel: CodeChannel) -> str:
        """Return the address of a channel; empty: there is none."""
        return self.email if channel == "email" else self.phone or ""


def save(session: Session) -> None:
    """Write pending changes. Raises Conflict with the field whose value another account has."""
    try:
        session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        field = constraint.removeprefix("users_").removesuffix("_taken")
        if f"users_{field}_taken" != constraint:
            raise
        raise errors.taken(field) from None


def find(session: Session, condition: ColumnElement[bool], *, lock: bool = False) -> User | None:
    """Return one account or None; `lock` locks the row until the commit."""
    query = select(User).where(condition)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


_LOCKED = select(User).where(User.id == bindparam("user_id")).with_for_update()  # built once, as `_credentials` is


def lock(session: Session, user_id: str) -> User | None:
    """Return an account or None, and lock its row until the commit."""
    return session.scalars(_LOCKED, {"user_id": user_id}).one_or_none()


def get(session: Session, condition: ColumnElement[bool], *, lock: bool = False) -> User:
    """Return one account as `find` does. Raises NotFound."""
    user = find(session, condition, lock=lock)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def own(session: Session, user_id: str, *, lock: bool = False) -> User:
    """Return the account of a caller as `find` does. Raises Unauthenticated if it was deleted during the request."""
    user = find(session, User.id == user_id, lock=lock)
    if user is None:
        raise errors.account_deleted()
    return user


def has_username(username: str) -> ColumnElement[bool]:
    """Return the condition that an account has this user name, in any case."""
    return User.username_key == name_key(username)


def credentials(session: Session, login_key: str) -> Credentials | None:
    """Return what a login compares, of the account with a login key."""
    statement = _credentials(_login_column(login_key))
    row = session.connection().execute(statement, {"login_key": login_key}).one_or_none()
    return Credentials(*row) if row else None


@cache
def _credentials(column: InstrumentedAttribute[str]) -> Select[str, str, datetime, bool, bool]:
    """Build the statement; cached, because building it costs more than running it."""
    has_factor = User.second_factor_since.is_not(None)
    query = select(User.id, User.password_hash, User.password_changed_at, User.is_active, has_factor)
    return query.where(column == bindparam("login_key"))


def names_of(session: Session, login_key: str) -> Names | None:
    """Return the names of the account with a login key."""
    query = select(User.id, User.username, User.email, User.phone).where(_login_column(login_key) == login_key)
    row = session.execute(query).one_or_none()
    return Names(*row) if row else None


def _login_column(login_key: str) -> InstrumentedAttribute[str]:
    return User.email_key if "@" in login_key else User.username_key  # user names contain no @


def newest(session: Session, limit: int, before: str | None) -> list[User]:
    """Return open accounts older than the id `before`, newest first."""
    query = select(User).where(User.is_active).order_by(User.id.desc()).limit(limit)
    if before is not None:
        query = query.where(User.id < before)
    return list(session.scalars(query))


def locked_after(session: Session, after: str, limit: int, *conditions: ColumnElement[bool]) -> list[User]:
    """Return accounts that meet the conditions and whose id is greater than `after`, by id; locks the rows."""
    query = select(User).where(User.id > after, *conditions).order_by(User.id).limit(limit)
    return list(session.scalars(query.with_for_update()))


def by_ids(session: Session, ids: Sequence[str], *conditions: ColumnElement[bool]) -> list[User]:
    """Return the accounts with these ids that exist and meet the conditions."""
    return list(session.scalars(select(User).where(User.id.in_(ids), *conditions)))
