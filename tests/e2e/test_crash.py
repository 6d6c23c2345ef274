"""kill -9 under a trickle of posts: what was acknowledged reaches every active user's inbox, once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
import requests

from docker.dev.instance import Instance
from docker.dev.waiting import until
from tests.e2e.support.person import Person

Make = Callable[..., Person]
PROCESSES = [
    "feeds.service",
    "notifications.service",
    "notifications.deliveries",
    "users.service",
    "gateway.service",
    "gateway.app",
    "rabbitmq",
    "redis",
    "postgresql",
]
PAUSE = 0.05  # seconds between posts
SETTLE = 90  # seconds


class Trickle:
    """Posts again and again and remembers what was acknowledged."""

    def __init__(self, author: Person) -> None:
        self.acknowledged: list[str] = []
        self._author = author
        self._number = 0

    def post(self) -> None:
        self._number += 1
        text = f"{self._author.name} {self._number}"
        try:
            reply = self._author.post("/create-post/", {"text": text})
        except requests.RequestException:
            return  # not acknowledged
        if reply.status_code == 201:
            self.acknowledged.append(text)


@contextmanager
def running(trickle: Trickle) -> Iterator[None]:
    enough = threading.Event()

    def post() -> None:
        while not enough.wait(PAUSE):
            trickle.post()

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def told(reader: Person, author: Person) -> Counter[str]:
    """Count what the reader was told of the author's posts."""
    found: Counter[str] = Counter()
    cursor = None
    while True:
        page = reader.inbox(limit=100, **({"cursor": cursor} if cursor else {}))
        found.update(item["message"] for item in page["items"] if item["title"] == f"{author.name} posted")
        cursor = page["next"]
        if cursor is None:
            return found


def knows_all(reader: Person, author: Person, texts: set[str]) -> bool:
    return texts <= told(reader, author).keys()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_acknowledged_is_lost_and_nobody_is_told_twice(
    platform: Instance, newcomer: Make, process: str
) -> None:
    author, readers = newcomer(), [newcomer(notify_by=["realtime"]) for _ in range(2)]
    trickle = Trickle(author)
    with running(trickle):
        until(lambda: len(trickle.acknowledged) >= 5, "posts before the kill", 30)
        platform.control.kill(process)
        platform.control.wait_running(process)
        reached = len(trickle.acknowledged)
        until(lambda: len(trickle.acknowledged) >= reached + 5, "posts after the kill", 60)
    acknowledged = set(trickle.acknowledged)
    for reader in readers:
        until(partial(knows_all, reader, author, acknowledged), "every post in the inbox", SETTLE)
        assert set(told(reader, author).values()) == {1}
