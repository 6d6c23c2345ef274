"""Tables of the users service."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates

from chassis import clock
from chassis.db.columns import UtcDateTime, UuidText
from users import names
from users.contract import Channel


class Base(DeclarativeBase):
    """Of all tables of this service."""


class User(Base):
    """An account; order by id is order by time."""

    __tablename__ = "users"
    # The unique constraints' names tell store.save which field is taken.
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
    # By the user; stays when the same password is only hashed anew.
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(default=True)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # In mails; whoever has it may switch off channels, without signing in.
    unsubscribe_token: Mapped[str] = mapped_column(UuidText, server_default=text("gen_random_uuid()::text"))

    @validates("username", "email")
    def _follow(self, name: str, value: str) -> str:
        """Keep the key beside its name."""
        setattr(self, f"{name}_key", names.key(value))
        return value


class UserSession(Base):
    """A session: live until it expires or is revoked. The token itself is stored nowhere.

    `expires_at` moves on while it is used: it is the end of its lifetime, or of the time that it may idle if that is
    sooner.
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

    def is_live(self, user: User) -> bool:
        """Tell whether its user may act with it now."""
        return user.is_active and clock.now() < min(self.expires_at, self.revoked_at or self.expires_at)


class Guesses(Base):
    """Wrong passwords in a row: at an account, within a session, or from an address."""

    __tablename__ = "guesses"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Before that moment no attempt is compared.
    open_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


# Answers from the index alone who was active at a moment.
Index("sessions_by_user", UserSession.user_id, UserSession.created_at, UserSession.expires_at, UserSession.revoked_at)
# Finds the sessions that ended long ago.
Index("sessions_by_end", func.least(UserSession.expires_at, UserSession.revoked_at))
# Finds the guesses that a day has made irrelevant.
Index("guesses_since", Guesses.since)
