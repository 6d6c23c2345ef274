"""The web process's Redis client: after an error it pauses, because each attempt may cost a timeout."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from gevent.lock import BoundedSemaphore

from chassis.redis.connection import connect

PAUSE = 2  # seconds without attempts after an error
CONNECTIONS = 50  # a command takes less than a millisecond
MAX_WAIT = 3  # seconds for one of them

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class RedisUnavailable(Exception):
    """Redis cannot be used at the moment."""


class RedisClient:
    """Runs commands, in order of arrival if there are more than connections; `connection` is the underlying client."""

    def __init__(self, url: str) -> None:
        self.connection = connect(url, max_connections=CONNECTIONS)
        self._free = BoundedSemaphore(CONNECTIONS)
        self._paused_until = 0.0

    def run(self, command: Callable[[], Result]) -> Result:
        """Return the command's result. Raises RedisUnavailable."""
        if not self._free.acquire(timeout=MAX_WAIT):
            raise RedisUnavailable  # but not paused: this process is busy, Redis may be well
        try:
            return self._run(command)
        finally:
            self._free.release()

    def _run(self, command: Callable[[], Result]) -> Result:
        if time.monotonic() < self._paused_until:
            raise RedisUnavailable
        try:
            return command()
        except redis.RedisError as error:
            self._paused_until = time.monotonic() + PAUSE
            _log.warning("Redis is unavailable: %s", type(error).__name__)
            raise RedisUnavailable from error

    def script(self, text: str) -> Any:
        """Return a Lua script as a function of keys and arguments."""
        return self.connection.register_script(text)
