"""SQL of second factors."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import upsert
from users.models import RecoveryCode, SecondFactor
from users.second_factor import codes


def get(session: Session, user_id: str) -> SecondFactor | None:
    """Return a user's second factor, confirmed or not; the user's row must be locked."""
    return session.get(SecondFactor, user_id, populate_existing=True)


def replace_secret(session: Session, user_id: str, secret: str) -> None:
    """Store the secret of a second factor that is not confirmed yet."""
    values = {"secret": secret, "last_step": None, "created_at": clock.now()}
    statement = upsert(session, SecondFactor).values(user_id=user_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[SecondFactor.user_id], set_=values))


def add_recovery_codes(session: Session, user_id: str, recovery_codes: Iterable[str]) -> None:
    """Store recovery codes."""
    rows = [{"user_id": user_id, "digest": codes.digest(code)} for code in recovery_codes]
    session.execute(insert(RecoveryCode), rows)


def use_recovery_code(session: Session, user_id: str, code: str) -> bool:
    """Delete a recovery code; return whether it was one."""
    condition = (RecoveryCode.user_id == user_id, RecoveryCode.digest == codes.digest(code))
    result: Any = session.execute(delete(RecoveryCode).where(*condition))
    return bool(result.rowcount)


def remove(session: Session, user_id: str) -> None:
    """Delete a second factor with its recovery codes."""
    for model in (RecoveryCode, SecondFactor):
        session.execute(delete(model).where(model.user_id == user_id))
