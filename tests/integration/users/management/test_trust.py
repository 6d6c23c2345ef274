"""Operators let the addresses of existing accounts count as verified."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Forbidden, Invalid
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import DELIVERIES, PHONE, STAFF, NewUser, User
from users.management import trust
from users.models import OneTimeCode


def trust_addresses(users: Rpc, before: datetime | None = None, **fields: Any) -> dict[str, int]:
    reply: dict[str, int] = users(
        "users.trust_addresses", OPERATOR, registered_before=(before or clock.now()).isoformat(), **fields
    )
    return reply


def verified(users: Rpc, user: User) -> tuple[bool, bool]:
    account = users("users.detail", user.caller, id=user.id)
    return account["email_verified_at"] is not None, account["phone_verified_at"] is not None


def kinds(users: Rpc, user: User) -> list[tuple[str, bool]]:
    """Return what happened to the account, newest first, and whether it happened in a session."""
    events = users("users.account_events", user.caller)["items"]
    return [(event["kind"], event["session_id"] is not None) for event in events]


def test_addresses_of_earlier_accounts_are_verified_and_those_of_later_ones_not(users: Rpc, new_user: NewUser) -> None:
    early, closed = new_user("early", verified=False, phone=PHONE), new_user("closed", verified=False)
    users("users.deactivate", STAFF, id=closed.id)
    upgrade = clock.now()
    late = new_user("late", verified=False)
    assert trust_addresses(users, upgrade) == {"accounts": 2, "left": 0}
    assert verified(users, early) == (True, True)
    assert verified(users, late) == (False, False)
    (contact,) = users("users.contacts", DELIVERIES, ids=[early.id])["items"]
    assert contact["unverified"] == []


def test_repetition_changes_nothing(users: Rpc, new_user: NewUser) -> None:
    early = new_user("early", verified=False, phone=PHONE)
    trust_addresses(users)
    account, happened = users("users.detail", early.caller, id=early.id), kinds(users, early)
    assert trust_addresses(users) == {"accounts": 0, "left": 0}
    assert (users("users.detail", early.caller, id=early.id), kinds(users, early)) == (account, happened)


def test_it_is_in_the_history_as_done_by_an_operator(users: Rpc, new_user: NewUser) -> None:
    early = new_user("early", verified=False, phone=PHONE)
    trust_addresses(users)
    assert set(kinds(users, early)[:2]) == {("email_verified", False), ("phone_verified", False)}


def test_phone_number_that_an_account_does_not_have_is_not_verified(users: Rpc, new_user: NewUser) -> None:
    early = new_user("early", verified=False)
    trust_addresses(users)
    assert verified(users, early) == (True, False)
    users("users.update_account", early.caller, phone=PHONE)
    assert verified(users, early) == (True, False)


def test_name_limits_it_to_one_account(users: Rpc, new_user: NewUser) -> None:
    ada, bob = new_user("ada", verified=False), new_user("bob", verified=False)
    assert trust_addresses(users, username="ADA")["accounts"] == 1
    assert (verified(users, ada)[0], verified(users, bob)[0]) == (True, False)


def test_codes_that_are_not_needed_any_more_are_deleted(users: Rpc, new_user: NewUser, database: Engine) -> None:
    new_user("ada", verified=False)
    users("users.request_password_reset", username="ada")
    trust_addresses(users)
    with Session(database) as session:
        assert session.scalars(select(OneTimeCode.purpose)).all() == ["reset_password"]


def test_accounts_are_changed_in_batches_until_the_time_is_over(
    users: Rpc, new_user: NewUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = [new_user(f"user{number}", verified=False) for number in range(5)]
    monkeypatch.setattr(trust, "BATCH", 2)
    monkeypatch.setattr(trust, "MOST_SECONDS", 0)
    assert trust_addresses(users) == {"accounts": 2, "left": 3}
    monkeypatch.setattr(trust, "MOST_SECONDS", 60)
    assert trust_addresses(users) == {"accounts": 3, "left": 0}
    assert [verified(users, user)[0] for user in early] == [True] * 5


def test_only_operators_may_call_it_and_the_time_needs_a_zone(users: Rpc) -> None:
    with pytest.raises(Forbidden):
        users("users.trust_addresses", STAFF, registered_before=clock.now().isoformat())
    with pytest.raises(Invalid, match="registered_before"):
        users("users.trust_addresses", OPERATOR, registered_before="2026-11-25T00:00:00")
    assert trust_addresses(users, clock.now() - timedelta(days=1)) == {"accounts": 0, "left": 0}
