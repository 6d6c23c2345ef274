"""Who may open accounts: anyone, who has an invitation of staff, or no one."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import delete_batch
from users import contract
from users.accounts import names
from users.contract import errors
from users.models import Invitation, name_key

LIFETIME = timedelta(days=7)
OPEN, INVITE = "open", "invite"  # values of `users.registration`; with any other no one may open an account
_TOKEN_BYTES = 32


def create(session: Session, request: contract.Invite) -> contract.Invitation:
    """Store an invitation and return its token, once."""
    token, expires_at = secrets.token_urlsafe(_TOKEN_BYTES), clock.now() + LIFETIME
    email_key = name_key(names.normalize_email(request.email)) if request.email else None
    session.add(Invitation(token_hash=contract.token_hash(token), email_key=email_key, expires_at=expires_at))
    return contract.Invitation(invitation=token, expires_at=expires_at)


def require_allowed(registration: str, invitation: str | None) -> None:
    """Raise Forbidden if no account may be opened, or an invitation is required and missing."""
    if registration not in {OPEN, INVITE}:
        raise errors.registration_closed()
    if registration == INVITE and not invitation:
        raise errors.invitation_required()


def use(session: Session, registration: str, token: str | None, email: str) -> None:
    """Delete the invitation that a registration needs. Raises Forbidden if it does not exist, or expired."""
    if registration != INVITE:
        return
    is_for = or_(Invitation.email_key.is_(None), Invitation.email_key == name_key(email))
    conditions = (Invitation.token_hash == contract.token_hash(token or ""), Invitation.expires_at > clock.now())
    result: Any = session.execute(delete(Invitation).where(*conditions, is_for))
    if not result.rowcount:
        raise errors.invitation_invalid()


def delete_old(session: Session, limit: int) -> int:
    """Delete expired invitations; return how many."""
    return delete_batch(session, Invitation, limit, Invitation.expires_at < clock.now())
