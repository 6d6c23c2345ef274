"""Each code is counted once for each thing that happens to it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid
from tests.integration.support.databases import unit_of_work
from tests.integration.support.rpc import Rpc
from tests.integration.users.codes.conftest import Issued
from tests.integration.users.logged_in import NewUser, User
from users.codes import issuing
from users.models import OneTimeCode

PURPOSE = "verify_email"
OUTCOMES = ("issued", "used", "wrong", "refused", "expired", "limited")


def counts() -> Counter[str]:
    samples = {
        outcome: REGISTRY.get_sample_value("baraza_codes_total", {"purpose": PURPOSE, "outcome": outcome})
        for outcome in OUTCOMES
    }
    return Counter({outcome: int(value or 0) for outcome, value in samples.items()})


@contextmanager
def counted(**expected: int) -> Iterator[None]:
    before = counts()
    yield
    assert counts() - before == Counter(expected)


@pytest.fixture
def eve(new_unverified: NewUser) -> User:
    return new_unverified("eve")


def confirm(users: Rpc, user: User, code: str) -> None:
    users("users.confirm_verification", user.caller, channel="email", code=code)


def request(users: Rpc, user: User) -> None:
    users("users.request_verification", user.caller, channel="email")


def test_issued_wrong_used_and_refused_codes_are_counted(users: Rpc, eve: User, issued: Issued) -> None:
    with counted(issued=1, wrong=1, used=1, refused=1):
        request(users, eve)
        (code,) = issued()
        with pytest.raises(Invalid):
            confirm(users, eve, "x")
        confirm(users, eve, code["code"])
        with pytest.raises(Invalid):  # used already
            confirm(users, eve, code["code"])


def test_right_code_for_an_address_that_changed_counts_as_refused(users: Rpc, eve: User, issued: Issued) -> None:
    with counted(issued=1, refused=1):
        request(users, eve)
        (code,) = issued()
        users("users.update_account", eve.caller, email="eve2@example.org")
        with pytest.raises(Invalid):
            confirm(users, eve, code["code"])


def test_unused_code_counts_as_expired_once(
    users: Rpc, eve: User, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(issued=1, expired=1):
        request(users, eve)
        later = clock.now() + issuing.LIFETIME + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        for _ in range(2):
            unit_of_work(database).in_batches(issuing.delete_old, 1)
        with Session(database) as session:
            assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0
