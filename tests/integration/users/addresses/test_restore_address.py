"""Owners restore an e-mail address that a thief changed, by the link in the mail to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pyotp
import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Conflict, NotFound, ServiceError, Unauthenticated
from tests.integration.support.rpc import Rpc
from tests.integration.users.codes.conftest import Issued, issued  # noqa: F401 - a fixture
from tests.integration.users.logged_in import (
    DELIVERIES,
    NEW_PASSWORD,
    PASSWORD,
    PHONE,
    WRONG_PASSWORD,
    LogIn,
    NewUser,
    User,
)
from users.addresses import changes, restoring
from users.identities import store as identities_store
from users.models import AccountEvent, EmailChange, LinkedIdentity
from users.models import User as UserRow

OLD, THIEF, LATER = "ada@example.org", "thief@example.org", "later@example.org"

Notices = Callable[[], list[dict[str, Any]]]
Change = Callable[..., str]


@pytest.fixture
def notices(users: Rpc, database: Engine) -> Notices:
    """Return all notices that deliveries may send, oldest first."""

    def notices() -> list[dict[str, Any]]:
        with Session(database) as session:
            ids = list(session.scalars(select(AccountEvent.id).where(AccountEvent.kind != "signed_in")))
        items = users("users.security_notices", DELIVERIES, ids=ids)["items"]
        return sorted(items, key=lambda item: str(item["id"]))

    return notices


@pytest.fixture
def change(users: Rpc, ada: User, notices: Notices) -> Change:
    """Change the address; return the token in the mail to the old one."""

    def change(email: str = THIEF, **fields: Any) -> str:
        users("users.update_account", ada.caller, email=email, **fields)
        sent = [item for item in notices() if item["kind"] == "email_changed"]
        return str(sent[-1]["restore_token"])

    return change


def restore(users: Rpc, token: str) -> None:
    assert users("users.restore_address", token=token) == {}


def email_of(database: Engine, user: User) -> str:
    with Session(database) as session:
        return session.get_one(UserRow, user.id).email


def verify(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(UserRow).values(email_verified_at=func.now()))


def test_old_address_is_notified_with_a_token(change: Change, notices: Notices) -> None:
    token = change()
    (notice,) = notices()
    assert (notice["kind"], notice["address"], notice["restore_token"]) == ("email_changed", OLD, token)


def test_address_is_restored_as_verified_and_the_thief_is_out(
    users: Rpc,
    ada: User,
    change: Change,
    database: Engine,
    log_in: LogIn,
    issued: Issued,  # noqa: F811 - the fixture
) -> None:
    token = change(password=NEW_PASSWORD, current_password=PASSWORD)
    thief = log_in("ada", NEW_PASSWORD)
    restore(users, token)
    with Session(database) as session:
        row = session.get_one(UserRow, ada.id)
        assert (row.email, row.email_verified_at is not None) == (OLD, True)
    with pytest.raises(Unauthenticated):
        users("users.authenticate", token_hash=thief.token_hash)
    for password in (PASSWORD, NEW_PASSWORD):
        with pytest.raises(Unauthenticated):
            log_in("ada", password)
    users("users.request_password_reset", username="ada")
    (code,) = issued()
    assert code["address"] == OLD
    users("users.confirm_password_reset", username="ada", code=code["code"], password="the owner again")
    owner = log_in("ada", "the owner again")
    kinds = [event["kind"] for event in users("users.account_events", owner.caller)["items"]]
    assert "email_restored" in kinds


def test_restored_address_is_told_to_set_a_new_password(users: Rpc, change: Change, notices: Notices) -> None:
    restore(users, change())
    notice = notices()[-1]
    assert (notice["kind"], notice["address"]) == ("email_restored", OLD)


def test_notices_about_what_the_thief_changed_at_once_go_to_the_old_address(change: Change, notices: Notices) -> None:
    change(phone=PHONE, password=NEW_PASSWORD, current_password=PASSWORD)
    assert {(item["kind"], item["address"]) for item in notices()} == {
        ("password_changed", OLD),
        ("phone_changed", OLD),
        ("email_changed", OLD),
    }


def test_notices_go_to_the_old_address_while_the_new_one_is_not_verified(
    users: Rpc, ada: User, change: Change, notices: Notices, database: Engine
) -> None:
    verify(database)
    change()
    users("users.update_account", ada.caller, phone=PHONE)
    assert [(item["kind"], item["address"]) for item in notices()] == [("email_changed", OLD), ("phone_changed", OLD)]


def test_address_that_was_not_verified_is_neither_notified_nor_kept(
    users: Rpc, new_user: NewUser, notices: Notices, database: Engine
) -> None:
    users("users.update_account", new_user("eve", verified=False).caller, email=THIEF)
    assert notices() == []
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(EmailChange)) == 0


def test_second_factor_and_phone_that_were_added_since_are_removed(
    users: Rpc, ada: User, change: Change, database: Engine
) -> None:
    users("users.update_account", ada.caller, phone=PHONE, notify_by=["email", "sms"])
    token = change()
    secret = users("users.begin_second_factor", ada.caller, password=PASSWORD)["secret"]
    users("users.confirm_second_factor", ada.caller, code=pyotp.TOTP(secret).now())
    restore(users, token)
    with Session(database) as session:
        row = session.get_one(UserRow, ada.id)
        assert (row.second_factor_since, row.phone, row.notify_by) == (None, None, ["email"])
        for table in ("second_factors", "recovery_codes"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608 - a constant


def test_identities_that_may_be_the_thiefs_are_removed_and_earlier_ones_stay(
    users: Rpc, ada: User, change: Change, database: Engine
) -> None:
    def link(subject: str) -> None:
        with Session(database) as session, session.begin():
            assert identities_store.add(session, ada.id, "https://id.example.org", subject)

    link("the owner's")
    with Session(database) as session, session.begin():
        session.execute(update(LinkedIdentity).values(created_at=clock.now() - restoring.BEFORE - timedelta(minutes=1)))
    link("the thief's first")
    token = change()
    link("the thief's")
    restore(users, token)
    with Session(database) as session:
        assert [identity.subject for identity in identities_store.of_account(session, ada.id)] == ["the owner's"]


def test_second_factor_and_phone_of_the_owner_stay(
    users: Rpc, new_user: NewUser, database: Engine, notices: Notices
) -> None:
    eve = new_user("eve", phone=PHONE)
    secret = users("users.begin_second_factor", eve.caller, password=PASSWORD)["secret"]
    users("users.confirm_second_factor", eve.caller, code=pyotp.TOTP(secret).now())
    users("users.update_account", eve.caller, email=THIEF)
    restore(users, notices()[-1]["restore_token"])
    with Session(database) as session:
        row = session.get_one(UserRow, eve.id)
        assert row.second_factor_since is not None
        assert row.phone == PHONE


def test_codes_that_went_to_the_thief_are_useless(
    users: Rpc,
    change: Change,
    issued: Issued,  # noqa: F811 - the fixture
    database: Engine,
) -> None:
    token = change()
    verify(database)
    users("users.request_password_reset", username="ada")
    (code,) = issued()
    assert code["address"] == THIEF
    restore(users, token)
    with pytest.raises(ServiceError, match="bad_code"):
        users("users.confirm_password_reset", username="ada", code=code["code"], password=NEW_PASSWORD)


def test_each_old_address_can_be_restored_and_an_older_one_makes_newer_links_useless(
    users: Rpc, ada: User, change: Change, database: Engine
) -> None:
    tokens = []
    for email in (THIEF, LATER, "last@example.org"):
        tokens.append(change(email))
        verify(database)
    first, second, third = tokens
    restore(users, second)
    assert email_of(database, ada) == THIEF
    with pytest.raises(NotFound):
        users("users.restore_address", token=third)
    restore(users, first)
    assert email_of(database, ada) == OLD
    for token in (first, second, third):
        with pytest.raises(NotFound) as caught:
            users("users.restore_address", token=token)
        assert caught.value.code == "restore_link_invalid"


def test_concurrent_restores_of_two_addresses_end_with_one_of_them(
    users: Rpc, ada: User, change: Change, database: Engine
) -> None:
    tokens = [change(THIEF), change(LATER)]

    def attempt(token: str) -> bool:
        try:
            users("users.restore_address", token=token)
        except NotFound:
            return False
        return True

    restored = [*eventlet.GreenPool().imap(attempt, tokens)]  # also waits for the end of the last one
    assert any(restored)
    assert email_of(database, ada) == OLD


@pytest.mark.parametrize(
    "forge", [lambda token: token[:-1] + "x", lambda token: token.partition(".")[0], lambda _: "é"]
)
def test_forged_token_is_rejected(users: Rpc, ada: User, change: Change, database: Engine, forge: Any) -> None:
    token = change()
    with pytest.raises(NotFound):
        users("users.restore_address", token=forge(token))
    assert email_of(database, ada) == THIEF


def test_link_expires_after_72_hours_and_its_row_is_deleted(
    users: Rpc, change: Change, database: Engine, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, later = change(), clock.now() + timedelta(hours=72, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(NotFound):
        users("users.restore_address", token=token)
    assert notices() == []
    with Session(database) as session, session.begin():
        assert changes.delete_old(session, 10) == 1


def test_old_address_is_reserved_for_its_owner(users: Rpc, ada: User, new_user: NewUser, change: Change) -> None:
    bob = new_user("bob")
    token = change()
    for spelling in (OLD, OLD.upper().replace("EXAMPLE.ORG", "Example.org")):
        with pytest.raises(Conflict) as caught:
            users("users.register", username="eve", email=spelling, password=PASSWORD)
        assert caught.value.code == "email_taken"
        with pytest.raises(Conflict):
            users("users.update_account", bob.caller, email=spelling)
    users("users.update_account", ada.caller, email=OLD)  # the account itself may take it back
    users("users.update_account", ada.caller, email=LATER)
    restore(users, token)


def test_old_address_is_free_after_72_hours(users: Rpc, change: Change, database: Engine) -> None:
    change()
    with database.begin() as connection:
        connection.execute(update(EmailChange).values(changed_at=clock.now() - timedelta(hours=72, seconds=1)))
    assert users("users.register", username="eve", email=OLD, password=PASSWORD)["email"] == OLD


def test_address_that_the_previous_release_gave_away_is_named(
    users: Rpc, change: Change, new_user: NewUser, database: Engine
) -> None:
    token = change()
    eve = new_user("eve")
    with database.begin() as connection:
        connection.execute(update(UserRow).where(UserRow.id == eve.id).values(email=OLD, email_key=OLD))
    with pytest.raises(Conflict) as caught:
        users("users.restore_address", token=token)
    assert caught.value.code == "email_taken"


def test_token_is_neither_in_the_database_nor_in_events(change: Change, database: Engine) -> None:
    secret = change().partition(".")[2]
    with database.connect() as connection:
        tables = ("email_changes", "account_events", "outbox", "event_log", "users")
        stored = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]  # noqa: S608
    assert len(secret) == 64
    assert secret not in str(stored)


def test_kept_address_is_deleted_with_the_account(users: Rpc, ada: User, change: Change, database: Engine) -> None:
    change()
    users("users.delete_account", ada.caller, password=PASSWORD)
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(EmailChange)) == 0


def test_wrong_passwords_and_codes_of_the_thief_do_not_delay_the_owner(
    users: Rpc,
    change: Change,
    log_in: LogIn,
    issued: Issued,  # noqa: F811 - the fixture
) -> None:
    token = change()
    with pytest.raises(ServiceError, match="throttled"):  # noqa: PT012 - until this client has to wait
        for _ in range(30):
            with pytest.raises(Unauthenticated):
                log_in("ada", WRONG_PASSWORD)
    restore(users, token)
    users("users.request_password_reset", username="ada")
    users("users.confirm_password_reset", username="ada", code=issued()[0]["code"], password=NEW_PASSWORD)
    log_in("ada", NEW_PASSWORD)
