"""Rotation of the service token keys under load: no restart, and no failed request."""

import secrets
from collections import Counter
from functools import partial
from pathlib import Path

from chassis.errors import Unauthenticated
from dev.machine.files import write_private
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES, program_of
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.load import notified_posts, posting
from tests.e2e.support.operator import Operator

NAMES = ("users", "feeds", "notifications", "deliveries", "gateway")
PROGRAMS = Counter(dict.fromkeys(SERVICES, 1)) + Counter({GATEWAY: 2})  # processes of each that use keys
LIMIT = 10  # seconds


class KeyFile:
    """The file of service token keys, and the logs of the processes that read it."""

    def __init__(self, platform: Instance) -> None:
        names = [status.name for status in platform.control.statuses() if program_of(status.name) in PROGRAMS]
        self._logs = {name: platform.directory / "log" / f"{name}.log" for name in names}
        self._processes = Counter({name: PROGRAMS[program_of(name)] for name in names})
        self._environment = platform.environment
        self._file = Path(self._environment["SERVICE_TOKEN_KEYS"].removeprefix("@"))
        self.signing_key = self._file.read_text().split()[0]

    def write(self, *keys: str) -> None:
        """Replace the keys, and wait until every process has logged that it uses the new ones."""
        ends = {name: log.stat().st_size for name, log in self._logs.items()}
        write_private(self._file, "".join(f"{key}\n" for key in keys))
        line = f"the service token keys are now {', '.join(key.partition(':')[0] for key in keys)}\n"
        until(lambda: self._count(line, ends) >= self._processes, line, LIMIT)

    def accepted_by(self, key: str) -> set[str]:
        """Return the services that accept a token signed with this key."""
        with Operator(self._environment | {"SERVICE_TOKEN_KEYS": key}) as operator:
            return {name for name in NAMES if _accepts_token(operator, name)}

    def _count(self, line: str, ends: dict[str, int]) -> Counter[str]:
        """Count the new log lines by process; processes read the file when they use a key, so each gets a call."""
        with Operator(self._environment) as operator:
            for name in NAMES:
                operator(f"{name}.ping")
        return Counter({name: _read_from(log, ends[name]).count(line) for name, log in self._logs.items()})


def _read_from(log: Path, offset: int) -> str:
    with log.open("rb") as stream:
        stream.seek(offset)
        return stream.read().decode()


def _accepts_token(operator: Operator, service: str) -> bool:
    try:
        operator(f"{service}.ping")
    except Unauthenticated:
        return False
    return True


def _all_notified(reader: Client, author: Client, texts: list[str]) -> bool:
    return set(texts) <= notified_posts(reader, author).keys()


def _post_count(operator: Operator, author: Client) -> int:
    authors = operator("gateway.authors", limit=1000)["items"]
    return next((item["posts"] for item in authors if item["id"] == author.id), 0)


def test_keys_rotate_under_load_and_the_old_key_is_rejected_at_the_end(
    platform: Instance, new_user: NewClient, operator: Operator
) -> None:
    keys = KeyFile(platform)
    old, new = keys.signing_key, f"e2e{secrets.token_hex(3)}:{secrets.token_hex(32)}"
    author, reader = new_user(), new_user(notify_by=["realtime", "email"])
    websocket = reader.connect()
    assert keys.accepted_by(old) == set(NAMES)
    assert keys.accepted_by(new) == set()
    with posting(author) as posts:
        keys.write(old, new)
        assert keys.accepted_by(new) == set(NAMES)
        keys.write(new, old)
        signed_with_old = len(posts.acknowledged) + 1  # one request may be running
        until(lambda: len(posts.acknowledged) > signed_with_old, "a post signed with the new key", LIMIT)
        until(partial(_all_notified, reader, author, posts.acknowledged[:signed_with_old]), "their events", LIMIT)
        keys.write(new)
        count = len(posts.acknowledged)
        until(lambda: len(posts.acknowledged) >= count + 5, "posts with the new key alone", LIMIT)
    assert posts.failed == []
    assert keys.accepted_by(old) == set()
    assert keys.accepted_by(new) == set(NAMES)
    until(partial(_all_notified, reader, author, posts.acknowledged), "every post in the inbox", LIMIT)
    until(lambda: _post_count(operator, author) == len(posts.acknowledged), "every post counted", LIMIT)
    frames = {websocket.recv(timeout=LIMIT) for _ in range(len(posts.acknowledged) + 1)}
    assert len(frames) == len(posts.acknowledged) + 1
