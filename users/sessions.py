"""Starting and ending sessions."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis import outbox
from chassis.errors import Unauthenticated
from chassis.sessions import Sessions
from chassis.tokens import Caller
from users import accounts, contract, passwords, replies, store
from users.hashing import Hasher
from users.models import User, UserSession

TOKEN_BYTES = 32  # 256 bits, written as 43 characters


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody knew the password that was set at this moment."""

    user_id: str
    password_changed_at: datetime
    new_hash: str | None  # where the parameters of hashing have changed


def prove(db: Sessions, hasher: Hasher, request: contract.Login) -> Proof:
    """Compare the password, or raise Unauthenticated; an account that is not there takes as long and says the same."""
    with db.read() as session:
        known = store.credentials(session, accounts.login_key(request.name))
    if not hasher.matches(known.password_hash if known else None, request.password) or known is None:
        raise _refused()
    outdated = hasher.is_outdated(known.password_hash)
    new_hash = hasher.hash(passwords.normal(request.password)) if outdated else None
    return Proof(known.id, known.password_changed_at, new_hash)


def start(session: Session, proof: Proof, lifetime: timedelta) -> tuple[contract.Session, contract.Identity]:
    """Store a session, unless the password was changed or the account closed since the proof."""
    user = store.get(session, User.id == proof.user_id, lock=True)
    if not user.is_active or user.password_changed_at != proof.password_changed_at:
        raise _refused()
    user.password_hash = proof.new_hash or user.password_hash
    token = secrets.token_urlsafe(TOKEN_BYTES)
    started = store.add_session(session, user.id, contract.token_hash(token), lifetime)
    reply = contract.Session(token=token, expires_at=started.expires_at, user=replies.account(user))
    return reply, replies.identity(user, started)


def identify(session: Session, token_hash: str) -> contract.Identity:
    """Return whose live session it is, or raise Unauthenticated."""
    found = store.session_of(session, token_hash)
    if found is None or not found[0].is_live(found[1]):
        raise Unauthenticated("The session has ended, or never was.", "invalid_token")
    started, user = found
    return replies.identity(user, started)


def sign_out(session: Session, caller: Caller, *, everywhere: bool) -> None:
    """End the caller's session, or all of the caller's."""
    user = store.get(session, User.id == caller.user, lock=True)
    these = () if everywhere else (UserSession.id == caller.session,)
    end(session, user.id, *these)


def end(session: Session, user_id: str, *these: ColumnElement[bool]) -> None:
    """End a user's live sessions, or these of them, and tell the holders of open sockets."""
    ended = store.end_sessions(session, user_id, *these)
    if ended:
        outbox.add(session, contract.SessionEnded(user_id=user_id, session_ids=ended))


def _refused() -> Unauthenticated:
    return Unauthenticated("User name or password is wrong.", "bad_credentials")
