"""Tables of the notifications service."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what it calls INTEGER
UNREAD = text("read_at IS NULL")
READ = text("read_at IS NOT NULL")
OPEN = text("due_at IS NOT NULL")
FINISHED = text("due_at IS NULL")
REPORTED = text("provider_id IS NOT NULL")
UNFINISHED = text("NOT done")
CHANGED = text("changed_at IS NOT NULL")


class Base(DeclarativeBase):
    """Of all tables of this service."""


class Notification(Base):
    """What people are told: one row, shared by all of its recipients."""

    __tablename__ = "notifications"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Whose post it is about, if they have not left.
    author_id: Mapped[str | None] = mapped_column(UuidText, index=True)
    # What it is about, where that must be told once only: the post's id.
    source: Mapped[str | None] = mapped_column(UuidText, unique=True)
    # How far the fan-out came: the id of the last user in the order of ids, and whether there are no more.
    reached: Mapped[str | None] = mapped_column(UuidText)
    done: Mapped[bool]
    # Of a post: the moment that decides who was active.
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When its words were last changed, because the post was.
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("notifications_unfinished", "created_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
        Index("notifications_changed", "changed_at", sqlite_where=CHANGED, postgresql_where=CHANGED),
    )


class PostNews(Base):
    """What became of a post after it was published: a new text, or null because it was deleted.

    Kept apart from the notification, because such news may overtake the fan-out.
    """

    __tablename__ = "post_news"

    post_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class InboxRow(Base):
    """A notification in somebody's inbox; order by `seq` is the order of commit."""

    __tablename__ = "inbox"

    seq: Mapped[int] = mapped_column(Serial, primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText)
    notification_id: Mapped[str] = mapped_column(UuidText)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        # The notification first: a fan-out appends to this index instead of touching all of it.
        UniqueConstraint("notification_id", "user_id", name="inbox_once"),
        Index("inbox_order", "user_id", "seq"),
        Index("inbox_unread", "user_id", sqlite_where=UNREAD, postgresql_where=UNREAD),
        Index("inbox_read", "read_at", sqlite_where=READ, postgresql_where=READ),
        Index("inbox_read_by", "user_id", "read_at", sqlite_where=READ, postgresql_where=READ),
        {"sqlite_autoincrement": True},
    )


class Delivery(Base):
    """The way of one notification to one person by one channel."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    notification_id: Mapped[str] = mapped_column(UuidText)
    user_id: Mapped[str] = mapped_column(UuidText)
    channel: Mapped[str] = mapped_column(String(10))
    # The sender chose this channel; what the user chose does not count.
    chosen: Mapped[bool]
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    # When somebody must look at it: the next attempt while pending, the end of the claim while sending, else null.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("notification_id", "user_id", "channel", name="deliveries_once"),
        Index("deliveries_due", "channel", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("deliveries_finished", "updated_at", sqlite_where=FINISHED, postgresql_where=FINISHED),
        Index("deliveries_by_provider_id", "provider_id", sqlite_where=REPORTED, postgresql_where=REPORTED),
    )


class DeliveryReport(Base):
    """What a provider said later of something it had taken; it may say so before we have written its id down."""

    __tablename__ = "delivery_reports"

    provider_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SmsCount(Base):
    """How many SMS went out on a day (UTC): all together, or to one number."""

    __tablename__ = "sms_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    used: Mapped[int]


class Erased(Base):
    """Somebody whose account was deleted: posts of theirs that are still on their way are told to nobody."""

    __tablename__ = "erased"

    user_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
