"""How long the platform needs after each fault until everything is back and complete, while users go on posting."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from bench.faults import KINDS, queues
from bench.measure.measurement import Measurement
from bench.platform import Platform
from bench.scenarios.posting import now
from bench.scenarios.recovery_round import READERS, Round
from dev import DevError
from dev.platform.programs import GATEWAY, SERVICES
from docker.rabbitmq.accounts import ACCOUNTS

LASTING = 10  # seconds of a fault that is not over at once
SERVERS = ("rabbitmq", "redis", "postgresql")


class Fault(NamedTuple):
    """A fault of one or more targets, and the seconds that it lasts."""

    kind: str
    targets: tuple[str, ...]
    seconds: float = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.targets[0] if len(self.targets) == 1 else ''}".strip()

    def inject(self, platform: Platform) -> float:
        """Inject it and return when it ended: a killed process ended at once, a stopped one as it is started again."""
        with ExitStack() as stack:
            for target in self.targets:
                stack.enter_context(KINDS[self.kind](platform.instance, target))
            time.sleep(self.seconds)
            ended = now()
        return ended if self.kind in {"kill", "restart"} else now()


def faults(platform: Platform) -> Iterator[Fault]:
    """Yield every kind of fault with each of its targets."""
    for name in (*SERVICES, GATEWAY, *SERVERS):
        yield Fault("kill", (name,))
    for name in (*SERVICES, GATEWAY, *SERVERS):
        yield Fault("pause", (name,), LASTING)
    for name in ("postgresql", "redis"):
        yield Fault("restart", (name,))
    for name in ("mailbox", "sms_simulator"):
        yield Fault("restart", (name,), LASTING)
    for kind in ("memory alarm", "disk alarm"):
        yield Fault(kind, ("rabbitmq",), LASTING)
    for name in queues(platform.instance):
        if name.startswith("evt-"):
            yield Fault("delete queue", (name,))
    yield Fault("close connections", tuple(account.name for account in ACCOUNTS))
    yield Fault("flush", ("redis",))
    yield Fault("fill", ("redis",), LASTING)
    if platform.instance.environment["FEEDS_DB_URI"].startswith("sqlite"):
        for name in SERVICES[1:4]:  # feeds, notifications and deliveries
            yield Fault("full disk", (name,), LASTING)


def recovery(platform: Platform) -> Iterator[Measurement]:
    """Inject one fault after the other.

    FAULTS="kill users,pause redis" leaves out all whose names contain none of these; RATE=2 is for a busy machine.
    """
    author = platform.new_users(1).tokens[0]
    sms_user = platform.users.insert(1, 0, emails=0, phones=1).tokens[0]
    readers = platform.users.insert(READERS, 0, emails=1, phones=0).tokens
    failed = 0
    for fault in faults(platform):
        if not any(chosen in str(fault) for chosen in os.environ.get("FAULTS", "").split(",")):
            continue
        try:
            yield asyncio.run(
                Round(platform, author, sms_user, readers).run(str(fault), partial(fault.inject, platform))
            )
        except DevError as error:
            print(f"{fault} failed: {error}", flush=True)
            failed += 1
    if failed:
        raise DevError(f"{failed} faults")
