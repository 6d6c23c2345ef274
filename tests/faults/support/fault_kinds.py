"""What the nemesis can do to a platform: the faults of `bench.faults`, and clocks that step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.faults import KINDS as FAULTS
from bench.faults import Inject, queues
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from docker.rabbitmq.accounts import ACCOUNTS
from tests.faults.support.hook_files import Hooks

SERVERS = ("rabbitmq", "redis", "postgresql")
WRONG_CLOCKS = (-20.0, 20.0)  # seconds; within the skew that docs/reliability.md allows
SQLITE_SERVICES = ("feeds.service", "notifications.service", "notifications.deliveries")


@contextmanager
def wrong_clock(platform: Instance, target: str, seconds: float) -> Iterator[None]:
    """The clock of a program steps, and steps back."""
    with Hooks(platform).clock(target, seconds):
        yield


KINDS: dict[str, Inject] = {
    **FAULTS,
    "clock behind": partial(wrong_clock, seconds=WRONG_CLOCKS[0]),
    "clock ahead": partial(wrong_clock, seconds=WRONG_CLOCKS[1]),
}


def targets(platform: Instance, kinds: Sequence[str] = tuple(KINDS)) -> dict[str, list[str]]:
    """Return the targets of each of these kinds on this platform."""
    processes = [status.name for status in platform.control.statuses() if status.group == "applications"]
    programs = [*SERVICES, GATEWAY]
    sqlite = platform.environment["FEEDS_DB_URI"].startswith("sqlite")
    found: dict[str, list[str]] = {
        "kill": [*processes, *SERVERS],
        "pause": [*processes, *SERVERS],
        "restart": ["postgresql", "redis"],
        "memory alarm": ["rabbitmq"],
        "disk alarm": ["rabbitmq"],
        "delete queue": queues(platform),
        "close connections": [account.name for account in ACCOUNTS],
        "flush": ["redis"],
        "fill": ["redis"],
        "full disk": list(SQLITE_SERVICES) if sqlite else [],
        "clock behind": programs,
        "clock ahead": programs,
    }
    found |= {kind: ["BARAZA_MAILBOX"] for kind in KINDS if "mail server" in kind}
    found |= {kind: ["BARAZA_SMS"] for kind in KINDS if "SMS provider" in kind}
    return {kind: found[kind] for kind in kinds if found[kind]}
