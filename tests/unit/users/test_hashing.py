"""Hashing in native threads; these tests do not need eventlet's patches."""

import threading
import time

import eventlet
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from chassis.errors import Unavailable
from users.credentials.hashing import Hasher

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class SlowHasher(PasswordHasher):
    """Sleeps instead of hashing; `most` is the largest number of concurrent calls, `ended` counts those that ended."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.lock = threading.Lock()
        self.running = self.most = 0
        self.ended = threading.Semaphore(0)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:  # noqa: ARG002 - argon2's signature
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        self.ended.release()
        return "hash"


def test_password_matches_only_its_own_hash() -> None:
    hasher = Hasher(CHEAP, threads=2, queue=2)
    password_hash = hasher.hash("a bench of stone")
    assert extract_parameters(password_hash).type is Type.ID
    assert hasher.matches(password_hash, "a bench of stone")
    assert not hasher.matches(password_hash, "a bench of wood")
    assert not hasher.matches(None, "")


def test_dummy_hash_has_the_current_parameters() -> None:
    hasher = Hasher(CHEAP, threads=1, queue=1)
    assert not hasher.is_outdated(hasher._dummy_hash)  # noqa: SLF001 - must not be observable otherwise
    assert hasher.is_outdated(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("a bench of stone"))


def test_concurrent_hashes_are_limited() -> None:
    slow = SlowHasher()
    hasher = Hasher(slow, threads=2, queue=10)
    assert list(eventlet.GreenPool().imap(hasher.hash, ["a bench of stone"] * 10)) == ["hash"] * 10
    assert slow.most == 2


def test_next_hash_begins_while_the_hub_is_blocked() -> None:
    slow = SlowHasher()
    hasher = Hasher(slow, threads=2, queue=4)
    hashing = [eventlet.spawn(hasher.hash, "a bench of stone") for _ in range(6)]
    eventlet.sleep(0)
    assert all(slow.ended.acquire(timeout=5) for _ in hashing)  # blocks the hub
    assert [call.wait() for call in hashing] == ["hash"] * 6


def test_full_queue_raises_unavailable_and_recovers() -> None:
    hasher = Hasher(SlowHasher(), threads=1, queue=2)
    pool = eventlet.GreenPool()
    waiting = [pool.spawn(hasher.hash, "a bench of stone") for _ in range(3)]
    eventlet.sleep(0)
    with pytest.raises(Unavailable, match="busy"):
        hasher.hash("a bench of stone")
    assert [call.wait() for call in waiting] == ["hash"] * 3
    assert hasher.hash("a bench of stone") == "hash"


def test_other_greenlets_run_while_passwords_are_hashed() -> None:
    hasher = Hasher(PasswordHasher(time_cost=8, memory_cost=19456, parallelism=1), threads=2, queue=10)
    hashing = [eventlet.spawn(hasher.hash, "a bench of stone") for _ in range(4)]
    turns = 0
    while not all(call.dead for call in hashing):
        eventlet.sleep(0.001)
        turns += 1
    assert turns > 20  # four, one after each hash, if hashing blocked the hub
