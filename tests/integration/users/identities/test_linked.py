"""A user links identities to the account, lists and removes them; erasure deletes them."""

import pytest
from sqlalchemy import Engine, text

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.support.identity_providers import Provider
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.identities.conftest import SignIns, kinds
from tests.integration.users.logged_in import DELIVERIES, PASSWORD, NewUser, User


def rows(database: Engine, table: str) -> int:
    with database.connect() as connection:
        count: int = connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a constant
        return count


def test_identity_is_linked_to_the_account_of_the_session_whatever_its_address(
    sign_in: SignIns, users: Rpc, provider: Provider, ada: User
) -> None:
    provider.set_user("s1", email="another@example.com")
    session = sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    assert session["user"]["id"] == ada.id
    (identity,) = users("users.identities", ada.caller)["items"]
    assert (identity["issuer"], identity["subject"]) == (provider.issuer, "s1")
    assert sign_in("s1")["user"]["id"] == ada.id
    assert kinds(users, ada.caller)[:3] == ["signed_in", "identity_linked", "signed_in"]


def test_linking_an_identity_twice_changes_nothing(sign_in: SignIns, users: Rpc, ada: User) -> None:
    for _ in range(2):
        sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    assert len(users("users.identities", ada.caller)["items"]) == 1
    assert kinds(users, ada.caller).count("identity_linked") == 1


def test_identity_of_another_account_is_not_linked(sign_in: SignIns, users: Rpc, ada: User, new_user: NewUser) -> None:
    bob = new_user("bob")
    sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    with pytest.raises(Conflict) as caught:
        sign_in.finish(sign_in.begin("s1", bob.caller, link=True), bob.caller)
    assert caught.value.code == "identity_taken"
    assert users("users.identities", bob.caller)["items"] == []


def test_linking_needs_a_session(users: Rpc) -> None:
    with pytest.raises(Unauthenticated):
        users("users.begin_provider_sign_in", link=True)


def test_linking_is_finished_by_the_user_who_began_it_only(sign_in: SignIns, ada: User, new_user: NewUser) -> None:
    finish = sign_in.begin("s1", ada.caller, link=True)
    for caller in (GATEWAY, new_user("bob").caller):
        with pytest.raises(Forbidden) as caught:
            sign_in.finish(finish, caller)
        assert caught.value.code == "not_your_sign_in"
    assert sign_in.finish(finish, ada.caller)["user"]["id"] == ada.id


def test_session_without_link_signs_in_as_the_identity(sign_in: SignIns, provider: Provider, ada: User) -> None:
    provider.set_user("s1", email="grace@example.org", email_verified=True)
    assert sign_in.finish(sign_in.begin("s1", ada.caller), ada.caller)["user"]["username"] == "grace"


def test_last_identity_of_an_account_without_a_password_stays(
    sign_in: SignIns, users: Rpc, provider: Provider, database: Engine
) -> None:
    provider.set_user("s1", email="grace@example.org", email_verified=True)
    grace = sign_in.as_user(sign_in("s1"))
    (identity,) = users("users.identities", grace)["items"]
    with pytest.raises(Conflict) as caught:
        users("users.remove_identity", grace, id=identity["id"])
    assert caught.value.code == "password_required"
    sign_in.finish(sign_in.begin("s2", grace, link=True), grace)
    users("users.remove_identity", grace, id=identity["id"])
    assert rows(database, "identities") == 1


def test_reset_gives_the_account_a_password_and_then_the_identity_may_go(
    sign_in: SignIns, users: Rpc, provider: Provider, database: Engine
) -> None:
    provider.set_user("s1", email="grace@example.org", email_verified=True)
    sign_in("s1")
    users("users.request_password_reset", username="grace")
    with database.connect() as connection:
        code_id = connection.scalar(text("SELECT id FROM codes"))
    (code,) = users("users.codes", DELIVERIES, ids=[code_id])["items"]
    users("users.confirm_password_reset", username="grace", code=code["code"], password=PASSWORD)
    session = users("users.login", username="grace", password=PASSWORD)
    grace = sign_in.as_user(session)
    found = users("users.identities", grace)
    assert found["has_password"] is True
    users("users.remove_identity", grace, id=found["items"][0]["id"])
    assert kinds(users, grace)[0] == "identity_removed"
    with pytest.raises(NotFound):
        users("users.remove_identity", grace, id=found["items"][0]["id"])


def test_removed_identity_does_not_sign_in_any_more(sign_in: SignIns, users: Rpc, ada: User) -> None:
    sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    (identity,) = users("users.identities", ada.caller)["items"]
    users("users.remove_identity", ada.caller, id=identity["id"])
    with pytest.raises(Forbidden):
        sign_in("s1")


def test_identity_of_another_user_cannot_be_removed(sign_in: SignIns, users: Rpc, ada: User, new_user: NewUser) -> None:
    sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    (identity,) = users("users.identities", ada.caller)["items"]
    for identity_id in (identity["id"], new_id()):
        with pytest.raises(NotFound):
            users("users.remove_identity", new_user(f"u{identity_id[-6:]}").caller, id=identity_id)


def test_erasure_deletes_identities_and_sign_ins_that_are_not_finished(
    sign_in: SignIns, users: Rpc, ada: User, database: Engine
) -> None:
    sign_in.finish(sign_in.begin("s1", ada.caller, link=True), ada.caller)
    finish = sign_in.begin("s2", ada.caller, link=True)
    users("users.delete_account", ada.caller, password=PASSWORD)
    assert (rows(database, "identities"), rows(database, "provider_sign_ins")) == (0, 0)
    with pytest.raises(Invalid, match="state"):
        sign_in.finish(finish, ada.caller)
