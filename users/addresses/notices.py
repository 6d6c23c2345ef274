"""Gives the deliveries service the security notices that it has to send."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chassis.ids import time_of
from users import contract
from users.accounts import history, names
from users.accounts.verification_policy import VerificationPolicy
from users.addresses import changes, tokens
from users.models import AccountEvent, EmailChange, User


def notices(
    session: Session, secret: str, request: contract.SecurityNotices, policy: VerificationPolicy
) -> contract.SecurityNoticeList:
    """Return the notices whose account is open and has a verified address; the channels of the user do not count."""
    rows = _events(session, request)
    replaced: dict[str, list[EmailChange]] = defaultdict(list)
    for change in changes.of_users(session, [user.id for _, user in rows]):
        replaced[change.user_id].append(change)
    items = []
    for event, user in rows:
        address = _address(event, user, replaced[user.id], policy)
        if address is not None:
            items.append(_details(event, user, address, secret))
    return contract.SecurityNoticeList(items=items)


def _address(
    event: AccountEvent, user: User, replaced: Sequence[EmailChange], policy: VerificationPolicy
) -> str | None:
    """Return the address at the time of the event if it was verified, otherwise the last one that can be restored.

    So a thief who changes the address cannot keep from the owner what else happens.
    """
    if event.kind == "email_changed":
        return next((change.email for change in replaced if change.id == event.id), None)
    if later := [change.email for change in replaced if change.id > event.id]:
        return later[0]
    if policy.accepts(user, "email"):
        return user.email
    return replaced[-1].email if replaced else None


def _events(session: Session, request: contract.SecurityNotices) -> list[Row[AccountEvent, User]]:
    query = select(AccountEvent, User).join(User, User.id == AccountEvent.user_id)
    is_notice = AccountEvent.kind.in_(history.NOTICES)
    return list(session.execute(query.where(AccountEvent.id.in_(request.ids), is_notice, User.is_active)))


def _details(event: AccountEvent, user: User, address: str, secret: str) -> contract.SecurityNoticeDetails:
    return contract.SecurityNoticeDetails(
        id=event.id,
        user_id=user.id,
        username=user.username,
        channel="email",
        address=names.ascii_email(address),
        kind=history.NOTICES[event.kind],
        occurred_at=time_of(event.id),
        client_address=event.address,
        user_agent=event.user_agent,
        restore_token=tokens.compute(secret, event.id) if event.kind == "email_changed" else None,
    )
