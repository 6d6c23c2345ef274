"""Tables of the notifications service."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite autoincrements only INTEGER

# Conditions of partial indexes.
READ = text("read_at IS NOT NULL")
OPEN = text("due_at IS NOT NULL")
URGENT = text("urgent AND due_at IS NOT NULL")
ANY_URGENT = text("urgent")
FINISHED = text("due_at IS NULL")
HAS_PROVIDER_ID = text("provider_id IS NOT NULL")
UNFINISHED = text("NOT done")
CHANGED = text("changed_at IS NOT NULL")
HAS_CHANGED = text("changed_after IS NOT NULL")
WAS_READ = text("read_after IS NOT NULL")


class Base(DeclarativeBase):
    """Base of the tables of this service."""


class Notification(Base):
    """The content of a notification: one row, shared by all recipients."""

    __tablename__ = "notifications"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The author of the post; null for other kinds, and after the author deleted their account.
    author_id: Mapped[str | None] = mapped_column(UuidText, index=True)
    # The id of the post. Unique, so that a post has one notification.
    source: Mapped[str | None] = mapped_column(UuidText, unique=True)
    # Progress of the fan-out: the last user in the order of ids, and whether it is complete.
    reached: Mapped[str | None] = mapped_column(UuidText)
    done: Mapped[bool]
    # The fan-out of a post goes to the users who were active at this time.
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the content last changed, because the post was edited or deleted.
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The `seq` of the last inbox row at that time: the place of the change in the order of commits, without clocks.
    changed_after: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("notifications_unfinished", "created_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
        Index("notifications_changed", "changed_at", sqlite_where=CHANGED, postgresql_where=CHANGED),
        Index("notifications_changed_after", "changed_after", sqlite_where=HAS_CHANGED, postgresql_where=HAS_CHANGED),
    )


class PostUpdate(Base):
    """The newest update of a post: its text, or null for a deleted post.

    A table of its own, because an update may arrive before the fan-out of the post.
    """

    __tablename__ = "post_news"

    post_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class InboxRow(Base):
    """A notification in the inbox of a user. `seq` grows in the order of commits."""

    __tablename__ = "inbox"

    seq: Mapped[int] = mapped_column(Serial, primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText)
    notification_id: Mapped[str] = mapped_column(UuidText)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The `seq` of the last inbox row when this one was marked as read.
    read_after: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        # The notification comes first, so that a fan-out appends to this index.
        UniqueConstraint("notification_id", "user_id", name="inbox_once"),
        # Each new row changes another page of this index, so there is one: of the order, and of what is unread.
        Index("inbox_by_user", "user_id", "seq", "read_at"),
        Index("inbox_read", "read_at", sqlite_where=READ, postgresql_where=READ),
        Index("inbox_read_by", "user_id", "read_at", sqlite_where=READ, postgresql_where=READ),
        Index("inbox_read_after", "user_id", "read_after", sqlite_where=WAS_READ, postgresql_where=WAS_READ),
        {"sqlite_autoincrement": True},
    )


class FrameSequence(Base):
    """The number of the last frame that was published for a user's websockets. A row changes often and stays small."""

    __tablename__ = "frame_sequences"

    user_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 50}},)


class UnreadCount(Base):
    """The number of unread notifications in an inbox up to a row; only of users who have many."""

    __tablename__ = "unread_counts"

    user_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    unread: Mapped[int]
    until: Mapped[int] = mapped_column(BigInteger)  # the `seq` of the last row that is counted
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when all rows were last counted

    __table_args__ = ({"sqlite_with_rowid": False},)


class Delivery(Base):
    """The delivery of one notification to one user by one channel."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    notification_id: Mapped[str] = mapped_column(UuidText)
    user_id: Mapped[str] = mapped_column(UuidText)
    channel: Mapped[str] = mapped_column(String(10))
    # The sender of the notification named the channels; the user's `notify_by` does not apply.
    channels_forced: Mapped[bool] = mapped_column("chosen")
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    # Pending: when to attempt it. Sending: when the claim expires. Otherwise null.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A one-time code or a security notice: sent ahead of all others, by a sender of its own.
    urgent: Mapped[bool] = mapped_column(server_default=false())
    last_error: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("notification_id", "user_id", "channel", name="deliveries_once"),
        # The status comes before the time, so that a few expired claims are found among many due deliveries.
        Index("deliveries_open", "channel", "status", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("deliveries_urgent", "channel", "due_at", sqlite_where=URGENT, postgresql_where=URGENT),
        # For exports: an urgent delivery has no inbox row, through which others are found.
        Index("deliveries_urgent_of", "user_id", "id", sqlite_where=ANY_URGENT, postgresql_where=ANY_URGENT),
        Index("deliveries_finished", "updated_at", sqlite_where=FINISHED, postgresql_where=FINISHED),
        Index(
            "deliveries_by_provider_id",
            "provider_id",
            sqlite_where=HAS_PROVIDER_ID,
            postgresql_where=HAS_PROVIDER_ID,
        ),
    )


class DeliveryReceipt(Base):
    """The final status that a provider reported. It may arrive before the delivery has its provider id."""

    __tablename__ = "delivery_reports"

    provider_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SmsCount(Base):
    """The number of SMS on a day (UTC): in total, or to one phone number."""

    __tablename__ = "sms_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    used: Mapped[int]


class ErasedAccount(Base):
    """A deleted account. Posts of its user that are still queued notify no one."""

    __tablename__ = "erased"

    user_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
