"""Tables of the users service."""

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates

from chassis import clock
from chassis.db.columns import UtcDateTime, UuidText
from users.contract import Channel, CodeChannel, CodePurpose


def name_key(name: str) -> str:
    """Return the key of a user name or e-mail address: all spellings of a name have the same one, and it is unique."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


class Base(DeclarativeBase):
    """Base class of this service's tables."""


class User(Base):
    """An account; order by id is order by time."""

    __tablename__ = "users"
    # store.save derives the field from the name of the violated constraint.
    __table_args__ = (
        UniqueConstraint("username_key", name="users_username_taken"),
        UniqueConstraint("email_key", name="users_email_taken"),
        UniqueConstraint("phone", name="users_phone_taken"),
        UniqueConstraint("unsubscribe_token", name="users_unsubscribe_token"),
        CheckConstraint("is_active = (deactivated_at IS NULL)", name="users_active_or_deactivated"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    username: Mapped[str] = mapped_column(String(30))
    username_key: Mapped[str]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str]
    phone: Mapped[str | None] = mapped_column(String(16))
    notify_by: Mapped[list[Channel]] = mapped_column(JSON)
    password_hash: Mapped[str]
    # Does not change when the same password is hashed with new parameters.
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When the account was opened without a password; its hash is that of a random text that is not stored.
    password_unset_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(default=True)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Orders the names of an account: later for each change, even if the clock goes back.
    username_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    # When the second factor was confirmed; null: logins need the password only.
    second_factor_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the current address was verified by a code.
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    phone_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # In the links of mails; allows to remove channels without a login.
    unsubscribe_token: Mapped[str] = mapped_column(UuidText, server_default=text("gen_random_uuid()::text"))

    @property
    def has_password(self) -> bool:
        """Whether the account has a password that its owner has set; each new one has a later `password_changed_at`."""
        return self.password_changed_at != self.password_unset_at

    def address(self, channel: CodeChannel) -> str | None:
        """Return the address of a channel; None: the user gave none."""
        return self.email if channel == "email" else self.phone

    def verified_at(self, channel: CodeChannel) -> datetime | None:
        """Return when the address of a channel was verified; None: it was not."""
        return self.email_verified_at if channel == "email" else self.phone_verified_at

    def set_verified(self, channel: CodeChannel, at: datetime) -> None:
        """Set when the address of a channel was verified."""
        if channel == "email":
            self.email_verified_at = at
        else:
            self.phone_verified_at = at

    def rename(self, username: str) -> None:
        """Set another user name; the row must be locked."""
        self.username = username
        self.username_changed_at = max(clock.now(), self.username_changed_at + timedelta(microseconds=1))

    @validates("username", "email")
    def _set_key(self, name: str, value: str) -> str:
        """Update the key of a name that changes."""
        setattr(self, f"{name}_key", name_key(value))
        return value


class UserSession(Base):
    """A session; live until it expires or is revoked. The token is not stored, only its SHA-256.

    Each recorded use moves `expires_at`: to the end of the idle time, at most to the end of the lifetime.
    """

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_agent: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Where it began: digests (users.credentials.login_attempts) of the client's address and device token.
    address: Mapped[str | None] = mapped_column(String(32))
    device: Mapped[str | None] = mapped_column(String(32))

    def is_live(self, user: User) -> bool:
        """Return whether its user may use it now."""
        return user.is_active and clock.now() < min(self.expires_at, self.revoked_at or self.expires_at)


class AccountEvent(Base):
    """What happened to an account; order by id is order by time."""

    __tablename__ = "account_events"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    session_id: Mapped[str | None] = mapped_column(UuidText)
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(200))


class EmailChange(Base):
    """A verified e-mail address that was replaced; order by id is order by time. Its owner can restore it for a while.

    The id is that of the event in the account's history.
    """

    __tablename__ = "email_changes"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254))  # the old one
    email_key: Mapped[str] = mapped_column(index=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class OneTimeCode(Base):
    """A one-time code; its digits are not stored (users.codes.digits)."""

    __tablename__ = "codes"

    account: Mapped[str] = mapped_column(String(36), primary_key=True)  # the user's id, or a digest of an unknown name
    purpose: Mapped[CodePurpose] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(UuidText, unique=True)
    channel: Mapped[CodeChannel] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(254))
    tries: Mapped[int]
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LinkedIdentity(Base):
    """An account at an identity provider that may sign in to an account here."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="identities_subject"),)

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProviderSignIn(Base):
    """A sign-in at the identity provider that is not finished; its state is not stored, only its SHA-256."""

    __tablename__ = "provider_sign_ins"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    # The account to which the identity is to be linked; null: it signs in.
    user_id: Mapped[str | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # Of the code with which it is being finished, and the claims of the provider about the user.
    code_hash: Mapped[str | None] = mapped_column(String(64))
    claims: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Invitation(Base):
    """An invitation that was not used yet; its token is not stored, only its SHA-256."""

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    email_key: Mapped[str | None]  # of the address that it is for; null: any
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SecondFactor(Base):
    """The secret of a user's authenticator app; in use if the account has `second_factor_since`."""

    __tablename__ = "second_factors"

    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))
    # The time step (users.second_factor.codes) of the last accepted code.
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A recovery code that was not used yet."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class FailedLogins(Base):
    """Wrong passwords of a subject, such as a client at an account (users.credentials.login_attempts)."""

    __tablename__ = "guesses"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Attempts before this time are rejected without comparing the password.
    open_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


# For active recipients: an index-only scan.
Index("sessions_by_user", UserSession.user_id, UserSession.created_at, UserSession.expires_at, UserSession.revoked_at)
# For known devices.
Index(
    "sessions_by_address", UserSession.user_id, UserSession.address, postgresql_where=UserSession.address.is_not(None)
)
Index("sessions_by_device", UserSession.user_id, UserSession.device, postgresql_where=UserSession.device.is_not(None))
# For the cleanup of sessions.
Index("sessions_by_end", func.least(UserSession.expires_at, UserSession.revoked_at))
# The second part of a subject is the account, unless it is an address.
account_of_subject = func.split_part(FailedLogins.subject, ":", 2)
Index("guesses_by_account", account_of_subject)
# For the owner's list of events.
Index("account_events_by_user", AccountEvent.user_id, AccountEvent.id)
# For the cleanup of failed logins.
Index("guesses_since", FailedLogins.since)
