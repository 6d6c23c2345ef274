"""SQL of identities, and of sign-ins that are not finished."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import delete_batch, insert_new
from chassis.ids import new_id
from users.models import LinkedIdentity, ProviderSignIn


def find_sign_in(session: Session, state_hash: str) -> ProviderSignIn | None:
    """Return a sign-in that has not expired; the row is locked."""
    query = select(ProviderSignIn).where(
        ProviderSignIn.state_hash == state_hash, ProviderSignIn.expires_at > clock.now()
    )
    return session.scalars(query.with_for_update()).one_or_none()


def set_claims(session: Session, state_hash: str, claims: dict[str, Any]) -> None:
    """Store the claims of the provider about the user of a sign-in."""
    session.execute(update(ProviderSignIn).where(ProviderSignIn.state_hash == state_hash).values(claims=claims))


def release(session: Session, state_hash: str) -> None:
    """Let a sign-in be finished again, after the provider was unavailable."""
    session.execute(update(ProviderSignIn).where(ProviderSignIn.state_hash == state_hash).values(code_hash=None))


def delete_sign_in(session: Session, state_hash: str) -> None:
    """Delete a sign-in."""
    session.execute(delete(ProviderSignIn).where(ProviderSignIn.state_hash == state_hash))


def find(session: Session, issuer: str, subject: str) -> LinkedIdentity | None:
    """Return an identity."""
    query = select(LinkedIdentity).where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
    return session.scalars(query).one_or_none()


def add(session: Session, user_id: str, issuer: str, subject: str) -> bool:
    """Link an identity to an account; return whether it was not linked to any."""
    now = clock.now()
    row = {"id": new_id(), "user_id": user_id, "issuer": issuer, "subject": subject}
    return insert_new(session, LinkedIdentity, row | {"created_at": now, "last_used_at": now})


def record_use(session: Session, issuer: str, subject: str) -> None:
    """Set when an identity was used."""
    change = update(LinkedIdentity).where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
    session.execute(change.values(last_used_at=clock.now()))


def of_account(session: Session, user_id: str) -> Sequence[LinkedIdentity]:
    """Return the identities of an account, the oldest first."""
    query = select(LinkedIdentity).where(LinkedIdentity.user_id == user_id)
    return session.scalars(query.order_by(LinkedIdentity.id)).all()


def count(session: Session, user_id: str) -> int:
    """Return how many identities an account has."""
    query = select(func.count()).select_from(LinkedIdentity).where(LinkedIdentity.user_id == user_id)
    return session.scalar(query) or 0


def remove(session: Session, user_id: str, identity_id: str) -> bool:
    """Delete an identity of an account; return whether there was one."""
    condition = (LinkedIdentity.user_id == user_id, LinkedIdentity.id == identity_id)
    result: Any = session.execute(delete(LinkedIdentity).where(*condition))
    return bool(result.rowcount)


def delete_old(session: Session, limit: int) -> int:
    """Delete expired sign-ins; return how many."""
    return delete_batch(session, ProviderSignIn, limit, ProviderSignIn.expires_at < clock.now())
