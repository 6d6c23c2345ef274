"""Rotation of the service token keys under load: no restart, and no failed request."""

import secrets
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from chassis.auth.keyring import Keyring
from chassis.auth.keys import Key, generate, parse
from chassis.config import service_of
from chassis.errors import Unavailable
from dev.machine.files import write_private
from dev.machine.waiting import until
from dev.platform.environment import PUBLIC_KEYS
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, KEY_OWNERS, OPERATOR, SERVICES, program_of
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.load import notified_posts, posting
from tests.e2e.support.operator import Operator

NAMES = tuple(name for name in KEY_OWNERS if name != OPERATOR)
PROGRAMS = Counter(dict.fromkeys(SERVICES, 1)) + Counter({GATEWAY: 2})  # processes of each that use keys
LIMIT = 30  # seconds


class KeyFiles:
    """The files of service token keys, and the logs of the processes that read them."""

    def __init__(self, platform: Instance) -> None:
        names = [status.name for status in platform.control.statuses() if program_of(status.name) in PROGRAMS]
        self._logs = {name: platform.directory / "log" / f"{name}.log" for name in names}
        self._processes = Counter({name: PROGRAMS[program_of(name)] for name in names})
        self._environment = platform.environment
        self._folder = platform.directory / "keys"
        self.before = {owner: self.read(owner) for owner in (*KEY_OWNERS, PUBLIC_KEYS)}

    def read(self, owner: str) -> list[Key]:
        return list(parse((self._folder / owner).read_text()))

    def write(self, owner: str, keys: list[Key]) -> None:
        write_private(self._folder / owner, "".join(f"{key}\n" for key in keys))

    def write_private_keys(self, **keys: list[Key]) -> None:
        """Write the private keys of services and the public halves of all; wait until every process uses them."""
        ends = {name: log.stat().st_size for name, log in self._logs.items()}
        for owner, own in keys.items():
            self.write(owner, own)
        self.write(PUBLIC_KEYS, [key.public_half() for owner in KEY_OWNERS for key in self.read(owner)])
        names = {owner: _names(Keyring(f"@{self._folder / owner},@{self._folder / PUBLIC_KEYS}")) for owner in NAMES}
        until(lambda: self._have_logged(names, ends), "every process logs its keys", LIMIT)

    def accepted_by(self, key: Key) -> set[str]:
        """Return the services that accept a token of the operator that is signed with this key."""
        with Operator(self._environment | {"SERVICE_TOKEN_KEYS": str(key)}) as operator:
            return {name for name in NAMES if _accepts_token(operator, name)}

    def _have_logged(self, names: dict[str, str], ends: dict[str, int]) -> bool:
        """Return whether each process has logged its keys; it reads the files when it uses a key, so it gets a call.

        Each client has a connection of its own, so that sooner or later each web process gets one.
        """
        client = Client(self._environment["BARAZA_URL"])
        client.token = secrets.token_urlsafe(32)
        client.get("/sessions/")
        client.close()
        with Operator(self._environment) as operator:
            for name in NAMES:
                operator(f"{name}.ping")
        lines = {name: f"the service token keys are now {names[_service(name)]}\n" for name in self._logs}
        logged = Counter({name: _read_from(log, ends[name]).count(lines[name]) for name, log in self._logs.items()})
        return logged >= self._processes


@pytest.fixture
def keys(platform: Instance, new_user: NewClient) -> Iterator[KeyFiles]:
    """The key files; a last rotation brings back the keys of before. Processes use their keys because of the posts."""
    files = KeyFiles(platform)
    yield files
    try:
        with posting(new_user()):
            files.write_private_keys(**{owner: [*files.before[owner], *files.read(owner)] for owner in KEY_OWNERS})
    finally:
        for owner, before in files.before.items():
            files.write(owner, before)


def _names(ring: Keyring) -> str:
    return ", ".join(key.name for key in ring.keys)


def _service(process: str) -> str:
    return service_of(program_of(process))


def _read_from(log: Path, offset: int) -> str:
    with log.open("rb") as stream:
        stream.seek(offset)
        return stream.read().decode()


def _accepts_token(operator: Operator, service: str) -> bool:
    try:
        operator(f"{service}.ping")
    except Unavailable:
        return False
    return True


def _all_notified(reader: Client, author: Client, texts: list[str]) -> bool:
    return set(texts) <= notified_posts(reader, author).keys()


def _post_count(operator: Operator, author: Client) -> int:
    authors = operator("gateway.authors", limit=1000)["items"]
    return next((item["posts"] for item in authors if item["id"] == author.id), 0)


def test_keys_rotate_under_load_and_the_old_ones_are_rejected_at_the_end(
    platform: Instance, keys: KeyFiles, new_user: NewClient
) -> None:
    old = {owner: keys.before[owner][0] for owner in KEY_OWNERS}
    new = {owner: generate(f"{owner}/{secrets.token_hex(4)}") for owner in KEY_OWNERS}
    author, reader = new_user(), new_user(notify_by=["realtime", "email"])
    websocket = reader.connect()
    assert keys.accepted_by(old[OPERATOR]) == set(NAMES)
    assert keys.accepted_by(new[OPERATOR]) == set()
    with posting(author) as posts:
        keys.write_private_keys(**{owner: [old[owner], new[owner]] for owner in KEY_OWNERS})
        assert keys.accepted_by(new[OPERATOR]) == set(NAMES)
        keys.write_private_keys(**{owner: [new[owner], old[owner]] for owner in KEY_OWNERS})
        signed_with_old = len(posts.acknowledged) + 1  # one request may be running
        until(lambda: len(posts.acknowledged) > signed_with_old, "a post signed with the new key", LIMIT)
        until(partial(_all_notified, reader, author, posts.acknowledged[:signed_with_old]), "their events", LIMIT)
        keys.write_private_keys(**{owner: [new[owner]] for owner in KEY_OWNERS})
        count = len(posts.acknowledged)
        until(lambda: len(posts.acknowledged) >= count + 5, "posts with the new key alone", LIMIT)
    assert posts.failed == []
    assert keys.accepted_by(old[OPERATOR]) == set()
    assert keys.accepted_by(new[OPERATOR]) == set(NAMES)
    until(partial(_all_notified, reader, author, posts.acknowledged), "every post in the inbox", LIMIT)
    with Operator(platform.environment) as operator:
        until(lambda: _post_count(operator, author) == len(posts.acknowledged), "every post counted", LIMIT)
    frames = {websocket.recv(timeout=LIMIT) for _ in range(len(posts.acknowledged) + 1)}
    assert len(frames) == len(posts.acknowledged) + 1


def test_key_that_other_services_have_not_read_is_503_and_used_once_read(keys: KeyFiles, new_user: NewClient) -> None:
    client, unknown = new_user(), generate(f"gateway/{secrets.token_hex(4)}")
    keys.write("gateway", [unknown])

    def post_status() -> int:
        return client.post("/create-post/", {"text": "tea"}).status_code

    until(lambda: post_status() == HTTPStatus.SERVICE_UNAVAILABLE, "the gateway signs with the unknown key", LIMIT)
    statuses = Counter(post_status() for _ in range(20))
    assert statuses == {HTTPStatus.SERVICE_UNAVAILABLE: 20}
    keys.write(PUBLIC_KEYS, [*keys.before[PUBLIC_KEYS], unknown.public_half()])
    until(lambda: post_status() == HTTPStatus.CREATED, "the key is read", 5)
