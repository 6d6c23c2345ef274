"""Converts sessions to the models of the contract."""

from users import contract
from users.models import User, UserSession


def identity(user: User, session: UserSession, *, staff_second_factor: bool) -> contract.Identity:
    """Return the identity of a session; `staff_second_factor`: staff have rights only with a second factor."""
    has_rights = user.second_factor_since is not None or not staff_second_factor
    return contract.Identity(
        user_id=user.id,
        username=user.username,
        session_id=session.id,
        is_staff=user.is_staff and has_rights,
        expires_at=session.expires_at,
    )


def listed_session(session: UserSession, *, current: bool) -> contract.ListedSession:
    """Return an entry of a user's list of sessions."""
    return contract.ListedSession(
        id=session.id,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        user_agent=session.user_agent,
        current=current,
    )
