"""Which tokens were right or wrong when they were last checked.

The wrong tokens of an address are limited. Many users may share the address: the limit must reject none of their right
tokens, and a forgotten client that repeats one wrong token must not use it up.
"""

import time
from typing import TypeVar

from gateway.cache.redis_client import RedisClient, RedisUnavailable

TOKENS = 100_000  # of each kind that a process remembers
RIGHT_FOR = 7 * 86400  # seconds in Redis since the last check; a token takes about 150 bytes
WRONG_FOR = 600  # seconds; a session that ended never begins again, but the clock of users may have been wrong

Value = TypeVar("Value")


class KnownTokens:
    """Remembers hashes of tokens: right ones in Redis too, for all processes; wrong ones in this process."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._right: dict[str, None] = {}  # the oldest first
        self._wrong: dict[str, float] = {}  # with the time until which it counts, the oldest first

    def is_right(self, token_hash: str) -> bool:
        """Return whether a token was right."""
        return token_hash in self._right or bool(self._execute("EXISTS", _key(token_hash)))

    def is_wrong(self, token_hash: str) -> bool:
        """Return whether a token was wrong a short time ago."""
        return self._wrong.get(token_hash, 0) > time.monotonic()

    def saw_right(self, token_hash: str) -> None:
        """Remember a right token that another process may have checked."""
        if token_hash not in self._right:
            self.add_right(token_hash)

    def add_right(self, token_hash: str) -> None:
        """Remember a token that was checked and is right."""
        _add(self._right, token_hash, None)
        self._execute("SET", _key(token_hash), "", "EX", RIGHT_FOR)

    def add_wrong(self, token_hash: str) -> None:
        """Remember a token that was checked and is wrong."""
        _add(self._wrong, token_hash, time.monotonic() + WRONG_FOR)
        self._right.pop(token_hash, None)
        self._execute("DEL", _key(token_hash))

    def _execute(self, *command: str | int) -> object:
        try:
            return self._redis.execute(*command)
        except RedisUnavailable:
            return None


def _key(token_hash: str) -> str:
    return f"token:{token_hash}"


def _add(known: dict[str, Value], token_hash: str, value: Value) -> None:
    """Add a token as the newest, in place of the oldest if there are too many."""
    known.pop(token_hash, None)
    known[token_hash] = value
    if len(known) > TOKENS:
        del known[next(iter(known))]
