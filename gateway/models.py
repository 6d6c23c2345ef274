"""Tables of the gateway: routing information, the read model of authors, and exports."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText

DELETION = text("deletes IS NOT NULL")
MAKING = text("state = 'making'")
DUE = text("due_at IS NOT NULL")


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


class ExportRow(Base):
    """An export of what is stored about a user.

    It is `making`, then `ready` or `failed`. While it is due, there is something to do: to read the next page, or, when
    it is not `making` any more, to notify the user.
    """

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText)
    state: Mapped[str] = mapped_column(String(10))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # After this time it is deleted.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # When to work on it. While a process does, the end of its lease.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Counts the leases: only the process with the last one may write.
    lease: Mapped[int] = mapped_column(default=0)
    # The page to read next: the service, and the cursor; null: its first page.
    source: Mapped[str] = mapped_column(String(20))
    cursor: Mapped[str | None] = mapped_column(String(200))
    chunks: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        # One at a time.
        Index("exports_making", "user_id", unique=True, postgresql_where=MAKING),
        Index("exports_of_user", "user_id", "requested_at"),
        Index("exports_due", "due_at", postgresql_where=DUE),
    )


class ExportChunk(Base):
    """Records of one section of an export, as JSON with commas between them, compressed."""

    __tablename__ = "export_chunks"

    export_id: Mapped[str] = mapped_column(ForeignKey(ExportRow.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column(String(40))
    content: Mapped[bytes] = mapped_column(LargeBinary)
