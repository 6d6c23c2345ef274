"""Tables of the feeds service."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

DELETED = text("deletion_id IS NOT NULL")


class Base(DeclarativeBase):
    """Base class of this service's tables."""


class Post(Base):
    """A post; order by id is order by time. The row of a deleted post is kept for a day, without its text."""

    __tablename__ = "posts"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    author_id: Mapped[str] = mapped_column(UuidText)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # UUIDv7 of the deletion, so order by it is order by time; null: not deleted.
    deletion_id: Mapped[str | None] = mapped_column(UuidText)

    __table_args__ = (
        Index("posts_by_author", "author_id", "id"),
        Index("posts_deleted", "deletion_id", sqlite_where=DELETED, postgresql_where=DELETED),
    )


class ErasedAuthor(Base):
    """An author whose account was deleted: can create no more posts."""

    __tablename__ = "erased_authors"

    author_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
