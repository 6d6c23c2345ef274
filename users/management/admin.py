"""What operators and staff do with accounts."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis import clock
from users import contract
from users.accounts import history, serializers, store
from users.credentials import failed_logins_store
from users.second_factor import factor
from users.sessions import lifecycle


def set_staff(session: Session, request: contract.SetStaff) -> contract.Account:
    """Grant or revoke staff rights."""
    user = store.get(session, store.has_username(request.username), lock=True)
    user.is_staff = request.is_staff
    history.record(session, user.id, "staff_granted" if request.is_staff else "staff_revoked")
    return serializers.account(user)


def close(session: Session, condition: ColumnElement[bool]) -> contract.Account:
    """Close the account that meets the condition, and end its sessions."""
    user = store.get(session, condition, lock=True)
    if user.is_active:
        history.record(session, user.id, "closed")
        user.is_active, user.deactivated_at = False, clock.now()
    lifecycle.end(session, user.id)
    return serializers.account(user)


def reopen(session: Session, condition: ColumnElement[bool]) -> contract.Account:
    """Reopen the account that meets the condition."""
    user = store.get(session, condition, lock=True)
    if not user.is_active:
        history.record(session, user.id, "reopened")
        user.is_active, user.deactivated_at = True, None
    return serializers.account(user)


def unlock(session: Session, request: contract.Unlock) -> contract.Account:
    """Reset the failed logins of an account."""
    user = store.get(session, store.has_username(request.username), lock=True)
    failed_logins_store.reset_account(session, user.id)
    history.record(session, user.id, "unlocked")
    return serializers.account(user)


def reset_second_factor(session: Session, request: contract.ResetSecondFactor) -> contract.Account:
    """Remove the second factor of an account. Raises NotFound."""
    user = store.get(session, store.has_username(request.username), lock=True)
    factor.require_added(user)
    factor.disable(session, user, None)
    return serializers.account(user)
