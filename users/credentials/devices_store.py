"""SQL of the devices and addresses at which an account had sessions."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from chassis import clock
from users.models import UserSession


def known(
    session: Session, user_id: str, address: str, device: str, password_changed_at: datetime
) -> tuple[bool, bool]:
    """Return whether an account knows an address, and a device, by their digests.

    It does if a session that began there is live, or began with the current password.
    """
    is_live = func.least(UserSession.expires_at, UserSession.revoked_at) > clock.now()
    began_there = or_(UserSession.address == address, UserSession.device == device)
    query = select(UserSession.address == address, UserSession.device == device).where(
        UserSession.user_id == user_id, began_there, or_(is_live, UserSession.created_at >= password_changed_at)
    )
    found = session.execute(query.distinct()).all()
    return any(row[0] for row in found), any(row[1] for row in found)
