"""Requests that are sent repeatedly in threads while a test does something to the platform."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import requests

from tests.e2e.support.client import Client

LIMIT = 30  # seconds for the first call of an action


@contextmanager
def repeating(*actions: Callable[[], object], pause: float) -> Iterator[None]:
    """Call each action repeatedly in a thread of its own until the block ends; `pause` in seconds between calls.

    Each is called at least once before the block begins, and once more after it ends.
    """
    stopped = threading.Event()
    started = [threading.Event() for _ in actions]

    def repeat(action: Callable[[], object], started: threading.Event) -> None:
        last = False
        while not last:
            last = stopped.wait(pause)
            action()
            started.set()

    threads = [threading.Thread(target=repeat, args=pair) for pair in zip(actions, started, strict=True)]
    for thread in threads:
        thread.start()
    try:
        for event in started:
            assert event.wait(LIMIT), "an action did not return"
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


@contextmanager
def counting_statuses(*requests_: Callable[[], requests.Response]) -> Iterator["Counter[Any]"]:
    """Send each request repeatedly until the block ends; count the responses by status, and failures by error."""
    statuses: Counter[Any] = Counter()

    def send(request: Callable[[], requests.Response]) -> None:
        try:
            statuses[request().status_code] += 1
        except requests.RequestException as error:
            statuses[type(error).__name__] += 1

    with repeating(*(partial(send, request) for request in requests_), pause=0.005):
        yield statuses


class PostLog:
    """The texts of an author's posts, by whether the API acknowledged them."""

    def __init__(self, author: Client) -> None:
        self.acknowledged: list[str] = []
        self.failed: list[str] = []
        self._author = author
        self._number = 0

    def post(self) -> None:
        self._number += 1
        text = f"{self._author.username} {self._number}"
        try:
            response = self._author.post("/create-post/", {"text": text})
        except requests.RequestException as error:
            self.failed.append(f"{text}: {error}")
            return
        if response.status_code == 201:
            self.acknowledged.append(text)
        else:
            self.failed.append(f"{text}: {response.text}")


@contextmanager
def posting(author: Client) -> Iterator[PostLog]:
    """Create posts, up to 20 a second, until the block ends."""
    posts = PostLog(author)
    with repeating(posts.post, pause=0.05):
        yield posts


def notified_posts(reader: Client, author: Client) -> Counter[str]:
    """Count the author's posts in the reader's inbox, by text."""
    texts: Counter[str] = Counter()
    cursor = None
    while True:
        page = reader.inbox(limit=100, **({"cursor": cursor} if cursor else {}))
        texts.update(item["message"] for item in page["items"] if item["title"] == f"{author.username} posted")
        cursor = page["next"]
        if cursor is None:
            return texts
