"""The posts in the database of feeds."""

from sqlalchemy import NullPool, bindparam, create_engine, text

from chassis import clock
from chassis.db.columns import UtcDateTime
from chassis.ids import new_id

_COUNT = text("SELECT count(*) FROM posts")
_POST = text("INSERT INTO posts (id, author_id, text, created_at) VALUES (:id, :author, :text, :now)").bindparams(
    bindparam("now", type_=UtcDateTime)
)
_TEXT = "Karibu, the bench under the tree is open, and there is room on it for all of you until the evening."


class Posts:
    """A connection to the database of feeds."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._inserted = 0

    def count(self) -> int:
        """Return the number of posts, without those inserted here."""
        return int(self._connection.scalar(_COUNT) or 0) - self._inserted

    def insert(self, author: str, count: int) -> list[str]:
        """Insert posts of which no user is notified; return their ids."""
        ids = [new_id() for _ in range(count)]
        with self._engine.begin() as connection:
            rows = [{"id": one, "author": author, "text": _TEXT, "now": clock.now()} for one in ids]
            connection.execute(_POST, rows)
        self._inserted += count
        return ids

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
