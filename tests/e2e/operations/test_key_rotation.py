"""Service token keys rotate under load: without a restart, and no request fails."""

import secrets
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chassis.errors import Unauthenticated
from dev.machine.files import write_private
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES, program_of
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person
from tests.e2e.support.trickle import notified_posts, posting

Make = Callable[..., Person]

NAMES = ("users", "feeds", "notifications", "deliveries", "gateway")
PROGRAMS = Counter(dict.fromkeys(SERVICES, 1)) + Counter({GATEWAY: 2})  # processes of each that use keys
FOLLOWED = 10  # seconds


class Rotation:
    """Edits the file of keys, and sees in the logs which process follows."""

    def __init__(self, platform: Instance) -> None:
        names = [status.name for status in platform.control.statuses() if program_of(status.name) in PROGRAMS]
        self._logs = {name: platform.directory / "log" / f"{name}.log" for name in names}
        self._processes = Counter({name: PROGRAMS[program_of(name)] for name in names})
        self._environment = platform.environment
        self._file = Path(self._environment["SERVICE_TOKEN_KEYS"].removeprefix("@"))
        self.oldest = self._file.read_text().split()[0]

    def write(self, *keys: str) -> None:
        """Replace the file, and wait until every process logs that it uses these keys."""
        ends = {name: log.stat().st_size for name, log in self._logs.items()}
        write_private(self._file, "".join(f"{key}\n" for key in keys))
        line = f"the service token keys are now {', '.join(key.partition(':')[0] for key in keys)}\n"
        until(lambda: self._count(line, ends) >= self._processes, line, FOLLOWED)

    def accepted(self, key: str) -> set[str]:
        """Return the services that accept a token by this key."""
        with Operator(self._environment | {"SERVICE_TOKEN_KEYS": key}) as operator:
            return {name for name in NAMES if _answers(operator, name)}

    def _count(self, line: str, ends: dict[str, int]) -> Counter[str]:
        """Count the log lines by process; processes read the file when they use a key, so each gets a call."""
        with Operator(self._environment) as operator:
            for name in NAMES:
                operator(f"{name}.ping")
        return Counter({name: _since(log, ends[name]).count(line) for name, log in self._logs.items()})


def _since(log: Path, end: int) -> str:
    with log.open("rb") as stream:
        stream.seek(end)
        return stream.read().decode()


def _answers(operator: Operator, service: str) -> bool:
    try:
        operator(f"{service}.ping")
    except Unauthenticated:
        return False
    return True


def _all_notified(reader: Person, author: Person, texts: list[str]) -> bool:
    return set(texts) <= notified_posts(reader, author).keys()


def _counted(operator: Operator, author: Person) -> int:
    authors = operator("gateway.authors", limit=1000)["items"]
    return next((one["posts"] for one in authors if one["id"] == author.id), 0)


def test_keys_rotate_under_load_and_the_old_key_is_rejected_at_the_end(
    platform: Instance, new_user: Make, operator: Operator
) -> None:
    rotation = Rotation(platform)
    old, new = rotation.oldest, f"e2e{secrets.token_hex(3)}:{secrets.token_hex(32)}"
    author, reader = new_user(), new_user(notify_by=["realtime", "email"])
    socket = reader.listen()
    assert rotation.accepted(old) == set(NAMES)
    assert rotation.accepted(new) == set()
    with posting(author) as trickle:
        rotation.write(old, new)
        assert rotation.accepted(new) == set(NAMES)
        rotation.write(new, old)
        signed_by_old = len(trickle.acknowledged) + 1  # one may be under way
        until(lambda: len(trickle.acknowledged) > signed_by_old, "a post by the new key", FOLLOWED)
        until(partial(_all_notified, reader, author, trickle.acknowledged[:signed_by_old]), "their events", FOLLOWED)
        rotation.write(new)
        reached = len(trickle.acknowledged)
        until(lambda: len(trickle.acknowledged) >= reached + 5, "posts by the new key alone", FOLLOWED)
    assert trickle.failed == []
    assert rotation.accepted(old) == set()
    assert rotation.accepted(new) == set(NAMES)
    until(partial(_all_notified, reader, author, trickle.acknowledged), "every post in the inbox", FOLLOWED)
    until(lambda: _counted(operator, author) == len(trickle.acknowledged), "every post counted", FOLLOWED)
    frames = {socket.recv(timeout=FOLLOWED) for _ in range(len(trickle.acknowledged) + 1)}
    assert len(frames) == len(trickle.acknowledged) + 1
