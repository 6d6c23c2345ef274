"""Records in Redis when users were last connected, for deliveries that skip connected users."""

import logging
from collections.abc import Iterable

import gevent
import redis
from gevent.event import Event

from chassis import clock
from chassis.redis.connection import connect
from notifications.contract import SEEN_FOR, seen_key

INTERVAL = 0.1  # seconds between writes, so that users who connect at the same time share one

_log = logging.getLogger(__name__)


class Presence:
    """One greenlet writes all recorded users in one round trip; callers never wait.

    Without Redis nothing is written; the next ping records the connected users again.
    """

    def __init__(self, url: str) -> None:
        self._client = connect(url)
        self._seen: set[str] = set()
        self._recorded = Event()
        self._failed = False

    def record(self, users: Iterable[str]) -> None:
        """Record that these users are connected now."""
        self._seen.update(users)
        if self._seen:
            self._recorded.set()

    def follow(self) -> None:
        """Write recorded users forever; runs in a greenlet of its own."""
        while True:
            self._recorded.wait()
            self.write()
            gevent.sleep(INTERVAL)

    def write(self) -> None:
        """Write the users recorded so far."""
        self._recorded.clear()
        seen, self._seen = self._seen, set()
        seconds = int(clock.now().timestamp())
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for user_id in seen:
                    pipeline.set(seen_key(user_id), seconds, ex=SEEN_FOR)
                pipeline.execute()
        except redis.RedisError as error:
            if not self._failed:
                _log.warning("connected users cannot be recorded: %s", type(error).__name__)
            self._failed = True
        else:
            self._failed = False
