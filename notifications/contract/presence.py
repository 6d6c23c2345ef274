"""The Redis key of the time when a user was last connected."""

SEEN_FOR = 86_400  # seconds until the time of a user's last connection expires


def seen_key(user_id: str) -> str:
    """Return the Redis key of the time when a user last had an open websocket: seconds since 1970."""
    return f"seen:{user_id}"
