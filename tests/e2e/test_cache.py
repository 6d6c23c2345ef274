"""Cached responses under load: never older than an answered write, and computed once per process."""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from dev.platform.instance import Instance
from tests.e2e.support.metrics import measured
from tests.e2e.support.person import Person

Make = Callable[..., Person]

SEED = 20261125
WRITERS, READERS = 3, 4
WRITES = 25  # by each writer
MOST_READS = 900  # by each reader, who may ask 1,000 times an hour
GONE = 1_000_000  # the version of a deleted post
TIMEOUT = 15  # seconds
PROCESSES = 2  # of the gateway


@dataclass
class Author:
    """Writes, and notes for each post the newest version that was answered; the text of a post is its version."""

    person: Person
    answered: dict[str, int] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)

    def write(self, chance: random.Random) -> None:
        """Create, edit or delete a post."""
        there = [post for post, version in self.answered.items() if version != GONE]
        act = chance.choice([self._create, self._edit, self._edit, self._delete]) if there else self._create
        act(chance.choice(there or [""]))

    def _create(self, _post: str) -> None:
        self.answered[self.person.writes("0")["id"]] = 0

    def _edit(self, post: str) -> None:
        version = self.answered[post] + 1
        assert self.person.put(f"/post-detail/{post}/", {"text": str(version)}).status_code == 200
        self.answered[post] = version

    def _delete(self, post: str) -> None:
        self.deleting.add(post)
        assert self.person.delete(f"/post-detail/{post}/").status_code == 204
        self.answered[post] = GONE


class Reader:
    """Asks for lists and single posts, by a new connection each time and so either process; keeps what has an ETag."""

    def __init__(self, url: str, person: Person, authors: list[Author], seed: str) -> None:
        self._url = url
        self._headers = person.headers
        self._authors = authors
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets
        self._kept: dict[str, requests.Response] = {}
        self.statuses: dict[int, int] = {}

    def read(self) -> list[str]:
        """Ask for something; return what is older than what had been answered before."""
        author = self._chance.choice(self._authors)
        before = dict(author.answered)
        if before and self._chance.random() < 1 / 2:
            post = self._chance.choice(list(before))
            reply = self._get(f"/post-detail/{post}/")
            seen = {post: int(reply.json()["text"])} if reply.status_code == 200 else {}
            return list(self._older({post: before[post]}, seen, author.deleting))
        reply = self._get(f"/all-posts/?author={author.person.id}&limit=100")
        seen = {item["id"]: int(item["text"]) for item in reply.json()["items"]}
        return list(self._older(before, seen, author.deleting))

    def _get(self, path: str) -> requests.Response:
        kept = self._kept.get(path)
        headers = self._headers | ({"If-None-Match": kept.headers["ETag"]} if kept else {})
        reply = requests.get(self._url + path, headers=headers, timeout=TIMEOUT)
        self.statuses[reply.status_code] = self.statuses.get(reply.status_code, 0) + 1
        if reply.status_code == 304 and kept:
            return kept
        if reply.status_code == 200:
            self._kept[path] = reply
        return reply

    @staticmethod
    def _older(before: Mapping[str, int], seen: Mapping[str, int], deleting: set[str]) -> Any:
        for post, version in before.items():
            if post in seen and seen[post] < version:
                yield f"{post}: {seen[post]} after {version}"
            if post not in seen and version != GONE and post not in deleting:
                yield f"{post}: not there after {version}"


def test_request_after_an_answered_write_sees_it_in_every_process(url: str, new_user: Make) -> None:
    authors = [Author(new_user(notify_by=[])) for _ in range(WRITERS)]
    readers = [Reader(url, new_user(notify_by=[]), authors, f"{SEED} {number}") for number in range(READERS)]
    with ThreadPoolExecutor(WRITERS + READERS) as threads:
        writing = [threads.submit(write_on, author, number) for number, author in enumerate(authors)]
        reading = [threads.submit(read_on, reader, writing) for reader in readers]
        for one in writing:
            one.result()
        older = [line for one in reading for line in one.result()]
    assert older == []
    assert all(reader.statuses.keys() <= {200, 304, 404} for reader in readers)
    assert sum(sum(reader.statuses.values()) for reader in readers) > WRITERS * WRITES


def write_on(author: Author, number: int) -> None:
    chance = random.Random(f"{SEED} writer {number}")  # noqa: S311 - not for secrets
    for _ in range(WRITES):
        author.write(chance)


def read_on(reader: Reader, writing: list[Any]) -> list[str]:
    found: list[str] = []
    for _ in range(MOST_READS):
        found += reader.read()
        if all(one.done() for one in writing):
            break
    return found + reader.read()


def test_concurrent_misses_make_one_call_per_gateway_process(platform: Instance, url: str, new_user: Make) -> None:
    calls = 'baraza_rpc_client_seconds_count{method="detail",outcome="ok",service="feeds"}'
    author = new_user(notify_by=[])
    path = f"/post-detail/{author.writes('asked for by many')['id']}/"
    before = measured(platform.environment, calls)
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(requests.get, url + path, headers=author.headers, timeout=TIMEOUT) for _ in range(20)]
        assert {one.result().json()["text"] for one in asked} == {"asked for by many"}
    assert before < measured(platform.environment, calls) <= before + PROCESSES
