"""What operators do to accounts."""

from sqlalchemy.orm import Session

from chassis import clock
from users import accounts, contract, replies, sessions, store


def set_staff(session: Session, request: contract.SetStaff) -> contract.Account:
    """Give or take staff rights."""
    user = store.get(session, store.named(accounts.key(request.username)), lock=True)
    user.is_staff = request.is_staff
    return replies.account(user)


def set_active(session: Session, request: contract.SetActive) -> contract.Account:
    """Close an account and end its sessions, or open it again."""
    user = store.get(session, store.named(accounts.key(request.username)), lock=True)
    user.is_active = request.is_active
    if request.is_active:
        user.deactivated_at = None
    else:
        user.deactivated_at = user.deactivated_at or clock.now()
        sessions.end(session, user.id)
    return replies.account(user)
