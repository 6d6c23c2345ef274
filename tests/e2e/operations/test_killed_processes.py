"""kill -9 of each process under load: every acknowledged post reaches every active user once."""

from collections import Counter
from functools import partial

import pytest
from websockets.sync.client import ClientConnection

from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.frames import receive, receive_notification
from tests.e2e.support.load import notified_posts, posting

PROCESSES = [
    "feeds.service",
    "notifications.service",
    "notifications.deliveries",
    "users.service",
    "gateway.service",
    GATEWAY,
    "rabbitmq",
    "redis",
    "postgresql",
]
LIMIT = 90  # seconds until every post has reached every reader


@pytest.mark.timeout(240)
@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_acknowledged_is_lost_or_sent_twice(platform: Instance, new_user: NewClient, process: str) -> None:
    author, readers = new_user(), [new_user(notify_by=["realtime"]) for _ in range(2)]
    websockets = [reader.connect() for reader in readers]
    for websocket in websockets:
        assert receive(websocket)["type"] == "ready"
    with posting(author) as posts:
        until(lambda: len(posts.acknowledged) >= 5, "posts before the kill", 30)
        killed = {status.pid for status in platform.control.replicas(process)}
        platform.control.kill(process)
        until(partial(_restarted, platform, process, killed), f"{process} to be restarted", 30)
        count = len(posts.acknowledged)
        until(lambda: len(posts.acknowledged) >= count + 5, "posts after the kill", 60)
    acknowledged = set(posts.acknowledged)
    for reader in readers:
        until(partial(_all_notified, reader, author, acknowledged), "every post in the inbox", LIMIT)
        assert set(notified_posts(reader, author).values()) == {1}
    for websocket in [] if process == GATEWAY else websockets:  # those of a gateway end with it
        # The outbox of a killed notifications process can publish an event again; clients know its id.
        received = _received_posts(websocket, acknowledged, repeated=process == "notifications.service")
        assert set(received.values()) == {1}


def _restarted(platform: Instance, process: str, killed: set[int]) -> bool:
    return all(status.pid and status.pid not in killed for status in platform.control.replicas(process))


def _all_notified(reader: Client, author: Client, texts: set[str]) -> bool:
    return texts <= notified_posts(reader, author).keys()


def _received_posts(websocket: ClientConnection, texts: set[str], *, repeated: bool) -> Counter[str]:
    """Receive until all of these posts have arrived; count their frames, or their ids where frames may be repeated."""
    frames: dict[object, str] = {}
    while not texts <= set(frames.values()):
        frame = receive_notification(websocket, LIMIT)
        frames[frame["id"] if repeated else len(frames)] = frame["message"]
    return Counter(frames.values())
