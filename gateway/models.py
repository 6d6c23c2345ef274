"""Tables of the gateway: routing information, and the read model of authors."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

DELETION = text("deletes IS NOT NULL")


class Base(DeclarativeBase):
    """Base of the gateway's tables."""


class RouteRow(Base):
    """The routing information of a route; operators change it at run time."""

    __tablename__ = "routes"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    enabled: Mapped[bool]
    target: Mapped[str] = mapped_column(String(100))
    rate: Mapped[str | None] = mapped_column(String(40))
    cache_seconds: Mapped[int]
    deadline: Mapped[float]


class AuthorRow(Base):
    """The username of an author, kept from the events of users.

    `posts`, `last_post_at` and `rebuilt_until` are written by 0.1.0 only, and removed with the next release.
    """

    __tablename__ = "authors"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    username: Mapped[str] = mapped_column(String(30))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    posts: Mapped[int] = mapped_column(default=0)
    last_post_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rebuilt_until: Mapped[str | None] = mapped_column(UuidText)


class CountedPost(Base):
    """A post or a deletion that 0.1.0 counted; removed with the next release."""

    __tablename__ = "counted_posts"

    post_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    author_id: Mapped[str] = mapped_column(UuidText, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    deletes: Mapped[str | None] = mapped_column(UuidText)

    __table_args__ = (Index("counted_deletions", "author_id", "created_at", postgresql_where=DELETION),)
