"""Notes in Redis when users were last connected, for those who would rather not disturb them elsewhere."""

import logging
from collections.abc import Iterable

import redis
from gevent.event import Event

from chassis import clock
from chassis.redis.connection import connect
from notifications.contract import SEEN_FOR, seen_key

_log = logging.getLogger(__name__)


class Presence:
    """One greenlet writes all that was noted meanwhile in one round trip; whoever notes never waits.

    Without Redis nothing is written and nothing else changes: the next ping notes again who is still there.
    """

    def __init__(self, url: str) -> None:
        self._client = connect(url)
        self._seen: set[str] = set()
        self._noted = Event()
        self._away = False

    def note(self, users: Iterable[str]) -> None:
        """Note that these users are connected at this moment."""
        self._seen.update(users)
        if self._seen:
            self._noted.set()

    def follow(self) -> None:
        """Write what is noted, for ever; runs in a greenlet of its own."""
        while True:
            self._noted.wait()
            self.write()

    def write(self) -> None:
        """Write what was noted so far."""
        self._noted.clear()
        seen, self._seen = self._seen, set()
        moment = int(clock.now().timestamp())
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for user_id in seen:
                    pipeline.set(seen_key(user_id), moment, ex=SEEN_FOR)
                pipeline.execute()
        except redis.RedisError as error:
            if not self._away:
                _log.warning("nobody can tell who is connected: %s", type(error).__name__)
            self._away = True
        else:
            self._away = False
