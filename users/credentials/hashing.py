"""argon2id off the hub: hashing in native threads, a few at a time, with a bounded queue before them."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from argon2 import PasswordHasher
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.errors import Unavailable
from users.credentials import passwords

Result = TypeVar("Result")


class Hasher:
    """Hashes and compares; raises Unavailable when too many wait already."""

    def __init__(self, argon2: PasswordHasher, threads: int, queue: int) -> None:
        self._argon2 = argon2
        # Each native thread keeps the memory of its largest hash; eventlet's own default is twenty threads.
        tpool.set_num_threads(threads)
        self._free = Semaphore(threads)
        self._room = threads + queue
        # What an unknown user's password is compared with, so that the answer takes as long as for a known one.
        self._nobodys = argon2.hash(secrets.token_urlsafe())

    def refuse_if_full(self) -> None:
        """Raise Unavailable while there is no room, for those who would lose something by finding out later."""
        if self._room == 0:
            raise Unavailable("Too many people sign in at this moment.", "busy")

    def hash(self, password: str) -> str:
        """Return the hash of a password in its normal form, with salt and parameters."""
        return self._run(lambda: self._argon2.hash(password))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Compare, with nobody's hash where there is none."""
        return self._run(lambda: passwords.matches(self._argon2, password_hash or self._nobodys, password))

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the parameters were others than today's."""
        return self._argon2.check_needs_rehash(password_hash)

    def _run(self, work: Callable[[], Result]) -> Result:
        """Run in a native thread. argon2 leaves the interpreter's lock alone meanwhile, so the hub goes on."""
        self.refuse_if_full()
        self._room -= 1
        try:
            with self._free:
                result: Result = tpool.execute(work)
                return result
        finally:
            self._room += 1


class Hashing(DependencyProvider):
    """Provides the process's Hasher."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Hasher: ...

    def setup(self) -> None:
        """Read the parameters."""
        settings = self.container.config["users"]["passwords"]
        argon2 = PasswordHasher(settings["time_cost"], settings["memory_cost"], settings["parallelism"])
        self._hasher = Hasher(argon2, settings["threads"], settings["queue"])

    def get_dependency(self, worker_ctx: WorkerContext) -> Hasher:  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._hasher
