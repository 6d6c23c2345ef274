"""Locks in Redis that all gateway processes share; they expire by themselves if their process dies."""

from gateway.cache.redis_client import RedisClient, RedisUnavailable


class Lock:
    """Acquires and releases named locks. Without Redis every lock is free."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def acquire(self, name: str, seconds: int) -> bool:
        """Acquire a lock for at most `seconds`; return False if another request holds it."""
        try:
            return bool(self._redis.execute("SET", f"hold:{name}", "", "NX", "EX", seconds))
        except RedisUnavailable:
            return True

    def release(self, name: str) -> None:
        """Release a lock."""
        try:
            self._redis.execute("DEL", f"hold:{name}")
        except RedisUnavailable:
            return
