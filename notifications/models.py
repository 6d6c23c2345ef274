"""Tables of the notifications service."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.columns import Moment, UuidText

Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what it calls INTEGER
UNREAD = text("read_at IS NULL")
OPEN = text("due_at IS NOT NULL")


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
    created_at: Mapped[datetime] = mapped_column(Moment)
    # Whose post it is about, if they have not left.
    author_id: Mapped[str | None] = mapped_column(UuidText, index=True)
    # What it is about, where that must be told once only: the post's id.
    source: Mapped[str | None] = mapped_column(UuidText, unique=True)
    # How far the fan-out came: the id of the last user in the order of ids, and whether there are no more.
    reached: Mapped[str | None] = mapped_column(UuidText)
    done: Mapped[bool]


class InboxRow(Base):
    """A notification in somebody's inbox; order by `seq` is the order of commit."""

    __tablename__ = "inbox"

    seq: Mapped[int] = mapped_column(Serial, primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText)
    notification_id: Mapped[str] = mapped_column(UuidText)
    read_at: Mapped[datetime | None] = mapped_column(Moment)

    __table_args__ = (
        # The notification first: a fan-out appends to this index instead of touching all of it.
        UniqueConstraint("notification_id", "user_id", name="inbox_once"),
        Index("inbox_order", "user_id", "seq"),
        Index("inbox_unread", "user_id", sqlite_where=UNREAD, postgresql_where=UNREAD),
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
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    last_error: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(Moment)

    __table_args__ = (
        UniqueConstraint("notification_id", "user_id", "channel", name="deliveries_once"),
        Index("deliveries_due", "channel", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )


class Erased(Base):
    """Somebody whose account was deleted: posts of theirs that are still on their way are told to nobody."""

    __tablename__ = "erased"

    user_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
