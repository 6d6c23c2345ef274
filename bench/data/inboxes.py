"""The inbox rows in the database of notifications."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import NullPool, bindparam, create_engine, text

from chassis import clock
from chassis.db.columns import UtcDateTime
from chassis.ids import new_id
from dev import DevError

_LAST = text("SELECT coalesce(max(seq), 0) FROM inbox")
_COUNT = text("SELECT count(*) FROM inbox WHERE seq > :seq")
_NEW = text("SELECT seq, notification_id FROM inbox WHERE seq > :seq ORDER BY seq")
_POSTS = text("SELECT id, source FROM notifications WHERE id >= :id AND source IS NOT NULL")
_FANNED_OUT = text("SELECT count(*) FROM notifications WHERE done AND source IS NOT NULL")
_ONCE = text(
    """SELECT count(*), count(DISTINCT user_id) FROM inbox
    JOIN notifications n ON n.id = notification_id WHERE source = :post"""
)
_TOTAL = text("SELECT count(*) FROM inbox")
_NOTIFICATION = text(
    """INSERT INTO notifications (id, kind, title, message, data, created_at, done)
    VALUES (:id, 'message', 'Baraza', 'An old notification.', '{}', :now, :done)"""
).bindparams(bindparam("now", type_=UtcDateTime))
_ROW = text("INSERT INTO inbox (user_id, notification_id) VALUES (:user, :id)")
_COPY = text(
    "INSERT INTO inbox (user_id, notification_id) SELECT user_id, :id FROM inbox WHERE notification_id = :first"
)
_POLL = 0.005  # seconds between polls
_CHUNK = 50  # notifications in a transaction
_LARGE_CACHE = "PRAGMA cache_size = -200000"  # 200 MB: rows of each user go to other pages of the indexes


class Inboxes:
    """A connection to the database of notifications. Counts are of rows after a position."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def last(self) -> int:
        """Return the position of the last row."""
        return int(self._connection.scalar(_LAST) or 0)

    def count(self, position: int) -> int:
        """Return the number of rows after a position."""
        return int(self._connection.scalar(_COUNT, {"seq": position}) or 0)

    def reached(self, position: int, rows: int) -> bool:
        """Return whether there are this many rows after a position; cheap as long as there are not."""
        return self.last() - position >= rows and self.count(position) >= rows

    def fanned_out(self) -> int:
        """Return the number of posts whose fan-out is complete, also to no user."""
        return int(self._connection.scalar(_FANNED_OUT) or 0)

    def new(self, position: int) -> list[tuple[int, str]]:
        """Return positions and ids of notifications after a position."""
        return [(row[0], row[1]) for row in self._connection.execute(_NEW, {"seq": position})]

    def posts(self, notifications: Sequence[str]) -> dict[str, str]:
        """Return the id of the post of each notification."""
        first = min(notifications, default="")
        return {row[0]: row[1] for row in self._connection.execute(_POSTS, {"id": first})}

    def recipients(self, post: str) -> tuple[int, int]:
        """Return the number of inbox rows of a post, and of different users in them."""
        rows, users = self._connection.execute(_ONCE, {"post": post}).one()
        return int(rows), int(users)

    def total(self) -> int:
        """Return the number of all rows."""
        return int(self._connection.scalar(_TOTAL) or 0)

    def fill(self, users: Sequence[str], rows: int) -> None:
        """Insert about this many rows, unread: each notification is in the inboxes of all these users.

        Wait until they are on the disk, because writing gigabytes slows down what is measured next.
        """
        remaining = iter([new_id() for _ in range(rows // len(users))])
        first = ""
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(_LARGE_CACHE)
            connection.rollback()
            while ids := list(islice(remaining, _CHUNK)):
                with connection.begin():
                    connection.execute(_NOTIFICATION, [{"id": one, "now": clock.now(), "done": True} for one in ids])
                    if not first:
                        first = ids.pop(0)
                        connection.execute(_ROW, [{"user": user, "id": first} for user in users])
                    for one in ids:
                        connection.execute(_COPY, {"id": one, "first": first})
        os.sync()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Arrivals:
    """Follows new rows, and records when each notification had all its recipients."""

    def __init__(self, inboxes: Inboxes, recipients: int) -> None:
        self._inboxes = inboxes
        self._recipients = recipients
        self._position = inboxes.last()
        self._counts: Counter[str] = Counter()
        self._complete: dict[str, float] = {}

    @property
    def rows(self) -> int:
        """The number of rows so far."""
        return self._counts.total()

    @property
    def last(self) -> float:
        """When the last notification was complete, in seconds of the monotonic clock."""
        return max(self._complete.values(), default=0.0)

    def poll(self) -> None:
        """Read the new rows."""
        for position, notification in self._inboxes.new(self._position):
            self._position = position
            self._counts[notification] += 1
            if self._counts[notification] == self._recipients:
                self._complete[notification] = time.monotonic()

    async def wait(self, notifications: int, limit: float) -> None:
        """Poll until this many are complete; raise DevError if none becomes complete for `limit` seconds."""
        seen, progress = 0, time.monotonic()
        while len(self._complete) < notifications:
            await asyncio.sleep(_POLL)
            self.poll()
            if self.rows > seen:
                seen, progress = self.rows, time.monotonic()
            elif time.monotonic() - progress > limit:
                raise DevError(f"{len(self._complete)} of {notifications} posts are in all inboxes, and no more arrive")

    def by_post(self) -> dict[str, float]:
        """Return when each post had all its recipients, by post id."""
        posts = self._inboxes.posts([*self._complete])
        return {posts[one]: at for one, at in self._complete.items() if one in posts}
