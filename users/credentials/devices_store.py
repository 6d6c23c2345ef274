"""SQL of the devices and addresses at which an account had sessions."""

from datetime import datetime

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from chassis import clock
from users.credentials.client import Recognition
from users.models import UserSession


def recognise(session: Session, user_id: str, address: str, device: str, password_changed_at: datetime) -> Recognition:
    """Return whether an account knows a device and an address, by their digests.

    It does if a session that began there is live, or began with the current password.
    """
    parameters = {
        "user": user_id,
        "address": address,
        "device": device,
        "now": clock.now(),
        "password_changed_at": password_changed_at,
    }
    found = session.connection().execute(_KNOWN, parameters).all()
    return Recognition(device=any(row[1] for row in found), address=any(row[0] for row in found))


def _statement() -> Select[bool, bool]:
    at_address = UserSession.address == bindparam("address")
    on_device = UserSession.device == bindparam("device")
    is_live = func.least(UserSession.expires_at, UserSession.revoked_at) > bindparam("now")
    has_password = UserSession.created_at >= bindparam("password_changed_at")
    known = select(at_address, on_device).where(
        UserSession.user_id == bindparam("user"), or_(at_address, on_device), or_(is_live, has_password)
    )
    return known.distinct()


_KNOWN = _statement()  # built once: that costs more than running it
