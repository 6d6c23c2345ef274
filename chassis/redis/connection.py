"""Redis, and what services and gateway agree on there.

`tag:<tag>`              the version of a cache tag. A cached page is stored under the version it was read at; the owner
                         of the data raises the version after its commit and before its reply, so no page that is older
                         than an answered write is ever found again.
`session:<token hash>`   the live copy of a session: users.contract.Identity as JSON, empty once the session has ended.
`seen:<user id>`         when the user was last seen with an open websocket: notifications.contract.seen_key.
`rate:...`               counters of the gateway.
`page:<tag>:<version>:…` cached pages of the gateway.
"""

from typing import Any

import redis

TIMEOUT = 1  # seconds; Redis answers at once or is away


def connect(url: str, **options: Any) -> "redis.Redis":
    """Return a client with deadlines; it connects when it is first used."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, **options)


def tag_key(tag: str) -> str:
    """Return the key of a tag's version."""
    return f"tag:{tag}"
