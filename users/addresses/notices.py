"""Gives the deliveries service the security notices that it has to send."""

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chassis.ids import time_of
from users import contract, history, names
from users.models import AccountEvent, User


def notices(
    session: Session, request: contract.SecurityNotices, *, verification_required: bool
) -> contract.SecurityNoticeList:
    """Return the notices whose account is open and has a verified address; the channels of the user do not count."""
    items = []
    for event, user in _events(session, request):
        if user.email_verified_at is not None or not verification_required:
            items.append(_details(event, user, user.email))
    return contract.SecurityNoticeList(items=items)


def _events(session: Session, request: contract.SecurityNotices) -> list[Row[AccountEvent, User]]:
    query = select(AccountEvent, User).join(User, User.id == AccountEvent.user_id)
    return list(session.execute(query.where(AccountEvent.id.in_(request.ids), User.is_active)))


def _details(event: AccountEvent, user: User, address: str) -> contract.SecurityNoticeDetails:
    return contract.SecurityNoticeDetails(
        id=event.id,
        user_id=user.id,
        username=user.username,
        channel="email",
        address=names.ascii_email(address),
        kind=history.notice_kind(event.kind),
        occurred_at=time_of(event.id),
        client_address=event.address,
        user_agent=event.user_agent,
    )
