"""Posts continuously while a test runs, and records the responses."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.e2e.support.person import Person
from tests.e2e.support.repeating import repeating

PAUSE = 0.05  # seconds between posts


class Trickle:
    """Posts again and again and remembers what was acknowledged, and what was not."""

    def __init__(self, author: Person) -> None:
        self.acknowledged: list[str] = []
        self.failed: list[str] = []
        self._author = author
        self._number = 0

    def post(self) -> None:
        self._number += 1
        text = f"{self._author.name} {self._number}"
        try:
            reply = self._author.post("/create-post/", {"text": text})
        except requests.RequestException as error:
            self.failed.append(f"{text}: {error}")
            return
        if reply.status_code == 201:
            self.acknowledged.append(text)
        else:
            self.failed.append(f"{text}: {reply.text}")


@contextmanager
def posting(author: Person) -> Iterator[Trickle]:
    """Post until the block ends."""
    trickle = Trickle(author)
    with repeating(trickle.post, pause=PAUSE):
        yield trickle


def notified_posts(reader: Person, author: Person) -> Counter[str]:
    """Return the author's posts in the reader's inbox, with the number of their notifications."""
    found: Counter[str] = Counter()
    cursor = None
    while True:
        page = reader.inbox(limit=100, **({"cursor": cursor} if cursor else {}))
        found.update(item["message"] for item in page["items"] if item["title"] == f"{author.name} posted")
        cursor = page["next"]
        if cursor is None:
            return found
