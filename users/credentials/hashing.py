"""argon2id in native threads: a few hashes at a time, with a bounded queue."""

import secrets
from collections.abc import Callable, Mapping
from typing import TypeVar

from argon2 import PasswordHasher
from eventlet import tpool

from chassis.errors import Unavailable
from chassis.provider import SharedProvider
from users.credentials import passwords

RANDOM_BYTES = 32  # of a text that no user knows

Result = TypeVar("Result")


class Hasher:
    """Hashes and compares passwords. Raises Unavailable if the queue is full."""

    def __init__(self, argon2: PasswordHasher, threads: int, queue: int) -> None:
        self._argon2 = argon2
        # Each native thread keeps the memory of its largest hash, so few are better than eventlet's default of 20.
        # They have a queue of their own, so that a thread begins the next hash without waiting for a greenlet.
        tpool.set_num_threads(threads)
        self._capacity = threads + queue
        # Compared with the password of an unknown user, so that the reply takes as long as for a known one.
        self._dummy_hash = argon2.hash(secrets.token_urlsafe(RANDOM_BYTES))

    def require_capacity(self) -> None:
        """Raise Unavailable if the queue is full; for callers that write something before they hash."""
        if self._capacity == 0:
            raise Unavailable("Too many people sign in at this moment.", "busy")

    def hash(self, password: str) -> str:
        """Return the hash of a normalized password, with salt and parameters."""
        return self._run(lambda: self._argon2.hash(password))

    def unusable(self) -> str:
        """Return the hash of a random text that is not stored, for an account without a password."""
        return self.hash(secrets.token_urlsafe(RANDOM_BYTES))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password has this hash; without a hash it takes as long and is false."""
        return self._run(lambda: passwords.matches(self._argon2, password_hash or self._dummy_hash, password))

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether a hash has other parameters than the current ones."""
        return self._argon2.check_needs_rehash(password_hash)

    def _run(self, work: Callable[[], Result]) -> Result:
        """Run in a native thread. argon2 releases the interpreter's lock, so other greenlets run meanwhile."""
        self.require_capacity()
        self._capacity -= 1
        try:
            result: Result = tpool.execute(work)
            return result
        finally:
            self._capacity += 1


def argon2_from_config(settings: Mapping[str, int]) -> PasswordHasher:
    """Return argon2id with the parameters in the section `users.passwords`."""
    return PasswordHasher(settings["time_cost"], settings["memory_cost"], settings["parallelism"])


class HasherProvider(SharedProvider[Hasher]):
    """Provides the process's Hasher."""

    def create(self) -> Hasher:
        """Create the hasher with the configured parameters."""
        settings = self.container.config["users"]["passwords"]
        return Hasher(argon2_from_config(settings), settings["threads"], settings["queue"])
