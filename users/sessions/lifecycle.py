"""Starts, identifies, lists and ends sessions."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import Message, cursor
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import NotFound
from users import contract
from users.accounts import history, store
from users.accounts import serializers as accounts_serializers
from users.contract import errors
from users.credentials import login_attempts
from users.credentials.authentication import VerifiedPassword
from users.credentials.client import Client, Recognition
from users.models import User, UserSession
from users.second_factor import factor
from users.sessions import serializers
from users.sessions import store as session_store

TOKEN_BYTES = 32  # 256 bits, encoded as 43 characters
PER_USER = 100  # sessions, if config.yml has no other number


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """When sessions expire: `maximum` after their start, `idle` after their last recorded use.

    A use is recorded if the last record is older than `record_interval`. A user has `per_user` sessions at most. With
    `staff_second_factor`, staff without a second factor have the rights of other users.
    """

    maximum: timedelta
    idle: timedelta
    record_interval: timedelta
    per_user: int
    staff_second_factor: bool = False

    def expires_at(self, created_at: datetime, last_seen_at: datetime) -> datetime:
        """Return when a session expires."""
        return min(created_at + self.maximum, last_seen_at + self.idle)


class StartedSession(Message):
    """A new session, and the ids of those that ended because there were too many."""

    session: contract.Session = Field(repr=False)
    identity: contract.Identity
    ended: list[str]


def policy_from_config(settings: dict[str, Any]) -> SessionPolicy:
    """Read the settings `users.session`, in seconds."""
    maximum, idle, record_interval = (timedelta(seconds=settings[name]) for name in ("lifetime", "idle", "cache"))
    per_user, staff_second_factor = settings.get("per_user", PER_USER), settings.get("staff_second_factor", False)
    return SessionPolicy(maximum, idle, record_interval, per_user, staff_second_factor)


def start(
    session: Session, request: contract.ClientLogin, verified: VerifiedPassword, policy: SessionPolicy
) -> StartedSession:
    """Store a session and reset the failed logins.

    Raises Unauthenticated if the code of the second factor is wrong, or if the password was changed, or the account
    closed or deleted, since the password was verified.
    """
    user = store.lock(session, verified.user_id)
    if user is None or not user.is_active or user.password_changed_at != verified.password_changed_at:
        raise errors.bad_credentials()
    factor.require(session, user, request.otp)
    if verified.new_hash is not None:
        user.password_hash = verified.new_hash
    login_attempts.succeeded(session, verified.attempt)
    return open_for(session, user, request, policy, verified.attempt.recognition)


def open_for(
    session: Session, user: User, client: Client, policy: SessionPolicy, recognition: Recognition
) -> StartedSession:
    """Store a session of a user who was verified and whose row is locked; end those that are too many.

    The owner is notified of an unknown client.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    device_token = (client.device_token if recognition.device else None) or secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    is_new_device = not recognition.is_known and not _is_first(session, user)
    started = session_store.add(
        session,
        user_id=user.id,
        token_hash=contract.token_hash(token),
        created_at=now,
        last_seen_at=now,
        expires_at=policy.expires_at(now, now),
        user_agent=client.user_agent,
        address=login_attempts.digest(user.id, client.address) if client.address else None,
        device=login_attempts.digest(user.id, device_token),
    )
    history.record(
        session,
        user.id,
        "signed_in",
        notify=is_new_device,
        session_id=started.id,
        address=client.address,
        user_agent=client.user_agent,
    )
    reply = contract.Session(
        token=token,
        expires_at=now + policy.maximum,
        user=accounts_serializers.account(user),
        device_token=device_token,
    )
    identity = serializers.identity(user, started, staff_second_factor=policy.staff_second_factor)
    return StartedSession(session=reply, identity=identity, ended=_end_surplus(session, user.id, policy))


def _is_first(session: Session, user: User) -> bool:
    """Return whether a user whose sessions are all stored has none: old ones are deleted."""
    is_recent = user.created_at > clock.now() - session_store.KEEP_ENDED
    return is_recent and not session_store.has_any(session, user.id)


def _end_surplus(session: Session, user_id: str, policy: SessionPolicy) -> list[str]:
    """End the sessions of a user beyond `per_user`, those that were used least recently; return their ids.

    The user's row must be locked, so that concurrent logins do not exceed the limit.
    """
    surplus = session_store.least_recently_used(session, user_id, policy.per_user)
    return end(session, user_id, UserSession.id.in_(surplus)) if surplus else []


def identify(db: UnitOfWork, token_hashes: Sequence[str], policy: SessionPolicy) -> dict[str, contract.Identity]:
    """Return the identities of the live sessions by the hashes of their tokens, and record their use."""
    with db.read() as session:
        rows = [row for row in session_store.find(session, token_hashes) if row[0].is_live(row[1])]
        required, now = policy.staff_second_factor, clock.now()
        found = {own.token_hash: serializers.identity(user, own, staff_second_factor=required) for own, user in rows}
        unrecorded = [own for own, _ in rows if own.last_seen_at + policy.record_interval <= now]
        expires_at = {own.id: policy.expires_at(own.created_at, now) for own in unrecorded}
    if expires_at:
        with db.write() as session:
            recorded = session_store.record_use(session, expires_at, now)
        for token_hash, identity in found.items():
            if identity.session_id in recorded:
                found[token_hash] = identity.model_copy(update={"expires_at": expires_at[identity.session_id]})
    return found


def page(session: Session, caller: Caller, request: contract.ListSessions) -> contract.SessionPage:
    """Return a page of the caller's live sessions, newest first."""
    before = cursor.decode_id(request.cursor)
    sessions = session_store.live_sessions(session, caller.require_user(), request.limit + 1, before)
    items = [serializers.listed_session(listed, current=listed.id == caller.session) for listed in sessions]
    return cursor.page(contract.SessionPage, items, request.limit)


def log_out(session: Session, caller: Caller, *, everywhere: bool) -> None:
    """End the caller's session, or with `everywhere` all sessions of the caller."""
    user = store.own(session, caller.require_user(), lock=True)
    conditions = () if everywhere else (UserSession.id == caller.session,)
    if end(session, user.id, *conditions):
        history.record(session, user.id, "sessions_ended" if everywhere else "signed_out", session_id=caller.session)


def end_one(session: Session, caller: Caller, session_id: str) -> None:
    """End one of the caller's live sessions. Raises NotFound."""
    user_id = caller.require_user()
    if not end(session, user_id, UserSession.id == session_id):
        raise NotFound("There is no such session.")
    history.record(session, user_id, "sessions_ended", session_id=caller.session)


def end(session: Session, user_id: str, *conditions: ColumnElement[bool]) -> list[str]:
    """Revoke a user's live sessions that meet the conditions, and publish SessionEnded; return their ids."""
    ended = session_store.revoke(session, user_id, *conditions)
    if ended:
        outbox.add(session, contract.SessionEnded(user_id=user_id, session_ids=ended))
    return ended
