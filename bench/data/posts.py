"""The posts in the database of feeds."""

from sqlalchemy import NullPool, create_engine, text

_COUNT = text("SELECT count(*) FROM posts")


class Posts:
    """A connection to the database of feeds."""

    def __init__(self, url: str) -> None:
        self._connection = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()

    def count(self) -> int:
        """Return the number of posts."""
        return int(self._connection.scalar(_COUNT) or 0)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
