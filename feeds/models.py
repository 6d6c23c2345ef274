"""Tables of the feeds service."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.columns import Moment, UuidText


class Base(DeclarativeBase):
    """Of all tables of this service."""


class Post(Base):
    """A post; order by id is order by time."""

    __tablename__ = "posts"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    author_id: Mapped[str] = mapped_column(UuidText, index=True)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
