"""Deleting one's account: nothing personal stays, and the others are told."""

from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from chassis.errors import Invalid, NotFound, Unauthenticated
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Redis

PHONE = "+254711000001"


def everything(database: Engine) -> str:
    """Return the text of all rows but those of the outbox, which goes on its way."""
    with database.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"outbox"}
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608


def test_an_account_is_deleted_with_all_that_is_personal(users: Rpc, person: MakePerson, database: Engine) -> None:
    ada = person("ada", phone=PHONE)
    with pytest.raises(Unauthenticated):
        users("users.login", username="ada", password="a bench of wood")
    assert users("users.delete_account", ada.caller, password=PASSWORD) == {}
    left = everything(database)
    assert [word for word in ("ada", PHONE, ada.id, ada.token_hash) if word in left] == []


def test_all_sessions_of_a_deleted_account_end_at_once_and_the_world_is_told(
    users: Rpc, person: MakePerson, sign_in: MakePerson, redis: Redis, listen: Listen
) -> None:
    ada, elsewhere = person("ada"), sign_in("ada")
    hear = listen("users")
    users("users.delete_account", ada.caller, password=PASSWORD)
    ended = hear.next("session_ended")
    assert (ended["user_id"], set(ended["session_ids"])) == (ada.id, {ada.caller.session, elsewhere.caller.session})
    assert hear.next("account_erased").keys() == {"id", "erased_at"}
    assert [redis.get(each.live_key) for each in (ada, elsewhere)] == ["", ""]


def test_name_address_and_phone_are_free_again(users: Rpc, person: MakePerson) -> None:
    ada = person("ada", phone=PHONE)
    users("users.delete_account", ada.caller, password=PASSWORD)
    assert person("ada", phone=PHONE).id != ada.id


def test_the_token_and_the_password_of_a_deleted_account_are_like_any_unknown_ones(
    users: Rpc, person: MakePerson, sign_in: MakePerson
) -> None:
    ada = person("ada")
    users("users.delete_account", ada.caller, password=PASSWORD)
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=ada.token_hash)
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        sign_in("ada")
    for method, arguments in (("detail", {"id": ada.id}), ("delete_account", {"password": PASSWORD})):
        with pytest.raises(NotFound):
            users(f"users.{method}", ada.caller, **arguments)


@pytest.mark.parametrize("given", [{"password": "a bench of wood"}, {"password": ""}, {}])
def test_without_the_password_nothing_is_deleted(users: Rpc, person: MakePerson, given: dict[str, Any]) -> None:
    ada = person("ada")
    with pytest.raises(Invalid) as refused:
        users("users.delete_account", ada.caller, **given)
    assert [error["field"] for error in refused.value.errors] == ["password"]
    assert users("users.authenticate", token_hash=ada.token_hash)


def test_somebody_elses_account_cannot_be_deleted(users: Rpc, person: MakePerson) -> None:
    ada, ben = person("ada"), person("ben")
    users("users.delete_account", ben.caller, password=PASSWORD)
    assert users("users.authenticate", token_hash=ada.token_hash)
    with pytest.raises(Unauthenticated):
        users("users.delete_account", GATEWAY, password=PASSWORD)
