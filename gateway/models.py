"""Tables of the gateway: routing information, and the read model of authors with what it was counted from."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

DELETION = text("deletes IS NOT NULL")


class Base(DeclarativeBase):
    """Of all tables of the gateway."""


class RouteRow(Base):
    """How a row of the route table is served right now; operators change it at run time."""

    __tablename__ = "routes"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    enabled: Mapped[bool]
    target: Mapped[str] = mapped_column(String(100))
    rate: Mapped[str | None] = mapped_column(String(40))
    cache_seconds: Mapped[int]
    deadline: Mapped[float]


class AuthorRow(Base):
    """What lists of posts need of their authors, kept from the events of users and feeds."""

    __tablename__ = "authors"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    # Empty where nothing is known yet but that a post of theirs was deleted.
    username: Mapped[str] = mapped_column(String(30))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Less than none for a moment, where a deletion overtook the post.
    posts: Mapped[int] = mapped_column(default=0)
    last_post_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The last rebuild counted all posts up to this id.
    rebuilt_until: Mapped[str | None] = mapped_column(UuidText)


class CountedPost(Base):
    """A post, or a deletion of one, whose event was counted.

    It is remembered for a day, so that it counts once however often it is told.
    """

    __tablename__ = "counted_posts"

    post_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    author_id: Mapped[str] = mapped_column(UuidText, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # Of a deletion, whose own id is in `post_id`: the post that is gone.
    deletes: Mapped[str | None] = mapped_column(UuidText)

    __table_args__ = (Index("counted_deletions", "author_id", "created_at", postgresql_where=DELETION),)
