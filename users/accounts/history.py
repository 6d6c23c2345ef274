"""The history of an account: what happened to it, for its owner, who is notified of what concerns security."""

from datetime import timedelta
from typing import get_args

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import cursor
from chassis.db import outbox
from chassis.db.sql import delete_batch
from chassis.ids import first_id, new_id, time_of
from users import contract
from users.models import AccountEvent

KEEP = timedelta(days=90)
_INSERT = insert(AccountEvent)

# The kinds of events of which the owner may be notified, and those of the notices.
NOTICES: dict[str, contract.SecurityNoticeKind] = {
    "signed_in": "new_device",
    **{kind: kind for kind in get_args(contract.SecurityNoticeKind)},
}


def record(
    session: Session,
    user_id: str,
    kind: contract.AccountEventKind,
    *,
    notify: bool = True,
    **columns: str | None,
) -> str:
    """Add an event in the transaction of the change, and publish SecurityNotice; return the id of the event.

    `columns`: `session_id`, `address`, `user_agent`. `notify`: whether the owner is notified, if the kind has a notice.
    A new account must have been flushed.
    """
    event_id = new_id()
    row = {"id": event_id, "user_id": user_id, "kind": kind, **columns}
    session.connection().execute(_INSERT, row)  # as parameters: a flush costs a tenth of a login
    if notify and kind in NOTICES:
        notice = contract.SecurityNotice(id=event_id, user_id=user_id, kind=NOTICES[kind], occurred_at=clock.now())
        outbox.add(session, notice)
    return event_id


def page(session: Session, caller: Caller, request: contract.ListAccountEvents) -> contract.AccountEventPage:
    """Return a page of the events of the caller's account, newest first."""
    query = select(AccountEvent).where(AccountEvent.user_id == caller.require_user())
    before = cursor.decode_id(request.cursor)
    if before is not None:
        query = query.where(AccountEvent.id < before)
    rows = session.scalars(query.order_by(AccountEvent.id.desc()).limit(request.limit + 1))
    return cursor.page(contract.AccountEventPage, [_listed(row) for row in rows], request.limit)


def delete_old(session: Session, limit: int) -> int:
    """Delete events older than KEEP; return how many."""
    return delete_batch(session, AccountEvent, limit, AccountEvent.id < first_id(clock.now() - KEEP))


def _listed(event: AccountEvent) -> contract.AccountEvent:
    """Return an entry of an account's history."""
    return contract.AccountEvent(
        id=event.id,
        kind=event.kind,
        created_at=time_of(event.id),
        session_id=event.session_id,
        address=event.address,
        user_agent=event.user_agent,
    )
