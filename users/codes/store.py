"""SQL of one-time codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, tuple_, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import batch, upsert
from users.contract import CodePurpose
from users.models import OneTimeCode, User


def issued_at(session: Session, account: str, purpose: CodePurpose) -> datetime | None:
    """Return when the newest code of an account for a purpose was issued; the row is locked."""
    query = select(OneTimeCode.issued_at).where(OneTimeCode.account == account, OneTimeCode.purpose == purpose)
    return session.scalar(query.with_for_update())


def replace(session: Session, account: str, purpose: CodePurpose, columns: Mapping[str, Any]) -> None:
    """Store a code in place of the account's earlier one for this purpose."""
    values = {**columns, "tries": 0, "issued_at": clock.now()}
    statement = upsert(session, OneTimeCode).values(account=account, purpose=purpose, **values)
    keys = [OneTimeCode.account, OneTimeCode.purpose]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def count_try(session: Session, account: str, purpose: CodePurpose, most: int) -> OneTimeCode | None:
    """Count an attempt to enter a code, and return the code; None if there is none that may be tried."""
    change = update(OneTimeCode).where(
        OneTimeCode.account == account,
        OneTimeCode.purpose == purpose,
        OneTimeCode.tries < most,
        OneTimeCode.expires_at > clock.now(),
    )
    return session.scalar(change.values(tries=OneTimeCode.tries + 1).returning(OneTimeCode))


def consume(session: Session, code_id: str) -> str | None:
    """Delete a code; return the address that it went to, or None if the code is not there any more.

    The user's row must be locked: a transaction that locks both locks it first.
    """
    return session.scalar(delete(OneTimeCode).where(OneTimeCode.id == code_id).returning(OneTimeCode.address))


def live(session: Session, ids: Sequence[str]) -> Sequence[Row[OneTimeCode, User]]:
    """Return the codes with these ids that are live, with their accounts, which are open."""
    query = select(OneTimeCode, User).join(User, User.id == OneTimeCode.account)
    is_live = OneTimeCode.expires_at > clock.now()
    return session.execute(query.where(OneTimeCode.id.in_(ids), is_live, User.is_active)).all()


def delete_account(session: Session, account: str) -> None:
    """Delete the codes of an account."""
    session.execute(delete(OneTimeCode).where(OneTimeCode.account == account))


def delete_unneeded(session: Session, accounts: Sequence[str], purposes: Sequence[CodePurpose]) -> None:
    """Delete the codes of accounts for some purposes; those that were not sent yet are not sent."""
    conditions = (OneTimeCode.account.in_(accounts), OneTimeCode.purpose.in_(purposes))
    session.execute(delete(OneTimeCode).where(*conditions), execution_options={"synchronize_session": False})


def delete_expired(session: Session, limit: int) -> Counter[CodePurpose]:
    """Delete up to `limit` expired codes; return how many by purpose."""
    keys: tuple[Any, ...] = (OneTimeCode.account, OneTimeCode.purpose)
    expired = batch(select(*keys).where(OneTimeCode.expires_at < clock.now()), limit)
    change = delete(OneTimeCode).where(tuple_(*keys).in_(expired)).returning(OneTimeCode.purpose)
    return Counter(session.scalars(change, execution_options={"synchronize_session": False}))
