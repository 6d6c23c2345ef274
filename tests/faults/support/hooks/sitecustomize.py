"""Python runs this at the start of every process of the platform under test: its folder is in PYTHONPATH.

It changes functions of the chassis from outside, when a file in the folder `hooks` of the instance asks for it:

    crash.<point>      kill -9 of this process itself, once, at that point for the target that the file names
    off.<guard>        that guard does nothing
    clock.<program>    the clock of that program is wrong by this number of seconds

A function that the chassis no longer has ends the process with an AttributeError.
"""

import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

INSTANCE = "BARAZA_INSTANCE"  # `dev.machine.processes.MARKER`: the directory of the instance
FOLDER = Path(os.environ.get(INSTANCE, ""), "hooks")
PROGRAMS = ("users.service", "feeds.service", "notifications.service", "notifications.deliveries", "gateway.")
CLOCK_INTERVAL = 0.2  # seconds between looks at the file of the clock
# What this process runs, as `dev.platform.programs` names it; "" for the fakes.
PROGRAM = next((word.partition(":")[0] for word in sys.orig_argv if word.startswith(PROGRAMS)), "")


def crash(point: str, target: str) -> None:
    """End this process if the point is armed for this target."""
    file = FOLDER / f"crash.{point}"
    with suppress(FileNotFoundError):
        if file.read_text() == target:
            file.rename(FOLDER / f"crashed.{point}")  # fails in all processes but one
            os.kill(os.getpid(), signal.SIGKILL)


def off(guard: str) -> bool:
    return (FOLDER / f"off.{guard}").exists()


def group_commit(module: ModuleType) -> None:
    """Crash after writes with events and before the commit that they share."""
    commit = module._Group.commit  # noqa: SLF001

    def crashing(self: Any) -> None:
        if self.events:
            crash("group", PROGRAM)
        commit(self)

    module._Group.commit = crashing  # noqa: SLF001


def relay(module: ModuleType) -> None:
    """Crash after the commit of events and before they are published; switch the relay of other rows off."""
    publish, lease_expired = module.OutboxRelay.publish, module.store.lease_expired

    def crashing(self: Any, envelopes: Sequence[Any]) -> None:
        if envelopes:
            crash("commit", PROGRAM)
        publish(self, envelopes)

    module.OutboxRelay.publish = crashing
    module.store.lease_expired = lambda *a, **k: [] if off("relay") else lease_expired(*a, **k)


def publisher(module: ModuleType) -> None:
    """Crash after the confirm of events and before their rows are removed."""
    publish = module.BatchPublisher.publish

    @wraps(publish)
    def crashing(self: Any, *args: Any, **kwargs: Any) -> Any:
        confirmed = publish(self, *args, **kwargs)
        if confirmed:
            crash("publish", PROGRAM)
        return confirmed

    module.BatchPublisher.publish = crashing


def handler(module: ModuleType) -> None:
    """Crash after the commit of a handler and before its ack."""
    acknowledge = module.EventHandler._acknowledge  # noqa: SLF001

    def crashing(self: Any, received: Sequence[Any]) -> None:
        crash("handler", f"{self.container.service_name}.{self.method_name}")
        acknowledge(self, received)

    module.EventHandler._acknowledge = crashing  # noqa: SLF001


def batch_handler(module: ModuleType) -> None:
    """Crash after the commit of a batch, before its events are acknowledged or moved to the end of the queue."""
    settle = module.BatchEventHandler._settle  # noqa: SLF001

    def crashing(self: Any, *args: Any) -> Any:
        crash("handler", f"{self.container.service_name}.{self.method_name}")
        return settle(self, *args)

    module.BatchEventHandler._settle = crashing  # noqa: SLF001


def retries(module: ModuleType) -> None:
    """Acknowledge failed events instead of retrying them."""
    retry = module.Retries.retry

    def forgetful(self: Any, message: Any, *args: Any) -> Any:
        if not off("retry"):
            return retry(self, message, *args)
        self._consumer.ack_message(message)
        return "lost"

    module.Retries.retry = forgetful


def entrypoint(module: ModuleType) -> None:
    """Crash after the commit of an RPC method and before its reply."""
    reply = module.RpcConsumer.reply

    def crashing(self: Any, message: Any, result: Any, exc_info: Any, **kwargs: Any) -> None:
        if exc_info is None:
            crash("reply", message.delivery_info["routing_key"])
        reply(self, message, result, exc_info, **kwargs)

    module.RpcConsumer.reply = crashing


def reconciler(module: ModuleType) -> None:
    recover = module.Reconciler._recover  # noqa: SLF001
    module.Reconciler._recover = lambda *args: None if off("reconciliation") else recover(*args)  # noqa: SLF001


def idempotency(module: ModuleType) -> None:
    key = module._key  # noqa: SLF001
    module._key = lambda call: None if off("idempotency") else key(call)  # type: ignore[attr-defined]  # noqa: SLF001


class Clock:
    """A clock that is wrong by the number of seconds in the file of this program."""

    file = FOLDER / f"clock.{PROGRAM}"
    offset, _looked = 0.0, 0.0

    def look(self) -> float:
        """Return the offset in seconds."""
        if time.monotonic() > self._looked + CLOCK_INTERVAL:
            self._looked, self.offset = time.monotonic(), 0.0
            with suppress(OSError, ValueError):
                self.offset = float(self.file.read_text())
        return self.offset


clock = Clock()


def clock_module(module: ModuleType) -> None:
    now = module.now
    module.now = lambda: now() + timedelta(seconds=clock.look())  # type: ignore[attr-defined]


def jwt_module(module: ModuleType) -> None:
    """PyJWT compares the times of a token with `datetime.now`."""
    real = module.datetime

    class Shifted(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + timedelta(seconds=clock.look())

    module.datetime = Shifted  # type: ignore[attr-defined]


def shift_time() -> None:
    """Shift `time.time` and `time.time_ns`, which tokens and ids use."""
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + clock.look()
    time.time_ns = lambda: nanoseconds() + int(clock.look() * 1e9)


CHANGES: dict[str, Callable[[ModuleType], None]] = {
    "chassis.clock": clock_module,
    "jwt.api_jwt": jwt_module,
    "chassis.db.group_commit": group_commit,
    "chassis.db.outbox.relay": relay,
    "chassis.amqp.publisher": publisher,
    "chassis.events.handler": handler,
    "chassis.events.batch_handler": batch_handler,
    "chassis.events.retries": retries,
    "chassis.reconciliation.reconciler": reconciler,
    "chassis.rpc.entrypoint": entrypoint,
    "chassis.db.idempotency": idempotency,
}


class Finder(importlib.abc.MetaPathFinder):
    """Changes a module as soon as it is loaded."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in CHANGES:
            return None
        spec: Any = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            CHANGES[name](module)

        spec.loader.exec_module = execute_and_change
        return spec


if INSTANCE in os.environ:
    shift_time()
    sys.meta_path.insert(0, Finder())
