"""What operators, staff and providers do to accounts."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis import clock
from users import contract, names, serializers, store
from users.accounts import updates
from users.credentials import failed_logins, failed_logins_store
from users.models import User
from users.sessions import lifecycle


def set_staff(session: Session, request: contract.SetStaff) -> contract.Account:
    """Give or take staff rights."""
    user = store.get(session, store.named(names.key(request.username)), lock=True)
    user.is_staff = request.is_staff
    return serializers.account(user)


def unlock(session: Session, request: contract.Unlock) -> contract.Account:
    """Forget the wrong passwords that were tried at an account."""
    user = store.get(session, store.named(names.key(request.username)), lock=True)
    failed_logins_store.forgive(session, failed_logins.at_account(user.id))
    return serializers.account(user)


def set_active(session: Session, condition: ColumnElement[bool], *, is_active: bool) -> contract.Account:
    """Close an account and end its sessions, or open it again."""
    user = store.get(session, condition, lock=True)
    user.is_active = is_active
    if is_active:
        user.deactivated_at = None
    else:
        user.deactivated_at = user.deactivated_at or clock.now()
        lifecycle.end(session, user.id)
    return serializers.account(user)


def opt_out(session: Session, request: contract.OptOut) -> None:
    """Switch a channel off for the account with this number, if there is one."""
    user = store.find(session, User.phone == request.phone, lock=True)
    if user is not None:
        updates.switch_off(user, request.channel)
