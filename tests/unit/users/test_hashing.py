"""Native threads beside the hub; nothing here needs eventlet's patches."""

import threading
import time

import eventlet
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from chassis.errors import Unavailable
from users.credentials.hashing import Hasher

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Slow(PasswordHasher):
    """Hashes nothing, slowly, and counts how many do so at a time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.lock = threading.Lock()
        self.running = self.most = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:  # noqa: ARG002 - as argon2 has it
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return "hash"


def test_a_password_matches_its_own_hash_only() -> None:
    hasher = Hasher(CHEAP, threads=2, queue=2)
    password_hash = hasher.hash("a bench of stone")
    assert extract_parameters(password_hash).type is Type.ID
    assert hasher.matches(password_hash, "a bench of stone")
    assert not hasher.matches(password_hash, "a bench of wood")


def test_nobodys_password_never_matches() -> None:
    assert not Hasher(CHEAP, threads=1, queue=1).matches(None, "")


def test_nobodys_hash_has_the_parameters_of_everybodys() -> None:
    hasher = Hasher(CHEAP, threads=1, queue=1)
    assert not hasher.is_outdated(hasher._nobodys)  # noqa: SLF001 - what cannot be seen from outside is the point
    assert hasher.is_outdated(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("a bench of stone"))


def test_no_more_than_the_given_number_hash_at_a_time() -> None:
    slow = Slow()
    hasher = Hasher(slow, threads=2, queue=10)
    assert list(eventlet.GreenPool().imap(hasher.hash, ["a bench of stone"] * 10)) == ["hash"] * 10
    assert slow.most == 2


def test_who_finds_the_queue_full_is_told_at_once_and_may_come_again() -> None:
    hasher = Hasher(Slow(), threads=1, queue=2)
    pool = eventlet.GreenPool()
    waiting = [pool.spawn(hasher.hash, "a bench of stone") for _ in range(3)]
    eventlet.sleep(0)
    with pytest.raises(Unavailable, match="busy"):
        hasher.hash("a bench of stone")
    assert [call.wait() for call in waiting] == ["hash"] * 3
    assert hasher.hash("a bench of stone") == "hash"


def test_the_hub_goes_on_while_passwords_are_hashed() -> None:
    hasher = Hasher(PasswordHasher(time_cost=8, memory_cost=19456, parallelism=1), threads=2, queue=10)
    hashing = [eventlet.spawn(hasher.hash, "a bench of stone") for _ in range(4)]
    turns = 0
    while not all(call.dead for call in hashing):
        eventlet.sleep(0.001)
        turns += 1
    assert turns > 20  # it would be four, one after each, if hashing held the hub
