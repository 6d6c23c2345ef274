"""The web process's Redis client: after an error it pauses, because each attempt may cost a timeout."""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import redis

from gateway.cache.pipeline import Pipeline

PAUSE = 2  # seconds without attempts after an error

Script = Callable[[Sequence[str], Sequence[Any]], Any]  # of keys and arguments

_log = logging.getLogger(__name__)


class RedisUnavailable(Exception):
    """Redis cannot be used at the moment."""


class RedisClient:
    """Runs commands and scripts; safe to use from any greenlet of the process."""

    def __init__(self, url: str) -> None:
        self._pipeline = Pipeline(url)
        self._paused_until = 0.0

    def execute(self, *command: Any) -> Any:
        """Return the reply to a command. Raises RedisUnavailable."""
        if time.monotonic() < self._paused_until:
            raise RedisUnavailable
        try:
            return self._pipeline.run(command)
        except redis.exceptions.NoScriptError:
            raise
        except Exception as error:
            self._paused_until = time.monotonic() + PAUSE
            _log.warning("Redis is unavailable: %s", type(error).__name__)
            raise RedisUnavailable from error

    def script(self, text: str) -> Script:
        """Return a Lua script as a function of keys and arguments; it raises RedisUnavailable."""
        return partial(self._run_script, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    def _run_script(self, text: str, digest: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        parameters = (len(keys), *keys, *arguments)
        try:
            return self.execute("EVALSHA", digest, *parameters)
        except redis.exceptions.NoScriptError:  # Redis was restarted
            return self.execute("EVAL", text, *parameters)
