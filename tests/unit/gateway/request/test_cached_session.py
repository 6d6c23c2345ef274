"""Which cached sessions the gateway believes: those that users has signed for the token, while they last."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from chassis import clock
from chassis.auth import tokens
from chassis.auth.keyring import Keyring
from chassis.auth.keys import generate
from chassis.ids import new_id
from gateway.request.cached_session import CachedSessions
from users.contract import CachedIdentity, Identity

KEYS = {service: generate(f"{service}/k1") for service in ("users", "feeds", "gateway")}
RING = Keyring(",".join(map(str, [KEYS["gateway"], KEYS["users"].public_half(), KEYS["feeds"].public_half()])), KEYS)
TOKEN, OTHER = "a" * 64, "b" * 64

Read = Callable[..., Identity | None]


def identity(seconds: float = 3600) -> Identity:
    expires_at = clock.now() + timedelta(seconds=seconds)
    return Identity(user_id=new_id(), username="ada", session_id=new_id(), is_staff=False, expires_at=expires_at)


def cached(by: str, of: Identity, subject: str = TOKEN, key: str = "", lifetime: float = 60, **forged: object) -> bytes:
    signed = tokens.sign_text(of.model_dump_json(), by, KEYS[key or by], subject=subject, lifetime=lifetime)
    return CachedIdentity(**(of.model_dump() | forged), signed=signed).model_dump_json().encode()


@pytest.fixture
def read() -> Read:
    return CachedSessions(RING).identity


def test_session_that_users_signed_is_read_and_only_what_is_signed_counts(read: Read) -> None:
    ada = identity()
    assert read(cached("users", ada, is_staff=True, username="root"), TOKEN) == ada


@pytest.mark.parametrize(
    "session",
    [
        cached("feeds", identity()),
        cached("users", identity(), key="feeds"),
        cached("users", identity(), subject=OTHER),
        cached("users", identity(), lifetime=-1),
        cached("users", identity(-1)),
        identity().model_dump_json().encode(),
        b"{}",
        b"garbage",
    ],
    ids=["by feeds", "with the key of feeds", "of another token", "old", "expired", "unsigned", "empty", "garbage"],
)
def test_other_session_is_not_believed(read: Read, session: bytes) -> None:
    assert read(session, TOKEN) is None


def test_session_is_believed_no_longer_than_it_is_cached(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    session = cached("users", identity())
    assert read(session, TOKEN)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert read(session, TOKEN) is None
