"""Starting and ending sessions."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import cursor
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unauthenticated
from users import contract, serializers, store
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.authentication import Proof
from users.models import User, UserSession

TOKEN_BYTES = 32  # 256 bits, written as 43 characters


@dataclass(frozen=True, slots=True)
class Lives:
    """How long sessions live: at most, and without being seen; being seen is noted after `noted` again."""

    most: timedelta
    idle: timedelta
    noted: timedelta

    def end(self, created_at: datetime, seen_at: datetime) -> datetime:
        """Return until when a session lives that was seen at that moment."""
        return min(created_at + self.most, seen_at + self.idle)


def lives(settings: dict[str, Any]) -> Lives:
    """Read the `session` section of the configuration."""
    return Lives(*(timedelta(seconds=settings[name]) for name in ("lifetime", "idle", "cache")))


def start(
    session: Session, request: contract.SignIn, proof: Proof, lives: Lives
) -> tuple[contract.Session, contract.Identity]:
    """Store a session, unless the password was changed or the account closed or deleted since the proof."""
    user = store.find(session, User.id == proof.user_id, lock=True)
    if user is None or not user.is_active or user.password_changed_at != proof.password_changed_at:
        raise authentication.refused()
    user.password_hash = proof.new_hash or user.password_hash
    token = secrets.token_urlsafe(TOKEN_BYTES)
    moment = clock.now()
    started = store.add_session(
        session,
        user_id=user.id,
        token_hash=contract.token_hash(token),
        created_at=moment,
        last_seen_at=moment,
        expires_at=lives.end(moment, moment),
        user_agent=request.user_agent,
    )
    failed_logins_store.forgive(session, [failed_logins.at_login(user.id, "")])
    if request.address:
        failed_logins_store.take_back(session, failed_logins.from_address(request.address))
    reply = contract.Session(token=token, expires_at=moment + lives.most, user=serializers.account(user))
    return reply, serializers.identity(user, started)


def identify(db: UnitOfWork, token_hash: str, lives: Lives) -> contract.Identity:
    """Return whose live session it is, which is hereby seen, or raise Unauthenticated."""
    with db.read() as session:
        found = store.session_of(session, token_hash)
        if found is None or not found[0].is_live(found[1]):
            raise Unauthenticated("The session has ended, or never was.", "invalid_token")
        started, user = found
        identity, moment = serializers.identity(user, started), clock.now()
        seen_lately = moment < started.last_seen_at + lives.noted
        expires_at = lives.end(started.created_at, moment)
    if seen_lately:
        return identity
    with db.write() as session:
        store.see(session, identity.session_id, moment, expires_at)
    return identity.model_copy(update={"expires_at": expires_at})


def page(session: Session, caller: Caller, request: contract.ListSessions) -> contract.SessionPage:
    """Return a page of the caller's live sessions, newest first."""
    before = cursor.decode(request.cursor)
    found = store.live_sessions(session, caller.require_user(), request.limit + 1, before)
    items = [serializers.listed(one, current=one.id == caller.session) for one in found]
    return cursor.page(contract.SessionPage, items, request.limit)


def sign_out(session: Session, caller: Caller, *, everywhere: bool) -> None:
    """End the caller's session, or all of the caller's."""
    user = store.get(session, User.id == caller.user, lock=True)
    these = () if everywhere else (UserSession.id == caller.session,)
    end(session, user.id, *these)


def end(session: Session, user_id: str, *these: ColumnElement[bool]) -> list[str]:
    """End a user's live sessions, or these of them, and tell the holders of open sockets; return their ids."""
    ended = store.end_sessions(session, user_id, *these)
    if ended:
        outbox.add(session, contract.SessionEnded(user_id=user_id, session_ids=ended))
    return ended
