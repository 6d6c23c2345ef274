"""Limits the websockets of each user in this process."""

from collections import Counter

from chassis.errors import TooManyRequests

RETRY_AFTER = 60  # seconds


class Slots:
    """A user has `per_user` slots; a websocket holds one from its handshake to its end."""

    def __init__(self, per_user: int) -> None:
        self._per_user = per_user
        self._held: Counter[str] = Counter()

    def acquire(self, user_id: str) -> None:
        """Hold a slot. Raises TooManyRequests."""
        if self._held[user_id] >= self._per_user:
            detail = f"You may hold {self._per_user} websockets at a time."
            raise TooManyRequests(detail, "too_many_sockets", (), RETRY_AFTER)
        self._held[user_id] += 1

    def release(self, user_id: str) -> None:
        """Release a slot."""
        self._held[user_id] -= 1
        if not self._held[user_id]:
            del self._held[user_id]
