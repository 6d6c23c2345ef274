"""The history of an account: what happened to it, for its owner."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import cursor
from chassis.db.sql import delete_batch
from chassis.ids import first_id, new_id
from users import contract, serializers
from users.models import AccountEvent

KEEP = timedelta(days=90)


def record(session: Session, user_id: str, kind: contract.AccountEventKind, **columns: str | None) -> None:
    """Add an event in the transaction of the change; `columns`: `session_id`, `address`, `user_agent`."""
    session.add(AccountEvent(id=new_id(), user_id=user_id, kind=kind, **columns))


def page(session: Session, caller: Caller, request: contract.ListAccountEvents) -> contract.AccountEventPage:
    """Return a page of the events of the caller's account, newest first."""
    query = select(AccountEvent).where(AccountEvent.user_id == caller.require_user())
    before = cursor.decode(request.cursor)
    if before is not None:
        query = query.where(AccountEvent.id < before)
    rows = session.scalars(query.order_by(AccountEvent.id.desc()).limit(request.limit + 1))
    return cursor.page(contract.AccountEventPage, [serializers.account_event(row) for row in rows], request.limit)


def delete_old(session: Session, limit: int) -> int:
    """Delete events older than KEEP; return how many."""
    return delete_batch(session, AccountEvent, limit, AccountEvent.id < first_id(clock.now() - KEEP))
