"""Cached responses under load: no response is older than an acknowledged write; concurrent misses make one RPC call."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.metrics import metric_sum

SEED = 20261125
AUTHORS, READERS = 3, 4
WRITES = 25  # by each author, at least
READS = 100  # by all readers, at least, while authors write
MAX_READS = 900  # by each reader, who may send 1,000 requests an hour
DELETED = 1_000_000  # the version of a deleted post
TIMEOUT = 15  # seconds
PROCESSES = 2  # of the gateway


@dataclass
class Author:
    """Writes posts whose text is their version, and records the newest acknowledged version of each."""

    user: Client
    versions: dict[str, int] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)

    def write(self, choice: random.Random) -> None:
        """Create, edit or delete a post."""
        existing = [post for post, version in self.versions.items() if version != DELETED]
        action = choice.choice([self._create, self._edit, self._edit, self._delete]) if existing else self._create
        action(choice.choice(existing or [""]))

    def _create(self, _post: str) -> None:
        self.versions[self.user.create_post("0")["id"]] = 0

    def _edit(self, post: str) -> None:
        version = self.versions[post] + 1
        assert self.user.put(f"/post-detail/{post}/", {"text": str(version)}).status_code == 200
        self.versions[post] = version

    def _delete(self, post: str) -> None:
        self.deleting.add(post)
        assert self.user.delete(f"/post-detail/{post}/").status_code == 204
        self.versions[post] = DELETED


class Reader:
    """Reads lists and single posts with If-None-Match, each on a new connection and so from either process."""

    def __init__(self, url: str, user: Client, authors: list[Author], seed: str) -> None:
        self._url = url
        self._headers = user.headers
        self._authors = authors
        self._choice = random.Random(seed)  # noqa: S311 - not for secrets
        self._responses: dict[str, requests.Response] = {}
        self.statuses: Counter[int] = Counter()

    def read(self) -> list[str]:
        """Read a list or a post; return what is older than the versions acknowledged before the request."""
        author = self._choice.choice(self._authors)
        before = dict(author.versions)
        if before and self._choice.random() < 1 / 2:
            post = self._choice.choice(list(before))
            response = self._get(f"/post-detail/{post}/")
            read = {post: int(response.json()["text"])} if response.status_code == 200 else {}
            return list(_outdated({post: before[post]}, read, author.deleting))
        response = self._get(f"/all-posts/?author={author.user.id}&limit=100")
        read = {item["id"]: int(item["text"]) for item in response.json()["items"]}
        return list(_outdated(before, read, author.deleting))

    def _get(self, path: str) -> requests.Response:
        known = self._responses.get(path)
        headers = self._headers | ({"If-None-Match": known.headers["ETag"]} if known else {})
        response = requests.get(self._url + path, headers=headers, timeout=TIMEOUT)
        self.statuses[response.status_code] += 1
        if response.status_code == 304 and known:
            return known
        if response.status_code == 200:
            self._responses[path] = response
        return response


def _outdated(before: Mapping[str, int], read: Mapping[str, int], deleting: set[str]) -> Iterator[str]:
    for post, version in before.items():
        if post in read and read[post] < version:
            yield f"{post}: version {read[post]} after {version}"
        if post not in read and version != DELETED and post not in deleting:
            yield f"{post}: missing after version {version}"


def test_request_after_an_answered_write_sees_it_in_every_process(url: str, new_user: NewClient) -> None:
    authors = [Author(new_user(notify_by=[])) for _ in range(AUTHORS)]
    readers = [Reader(url, new_user(notify_by=[]), authors, f"{SEED} {number}") for number in range(READERS)]
    with ThreadPoolExecutor(AUTHORS + READERS) as pool:
        writing = [pool.submit(write_all, author, number, readers) for number, author in enumerate(authors)]
        reading = [pool.submit(read_until_written, reader, writing) for reader in readers]
        for future in writing:
            future.result()
        outdated = [line for future in reading for line in future.result()]
    assert outdated == []
    assert all(reader.statuses.keys() <= {200, 304, 404} for reader in readers)


def write_all(author: Author, number: int, readers: list[Reader]) -> None:
    choice, written = random.Random(f"{SEED} writer {number}"), 0  # noqa: S311 - not for secrets
    while written < WRITES or sum(reader.statuses.total() for reader in readers) < READS:
        author.write(choice)
        written += 1


def read_until_written(reader: Reader, writing: list[Future[None]]) -> list[str]:
    outdated: list[str] = []
    for _ in range(MAX_READS):
        outdated += reader.read()
        if all(future.done() for future in writing):
            break
    return outdated + reader.read()


def test_concurrent_cache_misses_make_one_rpc_call_per_process(
    platform: Instance, url: str, new_user: NewClient
) -> None:
    calls = 'baraza_rpc_client_seconds_count{method="detail",outcome="ok",service="feeds"}'
    author = new_user(notify_by=[])
    path = f"/post-detail/{author.create_post('popular')['id']}/"
    before = metric_sum(platform.environment, calls)
    with ThreadPoolExecutor(20) as pool:
        reads = [pool.submit(requests.get, url + path, headers=author.headers, timeout=TIMEOUT) for _ in range(20)]
        assert {read.result().json()["text"] for read in reads} == {"popular"}
    assert before < metric_sum(platform.environment, calls) <= before + PROCESSES
