"""Tables of the feeds service."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

DELETED = text("deletion_id IS NOT NULL")


class Base(DeclarativeBase):
    """Of all tables of this service."""


class Post(Base):
    """A post; order by id is order by time.

    A deleted one stays for a while as a row without text that nobody is shown, so that counts can be put right exactly.
    """

    __tablename__ = "posts"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    author_id: Mapped[str] = mapped_column(UuidText)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Of a deleted post: made when it was deleted, so order by it is order by that time.
    deletion_id: Mapped[str | None] = mapped_column(UuidText)

    __table_args__ = (
        Index("posts_by_author", "author_id", "id"),
        Index("posts_deleted", "deletion_id", sqlite_where=DELETED, postgresql_where=DELETED),
    )
